// From a message to its subscription: the part that runs for every message.
#include <algorithm>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "protocol/session/subscriptions.hpp"
#include "protocol/wire/encoder.hpp"

namespace slipstream::session {

bool subscriptions::deliver(std::uint64_t sid, const message_view& m) {
    subscription_state* const s = table_.find(sid);
    if (s == nullptr) [[unlikely]] {
        ++context_.counters.orphaned_msgs;  // raced with the end of its subscription, or was never asked for (A17)
        return true;
    }
    if (m.status() == 503) [[unlikely]]
        s->status_seen = true;  // its maximum may be set later
    if (s->handler) {
        ++s->received;
        try {
            s->handler(m);
        } catch (const std::exception& e) {
            handler_failed(*s, e.what());
        } catch (...) {
            handler_failed(*s, "not a std::exception");
        }
    } else if (s->waiter) {  // then the queue is empty
        message owned(m);
        ++s->received;
        context_.out.finish(std::move(s->waiter), {}, std::move(owned));
    } else if (const delivery what = s->accept(m); what == delivery::queued) [[likely]] {
        statistics& counters = context_.counters;
        counters.most_queued_msgs = std::max<std::uint64_t>(counters.most_queued_msgs, s->queue.messages());
        counters.most_queued_bytes = std::max<std::uint64_t>(counters.most_queued_bytes, s->queue.bytes());
    } else if (what == delivery::full || what == delivery::full_first) {
        full_ = sid;
        if (what == delivery::full_first) tell_slow(*s);
        return false;
    } else {
        count_drop(*s, what == delivery::dropped_first);
    }
    if (s->max_messages != 0 && s->received >= s->max_messages) [[unlikely]]
        reached_maximum(*s);
    return true;
}

void subscriptions::handler_failed(const subscription_state& s, std::string_view words) {
    ++context_.counters.failed_handlers;
    event e;
    e.kind = event_kind::handler_failed;
    e.generation = context_.generation;
    e.subject = s.subject;
    e.detail = words;
    context_.out.tell(std::move(e));
}

void subscriptions::count_drop(const subscription_state& s, bool first) {
    ++context_.counters.dropped_msgs;
    if (first) tell_slow(s);
}

void subscriptions::tell_slow(const subscription_state& s) {
    ++context_.counters.slow_consumers;
    event e;
    e.kind = event_kind::slow_consumer;
    e.generation = context_.generation;
    e.subject = s.subject;
    e.dropped = s.dropped;
    e.pending = s.queue.messages();
    context_.out.tell(std::move(e));
}

void subscriptions::reached_maximum(subscription_state& s) {
    if (s.sid == 0) return;  // ended by its own handler
    // The server drops the subscription by itself at the same count; but it has not counted a 503 (spec/protocol.md 12).
    if (s.status_seen && s.sent != 0 && !s.draining) wire::encode_unsub(context_.box.protocol_frames(), s.sid);
    end(s, errc::subscription_closed);
}

}  // namespace slipstream::session
