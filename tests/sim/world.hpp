// One run: clients, network, servers, clock, and those who watch.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/auth/nkey.hpp"
#include "tests/sim/client.hpp"
#include "tests/sim/clock.hpp"
#include "tests/sim/history.hpp"
#include "tests/sim/invariant.hpp"
#include "tests/sim/login_book.hpp"
#include "tests/sim/model_server.hpp"
#include "tests/sim/mutator.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/plan.hpp"
#include "tests/sim/probes.hpp"
#include "tests/sim/trace.hpp"

namespace slipstream::sim {

struct run_result {
    std::string violated;      // id of an invariant; empty = none
    std::string what;
    std::uint64_t hash = 0;
    probe_set probes;
    std::uint64_t events = 0;
    std::uint64_t faults = 0;
    std::uint64_t operations = 0;  // publishes and subscriptions included
    std::uint64_t operations_ok = 0;
    std::uint64_t operations_unknown = 0;  // sent, and what came of it is not known
    std::array<std::uint64_t, static_cast<std::size_t>(step_kind::count)> faults_by_kind{};
    duration simulated{};
    duration longest_outage{};     // that ended with a connection
    std::vector<std::string> lines;
};

class world final : private network::ends, private server_observer {
public:
    explicit world(const plan& p, bool keep_text = false);
    ~world() override;
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    run_result run();

    // --- for the parts ---
    [[nodiscard]] random_stream stream(std::string_view name) const { return seed_.split(name); }
    void fail(std::string_view id, std::string what);
    [[nodiscard]] bool failed() const noexcept { return !result_.violated.empty(); }
    void hit(probe p) { result_.probes.set(static_cast<std::size_t>(p)); }
    void note(std::string_view what, std::uint64_t a = 0, std::uint64_t b = 0, std::string_view text = {}) {
        trace_.add(time.elapsed().count(), what, a, b, text);
    }
    template <class Call>
    void tell(Call call) {
        for (const auto& i : invariants_) call(*i);
    }
    message_truth& new_message(sim_client* from, std::string subject, std::size_t size);
    [[nodiscard]] message_truth* truth(std::uint64_t number) { return number - 1 < truths_.size() ? &truths_[number - 1] : nullptr; }
    [[nodiscard]] std::deque<message_truth>& truths() noexcept { return truths_; }
    [[nodiscard]] bool hostile() const noexcept { return plan_.how == mode::hostile; }
    [[nodiscard]] bool healed() const noexcept { return healed_; }
    [[nodiscard]] bool lively() const noexcept { return plan_.how == mode::liveness; }
    [[nodiscard]] const plan& script() const noexcept { return plan_; }
    [[nodiscard]] sim_client& current(std::size_t slot) { return *current_[slot]; }
    [[nodiscard]] std::deque<sim_client>& clients() noexcept { return clients_; }
    void reopen(std::size_t slot);
    [[nodiscard]] model_connection* connection_of(const link& l) {
        return l.connection != 0 ? &servers.connections()[l.connection - 1] : nullptr;
    }
    [[nodiscard]] link* link_of(const model_connection& c) { return c.link != 0 ? &net.links()[c.link - 1] : nullptr; }
    /// The transport of an attempt of this client; null: it never had one.
    [[nodiscard]] link* link_of(const sim_client& c, std::uint64_t generation);
    /// Where a name leads; nullopt: nowhere.
    [[nodiscard]] std::optional<std::size_t> resolve(const std::string& host, std::uint16_t port) const;
    link* dial(sim_client& c, const session::transport_action& a);
    /// The connection breaks in the middle of a write, and nothing of what is under way to the server arrives.
    void cut(link& l);
    /// Sends what servers have to say.
    void flush_servers();
    void count_operation(bool ok) {
        ++result_.operations;
        if (ok) ++result_.operations_ok;
    }
    void count_operation(const operation& op);
    /// As CONNECT should say it.
    [[nodiscard]] std::string signature(std::string_view nonce) const;
    void outage_ended(duration d) { result_.longest_outage = std::max(result_.longest_outage, d); }

    struct node {
        bool refuses = false;
        bool hangs = false;
        bool mute = false;
        bool paused = false;
        bool refuses_logins = false;
        std::uint64_t tls_trouble = 0;       // 1: the handshake fails, 2: it never ends
        std::vector<std::uint64_t> waiting;  // links accepted while it could not answer
    };

    clock time;
    network net;
    model_cluster servers;
    std::array<node, 3> nodes;
    std::size_t node_count = 1;
    auth::nkey_pair keys;    // of the clients that log in with some
    login_book logins;       // of those with a JWT, a file, or a provider that gives one

private:
    friend class fault_injector;

    // network::ends
    void on_dial_answer(link& l, std::error_code ec) override;
    void on_accept(link& l) override;
    void on_client_readable(link& l) override;
    void on_client_writable(link& l) override;
    void on_server_readable(link& l) override;
    void on_server_writable(link& l) override;
    // server_observer
    void on_server_connect(model_connection& c, const std::string& json) override;
    void on_server_publish(model_connection& c, const client_op& op, std::uint64_t number) override;
    void on_server_refusal(model_connection& c, std::string_view text) override;
    void on_server_no_responders(model_connection& c, std::uint64_t number) override;
    void on_server_complaint(model_connection& c, std::string_view what) override;

    void make_servers();
    void make_services();
    void answer_later(const client_op& request, std::uint64_t number, duration delay, std::size_t size);
    void server_tick();
    void greet(link& l);
    sim_client* client_of(const link& l);
    void run_until(time_point end);
    void do_step(const step& s);
    void peer_publish(const step& s);
    void live_on();
    void end_all();

    const plan plan_;
    random_stream seed_;
    random_stream server_rng_;
    trace trace_;
    run_result result_;
    std::deque<message_truth> truths_;
    mutator mutator_;
    std::vector<std::unique_ptr<invariant>> invariants_;
    std::deque<sim_client> clients_;
    std::array<sim_client*, 2> current_{};
    bool ticking_ = true;
    bool healed_ = false;
};

}  // namespace slipstream::sim
