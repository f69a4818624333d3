// The shell's part in the model of session_world.hpp, time, and what must hold whatever happens.
#include <array>

#include "fuzz/session_world.hpp"

namespace fuzz {
namespace {

constexpr std::string_view nonce = "PXoWU7zWAMt75FY";

}  // namespace

session_world::session_world(const std::uint8_t* data, std::size_t size) : in_(data, size) {
    const std::uint64_t seed = in_.byte();
    options_ = choose_options();
    core_ = std::make_unique<session::core>(options_, seed, "0123456789abcdefghijkl");
}

void session_world::run() {
    connect();
    pump();
    for (int events = 0; events < 200 && !in_.empty() && !ended_; ++events) {
        act();
        pump();
        pass(0s);
    }
    if (!leaving_ && !ended_) heal();
    end();
}

void session_world::pump() {
    for (int turns = 0;; ++turns) {
        FUZZ_CHECK(turns < 10'000);
        bool more = take_outputs(SIZE_MAX);
        if (open_ && !connected_) more |= dial();
        if (securing_) more |= secure();
        if (connected_ && !securing_ && !stuck_) more |= write();
        if (connected_ && !securing_ && !mute_ && !core_->reading_paused()) more |= read();
        if (!more) break;
    }
    FUZZ_CHECK(core_->next_output() == session::output_kind::none);
    if (core_->state() != client_state::draining) FUZZ_CHECK((core_->state() == client_state::connected) == up_);  // I4
    // A message that has left in part is kept whole, should the connection end there.
    const std::size_t beyond = large_ ? 100'000 : 4096;
    FUZZ_CHECK(core_->stats().outbox_bytes <= options_.outbox_bytes + beyond);  // I9
}

bool session_world::take_outputs(std::size_t completions) {
    bool some = false;
    const session::output_kind first = core_->next_output();
    for (session::transport_action a; core_->next_action(a); some = true) take_action(a);
    for (session::login_action a; core_->next_login_action(a); some = true) answer_login(a);
    static_cast<void>(core_->take_login_traces());
    for (event e; core_->next_event(e); some = true) tell(e);
    FUZZ_CHECK(some == (first == session::output_kind::news));
    session::finished_operation f;
    for (; completions > 0 && core_->next_finished(f); --completions, some = true) f.complete();
    return some;
}

void session_world::take_action(const session::transport_action& a) {
    using kind = session::transport_action::kind;
    if (a.what == kind::start_tls) {
        FUZZ_CHECK(a.generation == generation_ && connected_ && !secured_ && !a.host.empty());
        check_quiet(a.host + a.or_host);
        securing_ = true;
        return;
    }
    if (a.what == kind::dial) {
        FUZZ_CHECK(!open_ && a.generation > generation_);
        FUZZ_CHECK(!ended_);
        check_quiet(a.host);
        generation_ = a.generation;
        open_ = true;
        dials_.push_back(now_);
        while (dials_.front() + 10s < now_) dials_.pop_front();
        FUZZ_CHECK(dials_.size() <= 64);  // I6: with full jitter a wait may be short, many in a row cannot
    } else {
        FUZZ_CHECK(a.generation == generation_);  // I2
        open_ = false;
    }
    connected_ = securing_ = false;
}

/// As no server begins.
std::string session_world::nonsense() {
    constexpr std::array<const char*, 6> words{"MSG a 1 0\r\n\r\n",          "PONG\r\n",         "+OK\r\n",
                                               "INFO {\"max_payload\":\r\n", "PING\r\nPONG\r\n", "INFO {}\r\n+OK\r\nPONG\r\n"};
    return words[in_.below(words.size())];
}

/// As a server of the last connection's kind begins, or says later. At times it takes less than what is waiting.
std::string session_world::info() {
    const std::string most = failing_ && in_.below(16) == 15 ? "2" : large_ ? "100000" : "1000";
    std::string text = R"(INFO {"server_id":"S","headers":true,"max_payload":)" + most;
    if (in_.below(8) != 7) text.append(R"(,"nonce":")").append(nonce).append("\"");
    const bool tls = tls_wished_ || ever_secured_ || in_.below(8) >= 6;
    if (tls) text += in_.flag() ? R"(,"tls_required":true)" : R"(,"tls_available":true)";
    const std::uint64_t others = in_.below(8);
    if (others == 7) text += R"(,"connect_urls":["a.test:4222","d.test:1","127.0.0.1:4","[::1]:5","bad url"])";
    if (others == 6) text += R"(,"connect_urls":["d.test:1"])";
    return text + "}\r\n";
}

bool session_world::dial() {
    if (refuse_) {
        open_ = false;
        core_->on_dialed(generation_, std::make_error_code(std::errc::connection_refused), now_);
        return true;
    }
    connected_ = true;
    secured_ = false;
    parser_.reset();
    seen_.clear();
    heard_.clear();
    last_in_ = now_;
    const std::string greeting = failing_ && in_.below(16) == 15 ? nonsense() : info();
    tls_demanded_ = ever_secured_ || tls_by_option_ || tls_by_url_ || greeting.find("tls_required") != std::string::npos;
    const bool first = options_.tls.mode == tls_mode::first;  // then the server waits for the handshake
    server_.connect(first ? std::string() : greeting);
    greeting_ = first ? greeting : std::string();
    core_->on_dialed(generation_, {}, now_);
    FUZZ_CHECK(core_->pending_write(now_).empty());  // I8: not before INFO
    return true;
}

bool session_world::secure() {
    FUZZ_CHECK(core_->pending_write(now_).empty());  // B4
    if (failing_ && in_.below(8) == 7) return false;  // later, or never
    if (failing_ && in_.below(16) == 15) {  // B4: plain text where TLS begins
        core_->read_space()[0] = 'x';
        core_->on_read(generation_, 1, now_);
        for (session::transport_action a; core_->next_action(a);) take_action(a);
        FUZZ_CHECK(!connected_);
        return true;
    }
    securing_ = false;
    if (failing_ && in_.below(8) == 7) {
        core_->on_secured(generation_, make_error_code(std::errc::protocol_error), "the certificate is of somebody else", now_);
        return true;
    }
    secured_ = ever_secured_ = true;
    server_.to_client().insert(0, greeting_);
    last_in_ = now_;
    core_->on_secured(generation_, {}, {}, now_);
    return true;
}

bool session_world::write() {
    const std::string_view bytes = core_->pending_write(in_.flag() ? now_ : session::never);
    if (bytes.empty()) return false;
    FUZZ_CHECK(secured_ || !tls_demanded_);  // B3, B4
    if (in_.below(16) == 15 && failing_) {
        core_->on_written(generation_, 0, now_);  // the peer has no room
        return false;
    }
    const std::size_t n = in_.empty() ? bytes.size() : 1 + in_.below(bytes.size());
    server_.reads(bytes.substr(0, n));
    if (!core_->on_written(generation_, n, now_)) FUZZ_CHECK(core_->pending_write(now_).empty());
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
    const std::size_t enough = parted_ ? 1 + static_cast<std::size_t>(in_.below(3)) : SIZE_MAX;
    const auto is_up = [&] { return core_->state() == client_state::connected && core_->generation() == generation_; };
    const bool was_up = is_up();
    std::uint64_t messages = core_->stats().in_msgs;
    core_->on_read(generation_, n, now_, enough);
    read_on(enough);
    wire::parse_result r;
    while ((r = parser_.next(seen_)).status == wire::parse_status::op) {
        messages += r.op.kind == wire::op_kind::msg ? 1 : 0;
        seen_.erase(0, r.op.consumed);
    }
    if (core_->reading_paused()) return true;
    if (r.status == wire::parse_status::need_more) {
        if (was_up && is_up()) FUZZ_CHECK(core_->stats().in_msgs == messages);  // nothing of it waits for the next read
        return true;
    }
    for (session::transport_action a; core_->next_action(a);) take_action(a);
    FUZZ_CHECK(!connected_);  // I10
    return true;
}

/// The rest of a read that stopped, as the shell goes on with it: in the same turn, when what is finished was taken, or in a later one,
/// when a completion has thrown and others still wait.
void session_world::read_on(std::size_t enough) {
    for (int parts = 0; core_->read_unfinished(); ++parts) {
        FUZZ_CHECK(parts < 10'000);
        FUZZ_CHECK(parted_ && connected_ && !core_->reading_paused());
        const bool throws = in_.below(4) == 3;
        std::size_t taken = 0;
        for (session::finished_operation f; (taken == 0 || !throws) && core_->next_finished(f); ++taken) f.complete();
        FUZZ_CHECK(taken >= (throws ? 1 : enough));  // it has not stopped for nothing
        between_parts();
        const std::uint64_t generation = generation_;
        const std::size_t completions = in_.below(4) == 3 ? 0 : SIZE_MAX;  // the turn may have had its share of them
        while (take_outputs(completions)) {}
        if (!connected_ || generation_ != generation) FUZZ_CHECK(!core_->read_unfinished());  // it went with its connection
        core_->read_on(now_, enough);
    }
}

void session_world::tell(const event& e) {
    FUZZ_CHECK(!ended_);  // I2
    check_quiet(e.server);
    check_quiet(e.subject);
    check_quiet(e.detail);
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
        move_to(std::max(now_, core_->next_deadline()));
        core_->on_time(now_);
        pump();
        check_time();
    }
    move_to(until);
    pump();
    check_time();
}

/// While the client does not read, by its own choice, the peer's silence says nothing: it counts from the end of the pause.
void session_world::move_to(session::time_point t) {
    now_ = t;
    if (core_->reading_paused()) last_in_ = now_;
}

void session_world::check_time() {
    for (const operation& op : operations_) FUZZ_CHECK(op.ends == 1 || op.latest >= now_);              // I1
    if (up_ && mute_) FUZZ_CHECK(now_ - last_in_ <= ping_interval * static_cast<int>(pings_out + 1));  // I5
}

/// The server is well from now on: within a bounded time the client is, too.
void session_world::heal() {
    refuse_ = mute_ = stuck_ = failing_ = false;
    if (open_) down(std::make_error_code(std::errc::connection_reset));  // forgets what is on the way
    pump();
    if (ended_) return;  // by a limit of the user's
    dials_.clear();
    for (int i = 0; i < 30 && !ended_; ++i) {
        if (i == 0 || core_->state() == client_state::idle) connect();  // what hung when all became well may fail once more
        pump();
        pass(1s);
    }
    const bool limited = options_.max_reconnects || options_.max_auth_failures;
    FUZZ_CHECK(limited || core_->state() == client_state::connected);
    if (core_->state() != client_state::connected) return;
    check_restored();
    wish(5s, [&](operation& op) { return core_->flush(5s, detail::plain_completion(&op), now_); });
    pump();
    FUZZ_CHECK(operations_.back().ends == 1 && !operations_.back().ec);
}

/// I7: the server knows what the client wants, and nothing else; it does not count for those that end by themselves.
void session_world::check_restored() {
    std::size_t others = 0;
    for (const auto& s : subscriptions_) {
        if (s->sid != 0) FUZZ_CHECK(server_.interest.contains(s->sid) && server_.interest.at(s->sid) == s->subject);
        if (s->sid == 0 && s->max_messages != 0) ++others;
    }
    for (const auto& [sid, subject] : server_.interest) {
        const bool wanted = std::any_of(subscriptions_.begin(), subscriptions_.end(), [&](const auto& s) { return s->sid == sid; });
        if (wanted || subject.starts_with("_INBOX.")) continue;
        FUZZ_CHECK(others-- > 0);
    }
}

void session_world::end() {
    if (!ended_ && in_.flag()) wish(9s, [&](operation& op) { return core_->drain(detail::plain_completion(&op), now_); });
    pass(in_.flag() ? 0s : 10s);
    core_->close(now_);
    pump();
    FUZZ_CHECK(ended_ && !up_ && !open_);
    FUZZ_CHECK(core_->stats().pending_requests == 0 && core_->stats().subscriptions == 0 && core_->stats().outbox_bytes == 0);
    FUZZ_CHECK(core_->next_deadline() == session::never && core_->pending_write().empty());
    FUZZ_CHECK(core_->next_output() == session::output_kind::none);
    check_closed();
    core_.reset();
    check_history();
}

/// I2: whatever is asked for now is refused at once.
void session_world::check_closed() {
    FUZZ_CHECK(core_->publish("a", {}, {}, "x") == errc::closed);
    std::shared_ptr<session::subscription_state> s;
    FUZZ_CHECK(core_->subscribe("a", {}, {}, s) == errc::closed);
    const std::size_t before = operations_.size();
    wish(0s, [&](operation& op) { return core_->connect(detail::plain_completion(&op), now_); });
    wish(0s, [&](operation& op) { return core_->flush(1s, detail::plain_completion(&op), now_); });
    wish(0s, [&](operation& op) { return core_->wait_writable(1s, detail::plain_completion(&op), now_); });
    wish(0s, [&](operation& op) { return core_->request("a", {}, "x", 1s, detail::message_completion(&op), now_); });
    if (!subscriptions_.empty()) {
        wish(0s, [&](operation& op) { return core_->drain(subscriptions_[0], detail::plain_completion(&op), now_); });
        wish(0s, [&](operation& op) { return core_->next(subscriptions_[0], detail::message_completion(&op)); });
    }
    pump();
    for (std::size_t i = before; i < operations_.size(); ++i) {
        FUZZ_CHECK(operations_[i].ends == 1);
        if (i < before + 4) FUZZ_CHECK(operations_[i].ec == errc::closed);  // a subscription may still have something
    }
}

/// Over the whole life.
void session_world::check_history() {
    for (const operation& op : operations_) {
        FUZZ_CHECK(op.ends == 1);  // I1
        if (op.number.empty()) continue;
        if (op.ec == errc::timeout_unsent || op.ec == errc::buffer_full) FUZZ_CHECK(!server_.requested.contains(op.number));
        if (!op.ec && honest_) FUZZ_CHECK(op.payload == op.number);
    }
    auto rest = accepted_.begin();
    for (const std::string& payload : server_.published) {  // I14
        rest = std::find(rest, accepted_.end(), payload);
        FUZZ_CHECK(rest != accepted_.end());
        ++rest;
    }
}

}  // namespace fuzz
