#include "tests/support/script_promises.hpp"

#include <map>

#include "protocol/wire/frame_walker.hpp"

namespace slipstream::test {

void script_promises::check() {
    operations_end_once();
    events_alternate();
    streams_are_frames();
    nothing_is_left();
}

void script_promises::check_health() {
    bool up = false;
    for (const event& e : script_.all_events_) {
        if (e.kind == event_kind::connected) up = true;
        if (e.kind == event_kind::disconnected) up = false;
    }
    const client_state state = script_.core_->state();
    if (state == client_state::draining) return;
    script_.verify(up == (state == client_state::connected),
                   "I4: state " + std::string(to_string(state)) + " does not agree with the events");
}

void script_promises::operations_end_once() {
    for (const auto& [name, r] : script_.operations_) {
        script_.verify(r->completed == 1 && r->destroyed == 0, "I1: " + name + " completed " + std::to_string(r->completed) + " times");
    }
}

void script_promises::events_alternate() {
    bool up = false;
    std::size_t closed = 0;
    std::uint64_t generation = 0;
    for (const event& e : script_.all_events_) {
        const bool of_an_attempt = e.kind == event_kind::connected || e.kind == event_kind::disconnected ||
                                   e.kind == event_kind::reconnecting || e.kind == event_kind::connect_failed;
        if (of_an_attempt) {
            script_.verify(e.generation != 0 && e.generation >= generation, "W14: an event without its generation");
            generation = e.generation;
        }
        script_.verify(closed == 0, "I2: an event after closed");
        if (e.kind == event_kind::connected) {
            script_.verify(!up, "I4: connected twice");
            up = true;
        } else if (e.kind == event_kind::disconnected) {
            script_.verify(up, "I4: disconnected without connected");
            script_.verify(e.reason != disconnect_reason::none && e.error, "I4: disconnected without a cause");
            up = false;
        } else if (e.kind == event_kind::connect_failed) {
            script_.verify(!up && e.error, "I4: connect_failed while connected or without a cause");
        } else if (e.kind == event_kind::closed) {
            ++closed;
        }
    }
    script_.verify(!up && closed == 1, "I4: the end was not told");
}

void script_promises::streams_are_frames() {
    std::map<std::string, std::uint64_t> whole;
    for (const auto& [generation, bytes] : script_.streams_) {
        wire::frame_walker walker(bytes);
        wire::walk_status status = walker.next();
        for (; status == wire::walk_status::frame; status = walker.next()) {
            const wire::frame& f = walker.current();
            if (f.kind == wire::frame_kind::pub || f.kind == wire::frame_kind::hpub) ++whole[bytes.substr(f.begin, f.size)];
        }
        script_.verify(status != wire::walk_status::malformed, "I3: a connection was sent something else than frames");
    }
    for (const auto& [frame, times] : script_.published_) {
        const auto sent = whole.find(frame);
        script_.verify(sent == whole.end() || sent->second <= times, "I14: a message was sent more often than it was published");
    }
}

void script_promises::nothing_is_left() {
    session::core& core = *script_.core_;
    const statistics s = core.stats();
    script_.verify(core.state() == client_state::closed, "not closed");
    script_.verify(s.pending_requests == 0, "E2: requests are left");
    script_.verify(s.subscriptions == 0, "subscriptions are left");
    script_.verify(s.outbox_bytes == 0 && core.pending_write().empty(), "I2: bytes are left to write");
    script_.verify(core.next_deadline() == session::never, "a deadline is left");
    script_.verify(core.publish("a", {}, {}, "x") == errc::closed, "publish after close");
    script_.verify(!script_.open_, "the transport was not closed");
}

}  // namespace slipstream::test
