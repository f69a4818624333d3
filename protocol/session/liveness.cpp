#include "protocol/session/liveness.hpp"

#include <algorithm>

namespace slipstream::session {

void liveness::start(time_point now) noexcept {
    running_ = true;
    blocked_since_ = never;
    on_received(now);
}

void liveness::stop() noexcept {
    running_ = false;
    blocked_since_ = never;
    pings_out_ = 0;
}

liveness_verdict liveness::on_time(time_point now) noexcept {
    if (!running_) return liveness_verdict::alive;
    if (now >= after_intervals(std::int64_t{options_.max_pings_out} + 1)) return liveness_verdict::stale;
    if (blocked_since_ != never && now >= deadline_after(blocked_since_, options_.write_timeout)) return liveness_verdict::write_stalled;
    if (pings_out_ >= options_.max_pings_out || now < after_intervals(std::int64_t{pings_out_} + 1)) return liveness_verdict::alive;
    // One ping stands for all intervals that have passed unseen, so that a process that slept does not send a burst (C22).
    while (pings_out_ < options_.max_pings_out && now >= after_intervals(std::int64_t{pings_out_} + 1)) ++pings_out_;
    return liveness_verdict::send_ping;
}

time_point liveness::next_deadline() const noexcept {
    if (!running_) return never;
    const time_point silence = after_intervals(std::int64_t{std::min(pings_out_, options_.max_pings_out)} + 1);
    return blocked_since_ == never ? silence : std::min(silence, deadline_after(blocked_since_, options_.write_timeout));
}

time_point liveness::after_intervals(std::int64_t n) const noexcept {
    return options_.ping_interval > duration::max() / n ? never : deadline_after(last_received_, options_.ping_interval * n);
}

}  // namespace slipstream::session
