// How long to wait before the next attempt to reconnect (C8, C9, I6).
//
// Told: when a connection came and went, and a random stream. Decides: the delay. The first retry after a stable connection is
// immediate; then the ceiling is `base`, doubled each time all servers had a turn, up to `max`, and the delay is uniform below it
// (full jitter). Invariant: the ceiling falls back only after a connection was up for `stable`.
#pragma once

#include <cstddef>
#include <cstdint>

#include "protocol/session/random.hpp"
#include "protocol/session/time.hpp"

namespace slipstream::session {

struct backoff_options {
    duration base;
    duration max;
    duration stable;
};

/// base * 2^round, at most `max`.
[[nodiscard]] duration backoff_ceiling(duration base, duration max, std::uint64_t round) noexcept;

class backoff {
public:
    explicit backoff(const backoff_options& options) noexcept : options_(options) {}

    /// The delay before the next attempt, which it counts. `servers` take turns: so many attempts make a round.
    duration next_delay(std::size_t servers, random_stream& rng) noexcept;

    void on_connected(time_point now) noexcept { up_since_ = now; }
    /// Returns whether the connection had been up for the stability time; then the next retry is immediate again.
    bool on_lost(time_point now) noexcept;
    /// As new: for an explicit connect.
    void reset() noexcept {
        attempts_ = 0;
        rounds_ = 0;
        in_round_ = 0;
    }

    /// Attempts since the last reset; the event's `attempt`.
    [[nodiscard]] std::uint64_t attempts() const noexcept { return attempts_; }

private:
    backoff_options options_;
    time_point up_since_ = never;
    std::uint64_t attempts_ = 0;
    std::uint64_t rounds_ = 0;
    std::size_t in_round_ = 0;
};

}  // namespace slipstream::session
