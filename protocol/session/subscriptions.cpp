#include "protocol/session/subscriptions.hpp"

#include <new>
#include <utility>

#include <slipstream/subject.hpp>

#include "protocol/wire/encoder.hpp"

namespace slipstream::session {

namespace {

/// In a SUB line: the longest number and two blanks.
constexpr std::size_t sid_room = 22;

}  // namespace

std::error_code subscriptions::add(std::string_view subject, const subscribe_options& options,
                                   std::function<void(const message_view&)> handler, std::shared_ptr<subscription_state>& out) {
    if (const std::error_code ec = check_subscribe_subject(subject)) return ec;
    if (!options.queue_group.empty()) {
        if (const std::error_code ec = check_queue_group(options.queue_group)) return ec;
    }
    if (options.when_full == slow_consumer_policy::pause_reading &&
        (options.pause_limit < std::chrono::milliseconds(1) || options.pause_limit > std::chrono::seconds(5))) {
        return errc::invalid_option;
    }
    if (subject.size() + options.queue_group.size() > context_.options.max_control_line - sid_room) return errc::max_control_line;
    auto state = std::make_shared<subscription_state>(subject, options, std::move(handler));
    static_cast<void>(context_.box.protocol_frames().reserve(frame_room(*state)));  // no half-made subscription if memory ends
    table_.add(state);
    if (context_.up) subscribe(*state);
    out = std::move(state);
    return {};
}

void subscriptions::open_inbox(std::string_view subject) {
    if (inbox_ != nullptr) return;
    auto state = std::make_shared<subscription_state>(subject, subscribe_options{}, nullptr);
    static_cast<void>(context_.box.protocol_frames().reserve(frame_room(*state)));
    table_.add(state);
    inbox_ = state.get();
    if (context_.up) subscribe(*inbox_);
}

std::size_t subscriptions::frame_room(const subscription_state& s) noexcept {
    return s.subject.size() + s.queue_group.size() + 128;  // two frames with their numbers
}

void subscriptions::subscribe(subscription_state& s) {
    wire::write_buffer& out = context_.box.protocol_frames();
    wire::encode_sub(out, s.subject, s.queue_group, s.sid);
    s.sent = ++context_.sequence;
    s.received_before = s.received;
    if (s.max_messages != 0) wire::encode_unsub(out, s.sid, s.max_messages - s.received);
}

void subscriptions::unsubscribe(subscription_state& s, std::uint64_t max_messages) {
    if (s.sid == 0 || max_messages <= s.received) told_end(s);  // nobody will ask
    if (s.sid == 0) return;
    if (max_messages > s.received) {
        // By a lower number that it knows the server may have ended it already: the rest would never come.
        if (s.max_messages != 0 && max_messages >= s.max_messages) return;
        s.max_messages = max_messages;
        if (s.sent != 0 && !s.draining) wire::encode_unsub(context_.box.protocol_frames(), s.sid, max_messages - s.received_before);
        return;
    }
    try {
        begin_drain(s);
    } catch (const std::bad_alloc&) {  // the server is not told; what it goes on sending is dropped
    }
    end(s, errc::subscription_closed);
}

void subscriptions::begin_drain(subscription_state& s) {
    if (s.sid == 0 || std::exchange(s.draining, true)) return;
    if (s.sent != 0) wire::encode_unsub(context_.box.protocol_frames(), s.sid);
}

std::uint64_t subscriptions::next(subscription_state& s, detail::message_completion done) {
    outputs& out = context_.out;
    out.begin();
    message first;
    if (s.queue.pop(first)) {
        out.finish(std::move(done), {}, std::move(first));
    } else if (s.sid == 0) {
        told_end(s);
        out.finish(std::move(done), s.end_reason ? s.end_reason : errc::subscription_closed);
    } else if (s.waiter || s.handler) {
        out.finish(std::move(done), errc::operation_in_progress);
    } else {
        if (s.draining) mark_consumer(s);
        s.waiter = std::move(done);
        s.waiter_id = (++waits_ & ((std::uint64_t{1} << (62 - subscription_table::slot_bits)) - 1)) << subscription_table::slot_bits |
                      (s.sid & subscription_table::slot_mask);
        return s.waiter_id;
    }
    return 0;
}

void subscriptions::cancel(std::uint64_t id) {
    subscription_state* const s = table_.in_slot_of(id);
    if (s == nullptr || !s->waiter || s->waiter_id != id) return;
    context_.out.finish(std::move(s->waiter), operation_aborted());
}

void subscriptions::end(subscription_state& s, std::error_code reason) {
    std::shared_ptr<subscription_state> owner = table_.remove(s.sid);
    if (!owner) return;
    if (inbox_ == &s) inbox_ = nullptr;
    s.end_reason = reason;
    s.sent = 0;
    if (s.waiter) {
        told_end(s);
        context_.out.finish(std::move(s.waiter), reason);
    }
    release(std::move(owner));
}

void subscriptions::mark_consumer(subscription_state& s) noexcept {
    if (!s.end_told && !std::exchange(s.consumer, true)) ++consumers_;
}

void subscriptions::told_end(subscription_state& s) noexcept {
    if (!std::exchange(s.end_told, true) && s.consumer) --consumers_;
}

void subscriptions::release(std::shared_ptr<subscription_state> s) {
    if (reading_) {
        s->next_ended = std::exchange(ended_in_read_, s);
        return;
    }
    // What the handler has captured goes now, not with the last handle (I2).
    const auto handler = std::exchange(s->handler, nullptr);
}

void subscriptions::release_ended() {
    for (std::shared_ptr<subscription_state> s = std::exchange(ended_in_read_, nullptr); s;) {
        std::shared_ptr<subscription_state> rest = std::exchange(s->next_ended, nullptr);
        release(std::exchange(s, std::move(rest)));
    }
}

void subscriptions::end_all(std::error_code reason) {
    table_.for_each([&](subscription_state& s) { end(s, reason); });
}

void subscriptions::restore() {
    if (inbox_ != nullptr) subscribe(*inbox_);
    for_each([this](subscription_state& s) { subscribe(s); });
}

void subscriptions::on_lost() {
    table_.for_each([](subscription_state& s) { s.sent = 0; });
}

void subscriptions::for_each(const std::function<void(subscription_state&)>& visit) {
    table_.for_each([&](subscription_state& s) {
        if (!is_inbox(s)) visit(s);
    });
}

subscription_state* subscriptions::find_refused(const server_error_text& text) {
    if (text.sid != 0) return table_.find(text.sid);
    subscription_state* oldest = nullptr;
    subscription_state* oldest_unconfirmed = nullptr;
    table_.for_each([&](subscription_state& s) {
        if (s.sent == 0 || s.subject != text.subject || s.queue_group != text.queue_group) return;
        if (oldest == nullptr || s.sent < oldest->sent) oldest = &s;
        if (s.sent > confirmed_ && (oldest_unconfirmed == nullptr || s.sent < oldest_unconfirmed->sent)) oldest_unconfirmed = &s;
    });
    return oldest_unconfirmed != nullptr ? oldest_unconfirmed : oldest;
}

subscription_state* subscriptions::find_newest_unconfirmed() {
    subscription_state* newest = nullptr;
    table_.for_each([&](subscription_state& s) {
        if (s.sent > confirmed_ && (newest == nullptr || s.sent > newest->sent)) newest = &s;
    });
    return newest;
}

void subscriptions::end_oversized() {
    for_each([this](subscription_state& s) {
        if (s.subject.size() + s.queue_group.size() + std::size_t{20} > default_control_line) end(s, errc::max_control_line);
    });
}

}  // namespace slipstream::session
