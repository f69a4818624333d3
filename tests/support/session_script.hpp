// Scripts for the client's machine: a test tells what the user, the server and the clock do, and what must come out.
//
// A script runs once as written, and then again and again with something else in the way: the server's bytes split at every byte and
// byte by byte, writes that complete late or in pieces, and a disaster (end of file, reset, garbage, silence, close) in place of every
// step. After a disaster the rest of the script is skipped, a server that answers everything (or none at all) takes over, the
// client is closed, and the promises that hold for every client are checked: see script_promises.hpp.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <slipstream/error.hpp>

#include "protocol/session/core.hpp"

namespace slipstream::test {

using namespace std::chrono_literals;
using session::time_point;

/// What one run of a script has in its way.
struct script_run {
    static constexpr std::size_t never = SIZE_MAX;
    enum class disaster { none, eof, reset, garbage, silence, close };
    enum class writes { at_once, late, in_pieces };

    std::size_t split_at = never;   // of the server's bytes, counted over the whole script
    bool bytewise = false;
    writes write = writes::at_once;
    std::size_t disaster_at = never;
    disaster what = disaster::none;
    bool server_returns = false;    // after the disaster

    [[nodiscard]] std::string describe() const;
};

/// A pending operation, and what became of it.
struct operation_record {
    detail::operation_id id;
    int completed = 0;
    int destroyed = 0;
    std::error_code ec;
    std::string subject;
    std::string payload;
    std::function<void()> then;
};

class session_script {
public:
    static constexpr std::string_view inbox_id = "0123456789abcdefghijkl";
    static constexpr std::string_view plain_info =
        R"(INFO {"server_id":"N1","version":"2.15.1","proto":1,"headers":true,"max_payload":1048576} )"
        "\r\n";

    explicit session_script(const script_run& run = {}) : run_(run) {}
    ~session_script();
    session_script(const session_script&) = delete;
    session_script& operator=(const session_script&) = delete;

    /// Makes the client. First call of a script. Servers are tried in the order given.
    void start(connect_options options = {});
    /// From here on writes are made by written() alone, in every run.
    void manual_writes() { manual_writes_ = true; }

    /// No late writes: for scripts in which the machine itself ends a connection that has something to say.
    void timely_writes() {
        if (run_.write == script_run::writes::late) run_.write = script_run::writes::at_once;
    }

    // --- the user ---
    void connect(const std::string& name = "connect");
    void expect_publish(std::string_view subject, std::string_view payload, std::error_code expected = {}, std::string_view reply_to = {},
                        std::string_view header_block = {});
    void publish(std::string_view subject, std::string_view payload) { expect_publish(subject, payload); }
    /// Only with manual_writes: publish_gathered, while the transport takes up to `room` bytes. Returns how many it was offered.
    std::size_t publish_gathered(const wire::outgoing& m, std::size_t room, std::error_code expected = {});
    void subscribe(const std::string& name, std::string_view subject, const subscribe_options& options = {},
                   std::function<void(const message_view&)> handler = nullptr);
    void unsubscribe(const std::string& name, std::uint64_t max_messages = 0);
    /// The last handle goes.
    void drop(const std::string& name);
    void next(const std::string& name, const std::string& subscription);
    /// try_next: checks the payload of the message that is taken.
    void expect_queued(const std::string& subscription, std::string_view payload);
    void expect_queue_empty(const std::string& subscription);
    void request(const std::string& name, std::string_view subject, std::string_view payload, std::chrono::milliseconds timeout = 0ms,
                 std::string_view header_block = {});
    void flush(const std::string& name, std::chrono::milliseconds timeout = 10s);
    void wait_writable(const std::string& name, std::chrono::milliseconds timeout = 10s);
    void drain_subscription(const std::string& name, const std::string& subscription);
    void drain(const std::string& name = "drain");
    void cancel(const std::string& name, bool terminal = true);
    /// What the user does when the operation completes, inside its completion.
    void then(const std::string& name, std::function<void()> what) {
        if (!over_) operations_.at(name)->then = std::move(what);
    }
    void reconnect(std::error_code expected = {});
    void set_servers(const std::vector<std::string>& servers, std::error_code expected = {});
    void close();

    // --- the transport and the server ---
    void dialed(std::error_code ec = {});
    /// The TLS handshake ends.
    void secured(std::error_code ec = {}, std::string_view detail = {});
    void server_says(std::string_view bytes);
    /// Only with manual_writes: the transport takes so many of the bytes that wait.
    void written(std::size_t n);
    void down(std::error_code ec = {});
    void advance(session::duration d);
    /// As long as the client waits before it dials; no time when it has done so.
    void advance_to_dial();
    /// Dial, INFO, CONNECT, PING, PONG; `restored` is what must follow in the write after.
    void handshake(std::string_view restored = "", std::string_view info = plain_info);

