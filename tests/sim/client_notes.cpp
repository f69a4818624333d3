// What the oracles and the probes want to know of a simulated client, found out by looking at it.
#include <string>
#include <utility>

#include <slipstream/error.hpp>

#include "tests/sim/client.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

/// Which subscription is waited for, and for how long; a shell does not know it, but the oracles do.
void sim_client::note_pause() {
    paused_reading_ = !destroyed() && core_->reading_paused();
    if (!paused_reading_) return end_pauses();
    for (app_subscription& s : subscriptions) {
        if (!s.state->awaited || s.state->sid == 0 || s.paused_since != never) continue;
        s.paused_since = world_.time.now();
        world_.hit(probe::reading_paused);
    }
}

void sim_client::end_pauses() {
    for (app_subscription& s : subscriptions) {
        if (s.paused_since == never) continue;
        s.paused += world_.time.now() - std::exchange(s.paused_since, never);
        if (s.paused >= s.pause_limit) world_.hit(probe::pause_used_up);
    }
}

/// What becomes whole with the bytes that are about to be read.
void sim_client::account(link& l, std::size_t) {
    model_connection* const c = world_.connection_of(l);
    if (c == nullptr) return;
    if (c->lied) {
        if (!lied_to) {
            lied_to = true;
            for (app_subscription& s : subscriptions) s.unsure = true;
        }
        return;
    }
    for (; frames_seen < c->frames.size() && c->frames[frames_seen].end <= l.fed; ++frames_seen) {
        const sent_frame& f = c->frames[frames_seen];
        if (f.what != sent_frame::kind::msg) continue;
        const std::uint64_t sid = std::stoull(f.sid);
        bool known = false;
        for (app_subscription& s : subscriptions) {
            if (s.sid != sid || s.state->sid != sid) continue;
            known = true;
            ++s.arrived;
            ++s.arrived_on_link;
            s.expected.push_back(f.status ? status_message : f.message);
        }
        if (known) continue;
        const message_truth* const m = world_.truth(f.message);
        if (m == nullptr || m->answers == 0) {
            world_.hit(probe::message_after_unsubscribe);
            continue;
        }
        for (const operation& op : operations) {
            if (op.number != m->answers || op.ended == 0) continue;
            world_.hit(op.ec ? probe::late_reply : probe::second_reply);
        }
    }
}

void sim_client::count_episode(const event& e) {
    using enum event_kind;
    if (e.kind == disconnected) {
        switch (e.reason) {
            case disconnect_reason::eof: world_.hit(probe::eof); break;
            case disconnect_reason::reset: world_.hit(probe::reset); break;
            case disconnect_reason::stale: world_.hit(e.detail.empty() ? probe::stale : probe::stale_by_server); break;
            case disconnect_reason::write_stall: world_.hit(probe::write_stalled); break;
            case disconnect_reason::auth: world_.hit(probe::login_expired); break;
            case disconnect_reason::requested: world_.hit(probe::left_on_demand); break;
            case disconnect_reason::lame_duck:
                if (leaving_) world_.hit(probe::left_lame_duck);
                break;
            default: break;
        }
        for (const operation& op : operations) {
            if (op.ended != 0) continue;
            if (op.kind == operation_kind::flush) world_.hit(probe::cut_with_flush_pending);
            if (op.kind == operation_kind::request) world_.hit(probe::cut_with_request_pending);
            if (op.kind == operation_kind::drain || op.kind == operation_kind::drain_sub) world_.hit(probe::cut_while_draining);
        }
    } else if (e.kind == connect_failed) {
        const link* const l = world_.link_of(*this, e.generation);
        if (e.error == errc::handshake_timeout && l != nullptr) world_.hit(l->established ? probe::handshake_timed_out : probe::dial_hung);
        if (e.reason == disconnect_reason::refused) world_.hit(probe::dial_refused);
        if (e.reason == disconnect_reason::auth) world_.hit(probe::login_refused);
        if (e.error == errc::max_connections) world_.hit(probe::server_full);
    } else if (e.kind == lame_duck) {
        world_.hit(probe::lame_duck);
    } else if (e.kind == handler_failed) {
        world_.hit(probe::handler_threw);
    } else if (e.kind == server_error) {
        if (e.error == errc::max_payload) world_.hit(probe::held_too_large);
        if (e.error == errc::headers_unsupported) world_.hit(probe::held_with_headers);
        if (e.error == errc::protocol_error) world_.hit(probe::bad_info_ignored);
    } else if (e.kind == reconnecting && e.attempt > 3 * world_.node_count) {
        world_.hit(probe::third_backoff_round);
    }
}

}  // namespace slipstream::sim
