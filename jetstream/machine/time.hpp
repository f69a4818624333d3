// Time and chance as the machines see them: arguments, never sources of their own.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace slipstream::jetstream::machine {

using time_point = std::chrono::steady_clock::time_point;
using duration = std::chrono::steady_clock::duration;

inline constexpr time_point never = time_point::max();

/// splitmix64: enough to spread retries in time.
class jitter {
public:
    explicit jitter(std::uint64_t seed) noexcept : state_(seed) {}

    /// Between nothing and `limit`, both included.
    duration below(duration limit) noexcept {
        if (limit <= duration::zero()) return duration::zero();
        return duration(static_cast<duration::rep>(next() % (static_cast<std::uint64_t>(limit.count()) + 1)));
    }

private:
    std::uint64_t next() noexcept {
        state_ += 0x9E3779B97F4A7C15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31U);
    }

    std::uint64_t state_;
};

/// How long to wait before the next attempt: the first at once, then `base`, doubled up to `cap`, each with full jitter (C8). An
/// attempt that held for `stable` starts the count anew, so that flapping does not turn into a storm of creations (F18, C9).
class pacing {
public:
    pacing(duration base, duration cap, duration stable, std::uint64_t seed) noexcept
        : base_(std::max(base, duration(1))), cap_(std::max(cap, base_)), stable_(stable), jitter_(seed) {}

    void held_for(duration time) noexcept {
        if (time >= stable_) failures_ = 0;
    }
    void reset() noexcept { failures_ = 0; }
    /// The attempt did not even begin to work: never try again at once.
    void failed() noexcept { failures_ = std::max(failures_, 1U); }

    duration next_delay() noexcept {
        duration limit = duration::zero();
        if (failures_ > 0) {
            limit = base_;
            for (unsigned i = 1; i < failures_ && limit < cap_; ++i) limit = limit > cap_ / 2 ? cap_ : limit * 2;
        }
        if (failures_ < 64) ++failures_;
        return jitter_.below(std::min(limit, cap_));
    }

private:
    duration base_;
    duration cap_;
    duration stable_;
    jitter jitter_;
    unsigned failures_ = 0;
};

}  // namespace slipstream::jetstream::machine
