// The client against a small model of a server, with faults drawn from a seed: what no script has thought of.
#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <slipstream/error.hpp>

#include "protocol/session/core.hpp"
#include "protocol/session/random.hpp"
#include "protocol/wire/frame_walker.hpp"

using namespace slipstream;
using namespace std::chrono_literals;

namespace {

struct operation final : public detail::completion<std::error_code>, public detail::completion<std::error_code, message> {
    void complete(std::error_code e) override {
        ++ends;
        ec = e;
    }
    void complete(std::error_code e, message m) override {
        payload = m.payload();
        complete(e);
    }
    void destroy() noexcept override { ++destroyed; }

    detail::operation_id id;
    std::string number;      // of a request
    std::string payload;
    std::error_code ec;
    int ends = 0;
    int destroyed = 0;
    session::time_point latest = session::never;
};

/// One nats-server, as far as this client can tell.
struct server_model {
    std::map<std::uint64_t, std::string> interest;  // of the present connection
    std::string unread;                             // of the client's bytes
    std::string unsent;                             // for the client
    std::vector<std::string> published;             // payloads, over all connections
    std::set<std::string> requested;
    bool greeted = false;

    void connect() {
        interest.clear();
        unread.clear();
        unsent = "INFO {\"headers\":true,\"max_payload\":1048576}\r\n";
        greeted = false;
    }
    void deliver(std::string_view subject, std::string_view payload) {
        for (const auto& [sid, pattern] : interest) {
            const bool inbox = pattern.ends_with(".*") && subject.starts_with(pattern.substr(0, pattern.size() - 1));
            if (pattern != subject && !inbox) continue;
            unsent += "MSG " + std::string(subject) + " " + std::to_string(sid) + " " + std::to_string(payload.size()) + "\r\n" +
                      std::string(payload) + "\r\n";
        }
    }
    void reads(std::string_view bytes) {
        unread += bytes;
        wire::frame_walker walker(unread);
        wire::walk_status status;
        while ((status = walker.next()) == wire::walk_status::frame) handle(walker.current());
        CHECK(status != wire::walk_status::malformed);  // I3
        unread.erase(0, walker.offset());
    }
    void handle(const wire::frame& f) {
        switch (f.kind) {
            case wire::frame_kind::connect: greeted = true; break;
            case wire::frame_kind::ping: unsent += "PONG\r\n"; break;
            case wire::frame_kind::pong: break;
            case wire::frame_kind::sub: interest[f.sid] = f.subject; break;
            case wire::frame_kind::unsub:
                if (f.max_messages == 0) interest.erase(f.sid);
                break;
            case wire::frame_kind::pub:
            case wire::frame_kind::hpub:
                CHECK(greeted);
                if (f.reply_to.empty()) {
                    published.emplace_back(f.payload);
                    deliver(f.subject, f.payload);
                    break;
                }
                CHECK(requested.insert(std::string(f.payload)).second);  // I14: a request is sent once
                if (f.subject == "svc") deliver(f.reply_to, f.payload);
                if (f.subject == "denied") unsent += "-ERR 'Permissions Violation for Publish to \"denied\"'\r\n";
                break;
        }
    }
};

class simulation {
public:
    explicit simulation(std::uint64_t seed) : rng_(seed) {
        connect_options o;
        o.servers = {"a.test", "b.test"};
        o.ping_interval = 2s;
        o.write_timeout = 5s;
        o.drain_timeout = 8s;
        o.retry_on_failed_connect = true;
        o.outbox_bytes = 2000;
        core_ = std::make_unique<session::core>(o, seed, "0123456789abcdefghijkl");
    }

    void run() {
        wish([&](operation& op) { return core_->connect(detail::plain_completion(&op), now_); }, 1h);
        for (int i = 0; i < 150; ++i) {
            faults_ = i < 120;
            act();
            pump();
            pass(static_cast<std::int64_t>(rng_.below(4) == 0 ? rng_.below(3000) : rng_.below(50)) * 1ms);
        }
        heal();
        finish();
    }

private:
    template <class Start>
    void wish(Start start, session::duration limit) {
        operation& op = operations_.emplace_back();
        op.latest = now_ + limit;
        op.id = start(op);
    }

