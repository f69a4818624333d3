// What happens in the model of session_world.hpp: wishes of a user, moods of a server.
#include <array>
#include <stdexcept>

#include "fuzz/session_world.hpp"
#include "protocol/session/handed_batch.hpp"

namespace fuzz {

void session_world::connect() {
    wish(session::duration::max(), [&](operation& op) { return core_->connect(detail::plain_completion(&op), now_); });
}

void session_world::act() {
    switch (in_.below(5)) {
        case 0:
        case 1: user(); break;
        case 2: server(); break;
        case 3: manage(); break;
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
            connect();
            dials_.clear();  // the user may dial as often as it likes
            break;
    }
}

/// What is done less often.
void session_world::manage() {
    switch (in_.below(9)) {
        case 0:
            static_cast<void>(core_->reconnect(now_));
            dials_.clear();
            break;
        case 1: {
            static const std::array<std::vector<std::string>, 4> lists = {
                {{"b.test"}, {"nats://u:s3cr3t-passw0rd@c.test", "a.test"}, {"127.0.0.1:4", "localhost:4"}, {"not a server"}}};
            const auto& list = lists[in_.below(lists.size())];
            const bool refused = static_cast<bool>(core_->set_servers(list, now_));
            FUZZ_CHECK(refused || list.front() != "not a server");
            tls_by_url_ = tls_by_url_ && refused;
            dials_.clear();
            break;
        }
        case 2: hand_over(); break;
        case 3: {
            std::size_t current = 0;
            for (const known_server& s : core_->servers()) {
                check_quiet(s.address);
                current += s.current ? 1 : 0;
            }
            FUZZ_CHECK(current <= 1);
            check_quiet(core_->connected_server());
            FUZZ_CHECK(core_->new_inbox() != core_->new_inbox() && !core_->options_problem() && core_->generation() >= generation_);
            FUZZ_CHECK(core_->writable() || core_->stats().outbox_bytes > 0);
            FUZZ_CHECK(!core_->write_due() || core_->stats().outbox_bytes > 0);
            FUZZ_CHECK(core_->server_info().max_payload > 0 && core_->options().outbox_bytes == options_.outbox_bytes);
            break;
        }
        case 4:
            core_->resume_reading(now_);
            FUZZ_CHECK(!core_->reading_paused() || !core_->reading_may_resume(now_));
            break;
        case 5:
            if (in_.below(4) == 3) {
                leaving_ = true;
                wish(9s, [&](operation& op) { return core_->drain(detail::plain_completion(&op), now_); });
            }
            break;
        case 6: {
            const std::chrono::milliseconds timeout(in_.below(4000));
            wish(timeout, [&](operation& op) { return core_->wait_writable(timeout, detail::plain_completion(&op), now_); });
            FUZZ_CHECK(timeout.count() > 0 || operations_.back().latest == now_);
            break;
        }
        case 7:
            for (int i = 0; i < 8; ++i) publish();
            break;
        default:
            if (const auto s = subscription()) {  // what a user does with a queue
                message m;
                while (s->queue.pop(m)) {}
                core_->resume_reading(now_);
            }
            break;
    }
}

/// What the completions of a part of a read do, before the next part.
void session_world::between_parts() {
    switch (in_.below(8)) {  // behind the input's end it is 0
        case 1:
        case 2: user(); break;
        case 3: manage(); break;
        case 4:
            static_cast<void>(core_->reconnect(now_));
            dials_.clear();
            break;
        case 5:
            if (in_.below(4) != 3) break;
            leaving_ = true;
            core_->close(now_);
            break;
        default: break;
    }
}

void session_world::publish() {
    const std::string n = std::to_string(++counter_) + std::string(in_.below(4) * (large_ ? 30'000 : 100), 'x');
    const std::string block = in_.flag() ? "NATS/1.0\r\nA: b\r\n\r\n" : "";
    const std::string_view subject = in_.flag() ? "a" : "b";
    const std::error_code ec = n.size() > 300 ? publish_gathered({subject, {}, block, n}) : core_->publish(subject, {}, block, n);
    if (!ec) accepted_.push_back(n);
}

/// The longest count as large.
std::error_code session_world::publish_gathered(const wire::outgoing& m) {
    return core_->publish_gathered(
        m,
        [this](std::span<const std::string_view> pieces) {
            FUZZ_CHECK(secured_ || !tls_demanded_);  // B3, B4
            std::string bytes;
            for (const std::string_view piece : pieces) bytes += piece;
            bytes.resize(static_cast<std::size_t>(in_.below(bytes.size() + 1)));
            server_.reads(bytes);
            return bytes.size();
        },
        now_);
}

/// Frames of another thread: a batch that is taken as a whole, or else frame by frame.
void session_world::hand_over() {
    session::handed_batch batch;
    std::vector<std::pair<std::size_t, std::string>> handed;  // where each ends
    for (std::uint64_t left = 1 + in_.below(4); left > 0; --left) {
        const std::string n = std::to_string(++counter_) + std::string(in_.below(4) * (large_ ? 30'000 : 300), 'y');
        const bool headed = in_.flag();
        const wire::outgoing m{headed ? "a" : "b", {}, headed ? "NATS/1.0\r\nA: b\r\n\r\n" : "", n};
        batch.append(wire::publish_size(m), m);
        handed.emplace_back(batch.frames.size(), n);
    }
    const std::string frames(batch.frames.view());
    std::size_t taken = 0;
    const session::batch_fate fate = batches_ ? core_->take_batch(batch, false) : session::batch_fate::by_frames;
    if (fate == session::batch_fate::taken) {
        FUZZ_CHECK(batch.frames.empty() && batch.messages == 0 && batch.bytes == 0 && batch.largest == 0 && !batch.headers);
        taken = frames.size();
    } else {
        FUZZ_CHECK(batch.frames.view() == frames && batch.messages == handed.size());
        if (fate == session::batch_fate::waits)
            FUZZ_CHECK(core_->stats().outbox_bytes > 0);  // else nothing would wake it
        else
            taken = core_->take_frames(frames, false, now_);
    }
    std::size_t whole = 0;
    for (const auto& [end, n] : handed) {
        if (end > taken) break;
        ++whole;
        accepted_.push_back(n);
    }
    FUZZ_CHECK(taken == (whole == 0 ? 0 : handed[whole - 1].first));
}

void session_world::subscribe() {
    std::shared_ptr<session::subscription_state> s;
    std::function<void(const message_view&)> handler;
    if (in_.flag()) handler = [this](const message_view& m) { on_message(m); };
    const std::uint64_t how = in_.below(16);
    subscribe_options options{.max_messages = how % 4, .pending_messages = large_ ? 200U : 3U};
    if (how / 4 == 1) options.when_full = slow_consumer_policy::pause_reading;
    if (how == 7) options.pause_limit = 0ms;
    if (how / 4 == 2) options.queue_group = "g";
    if (how / 4 == 3) options.queue_group = "not a group";
    const std::error_code ec = core_->subscribe(in_.flag() ? "a" : "b", options, handler, s);
    FUZZ_CHECK(ec || (how / 4 != 3 && how != 7));
    if (!ec) subscriptions_.push_back(s);
}

void session_world::request() {
    const std::chrono::milliseconds timeout(1 + in_.below(4000));
    const char* const subject = std::array{"svc", "silent", "denied", "nobody", "unheard"}[in_.below(5)];
    const std::string number = "r" + std::to_string(++counter_);
    operation& op =
        wish(timeout, [&](operation& o) { return core_->request(subject, {}, number, timeout, detail::message_completion(&o), now_); });
    op.number = number;
}

/// Handlers do what users do.
void session_world::on_message(const message_view& m) {
    FUZZ_CHECK(!ended_ && !m.subject().empty());
    switch (in_.below(10)) {  // behind the input's end it is 0: nothing, or handlers would call each other for ever
        case 1: publish(); break;
        case 2:
            if (const auto s = subscription()) static_cast<void>(core_->unsubscribe(*s, 0));
            break;
        case 3: throw std::runtime_error("a handler's words");
        case 4: throw 4;
        default: break;
    }
}

std::shared_ptr<session::subscription_state> session_world::subscription() {
    return subscriptions_.empty() ? nullptr : subscriptions_[in_.below(subscriptions_.size())];
}

void session_world::server() {
    std::string said;
    switch (in_.below(16)) {
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
        case 5: said = "\x01 garbage\r\n"; break;
        case 6: said = "-ERR '" + std::string(in_.text(60)) + "'\r\n"; break;
        case 7: said = "INFO {\"headers\":true,\"max_payload\":" + std::to_string(1 + in_.below(2000)) + ",\"ldm\":true}\r\n"; break;
        case 8: {
            static constexpr std::array words = {"-ERR 'Permissions Violation for Subscription to \"a\"'\r\n",
                                                 "-ERR 'Permissions Violation for Publish to \"svc\"'\r\n",
                                                 "-ERR 'Authorization Violation'\r\n",
                                                 "-ERR 'User Authentication Expired'\r\n",
                                                 "-ERR 'Maximum Control Line Exceeded'\r\n",
                                                 "-ERR 'Maximum Subscriptions Exceeded'\r\n",
                                                 "-ERR 'Maximum Payload Violation'\r\n",
                                                 "-ERR 'Stale Connection'\r\n"};
            said = words[in_.below(words.size())];
            break;
        }
        case 9: said = info(); break;
        case 10: {
            constexpr std::array<const char*, 4> words{"PING\r\n", "+OK\r\n", "MSG nobody 9999 0\r\n\r\n", "INFO {\"max_payload\":\r\n"};
            said = words[in_.below(words.size())];
            break;
        }
        case 11: server_.deliver_status(in_.flag() ? "a" : "b", in_.flag() ? "503" : "100 Idle"); break;
        case 12: server_.deliver(in_.flag() ? "a" : "b", {}, std::string(in_.below(4) * (large_ ? 30'000 : 300), 'z')); break;
        default:  // anything
            said = in_.text(120);
            honest_ = honest_ && said.empty();
            break;
    }
    heard_ += said;
    secret_echoed_ = secret_echoed_ || says_a_secret(heard_);
    server_.say(said);
}

void session_world::down(std::error_code ec) {
    open_ = connected_ = securing_ = false;
    core_->on_transport_down(generation_, ec, now_);
}

}  // namespace fuzz
