// The client's machine, driven by a list of events (failure-modes 3.4): operations end once and in time (I1), nothing follows the end
// (I2), the server reads whole frames (I3), events alternate and agree with the state (I4), silence is noticed in time (I5), dials are
// bounded (I6), subscriptions are restored (I7), nothing is written before INFO (I8), memory is bounded (I9), any bytes from the
// server do no harm and a broken protocol ends the connection at once (I10), publishes come once and in order (I14).
#include "fuzz/session_world.hpp"

namespace fuzz {

session_world::session_world(const std::uint8_t* data, std::size_t size) : in_(data, size) {
    connect_options o;
    const std::uint8_t flags = in_.byte();
    o.servers = {"a.test", "b.test"};
    o.ping_interval = ping_interval;
    o.max_pings_out = pings_out;
    o.write_timeout = 5s;
    o.drain_timeout = 8s;
    o.outbox_bytes = outbox_bytes;
    o.retry_on_failed_connect = (flags & 1U) == 0;
    o.fail_fast = (flags & 2U) != 0;
    o.no_echo = (flags & 4U) != 0;
    core_ = std::make_unique<session::core>(o, flags, "0123456789abcdefghijkl");
}

void session_world::run() {
    wish(session::duration::max(), [&](operation& op) { return core_->connect(detail::plain_completion(&op), now_); });
    pump();
    for (int events = 0; events < 200 && !in_.empty(); ++events) {
        act();
        pump();
        pass(0s);
    }
    heal();
    end();
}

void session_world::act() {
    switch (in_.below(4)) {
        case 0:
        case 1: user(); break;
        case 2: server(); break;
        default: pass(std::chrono::milliseconds(in_.flag() ? in_.below(8000) : in_.below(64))); break;
    }
}

void session_world::user() {
    switch (in_.below(10)) {
        case 0:
        case 1: publish(); break;
        case 2: subscribe(); break;
        case 3:
            if (const auto s = subscription()) static_cast<void>(core_->unsubscribe(*s, in_.below(3)));
            break;
        case 4:
            if (const auto s = subscription()) {
                wish(session::duration::max(), [&](operation& op) { return core_->next(s, detail::message_completion(&op)); });
            }
            break;
        case 5: request(); break;
        case 6: {
            const std::chrono::milliseconds timeout(1 + in_.below(4000));
            wish(timeout, [&](operation& op) { return core_->flush(timeout, detail::plain_completion(&op), now_); });
            break;
        }
        case 7:
            if (const auto s = subscription()) {
                wish(8s, [&](operation& op) { return core_->drain(s, detail::plain_completion(&op), now_); });
            }
            break;
        case 8: core_->cancel(operations_[in_.below(operations_.size())].id, in_.flag(), now_); break;
        default:
            wish(session::duration::max(), [&](operation& op) { return core_->connect(detail::plain_completion(&op), now_); });
            dials_.clear();  // the user may dial as often as it likes
            break;
    }
}

void session_world::publish() {
    const std::string n = std::to_string(++counter_) + std::string(in_.below(4) * 100, 'x');
    const std::string block = in_.flag() ? "NATS/1.0\r\nA: b\r\n\r\n" : "";
    if (!core_->publish(in_.flag() ? "a" : "b", {}, block, n)) accepted_.push_back(n);
}

void session_world::subscribe() {
    std::shared_ptr<session::subscription_state> s;
    std::function<void(const message_view&)> handler;
    if (in_.flag()) handler = [this](const message_view& m) { on_message(m); };
    const subscribe_options options{.max_messages = in_.below(4), .pending_messages = 3};
    if (!core_->subscribe(in_.flag() ? "a" : "b", options, handler, s)) subscriptions_.push_back(s);
}

void session_world::request() {
    const std::chrono::milliseconds timeout(1 + in_.below(4000));
    const char* const subject = in_.flag() ? "svc" : "silent";
    wish(timeout, [&](operation& op) { return core_->request(subject, {}, "?", timeout, detail::message_completion(&op), now_); });
}

/// Handlers do what users do.
void session_world::on_message(const message_view& m) {
    FUZZ_CHECK(!ended_ && !m.subject().empty());
    switch (in_.below(8)) {  // behind the input's end it is 0: nothing, or handlers would call each other for ever
        case 1: publish(); break;
        case 2:
            if (const auto s = subscription()) static_cast<void>(core_->unsubscribe(*s, 0));
            break;
        default: break;
    }
}

std::shared_ptr<session::subscription_state> session_world::subscription() {
    return subscriptions_.empty() ? nullptr : subscriptions_[in_.below(subscriptions_.size())];
}

void session_world::server() {
    switch (in_.below(11)) {
        case 0: refuse_ = !refuse_; break;
        case 1: mute_ = !mute_; break;
        case 2: stuck_ = !stuck_; break;
        case 3:
            if (open_) down(in_.flag() ? std::error_code() : std::make_error_code(std::errc::connection_reset));
            break;
        case 4: {
            const char* const subject = in_.flag() ? "a" : "b";
            const char* const reply = in_.flag() ? "r" : "";
            server_.deliver(subject, reply, in_.text(40));
            break;
        }
        case 5: server_.say("\x01 garbage\r\n"); break;
        case 6: server_.say("-ERR '" + std::string(in_.text(60)) + "'\r\n"); break;
        case 7: server_.say("INFO {\"headers\":true,\"max_payload\":" + std::to_string(1 + in_.below(2000)) + ",\"ldm\":true}\r\n"); break;
        case 8:
            server_.say(in_.flag() ? "-ERR 'Permissions Violation for Subscription to \"a\"'\r\n"
                                   : "-ERR 'Permissions Violation for Publish to \"svc\"'\r\n");
            break;
        default: server_.say(in_.text(120)); break;  // anything
    }
}

void session_world::down(std::error_code ec) {
    open_ = connected_ = false;
    core_->on_transport_down(generation_, ec, now_);
}

void session_world::pump() {
    for (int turns = 0;; ++turns) {
        FUZZ_CHECK(turns < 10'000);
        bool more = false;
        for (session::transport_action a; core_->next_action(a); more = true) take_action(a);
        for (event e; core_->next_event(e); more = true) tell(e);
        for (session::finished_operation f; core_->next_finished(f); more = true) f.complete();
        if (open_ && !connected_) more |= dial();
        if (connected_ && !stuck_) more |= write();
        if (connected_ && !mute_) more |= read();
        if (!more) break;
    }
    if (core_->state() != client_state::draining) FUZZ_CHECK((core_->state() == client_state::connected) == up_);  // I4
    FUZZ_CHECK(core_->stats().outbox_bytes <= outbox_bytes + 4096);                                                // I9
}

void session_world::take_action(const session::transport_action& a) {
    if (a.what == session::transport_action::kind::dial) {
        FUZZ_CHECK(!open_ && a.generation > generation_);
        FUZZ_CHECK(!ended_);
        generation_ = a.generation;
        open_ = true;
        dials_.push_back(now_);
        while (dials_.front() + 10s < now_) dials_.pop_front();
        FUZZ_CHECK(dials_.size() <= 64);  // I6: with full jitter a wait may be short, many in a row cannot
    } else {
        FUZZ_CHECK(a.generation == generation_);  // I2
        open_ = false;
    }
    connected_ = false;
}

bool session_world::dial() {
    if (refuse_) {
        open_ = false;
        core_->on_dialed(generation_, std::make_error_code(std::errc::connection_refused), now_);
        return true;
    }
    connected_ = true;
    parser_.reset();
    seen_.clear();
    last_in_ = now_;
    published_.insert(published_.end(), server_.published.begin(), server_.published.end());
    server_.connect("INFO {\"server_id\":\"S\",\"headers\":true,\"max_payload\":1000}\r\n");
    core_->on_dialed(generation_, {}, now_);
    FUZZ_CHECK(core_->pending_write(now_).empty());  // I8: not before INFO
    return true;
}

bool session_world::write() {
    const std::string_view bytes = core_->pending_write(in_.flag() ? now_ : session::never);
    if (bytes.empty()) return false;
    const std::size_t n = in_.empty() ? bytes.size() : 1 + in_.below(bytes.size());
    server_.reads(bytes.substr(0, n));
    core_->on_written(generation_, n, now_);
    return true;
}

bool session_world::read() {
    std::string& bytes = server_.to_client();
    if (bytes.empty()) return false;
    const std::span<char> space = core_->read_space();
    FUZZ_CHECK(!space.empty() && space.size() <= (std::size_t{32} << 20U));  // I9
    const std::size_t n = std::min(space.size(), in_.empty() ? bytes.size() : 1 + static_cast<std::size_t>(in_.below(bytes.size())));
    std::copy_n(bytes.begin(), n, space.begin());
    bytes.erase(0, n);
    last_in_ = now_;
    seen_.append(space.data(), n);
    core_->on_read(generation_, n, now_);
    wire::parse_result r;
    while ((r = parser_.next(seen_)).status == wire::parse_status::op) seen_.erase(0, r.op.consumed);
    if (r.status == wire::parse_status::need_more) return true;
    for (session::transport_action a; core_->next_action(a);) take_action(a);
    FUZZ_CHECK(!connected_);  // I10
    return true;
}

void session_world::tell(const event& e) {
    FUZZ_CHECK(!ended_);  // I2
    if (e.kind == event_kind::connected) FUZZ_CHECK(!std::exchange(up_, true));
    if (e.kind == event_kind::disconnected) FUZZ_CHECK(std::exchange(up_, false) && e.error && e.reason != disconnect_reason::none);
    if (e.kind == event_kind::closed) {
        FUZZ_CHECK(!up_);
        ended_ = true;
    }
}

void session_world::pass(session::duration d) {
    const session::time_point until = now_ + d;
    for (int turns = 0; core_->next_deadline() <= until; ++turns) {
        FUZZ_CHECK(turns < 10'000);
        now_ = std::max(now_, core_->next_deadline());
        core_->on_time(now_);
        pump();
        check_time();
    }
    now_ = until;
    pump();
    check_time();
}

void session_world::check_time() {
    for (const operation& op : operations_) FUZZ_CHECK(op.ends == 1 || op.latest >= now_);              // I1
    if (up_ && mute_) FUZZ_CHECK(now_ - last_in_ <= ping_interval * static_cast<int>(pings_out + 1));  // I5
}

/// The server is well from now on: within a bounded time the client is, too.
void session_world::heal() {
    refuse_ = mute_ = stuck_ = false;
    if (open_) down(std::make_error_code(std::errc::connection_reset));  // forgets what is on the way
    dials_.clear();
    wish(session::duration::max(), [&](operation& op) { return core_->connect(detail::plain_completion(&op), now_); });
    pump();
    for (int i = 0; i < 30; ++i) pass(1s);
    FUZZ_CHECK(core_->state() == client_state::connected);
    for (const auto& s : subscriptions_) {  // I7
        if (s->sid != 0) FUZZ_CHECK(server_.interest.contains(s->sid) && server_.interest.at(s->sid) == s->subject);
    }
    wish(5s, [&](operation& op) { return core_->flush(5s, detail::plain_completion(&op), now_); });
    pump();
    FUZZ_CHECK(operations_.back().ends == 1 && !operations_.back().ec);
}

void session_world::end() {
    if (in_.flag()) wish(9s, [&](operation& op) { return core_->drain(detail::plain_completion(&op), now_); });
    pass(in_.flag() ? 0s : 10s);
    core_->close(now_);
    pump();
    FUZZ_CHECK(ended_ && !up_ && !open_);
    FUZZ_CHECK(core_->stats().pending_requests == 0 && core_->stats().subscriptions == 0 && core_->stats().outbox_bytes == 0);
    FUZZ_CHECK(core_->next_deadline() == session::never && core_->pending_write().empty());
    FUZZ_CHECK(core_->publish("a", {}, {}, "x") == errc::closed);
    core_.reset();
    for (const operation& op : operations_) FUZZ_CHECK(op.ends == 1);  // I1
    published_.insert(published_.end(), server_.published.begin(), server_.published.end());
    auto rest = accepted_.begin();
    for (const std::string& payload : published_) {  // I14
        rest = std::find(rest, accepted_.end(), payload);
        FUZZ_CHECK(rest != accepted_.end());
        ++rest;
    }
}

}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 4096) return 0;
    fuzz::session_world(data, size).run();
    return 0;
}