    void act() {
        const std::string n = std::to_string(++counter_);
        switch (rng_.below(12)) {
            case 0:
            case 1:
            case 2: publish(rng_.below(2) == 0 ? "a" : "b"); break;
            case 3: {
                std::shared_ptr<session::subscription_state> s;
                std::function<void(const message_view&)> handler;
                if (rng_.below(2) == 0) handler = [this](const message_view& m) { on_message(m); };
                if (!core_->subscribe(rng_.below(2) == 0 ? "a" : "b", {.max_messages = rng_.below(4), .pending_messages = 3}, handler, s)) {
                    subscriptions_.push_back(s);
                }
                break;
            }
            case 4:
                if (const auto s = any_subscription()) static_cast<void>(core_->unsubscribe(*s, rng_.below(3)));
                break;
            case 5:
                if (const auto s = any_subscription()) {
                    wish([&](operation& op) { return core_->next(s, detail::message_completion(&op)); }, session::duration::max() / 4);
                }
                break;
            case 6:
            case 7: {
                const char* const subject = std::array{"svc", "silent", "denied"}[rng_.below(3)];
                const std::chrono::milliseconds timeout(1 + rng_.below(4000));
                wish(
                    [&](operation& op) {
                        op.number = "r" + n;
                        return core_->request(subject, {}, op.number, timeout, detail::message_completion(&op), now_);
                    },
                    timeout);
                break;
            }
            case 8: {
                const std::chrono::milliseconds timeout(1 + rng_.below(4000));
                wish([&](operation& op) { return core_->flush(timeout, detail::plain_completion(&op), now_); }, timeout);
                break;
            }
            case 9:
                if (const auto s = any_subscription()) {
                    wish([&](operation& op) { return core_->drain(s, detail::plain_completion(&op), now_); }, 8s);
                }
                break;
            case 10: core_->cancel(operations_[rng_.below(operations_.size())].id, true, now_); break;
            default: strike(); break;
        }
    }

    void publish(const char* subject) {
        const std::string n = std::to_string(++counter_);
        if (!core_->publish(subject, {}, {}, n)) accepted_.push_back(n);
    }

    /// Handlers do what users do.
    void on_message(const message_view&) {
        if (rng_.below(4) == 0) publish("c");
        if (rng_.below(8) != 0) return;
        if (const auto s = any_subscription()) static_cast<void>(core_->unsubscribe(*s, 0));
    }

    std::shared_ptr<session::subscription_state> any_subscription() {
        return subscriptions_.empty() ? nullptr : subscriptions_[rng_.below(subscriptions_.size())];
    }

    void strike() {
        if (!open_ || !faults_) return;
        switch (rng_.below(6)) {
            case 0: down({}); break;
            case 1: down(std::make_error_code(std::errc::connection_reset)); break;
            case 2: server_.unsent += "garbage\r\n"; break;
            case 3: server_.unsent += "-ERR 'Stale Connection'\r\n"; break;
            case 4: stuck_until_ = now_ + std::chrono::milliseconds(rng_.below(8000)); break;
            default: mute_until_ = now_ + std::chrono::milliseconds(rng_.below(8000)); break;
        }
    }
    void down(std::error_code ec) {
        open_ = connected_ = false;
        core_->on_transport_down(generation_, ec, now_);
    }

