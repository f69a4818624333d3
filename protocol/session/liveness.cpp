#include "protocol/session/liveness.hpp"

namespace slipstream::session {

void liveness::start(time_point now) noexcept {
    running_ = true;
    blocked_since_ = never;
    resume(now);
}

void liveness::stop() noexcept {
    running_ = paused_ = false;
    blocked_since_ = never;
    in_.asked = out_.asked = 0;
}

liveness_verdict liveness::on_time(time_point now) noexcept {
    if (!running_) return liveness_verdict::alive;
    if (stale(in_, now) || (watches_out() && stale(out_, now))) return liveness_verdict::stale;
    if (blocked_since_ != never && now >= deadline_after(blocked_since_, options_.write_timeout)) return liveness_verdict::write_stalled;
    const bool for_in = ask(in_, now);
    const bool for_out = watches_out() && ask(out_, now);
    return for_in || for_out ? liveness_verdict::send_ping : liveness_verdict::alive;
}

bool liveness::stale(const way& w, time_point now) const noexcept {
    return !paused_ && now >= after_intervals(w, std::int64_t{options_.max_pings_out} + 1);
}

/// One ping stands for all intervals that have passed unseen, so that a process that slept does not send a burst (C22).
bool liveness::ask(way& w, time_point now) const noexcept {
    const unsigned before = w.asked;
    while (!paused_ && w.asked < options_.max_pings_out && now >= after_intervals(w, std::int64_t{w.asked} + 1)) ++w.asked;
    return w.asked != before;
}

time_point liveness::first_deadline() const noexcept {
    if (!running_) return never;
    time_point first = blocked_since_ == never ? never : deadline_after(blocked_since_, options_.write_timeout);
    if (paused_) return first;
    const auto next = [this](const way& w) { return after_intervals(w, std::int64_t{std::min(w.asked, options_.max_pings_out)} + 1); };
    first = std::min(first, next(in_));
    return watches_out() ? std::min(first, next(out_)) : first;
}

}  // namespace slipstream::session
