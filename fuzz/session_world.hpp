// A client's machine between a user, a server and a clock that all do what a fuzzer's input says, or the bytes of a seeded generator
// (tests/unit/session/core_random_test.cpp). The server mostly answers as a server does, so that the client comes far, and at times sends
// the input's own bytes.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <slipstream/error.hpp>

#include "fuzz/check.hpp"
#include "fuzz/input.hpp"
#include "fuzz/server_grammar.hpp"
#include "protocol/session/core.hpp"
#include "protocol/wire/frame_walker.hpp"
#include "protocol/wire/parser.hpp"

namespace fuzz {

using namespace slipstream;
using namespace std::chrono_literals;

/// Ends of one operation, counted; `latest` is when it must have ended.
struct operation final : public detail::completion<std::error_code>, public detail::completion<std::error_code, message> {
    void complete(std::error_code e) override {
        FUZZ_CHECK(++ends == 1);  // I1
        ec = e;
    }
    void complete(std::error_code e, message&& m) override {
        payload = m.payload();
        complete(e);
    }
    void destroy() noexcept override { FUZZ_CHECK(++ends == 1); }

    detail::operation_id id;
    session::time_point latest = session::never;
    std::string number;   ///< Of a request.
    std::string payload;  ///< Of what came.
    std::error_code ec;
    int ends = 0;
};

/// What one connection has been told by the client, frame by frame, and what it would answer.
class server_end {
public:
    void connect(std::string_view info) {
        interest.clear();
        greeted = false;
        unread_.clear();
        to_client_ = info;
    }
    /// I3: whole frames of the grammar, CONNECT first; the last one may be on its way.
    void reads(std::string_view bytes) {
        unread_ += bytes;
        wire::frame_walker walker(unread_);
        wire::walk_status status = walker.next();
        for (; status == wire::walk_status::frame; status = walker.next()) {
            const wire::frame& f = walker.current();
            server_reader strict(std::string_view(unread_).substr(f.begin, f.size));
            FUZZ_CHECK(strict.next().has_value() && strict.at_end());
            FUZZ_CHECK((f.kind == wire::frame_kind::connect) == !greeted);
            handle(f);
        }
        FUZZ_CHECK(status != wire::walk_status::malformed);
        unread_.erase(0, walker.offset());
    }
    void deliver(std::string_view subject, std::string_view reply, std::string_view payload) {
        for (const auto& [sid, pattern] : interest) {
            if (pattern != subject) continue;
            to_client_ += "MSG " + std::string(subject) + " " + std::to_string(sid) + " " + std::string(reply) + " " +
                          std::to_string(payload.size()) + "\r\n" + std::string(payload) + "\r\n";
        }
    }
    /// A message of headers alone, for everybody who wants `subject`.
    void deliver_status(std::string_view subject, std::string_view status) {
        const std::string block = "NATS/1.0 " + std::string(status) + "\r\n\r\n";
        for (const auto& [sid, pattern] : interest) {
            if (pattern != subject) continue;
            to_client_ += "HMSG " + std::string(subject) + " " + std::to_string(sid) + " " + std::to_string(block.size()) + " " +
                          std::to_string(block.size()) + "\r\n" + block + "\r\n";
        }
    }
    void say(std::string_view bytes) { to_client_ += bytes; }
    std::string& to_client() { return to_client_; }

    std::map<std::uint64_t, std::string> interest;
    std::vector<std::string> published;  ///< Payloads, over all connections.
    std::set<std::string> requested;     ///< Likewise.
    bool greeted = false;

private:
    void handle(const wire::frame& f) {
        switch (f.kind) {
            case wire::frame_kind::connect: greeted = true; break;
            case wire::frame_kind::ping: say("PONG\r\n"); break;
            case wire::frame_kind::pong: break;
            case wire::frame_kind::sub: interest[f.sid] = f.subject; break;
            case wire::frame_kind::unsub:
                if (f.max_messages == 0) interest.erase(f.sid);
                break;
            case wire::frame_kind::pub:
            case wire::frame_kind::hpub:
                if (f.reply_to.empty()) {
                    published.emplace_back(f.payload);
                    deliver(f.subject, {}, f.payload);
                } else {
                    answer(f);
                }
                break;
        }
    }
    /// `svc` answers with what it was asked, `denied` is, of `unheard` the reply subject is, `nobody` has no responder; other requests
    /// wait in vain.
    void answer(const wire::frame& f) {
        FUZZ_CHECK(requested.insert(std::string(f.payload)).second);  // I14: a request is sent once
        if (f.subject == "denied") say("-ERR 'Permissions Violation for Publish to \"denied\"'\r\n");
        if (f.subject == "unheard") say("-ERR 'Permissions Violation for Publish with Reply of \"" + std::string(f.reply_to) + "\"'\r\n");
        if (f.subject != "svc" && f.subject != "nobody") return;
        for (const auto& [sid, pattern] : interest) {
            if (!pattern.ends_with(".*") || !f.reply_to.starts_with(pattern.substr(0, pattern.size() - 1))) continue;
            const std::string head = std::string(f.reply_to) + " " + std::to_string(sid);
            if (f.subject == "svc")
                to_client_ += "MSG " + head + " " + std::to_string(f.payload.size()) + "\r\n" + std::string(f.payload) + "\r\n";
            else
                to_client_ += "HMSG " + head + " 16 16\r\nNATS/1.0 503\r\n\r\n\r\n";
        }
    }