    void pump() {
        for (int turns = 0;; ++turns) {
            REQUIRE(turns < 10'000);
            bool more = false;
            for (session::transport_action a; core_->next_action(a); more = true) {
                open_ = a.what == session::transport_action::kind::dial;
                connected_ = false;
                if (open_) generation_ = a.generation;
            }
            for (event e; core_->next_event(e); more = true) tell(e);
            for (session::finished_operation f; core_->next_finished(f); more = true) f.complete();
            if (open_ && !connected_) {
                more = true;
                if (faults_ && rng_.below(3) == 0) {
                    open_ = false;
                    core_->on_dialed(generation_, std::make_error_code(std::errc::connection_refused), now_);
                } else {
                    connected_ = true;
                    server_.connect();
                    stuck_until_ = mute_until_ = now_;
                    core_->on_dialed(generation_, {}, now_);
                }
            }
            if (connected_ && now_ >= stuck_until_) more |= write();
            if (connected_ && now_ >= mute_until_) more |= read();
            if (more) continue;
            if (core_->state() != client_state::draining) CHECK((core_->state() == client_state::connected) == up_);  // I4
            return;
        }
    }
    bool write() {
        const std::string_view bytes = core_->pending_write(rng_.below(2) == 0 ? now_ : session::never);
        if (bytes.empty()) return false;
        const std::size_t n = 1 + rng_.below(bytes.size());
        server_.reads(bytes.substr(0, n));
        core_->on_written(generation_, n, now_);
        return true;
    }
    bool read() {
        if (server_.unsent.empty()) return false;
        const std::span<char> space = core_->read_space();
        const std::size_t n = std::min(space.size(), 1 + static_cast<std::size_t>(rng_.below(server_.unsent.size())));
        std::copy_n(server_.unsent.begin(), n, space.begin());
        server_.unsent.erase(0, n);
        core_->on_read(generation_, n, now_);
        return true;
    }
    void tell(const event& e) {
        CHECK_FALSE(ended_);
        if (e.kind == event_kind::connected) CHECK_FALSE(std::exchange(up_, true));
        if (e.kind == event_kind::disconnected) CHECK(std::exchange(up_, false));
        if (e.kind == event_kind::closed) ended_ = true;
    }

    void pass(session::duration d) {
        const session::time_point end = now_ + d;
        for (int turns = 0; core_->next_deadline() <= end; ++turns) {
            REQUIRE(turns < 10'000);
            now_ = std::max(now_, core_->next_deadline());
            core_->on_time(now_);
            pump();
        }
        now_ = end;
        pump();
        for (const operation& op : operations_) CHECK((op.ends + op.destroyed == 1 || op.latest > now_));  // I1
    }

    /// No more faults: within a bounded time all is well, and the server knows what the client wants (I7).
    void heal() {
        stuck_until_ = mute_until_ = now_;
        wish([&](operation& op) { return core_->connect(detail::plain_completion(&op), now_); }, 1min);  // it may have been cancelled
        for (int i = 0; i < 60; ++i) pass(500ms);
        REQUIRE(core_->state() == client_state::connected);
        std::map<std::uint64_t, std::string> wanted;
        for (const auto& s : subscriptions_) {
            if (s->sid != 0) wanted[s->sid] = s->subject;
        }
        for (const auto& [sid, subject] : wanted) CHECK(server_.interest.contains(sid));
        std::size_t unknown = 0;
        for (const auto& [sid, subject] : server_.interest) unknown += !wanted.contains(sid) && !subject.starts_with("_INBOX.") ? 1 : 0;
        CHECK(unknown <= auto_unsubscribed());  // the model does not count for the client
        wish([&](operation& op) { return core_->flush(5s, detail::plain_completion(&op), now_); }, 5s);
        pump();
        CHECK_FALSE(operations_.back().ec);
    }
    [[nodiscard]] std::size_t auto_unsubscribed() const {
        return static_cast<std::size_t>(
            std::count_if(subscriptions_.begin(), subscriptions_.end(), [](const auto& s) { return s->max_messages != 0; }));
    }

    void finish() {
        if (rng_.below(2) == 0) wish([&](operation& op) { return core_->drain(detail::plain_completion(&op), now_); }, 9s);
        pass(rng_.below(2) == 0 ? 0s : 10s);
        core_->close(now_);
        pump();
        CHECK(ended_);
        CHECK_FALSE(up_);
        CHECK(core_->stats().pending_requests == 0);
        CHECK(core_->stats().subscriptions == 0);
        CHECK(core_->next_deadline() == session::never);
        core_.reset();
        for (const operation& op : operations_) {
            CHECK(op.ends == 1);  // I1
            if (op.number.empty()) continue;
            if (op.ec == errc::timeout_unsent || op.ec == errc::buffer_full) CHECK_FALSE(server_.requested.contains(op.number));
            if (!op.ec) CHECK(op.payload == op.number);
        }
        // I14: what was accepted came at most once, and in order.
        auto rest = accepted_.begin();
        for (const std::string& payload : server_.published) {
            rest = std::find(rest, accepted_.end(), payload);
            REQUIRE(rest != accepted_.end());
            ++rest;
        }
    }

    session::random_stream rng_;
    std::unique_ptr<session::core> core_;
    session::time_point now_{1h};
    session::time_point stuck_until_{};
    session::time_point mute_until_{};
    server_model server_;
    std::deque<operation> operations_;
    std::vector<std::shared_ptr<session::subscription_state>> subscriptions_;
    std::vector<std::string> accepted_;
    std::uint64_t counter_ = 0;
    std::uint64_t generation_ = 0;
    bool open_ = false;
    bool connected_ = false;
    bool faults_ = true;
    bool up_ = false;
    bool ended_ = false;
};

}  // namespace

TEST_CASE("I1 I3 I4 I7 I14: random lives against a model of a server") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        simulation(seed).run();
    }
}
