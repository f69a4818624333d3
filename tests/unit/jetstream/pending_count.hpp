// How a server counts what waits for a consumer, in models of one.
#pragma once

#include <cstdint>

namespace slipstream::test {

/// A message that is overwritten before its delivery is taken off at once. The one that took its place is added by somebody who has other
/// things to do too, here in every fourth turn.
class pending_count {
public:
    void overwritten() noexcept { ++not_added_; }
    void turn() noexcept {
        if (++turns_ % 4 == 0) not_added_ = 0;
    }
    /// What is said when `waiting` are.
    [[nodiscard]] std::uint64_t said(std::uint64_t waiting) const noexcept { return waiting > not_added_ ? waiting - not_added_ : 0; }

private:
    std::uint64_t not_added_ = 0;
    unsigned turns_ = 0;
};

}  // namespace slipstream::test
