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
        if (caught_up_ && asked_.policy == deliver_policy::last_per_subject && place.stream_sequence > told_) {
            // Nothing of a state comes after the state. Between the information and the creation the stream was made anew, which the next
            // incarnation finds when it continues (contract W2), or the server's count was wrong from the beginning.
            told_too_little_ = true;
            fail(restart_reason::gap);
            return step::ignore;
        }
        count(place);  // told before the interruption (G20)
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
    const std::uint64_t stream = status.last_stream.value_or(0);
    if (!caught_up_ && is_state() && !considered_all(stream)) return;
    // Idle, and nothing on the way: the server has told all it has (contract W6).
    caught_up();
    if ((positioned_ && stream <= frontier_) || !status.last_stream || stream == std::numeric_limits<std::uint64_t>::max()) return;
    reached(stream);
    emit(ordered_action::kind::tell_idle).sequence = stream;
}

/// An idle server has told all it has, unless it stands still in the middle: where a bucket keeps more than one value of a key, it goes
/// through a list of last messages, and at each that has been overwritten meanwhile it waits until something happens. It is past that
/// list when it has considered more than the stream had after the creation. Else the last message that concerns us is asked for, and
/// when that has not come, the next consumer begins with a new list. Where asking is forbidden: two heartbeats at the same place.
bool ordered_machine::considered_all(std::uint64_t stream) {
    const std::uint64_t before = std::exchange(search_.idle_at, stream);
    if (search_.blind) return before == stream;
    if (search_.asking) return false;
    if (!search_.exact && stream > search_.end) return true;
    search_.idle_after = received_;
    if (stands_still())
        fail(restart_reason::heartbeat_mismatch);
    else
        find_end(true);
    return false;
}

/// The server says so. It takes a message that was overwritten off its count at once, and adds the one that took its place when it gets
/// to it: while there are changes its count is too low, in the reply to the creation too, and falls to 0 too soon (contract W6, I28).
/// So the end of the stream is asked for, right after the creation: once it has come, and when the count has not changed but for what
/// was delivered, that was all. Else the last message that concerns us is asked for: when it has come already, that was all;
/// otherwise it has to come first. In a bucket that never stands still this ends too: a key that is missing after so many questions
/// would have been overwritten just before its delivery each time.
void ordered_machine::nothing_pending() {
    const bool counted = received_ >= search_.expected;
    if (!is_state() && counted) return caught_up();  // nothing overtakes what comes by sequence
    if (search_.asking) return;
    if (search_.blind) {
        if (counted) caught_up();
        return;
    }
    const bool reached_end = search_.answers > 0 && frontier_ >= search_.end;
    if (reached_end && (search_.steady || !is_state() || search_.answers == most_answers)) return caught_up();
    if (reached_end || !search_.exact) find_end(true);
}

void ordered_machine::find_end(bool exact) {
    search_.asking = true;
    search_.asking_exact = exact;
    search_.asked_at = frontier_;
    ordered_action& a = emit(ordered_action::kind::find_end);
    a.exact = exact;
    a.timeout = request_timeout;
}

void ordered_machine::on_end_found(std::uint64_t incarnation, std::optional<std::uint64_t> sequence) {
    if (!is_current(incarnation) || !std::exchange(search_.asking, false)) return;
    if (sequence && *sequence <= search_.asked_at) return caught_up();
    if (sequence) {
        ++search_.answers;
        search_.end = *sequence;
        search_.exact = search_.asking_exact;
    } else {
        search_.blind = true;
    }
    if (stands_still()) return fail(restart_reason::heartbeat_mismatch);
    if (search_.none_said && !caught_up_) nothing_pending();  // it may have come meanwhile
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