    // --- files, signers and providers ---
    /// The next login action; the answers are to it. Returns an empty one when the script is over.
    session::login_action expect_login_action(session::login_action::kind what);
    void expect_no_login_action();
    void answer(login how, std::error_code ec = {});
    void answer_file(std::string_view contents, std::error_code ec = {});
    void answer_signature(std::string_view signature, std::error_code ec = {});
    /// Who answers once a disaster has ended the script; else nobody does.
    void login_source(std::function<void(session::core&, const session::login_action&, time_point)> source) {
        login_source_ = std::move(source);
    }

    // --- what must have come out since it was last asked for ---
    /// `~` stands for any bytes.
    void expect_sent(std::string_view pattern);
    void expect_dial(std::string_view server);
    /// `names` as `name` or `name|other name`.
    void expect_start_tls(std::string_view names);
    void expect_close();
    void expect_shut_down();
    void expect_leave();
    void expect_no_action();
    void expect_done(const std::string& name, std::error_code ec = {});
    void expect_reply(const std::string& name, std::string_view payload);
    void expect_pending(const std::string& name);
    /// The next event is of this kind; `and_then` looks closer.
    void expect_event(event_kind kind, const std::function<void(const event&)>& and_then = nullptr);
    void expect_no_event();
    void expect_state(client_state state);
    /// A check of the test's own; skipped once a disaster has ended the script.
    void check(const std::function<void()>& body) {
        if (on()) body();
    }

    // --- for the tests that look closer ---
    [[nodiscard]] session::core& core() { return *core_; }
    [[nodiscard]] const std::shared_ptr<session::subscription_state>& subscription(const std::string& name) {
        return subscriptions_.at(name);
    }
    [[nodiscard]] const operation_record& operation(const std::string& name) { return *operations_.at(name); }
    [[nodiscard]] time_point now() const { return now_; }
    /// The script has not been ended by a disaster or a failed expectation.
    [[nodiscard]] bool on() const { return !over_; }
    /// As the shell does at the end of a turn: pulls and completes everything.
    void pump();

    /// The client goes without a close.
    void destroy() {
        finished_ = over_ = true;
        core_.reset();
    }
    /// Ends the run: closes, and checks the promises.
    void finish();
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] std::size_t steps() const { return steps_; }
    [[nodiscard]] std::size_t server_bytes() const { return server_bytes_; }
    [[nodiscard]] bool writes_are_manual() const { return manual_writes_; }

private:
    friend class script_promises;
    friend class recording_completion;

    /// One step of the world. False when the script is over, or this step becomes the disaster.
    bool step(const std::string& what);
    void strike();
    void aftermath();
    void note(std::string line);
    void verify(bool ok, const std::string& what);
    [[nodiscard]] std::shared_ptr<operation_record> record(const std::string& name);
    void count_published(const wire::outgoing& m);
    void feed(std::string_view bytes);
    void go_on_reading();
    void pull_writes();
    void tell_written();
    void finish_tls();
    void run_until(time_point end);
    [[nodiscard]] std::string sent_since();

    script_run run_;
    std::unique_ptr<session::core> core_;
    time_point now_ = time_point(std::chrono::hours(1000));
    bool over_ = false;
    bool failed_ = false;
    bool silent_ = false;
    bool finished_ = false;
    bool manual_writes_ = false;
    std::size_t steps_ = 0;
    std::size_t server_bytes_ = 0;
    std::string unread_;                   // of the server, while the client reads nothing
    std::size_t late_ = 0;                 // bytes taken from the client, and not told as written yet

    std::deque<session::transport_action> actions_;
    std::deque<session::login_action> login_actions_;
    std::function<void(session::core&, const session::login_action&, time_point)> login_source_;
    std::uint64_t login_id_ = 0;           // of the last login action
    std::uint64_t answered_id_ = 0;        // of the one that expect_login_action has returned
    std::deque<event> events_;
    std::vector<event> all_events_;
    std::map<std::string, std::shared_ptr<operation_record>> operations_;
    std::map<std::string, std::shared_ptr<session::subscription_state>> subscriptions_;
    std::map<std::string, std::uint64_t> published_;       // frames that publish and request made, and how many
    std::map<std::uint64_t, std::string> streams_;         // what each connection was sent
    std::size_t seen_ = 0;                                 // of the current stream, by expect_sent
    std::uint64_t seen_generation_ = 0;
    std::uint64_t dialing_ = 0;                            // generation of the last dial
    bool open_ = false;                                    // a transport of that generation is there
    std::uint64_t securing_ = 0;                           // generation of a handshake that was asked for
    std::vector<std::string> trace_;
};

/// Runs `script` in all ways.
void run_script(const std::function<void(session_script&)>& script);

}  // namespace slipstream::test