    std::string unread_;
    std::string to_client_;
};

class session_world {
public:
    session_world(const std::uint8_t* data, std::size_t size);
    void run();

private:
    static constexpr auto ping_interval = 2s;
    static constexpr unsigned pings_out = 2;

    // --- session_world_login.cpp: who the user is ---
    connect_options choose_options();
    authentication choose_login();
    void answer_login(const session::login_action& action);
    [[nodiscard]] static bool says_a_secret(std::string_view text);
    void check_quiet(std::string_view text) const;

    // --- session_world_acts.cpp: what happens ---
    template <class Start>
    operation& wish(session::duration limit, Start start) {
        operation& op = operations_.emplace_back();
        op.latest = limit == session::duration::max() ? session::never : now_ + limit;
        op.id = start(op);
        return op;
    }
    void connect();
    void act();
    void user();
    void manage();
    void between_parts();
    void server();
    std::string info();
    std::string nonsense();
    void publish();
    std::error_code publish_gathered(const wire::outgoing& m);
    void hand_over();
    void subscribe();
    void request();
    void on_message(const message_view& m);
    std::shared_ptr<session::subscription_state> subscription();
    void down(std::error_code ec);

    // --- session_world.cpp: the shell's part, time, and what must hold ---
    void pump();
    void take_action(const session::transport_action& a);
    bool dial();
    bool secure();
    bool write();
    bool read();
    bool take_outputs(std::size_t completions);
    void read_on(std::size_t enough);
    void tell(const event& e);
    void pass(session::duration d);
    void move_to(session::time_point t);
    void check_time();
    void heal();
    void check_restored();
    void check_closed();
    void end();
    void check_history();

    input in_;
    connect_options options_;
    std::unique_ptr<session::core> core_;
    session::time_point now_{1h};
    session::time_point last_in_{};     // when the client last heard something, or could have
    server_end server_;
    wire::parser parser_;               // reads what the client reads
    std::string seen_;
    std::string greeting_;              // comes behind the handshake
    std::string heard_;                 // from the input, on this connection
    std::deque<operation> operations_;
    std::vector<std::shared_ptr<session::subscription_state>> subscriptions_;
    std::vector<std::string> accepted_;
    std::deque<session::time_point> dials_;
    std::uint64_t counter_ = 0;
    std::uint64_t generation_ = 0;
    bool open_ = false;
    bool connected_ = false;
    bool securing_ = false;    // the handshake is under way: nothing is read or written
    bool secured_ = false;
    bool ever_secured_ = false;
    bool tls_by_option_ = false;
    bool tls_by_url_ = false;    // of the servers in the options, as long as these are the servers
    bool tls_wished_ = false;    // then the server offers it
    bool tls_demanded_ = false;  // by the options, or this connection's INFO
    bool secret_echoed_ = false; // the input has made the server say a part of a secret
    bool honest_ = true;         // the server has said nothing that the input made up
    bool refuse_ = false;
    bool mute_ = false;    // the server sends nothing
    bool stuck_ = false;   // the server takes nothing
    bool failing_ = true;  // logins and handshakes may fail
    bool large_ = false;   // messages and queues
    bool parted_ = false;  // a read stops when some replies are finished
    bool batches_ = false; // of another thread
    bool up_ = false;
    bool leaving_ = false;  // the user has ended it
    bool ended_ = false;
};

}  // namespace fuzz
