// Counts the allocations of a thread, and lets one of them fail. For test programs that link alloc_counter.cpp, which replaces
// operator new and delete of the whole program. The thread sanitizer's own cannot be replaced: there nothing is counted and nothing fails.
#pragma once

#include <cstdint>

namespace slipstream::test {

/// False where operator new is not replaced.
bool allocations_are_counted() noexcept;
/// Allocations of this thread so far.
std::uint64_t allocations() noexcept;
/// Allocations of this thread that it has not given back. Memory that goes to another thread is wrong in both numbers.
std::int64_t live_allocations() noexcept;

/// Allocations of this thread since it was made.
class allocation_counter {
public:
    allocation_counter() noexcept : start_(allocations()) {}
    [[nodiscard]] std::uint64_t count() const noexcept { return allocations() - start_; }

private:
    std::uint64_t start_;
};

/// While it lives, allocation number `nth` of this thread (the first is 1) throws std::bad_alloc: only that one, or all from there on.
class failing_allocation {
public:
    enum class extent { one, rest };

    explicit failing_allocation(std::uint64_t nth, extent which = extent::one) noexcept;
    ~failing_allocation();
    failing_allocation(const failing_allocation&) = delete;
    failing_allocation& operator=(const failing_allocation&) = delete;
};

}  // namespace slipstream::test
