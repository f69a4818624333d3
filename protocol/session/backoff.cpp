#include "protocol/session/backoff.hpp"

#include <algorithm>
#include <utility>

namespace slipstream::session {

duration backoff_ceiling(duration base, duration max, std::uint64_t round) noexcept {
    if (base <= duration::zero()) return std::max(duration::zero(), std::min(base, max));
    constexpr std::uint64_t widest = 62;  // doubling more often overflows whatever the base
    if (round > widest || base > duration(duration::max().count() >> round)) return max;
    return std::min(max, duration(base.count() << round));
}

duration backoff::next_delay(std::size_t servers, random_stream& rng) noexcept {
    const bool immediate = attempts_ == 0;
    if (attempts_ != UINT64_MAX) ++attempts_;
    if (immediate) return duration::zero();
    const duration ceiling = backoff_ceiling(options_.base, options_.max, rounds_);
    if (++in_round_ >= std::max<std::size_t>(servers, 1)) {
        in_round_ = 0;
        if (rounds_ != UINT64_MAX) ++rounds_;
    }
    return duration(static_cast<duration::rep>(rng.below(static_cast<std::uint64_t>(ceiling.count()) + 1)));
}

bool backoff::on_lost(time_point now) noexcept {
    const time_point since = std::exchange(up_since_, never);
    const bool stable = since != never && now >= deadline_after(since, options_.stable);
    if (stable) reset();
    return stable;
}

}  // namespace slipstream::session
