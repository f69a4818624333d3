// What happens all the time: bytes come and go, time passes, results are taken. Connections begin and end in core_run.cpp.
#include "protocol/session/core.hpp"

#include <algorithm>
#include <utility>

#include "protocol/session/core_parts.hpp"

namespace slipstream::session {

// --- facts ---

std::span<char> core::read_space() { return parts_->wire_side.read_space(); }

void core::on_read(std::uint64_t generation, std::size_t n, time_point now, std::size_t enough) {
    parts& p = *parts_;
    if (!p.engaged(generation) || !p.wire_side.active()) return;
    p.wire_side.received(n);
    p.shared.counters.socket_in_bytes += n;
    if (p.pause.on()) return;  // it was on its way already
    p.alive.on_received(now, n);
    if (p.machine->securing())
        p.refuse_overheard(now);
    else
        p.read(now, enough);
}

bool core::read_unfinished() const noexcept { return parts_->wire_side.unfinished(); }

void core::read_on(time_point now, std::size_t enough) {
    if (read_unfinished()) parts_->read(now, enough);
}

bool core::reading_paused() const noexcept { return parts_->pause.on(); }

bool core::reading_may_resume(time_point now) const noexcept {
    const parts& p = *parts_;
    if (!p.pause.on()) return false;
    const subscription_state* const s = p.subs.find(p.pause.sid);
    // As soon as anything was taken: what does not fit even so makes the next pause.
    return s == nullptr || s->queue.messages() < p.pause.queued || now >= p.pause.until;
}

void core::resume_reading(time_point now) {
    if (!reading_may_resume(now)) return;
    parts_->end_pause(now);
    parts_->read(now);
}

bool core::on_written(std::uint64_t generation, std::size_t n, time_point now) {
    parts& p = *parts_;
    if (!p.engaged(generation)) return false;
    outbox& box = p.shared.box;
    box.on_written(n);
    p.shared.counters.socket_out_bytes += n;
    p.write_clock_unknown = false;
    p.room.on_less();
    const bool more = box.written() != box.appended();
    if (!more)
        p.alive.on_write_done(now);
    else if (n != 0)
        p.alive.on_write_progress(now);
    else
        p.alive.on_write_blocked(now);
    return more;
}

void core::on_time(time_point now) {
    parts& p = *parts_;
    if (p.shared.closed) return;
    resume_reading(now);
    if (p.shared.closed) return;
    if (std::exchange(p.write_clock_unknown, false) && p.shared.box.written() != p.shared.box.appended()) p.alive.on_write_blocked(now);
    p.reqs.on_time(now);
    p.fences.on_time(now);
    p.room.on_time(now);
    if (now >= p.drain_deadline) {
        p.shut(errc::timeout, errc::timeout, transport_action::kind::close);
        return;
    }
    p.check_liveness(now);
    p.run(now);
    p.advance_leave(now);
    p.advance_drain();
}

void core::parts::read(time_point now, std::size_t enough) {
    struct reading {
        explicit reading(parts& p) noexcept : all(p) { all.subs.begin_read(); }
        ~reading() { all.subs.end_read(); }
        reading(const reading&) = delete;
        reading& operator=(const reading&) = delete;
        parts& all;
    };
    {
        const std::uint64_t generation = machine->generation();
        const reading until_end(*this);
        for (bool more = true; more;) {
            switch (wire_side.run(now, enough)) {
                case connection::outcome::read_more:
                    wire_side.end_read();
                    more = false;
                    break;
                case connection::outcome::info:
                    machine->on_info(wire_side.info());
                    run(now);
                    more = engaged(generation);
                    break;
                case connection::outcome::pong:
                    if (shared.up) {
                        alive.on_pong(now);
                    } else {
                        machine->on_pong();
                        run(now);
                    }
                    advance_drain();
                    more = engaged(generation);
                    break;
                case connection::outcome::failed:
                    fail(wire_side.why(), now);
                    more = false;
                    break;
                case connection::outcome::full:
                    wire_side.end_read();
                    begin_pause(now);
                    more = false;
                    break;
                case connection::outcome::enough:
                case connection::outcome::stopped: more = false; break;
            }
        }
    }
    if (drain.active()) advance_drain();
    if (wire_side.lame_duck()) advance_leave(now);
}

void core::parts::begin_pause(time_point now) noexcept {
    subscription_state* const s = subs.find(subs.full());
    s->awaited = true;
    pause = {s->sid, s->queue.messages(), now, deadline_after(now, s->pause_left)};
    alive.pause();
}

void core::parts::end_pause(time_point now) noexcept {
    if (subscription_state* const s = subs.find(pause.sid)) {
        s->awaited = false;
        const duration waited = now - pause.since;
        s->pause_left = now >= pause.until ? duration::zero() : std::max(duration::zero(), s->pause_left - waited);
    }
    pause = {};
    alive.resume(now);
}

void core::parts::check_liveness(time_point now) {
    switch (alive.on_time(now)) {
        case liveness_verdict::alive: break;
        case liveness_verdict::send_ping:
            if (shared.box.size() == 0) shared.box.trim();  // a calm connection
            fences.queue_keepalive();
            break;
        case liveness_verdict::stale: fail({errc::stale_connection, disconnect_reason::stale, {}}, now); break;
        case liveness_verdict::write_stalled: fail({errc::write_stalled, disconnect_reason::write_stall, {}}, now); break;
    }
}

void core::parts::advance_drain() {
    if (shared.closed || !drain.active() || !drain.advance()) return;
    shut({}, {}, transport_action::kind::shut_down);
}

// --- outputs ---

bool core::take_login_traces() noexcept { return parts_->login.take_traces(); }

[[gnu::always_inline]]
inline output_kind core::parts::waiting() const noexcept {
    if (!shared.out.actions.empty() || !shared.out.events.empty() || login.has_action()) return output_kind::news;
    return shared.out.finished.empty() ? output_kind::none : output_kind::finished;
}

output_kind core::next_output() {
    parts& p = *parts_;
    const output_kind what = p.waiting();
    if (what != output_kind::none || !p.drain.active()) return what;
    p.advance_drain();
    return p.waiting();
}

bool core::next_finished(finished_operation& out) {
    if (!has_finished() && parts_->drain.active()) parts_->advance_drain();
    if (!has_finished()) return false;
    out = take_finished();
    return true;
}

bool core::has_finished() const noexcept { return !parts_->shared.out.finished.empty(); }

finished_operation core::take_finished() noexcept { return parts_->shared.out.finished.take(); }

std::string_view core::pending_write(time_point now) {
    parts& p = *parts_;
    if (!p.machine || !p.machine->engaged()) return {};
    if (p.reqs.wants_recall()) {
        p.reqs.recall();
        p.fences.on_recall();
        p.wire_side.on_recall();
    }
    const std::string_view bytes = p.shared.box.pending();
    if (!bytes.empty()) {
        if (now != never)
            p.alive.on_write_blocked(now);
        else
            p.write_clock_unknown = p.shared.up;
    }
    return bytes;
}

bool core::write_due() const noexcept { return parts_->shared.box.write_due(); }

time_point core::next_deadline() const noexcept {
    const parts& p = *parts_;
    if (p.shared.closed) return never;
    if (p.write_clock_unknown) return time_point::min();
    // Not the minimum of a list, which would be a loop over memory in each turn.
    time_point first = std::min(p.reqs.next_deadline(), p.fences.next_deadline());
    first = std::min(first, p.room.next_deadline());
    first = std::min(first, p.drain_deadline);
    first = std::min(first, p.alive.next_deadline());
    first = std::min(first, p.leaving.next_deadline());
    first = std::min(first, p.pause.until);
    if (p.machine) first = std::min(first, p.machine->next_deadline());
    return first;
}

// --- observers ---

bool core::writable() const noexcept { return parts_->room.open(); }
std::uint64_t core::generation() const noexcept { return parts_->machine ? parts_->machine->generation() : 0; }
client_state core::state() const noexcept { return parts_->state.load(std::memory_order_acquire); }
const slipstream::server_info& core::server_info() const noexcept { return parts_->shared.info; }
std::string core::connected_server() const { return parts_->last_server; }
const connect_options& core::options() const noexcept { return parts_->options; }

std::error_code core::options_problem() const noexcept { return parts_->options_error; }

statistics core::stats() const noexcept {
    const parts& p = *parts_;
    statistics s = p.shared.counters;
    s.pending_requests = p.reqs.pending();
    s.subscriptions = p.subs.size();
    s.outbox_bytes = p.shared.box.size();
    s.most_outbox_bytes = std::max(p.shared.box.most(), p.shared.box.size());
    return s;
}

std::string core::new_inbox() {
    // One token, so that it does not lie under the inbox of requests; the id is from a cryptographic source (E11).
    return parts_->options.inbox_prefix + "." + parts_->inbox_id + std::to_string(++parts_->inboxes);
}

}  // namespace slipstream::session
