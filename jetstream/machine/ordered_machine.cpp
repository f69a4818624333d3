#include "jetstream/machine/ordered_machine.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>

namespace slipstream::jetstream::machine {

namespace {

/// An incarnation that was live for so long was a success.
constexpr duration stable_time = std::chrono::seconds(5);

/// More than follow from one fact: with room for them, what was decided is always said, also when there is no memory left (H9).
constexpr std::size_t most_actions = 16;

/// What an incarnation has brought and the handler has not heard yet.
bool is_news(ordered_action::kind what) noexcept {
    using kind = ordered_action::kind;
    return what == kind::tell_created || what == kind::deliver_held || what == kind::tell_caught_up || what == kind::tell_idle ||
           what == kind::tell_stalled;
}

}  // namespace

ordered_machine::ordered_machine(const ordered_settings& settings)
    : settings_(settings),
      begin_(settings.start),
      pacing_(settings.reconnect_wait, settings.reconnect_max_wait, stable_time, settings.seed),
      silence_(settings.idle_heartbeat) {
    actions_.reserve(most_actions);
    baseline(begin_);
}

// --- wishes ---

void ordered_machine::start(bool connected, time_point now) {
    if (phase_ != phase::idle) return;
    connected_ = connected;
    setup_deadline_ = now + settings_.setup_timeout;
    if (connected_)
        create(now);
    else
        phase_ = phase::offline;
}

void ordered_machine::stop() {
    if (phase_ == phase::ended) return;
    trouble_.reset();
    abandon();
    phase_ = phase::ended;
}

void ordered_machine::restart(const ordered_start& from) {
    if (phase_ == phase::ended) return;
    begin_ = from;
    caught_up_ = false;
    baseline(from);
    // A handler that decides so while it is told of a creation must not hear afterwards that the old beginning is complete.
    const auto pending = actions_.begin() + static_cast<std::ptrdiff_t>(next_);
    actions_.erase(std::remove_if(pending, actions_.end(), [](const ordered_action& a) { return is_news(a.what); }), actions_.end());
    forget_told();
    if (phase_ == phase::live || phase_ == phase::creating || phase_ == phase::asking) {
        trouble_ = trouble{.reason = restart_reason::gap, .told = false};
    } else if (phase_ == phase::paused) {
        phase_ = connected_ ? phase::waiting : phase::offline;
        retry_at_ = at_once;
    }
}

void ordered_machine::taken(std::uint64_t count) {
    flow_answer(flow_.taken(count));
    if (phase_ != phase::paused || flow_.outstanding() > 0) return;
    phase_ = connected_ ? phase::waiting : phase::offline;
    retry_at_ = at_once;
    tell_restarted(restart_reason::refused);
}

void ordered_machine::answer(const ordered_verdict& verdict) {
    if (phase_ != phase::asking) return;
    if (verdict.what == ordered_verdict::kind::restart) return restart(verdict.from);
    if (verdict.what != ordered_verdict::kind::accept || loss_.what != ordered_loss::kind::start_clamped)
        return end(errc::start_sequence_clamped);
    reached(loss_.floor - 1);
    go_live();
}

// --- the connection ---

void ordered_machine::on_connected() {
    if (phase_ == phase::ended || connected_) return;
    connected_ = true;
    if (to_remove_ != 0) emit(ordered_action::kind::remove).incarnation = std::exchange(to_remove_, 0);
    if (phase_ != phase::offline) return;
    pacing_.reset();
    phase_ = phase::waiting;
    retry_at_ = at_once;
}

void ordered_machine::on_disconnected() {
    if (phase_ == phase::ended || !connected_) return;
    connected_ = false;
    known_.reset();
    if (phase_ == phase::idle || phase_ == phase::paused) return;
    const bool interrupted = phase_ == phase::live || phase_ == phase::asking;
    const bool told = !trouble_ || trouble_->told;
    trouble_.reset();
    abandon();
    if (interrupted && told) tell_restarted(restart_reason::reconnected);
    phase_ = phase::offline;
}

void ordered_machine::on_closed() {
    connected_ = false;
    end(slipstream::errc::closed);
}

void ordered_machine::on_denied(std::error_code ec) { end(ec); }

void ordered_machine::on_time(time_point now) {
    if (phase_ == phase::ended || phase_ == phase::idle) return;
    if (!was_live_ && now >= setup_deadline_) {
        const auto late = last_incarnation_ == 0 ? slipstream::errc::timeout_unsent : slipstream::errc::timeout;
        return end(last_error_ ? last_error_ : make_error_code(late));
    }
    if (phase_ == phase::live && !trouble_ && silence_.on_time(now)) fail(restart_reason::heartbeat_missed);
}

// --- outputs ---

bool ordered_machine::next_action(ordered_action& out, time_point now) {
    if (began_) {
        began_ = false;
        live_since_ = now;
        silence_.begin(now);
    }
    if (actions_.empty()) {
        // What happened last is told before what follows from it.
        if (trouble_) carry_out(now);
        if (phase_ == phase::waiting && now >= retry_at_) create(now);
    }
    if (actions_.empty()) return false;
    out = std::move(actions_[next_++]);
    forget_told();
    return true;
}

time_point ordered_machine::next_deadline() const noexcept {
    if (phase_ == phase::ended || phase_ == phase::idle) return never;
    time_point at = was_live_ ? never : setup_deadline_;
    if (phase_ == phase::waiting) at = std::min(at, retry_at_);
    return std::min(at, silence_.closes());
}

void ordered_machine::forget_told() noexcept {
    if (next_ < actions_.size()) return;
    actions_.clear();
    next_ = 0;
}

ordered_action& ordered_machine::emit(ordered_action::kind what) {
    actions_.emplace_back();
    actions_.back().what = what;
    actions_.back().incarnation = current_;
    return actions_.back();
}

// --- beginning again ---

void ordered_machine::baseline(const ordered_start& from) noexcept {
    positioned_ = from.policy == deliver_policy::by_start_sequence && from.sequence > 0;
    frontier_ = positioned_ ? from.sequence - 1 : 0;
    identity_ = from.stream_created;
    snapshot_.reset();
    told_ = 0;
    told_too_little_ = false;
}

ordered_start ordered_machine::next_start() const noexcept {
    // An incomplete state cannot be continued by sequence: the keys that are missing lie anywhere (contract W5). And while nothing is
    // known of where we stand, the beginning is the only place to go on from.
    if (!positioned_ || (begin_.policy == deliver_policy::last_per_subject && !caught_up_)) return begin_;
    const std::uint64_t next = frontier_ == std::numeric_limits<std::uint64_t>::max() ? frontier_ : frontier_ + 1;
    return {.policy = deliver_policy::by_start_sequence, .sequence = next, .stream_created = identity_};
}

void ordered_machine::fail(restart_reason reason) {
    if (!trouble_) trouble_ = trouble{.reason = reason};
}

void ordered_machine::carry_out(time_point now) {
    const trouble what = *trouble_;
    trouble_.reset();
    if (phase_ == phase::live) pacing_.held_for(now - live_since_);
    abandon();
    if (what.reason == restart_reason::refused && what.told && flow_.outstanding() > 0) {
        phase_ = phase::paused;
        return;
    }
    if (what.told) tell_restarted(what.reason);
    retry_at_ = what.at_once ? at_once : now + pacing_.next_delay();
    phase_ = connected_ ? phase::waiting : phase::offline;
}

void ordered_machine::tell_restarted(restart_reason reason) {
    const bool again = settings_.replay_on_restart && begin_.policy == deliver_policy::last_per_subject && !caught_up_ && was_live_;
    if (again) baseline(begin_);
    ordered_action& a = emit(ordered_action::kind::tell_restarted);
    a.reason = reason;
    a.from_scratch = again;
}

/// Lets go of the current incarnation.
void ordered_machine::abandon() {
    silence_.end();
    began_ = false;
    flow_.forget_request();
    early_request_.clear();
    creation_.reset();
    facts_.reset();
    received_ = 0;
    held_bytes_ = 0;
    const bool remove = std::exchange(remove_, true);
    if (current_ == 0) return;
    emit(ordered_action::kind::unsubscribe);
    if (remove && connected_)
        emit(ordered_action::kind::remove);
    else if (remove)
        to_remove_ = current_;
    current_ = 0;
}

void ordered_machine::end(std::error_code ec) {
    if (phase_ == phase::ended) return;
    trouble_.reset();
    abandon();
    phase_ = phase::ended;
    emit(ordered_action::kind::tell_ended).error = ec;
}

}  // namespace slipstream::jetstream::machine
