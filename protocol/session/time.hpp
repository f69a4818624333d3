// Time as the machines see it: always an argument, always the steady clock.
#pragma once

#include <chrono>

namespace slipstream::session {

using clock = std::chrono::steady_clock;
using time_point = clock::time_point;
using duration = clock::duration;

inline constexpr time_point never = time_point::max();

/// Any period as a duration: what does not fit becomes the longest, negative becomes zero (E13).
template <class Rep, class Period>
constexpr duration to_duration(std::chrono::duration<Rep, Period> d) noexcept {
    using given = std::chrono::duration<Rep, Period>;
    if (d <= given::zero()) return duration::zero();
    return d >= std::chrono::duration_cast<given>(duration::max()) ? duration::max() : std::chrono::duration_cast<duration>(d);
}

/// `now + d`, or `never` where that would overflow (E13).
template <class Rep, class Period>
constexpr time_point deadline_after(time_point now, std::chrono::duration<Rep, Period> d) noexcept {
    const duration wait = to_duration(d);
    return now.time_since_epoch() >= duration::max() - wait ? never : now + wait;
}

}  // namespace slipstream::session
