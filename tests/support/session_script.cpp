#include "tests/support/session_script.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <doctest/doctest.h>

#include "protocol/wire/encoder.hpp"
#include "tests/support/script_promises.hpp"

namespace slipstream::test {

namespace {

std::string readable(std::string_view bytes) {
    std::string out;
    for (const char c : bytes.substr(0, 400)) {
        if (c == '\r')
            out += "\\r";
        else if (c == '\n')
            out += "\\n";
        else
            out += c;
    }
    return bytes.size() > 400 ? out + "..." : out;
}

/// `~` in the pattern matches any bytes.
bool like(std::string_view text, std::string_view pattern) {
    const std::size_t any = pattern.find('~');
    if (any == std::string_view::npos) return text == pattern;
    if (!text.starts_with(pattern.substr(0, any))) return false;
    const std::string_view rest = pattern.substr(any + 1);
    for (std::size_t i = any; i <= text.size(); ++i) {
        if (like(text.substr(i), rest)) return true;
    }
    return false;
}

}  // namespace

/// Puts what it is told into a record.
class recording_completion final : public detail::completion<std::error_code>, public detail::completion<std::error_code, message> {
public:
    static detail::plain_completion plain(session_script& script, std::shared_ptr<operation_record> r, std::string name) {
        return detail::plain_completion(new recording_completion(script, std::move(r), std::move(name)));
    }
    static detail::message_completion with_message(session_script& script, std::shared_ptr<operation_record> r, std::string name) {
        return detail::message_completion(new recording_completion(script, std::move(r), std::move(name)));
    }
    void complete(std::error_code ec) override { end(ec, {}); }
    void complete(std::error_code ec, message&& reply) override { end(ec, reply); }
    void destroy() noexcept override {
        ++record_->destroyed;
        delete this;
    }

private:
    recording_completion(session_script& script, std::shared_ptr<operation_record> r, std::string name)
        : script_(script), record_(std::move(r)), name_(std::move(name)) {}
    void end(std::error_code ec, const message& reply) {
        ++record_->completed;
        record_->ec = ec;
        record_->subject = reply.subject();
        record_->payload = reply.payload();
        script_.note("   done " + name_ + ": " + (ec ? ec.message() : "ok"));
        const auto then = std::move(record_->then);
        delete this;
        if (then) then();
    }
    session_script& script_;
    std::shared_ptr<operation_record> record_;
    std::string name_;
};

session_script::~session_script() = default;

void session_script::start(connect_options options) {
    options.randomize_servers = false;
    core_ = std::make_unique<session::core>(std::move(options), 42, std::string(inbox_id));
    pump();
}

// --- the user ---

void session_script::connect(const std::string& name) {
    if (over_) return;
    note("connect " + name);
    auto r = record(name);
    r->id = core_->connect(recording_completion::plain(*this, r, name), now_);
    pump();
}

void session_script::expect_publish(std::string_view subject, std::string_view payload, std::error_code expected, std::string_view reply_to,
                                    std::string_view header_block) {
    if (over_) return;
    note("publish " + std::string(subject));
    const std::error_code ec = core_->publish(subject, reply_to, header_block, payload);
    verify(ec == expected, "publish returned " + ec.message() + ", expected " + expected.message());
    if (!ec) count_published({subject, reply_to, header_block, payload});
    pump();
}

std::size_t session_script::publish_gathered(const wire::outgoing& m, std::size_t room, std::error_code expected) {
    if (!step("gathered publish " + std::string(m.subject))) return 0;
    std::size_t offered = 0;
    const auto take = [&](std::span<const std::string_view> pieces) {
        std::string bytes;
        for (const std::string_view piece : pieces) bytes += piece;
        offered = bytes.size();
        bytes.resize(std::min(bytes.size(), room));
        streams_[dialing_] += bytes;
        return bytes.size();
    };
    const std::error_code ec = core_->publish_gathered(m, take, now_);
    verify(ec == expected, "publish_gathered returned " + ec.message() + ", expected " + expected.message());
    if (!ec) count_published(m);
    pump();
    return offered;
}

void session_script::count_published(const wire::outgoing& m) {
    wire::write_buffer frame;
    wire::encode_publish(frame, wire::publish_size(m), m);
    ++published_[std::string(frame.view())];
}

void session_script::subscribe(const std::string& name, std::string_view subject, const subscribe_options& options,
                               std::function<void(const message_view&)> handler) {
    if (over_) return;
    note("subscribe " + name);
    const std::error_code ec = core_->subscribe(subject, options, std::move(handler), subscriptions_[name]);
    verify(!ec, "subscribe: " + ec.message());
    pump();
}

void session_script::unsubscribe(const std::string& name, std::uint64_t max_messages) {
    if (over_) return;
    note("unsubscribe " + name);
    static_cast<void>(core_->unsubscribe(*subscriptions_.at(name), max_messages));
    pump();
}

void session_script::drop(const std::string& name) {
    if (over_) return;
    unsubscribe(name);
    subscriptions_.erase(name);
}

void session_script::next(const std::string& name, const std::string& from) {
    if (over_) return;
    note("next " + name);
    auto r = record(name);
    r->id = core_->next(subscriptions_.at(from), recording_completion::with_message(*this, r, name));
    pump();
}

void session_script::expect_queued(const std::string& from, std::string_view payload) {
    if (over_) return;
    message m;
    const bool some = subscriptions_.at(from)->queue.pop(m);
    verify(some && m.payload() == payload,
           "queue gave " + (some ? std::string(m.payload()) : "nothing") + ", expected " + std::string(payload));
    pump();
}

void session_script::expect_queue_empty(const std::string& from) {
    if (over_) return;
    verify(subscriptions_.at(from)->queue.empty(), "the queue of " + from + " is not empty");
}

void session_script::request(const std::string& name, std::string_view subject, std::string_view payload, std::chrono::milliseconds timeout,
                             std::string_view header_block) {
    if (over_) return;
    note("request " + name);
    auto r = record(name);
    r->id = core_->request(subject, header_block, payload, timeout, recording_completion::with_message(*this, r, name), now_);
    pump();
}

void session_script::wait_writable(const std::string& name, std::chrono::milliseconds timeout) {
    if (over_) return;
    note("wait for writable " + name);
    auto r = record(name);
    r->id = core_->wait_writable(timeout, recording_completion::plain(*this, r, name), now_);
    pump();
}

void session_script::flush(const std::string& name, std::chrono::milliseconds timeout) {
    if (over_) return;
    note("flush " + name);
    auto r = record(name);
    r->id = core_->flush(timeout, recording_completion::plain(*this, r, name), now_);
    pump();
}

void session_script::drain_subscription(const std::string& name, const std::string& what) {
    if (over_) return;
    note("drain " + what);
    auto r = record(name);
    r->id = core_->drain(subscriptions_.at(what), recording_completion::plain(*this, r, name), now_);
    pump();
}

void session_script::drain(const std::string& name) {
    if (over_) return;
    note("drain the client: " + name);
    auto r = record(name);
    r->id = core_->drain(recording_completion::plain(*this, r, name), now_);
    pump();
}

void session_script::cancel(const std::string& name, bool terminal) {
    if (over_) return;
    note("cancel " + name);
    core_->cancel(operations_.at(name)->id, terminal, now_);
    pump();
}

void session_script::reconnect(std::error_code expected) {
    if (over_) return;
    note("reconnect");
    const std::error_code ec = core_->reconnect(now_);
    verify(ec == expected, "reconnect returned " + ec.message() + ", expected " + expected.message());
    pump();
}

void session_script::set_servers(const std::vector<std::string>& servers, std::error_code expected) {
    if (over_) return;
    note("set_servers");
    const std::error_code ec = core_->set_servers(servers, now_);
    verify(ec == expected, "set_servers returned " + ec.message() + ", expected " + expected.message());
    pump();
}

void session_script::close() {
    if (over_) return;
    note("close");
    core_->close(now_);
    pump();
}

// --- what must have come out ---

void session_script::expect_sent(std::string_view pattern) {
    if (over_) return;
    const std::string bytes = sent_since();
    verify(like(bytes, pattern), "sent '" + readable(bytes) + "', expected '" + readable(pattern) + "'");
}

std::string session_script::sent_since() {
    while (late_ != 0) tell_written();
    if (seen_generation_ != dialing_) {
        seen_generation_ = dialing_;
        seen_ = 0;
    }
    const std::string& stream = streams_[dialing_];
    std::string bytes = stream.substr(seen_);
    seen_ = stream.size();
    return bytes;
}

void session_script::expect_dial(std::string_view server) {
    if (over_) return;
    verify(!actions_.empty() && actions_.front().what == session::transport_action::kind::dial &&
               actions_.front().host + ":" + std::to_string(actions_.front().port) == server,
           "no dial of " + std::string(server));
    if (!actions_.empty()) actions_.pop_front();
}

void session_script::expect_start_tls(std::string_view names) {
    if (over_) return;
    const bool is_start = !actions_.empty() && actions_.front().what == session::transport_action::kind::start_tls;
    std::string got;
    if (is_start) got = actions_.front().host + (actions_.front().or_host.empty() ? "" : "|" + actions_.front().or_host);
    verify(is_start && got == names, "no TLS with " + std::string(names) + ", but " + (is_start ? "with " + got : "none"));
    if (!actions_.empty()) actions_.pop_front();
}

session::login_action session_script::expect_login_action(session::login_action::kind what) {
    if (over_) return {};
    const bool as_expected = !login_actions_.empty() && login_actions_.front().what == what;
    verify(as_expected, "no login action " + std::to_string(static_cast<int>(what)));
    if (!as_expected) return {};
    session::login_action out = std::move(login_actions_.front());
    login_actions_.pop_front();
    answered_id_ = out.id;
    return out;
}

void session_script::expect_no_login_action() {
    if (over_) return;
    verify(login_actions_.empty(), "an unexpected login action");
}

void session_script::expect_close() {
    if (over_) return;
    verify(!actions_.empty() && actions_.front().what == session::transport_action::kind::close, "no close");
    if (!actions_.empty()) actions_.pop_front();
}

void session_script::expect_shut_down() {
    if (over_) return;
    verify(!actions_.empty() && actions_.front().what == session::transport_action::kind::shut_down, "no shut_down");
    if (!actions_.empty()) actions_.pop_front();
}

void session_script::expect_leave() {
    if (over_) return;
    verify(!actions_.empty() && actions_.front().what == session::transport_action::kind::leave, "no leave");
    if (!actions_.empty()) actions_.pop_front();
}

void session_script::expect_no_action() {
    if (over_) return;
    verify(actions_.empty(), "an unexpected action");
}

void session_script::expect_done(const std::string& name, std::error_code ec) {
    if (over_) return;
    const operation_record& r = *operations_.at(name);
    verify(r.completed == 1, name + " is pending, expected: " + (ec ? ec.message() : "ok"));
    verify(over_ || r.ec == ec, name + " ended with " + (r.ec ? r.ec.message() : "ok") + ", expected: " + (ec ? ec.message() : "ok"));
}

void session_script::expect_reply(const std::string& name, std::string_view payload) {
    expect_done(name);
    if (over_) return;
    const operation_record& r = *operations_.at(name);
    verify(r.payload == payload, name + " got '" + r.payload + "', expected '" + std::string(payload) + "'");
}

void session_script::expect_pending(const std::string& name) {
    if (over_) return;
    const operation_record& r = *operations_.at(name);
    verify(r.completed == 0 && r.destroyed == 0, name + " is not pending any more: " + r.ec.message());
}

void session_script::expect_event(event_kind kind, const std::function<void(const event&)>& and_then) {
    if (over_) return;
    const bool as_expected = !events_.empty() && events_.front().kind == kind;
    verify(as_expected, "expected event " + std::string(to_string(kind)) + ", got " +
                            (events_.empty() ? std::string("none") : std::string(to_string(events_.front().kind))));
    if (!as_expected) return;
    const event e = std::move(events_.front());
    events_.pop_front();
    if (and_then) and_then(e);
}

void session_script::expect_no_event() {
    if (over_) return;
    verify(events_.empty(), "unexpected event " + (events_.empty() ? std::string() : std::string(to_string(events_.front().kind))));
}

void session_script::expect_state(client_state state) {
    if (over_) return;
    verify(core_->state() == state, "state is " + std::string(to_string(core_->state())) + ", expected " + std::string(to_string(state)));
}

// --- bookkeeping ---

void session_script::note(std::string line) { trace_.push_back(std::move(line)); }

void session_script::verify(bool ok, const std::string& what) {
    if (ok || failed_) return;
    failed_ = over_ = true;
    std::string all = what + "\nin the run " + run_.describe() + "\n";
    for (const std::string& line : trace_) all += "  " + line + "\n";
    FAIL_CHECK(all);
}

std::shared_ptr<operation_record> session_script::record(const std::string& name) {
    auto& r = operations_[name];
    verify(!r, "the name " + name + " is used twice");
    r = std::make_shared<operation_record>();
    return r;
}

}  // namespace slipstream::test
