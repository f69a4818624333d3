// One total deadline for an operation of several requests (contract W12).
#pragma once

#include <algorithm>
#include <chrono>

namespace slipstream::kv {

class time_budget {
public:
    using milliseconds = std::chrono::milliseconds;

    /// Precondition: total > 0. More than a year is a year: no sum with the clock overflows.
    explicit time_budget(milliseconds total) noexcept : end_(clock::now() + std::min<milliseconds>(total, std::chrono::hours(24 * 365))) {}

    [[nodiscard]] bool is_over() const noexcept { return clock::now() >= end_; }
    /// At least 1 ms: a request takes 0 for its own default.
    [[nodiscard]] milliseconds left() const noexcept {
        return std::max(std::chrono::ceil<milliseconds>(end_ - clock::now()), milliseconds(1));
    }
    /// A share of what is left, so that one silent request leaves time for the next one.
    [[nodiscard]] milliseconds share(int of) const noexcept { return std::max(left() / of, milliseconds(1)); }

private:
    using clock = std::chrono::steady_clock;
    clock::time_point end_;
};

}  // namespace slipstream::kv
