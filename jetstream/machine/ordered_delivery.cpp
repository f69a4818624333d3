// The steady state of one incarnation: messages, heartbeats, flow control.
#include "jetstream/machine/ordered_machine.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace slipstream::jetstream::machine {

namespace {

/// Kept while the start is being checked. The server sends no more than its first flow control window of 2 MiB by then.
constexpr std::size_t held_limit = std::size_t{4} * 1024 * 1024;

}  // namespace

/// Not simply the next one.
step ordered_machine::on_other_message(std::uint64_t incarnation, const message_place& place) {
    if (!is_current(incarnation)) return step::ignore;
    silence_.heard();
    if (place.consumer_sequence != received_ + 1) {
        fail(restart_reason::gap);
        return step::ignore;
    }
    if (phase_ == phase::live) {
        if (caught_up_ && asked_.policy == deliver_policy::last_per_subject) {
            // Nothing of a state comes after the state: between the information and the creation the stream was made anew. The next
            // incarnation continues, and is found to be on another stream (contract W2).
            fail(restart_reason::gap);
            return step::ignore;
        }
        // Told before the interruption (G20).
        received_ = place.consumer_sequence;
        if (place.pending == 0) caught_up();
        return step::ignore;
    }
    if (held_bytes_ >= held_limit) {
        fail(restart_reason::gap);
        return step::ignore;
    }
    held_bytes_ += place.size;
    received_ = place.consumer_sequence;
    return step::hold;
}

void ordered_machine::on_not_held(std::uint64_t incarnation) {
    if (is_current(incarnation)) fail(restart_reason::gap);
}

void ordered_machine::refused() {
    // A handler that holds nothing and takes nothing must not make us spin.
    if (flow_.outstanding() == 0) pacing_.failed();
    fail(restart_reason::refused);
}

void ordered_machine::held_done() {
    if (phase_ != phase::live || trouble_ || early_request_.empty()) return;
    flow_answer(flow_.request(std::exchange(early_request_, std::string())));
}

void ordered_machine::on_status(std::uint64_t incarnation, const delivery_status& status) {
    if (!is_current(incarnation)) return;
    silence_.heard();
    switch (status.what) {
        case delivery_status::kind::message: break;
        case delivery_status::kind::idle_heartbeat: on_heartbeat(status); break;
        case delivery_status::kind::flow_control:
            if (phase_ == phase::live) flow_answer(flow_.request(status.answer_to));
            else early_request_ = status.answer_to;
            break;
        case delivery_status::kind::other: fail(restart_reason::server_status); break;
    }
}

void ordered_machine::on_heartbeat(const delivery_status& status) {
    if (!status.last_consumer) return;
    if (*status.last_consumer != received_) return fail(restart_reason::heartbeat_mismatch);
    if (phase_ != phase::live) return;
    if (!status.answer_to.empty()) {
        // Waiting for an answer: ours was lost, or messages before it have not been taken yet (F13).
        emit(ordered_action::kind::tell_stalled);
        return flow_answer(flow_.request(status.answer_to));
    }
    // Idle, and nothing on the way: the server has told all it has (contract W6).
    caught_up();
    const std::uint64_t stream = status.last_stream.value_or(0);
    if ((positioned_ && stream <= frontier_) || !status.last_stream || stream == std::numeric_limits<std::uint64_t>::max()) return;
    reached(stream);
    emit(ordered_action::kind::tell_idle).sequence = stream;
}

void ordered_machine::caught_up() {
    if (caught_up_) return;
    caught_up_ = true;
    // A replica that lags behind has told its own state; what it does not have yet follows (W42).
    const bool may_lag = facts_ && facts_->replicated;
    if (asked_.policy == deliver_policy::last_per_subject && snapshot_ && !may_lag) reached(*snapshot_);
    emit(ordered_action::kind::tell_caught_up);
}

void ordered_machine::flow_answer(std::optional<std::string> subject) {
    if (subject && current_ != 0) emit(ordered_action::kind::flow_reply).subject = std::move(*subject);
}

}  // namespace slipstream::jetstream::machine
