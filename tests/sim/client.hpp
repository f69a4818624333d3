// The shell of one production client: carries bytes, time and results between session::core and the world, as protocol/io does with
// Asio. And the user of that client.
//
// Told: what the transport did, wishes of the plan. Emits: calls to core, in the order that protocol/io promises, and everything that
// comes out of it to the oracles. A client lives until it is closed; after that another takes its place.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "protocol/session/core.hpp"
#include "tests/sim/history.hpp"
#include "tests/sim/model_parser.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/plan.hpp"

namespace slipstream::sim {

class world;

class sim_client {
public:
    sim_client(world& w, std::size_t slot, std::size_t life);
    ~sim_client();
    sim_client(const sim_client&) = delete;
    sim_client& operator=(const sim_client&) = delete;

    // --- the transport's side (client_shell.cpp) ---
    void on_dial_answer(link& l, std::error_code ec);
    void on_readable(link& l);
    void on_writable(link& l);
    void pause(duration d);
    void tell_stale_fact(std::uint64_t which);

    // --- the user's side (client_user.cpp) ---
    void wish(const step& s);
    void connect();
    operation& flush(std::chrono::milliseconds timeout);
    void drain();
    void close();
    void on_operation_ended(operation& op);
    /// After every wish: everything that can be done is done.
    void settle();

    // --- what the oracles look at ---
    [[nodiscard]] session::core& core() noexcept { return *core_; }
    [[nodiscard]] const connect_options& options() const noexcept { return core_->options(); }
    [[nodiscard]] bool destroyed() const noexcept { return core_ == nullptr; }
    void destroy();

    static constexpr std::size_t handoff_limit = 32 * 1024;
    static constexpr std::string_view header_block = "NATS/1.0\r\nKind: sim\r\nEmpty:\r\n\r\n";

    const std::size_t slot;
    const std::size_t life;
    link* attempt = nullptr;           // the transport of the present attempt or connection
    bool transport_open = false;
    bool securing = false;             // a TLS handshake is under way: nothing is read and nothing written
    bool secured = false;              // it has ended well
    std::uint64_t generation = 0;      // of it
    bool up = false;                   // by the events
    time_point up_since{};
    bool ended = false;                // `closed` was told
    bool unsettled = false;            // something was wished, and what came of it has not been looked at
    bool close_wished = false;         // or a drain
    bool reconnect_wished = false;     // once
    bool lied_to = false;              // a server has sent something else than it meant
    time_point drain_deadline = never; // of the first drain: later ones join it
    std::uint64_t losses = 0;          // attempts and connections that have ended
    time_point resumes_at{};           // the process was stopped until then
    std::uint64_t messages = 0;        // accepted so far
    std::uint64_t timer_calls = 0;
    std::uint64_t turns = 0;           // that took something over
    std::size_t taken_beyond = 0;      // bytes taken over whatever the outbox' limit says
    std::vector<std::string> listed;   // servers that the user gave
    std::string chosen;                // the next server to be dialled, by a hook
    bool chooses_delay = false;        // by a hook
    time_point not_before{};           // the next dial, as the hook has chosen
    time_point read_on_since{};        // reading went on last
    std::optional<std::size_t> login_number;  // in the book: what an attempt was given last
    std::uint64_t login_given_to = 0;  // that attempt
    time_point left_lame_duck_at = never;
    enum class doing : std::uint8_t { nothing, wish, dial, read, down_eof, down_reset, time };
    doing now_doing = doing::nothing;  // the call to core that is under way, or was the last
    std::deque<operation> operations;
    std::deque<app_subscription> subscriptions;
    model_parser outgoing;             // what left on this link, as a server would read it
    std::uint64_t frames_seen = 0;     // of the server's, on this link

private:
    // --- client_shell.cpp ---
    [[nodiscard]] bool paused() const;
    void read_in();
    void on_time();
    void account(link& l, std::size_t n);
    bool pull_actions();
    bool pull_login_actions();
    void give_login(std::uint64_t id, bool refuses, bool gives_jwt);
    void note_login(std::optional<std::size_t> number);
    void read_login_file(const session::login_action& a, bool missing);
    void start_tls(std::uint64_t of_generation);
    bool pull_events();
    bool pull_finished();
    bool write_out();
    std::string offer(std::string_view bytes);
    void sent(link& l, const std::string& taken);
    void arm_timer();
    void drop_transport(bool orderly);
    void resume_reading();
    [[nodiscard]] bool wants_to_read() const;
    void note_pause();
    void end_pauses();
    void count_episode(const event& e);

    // --- client_user.cpp ---
    app_subscription* pick(std::uint64_t which);
    operation& begin(operation_kind kind, duration limit);
    void subscribe(const step& s);
    void request(const step& s);
    void next(app_subscription& s, bool consumes);
    void cancel(std::uint64_t which, bool terminal);
    void on_message(std::size_t index, const message_view& m);
    void deliver(app_subscription& s, const message_view& m);
    void consume_on(app_subscription& s);

    // --- client_publish.cpp ---
    void publish(const std::string& subject, std::size_t size, std::uint64_t how);
    std::error_code publish_gathered(const wire::outgoing& m, std::string& taken);
    void flood(flood_rest what);
    void hand_over(const std::string& subject, std::size_t size, bool with_headers);
    bool take_handed_over(bool all);
    [[nodiscard]] std::size_t take_from(std::string_view frames, bool all);

    // --- client_choices.cpp ---
    void set_servers(std::uint64_t which, std::uint64_t how);
    void add_hooks(connect_options& o);
    void meddle();
    std::size_t choose_server(const reconnect_plan& p);
    std::chrono::milliseconds choose_delay(const reconnect_plan& p);

    world& world_;
    std::unique_ptr<session::core> core_;
    random_stream rng_;
    time_point timer_at_ = never;
    std::uint64_t timer_number_ = 0;
    time_point last_time_call_{};
    unsigned calls_at_once_ = 0;
    bool settling_ = false;
    bool in_read_ = false;
    bool readable_ = false;
    bool writable_ = false;
    bool dial_waits_ = false;
    std::error_code dial_result_;
    bool leaving_ = false;             // the last end of a transport was of the client's own choice
    bool paused_reading_ = false;
    std::string handed_over_;          // frames that wait to be taken
    std::vector<std::pair<std::size_t, std::uint64_t>> handed_over_ends_;  // in it, with their numbers
    time_point down_since_ = never;
};

/// The options of a client, drawn from its stream.
connect_options draw_options(random_stream rng, const world& w, std::size_t slot);

}  // namespace slipstream::sim
