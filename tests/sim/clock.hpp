// Virtual time: what happens next, and when. Nothing sleeps.
//
// Invariant: the order of events depends on their times and on the seed alone; of events with one time the seed decides.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "protocol/session/random.hpp"
#include "protocol/session/time.hpp"

namespace slipstream::sim {

using session::duration;
using session::never;
using session::random_stream;
using session::time_point;

class clock {
public:
    using event = std::function<void()>;

    explicit clock(random_stream ties) : ties_(ties) {}

    [[nodiscard]] time_point now() const noexcept { return now_; }
    [[nodiscard]] std::uint64_t events() const noexcept { return events_; }
    [[nodiscard]] duration elapsed() const noexcept { return now_ - start; }

    void at(time_point t, event what) {
        if (t == never) return;
        heap_.push_back({std::max(t, now_), ties_.next(), ++number_, std::move(what)});
        std::push_heap(heap_.begin(), heap_.end(), later);
    }
    void after(duration d, event what) { at(session::deadline_after(now_, d), std::move(what)); }

    /// Lets the next event happen. False when there is none up to `end`; then it is `end`.
    bool step(time_point end) {
        if (heap_.empty() || heap_.front().time > end) {
            now_ = std::max(now_, end);
            return false;
        }
        std::pop_heap(heap_.begin(), heap_.end(), later);
        const entry next = std::move(heap_.back());
        heap_.pop_back();
        now_ = next.time;
        ++events_;
        next.what();
        return true;
    }

    static constexpr time_point start{std::chrono::hours(1000)};

private:
    struct entry {
        time_point time;
        std::uint64_t tie;
        std::uint64_t number;
        event what;
    };
    static bool later(const entry& a, const entry& b) noexcept {
        if (a.time != b.time) return a.time > b.time;
        return a.tie != b.tie ? a.tie > b.tie : a.number > b.number;
    }

    random_stream ties_;
    time_point now_ = start;
    std::uint64_t number_ = 0;
    std::uint64_t events_ = 0;
    std::vector<entry> heap_;
};

/// One in `n`, `n` not 0.
inline bool one_in(random_stream& rng, std::uint64_t n) noexcept { return rng.below(n) == 0; }
/// In [low, high].
inline std::uint64_t between(random_stream& rng, std::uint64_t low, std::uint64_t high) noexcept { return low + rng.below(high - low + 1); }

}  // namespace slipstream::sim
