// One heap for every timeout of a client.
//
// Entries know their place through `heap_index`, so that an operation that ends early is removed at once: nothing of it stays
// behind, and the memory is bounded by what is pending.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocol/session/time.hpp"

namespace slipstream::session {

/// Base of what can have a deadline; its owner keeps it in place while armed.
struct deadline_entry {
    static constexpr std::uint32_t unarmed = UINT32_MAX;
    time_point deadline = never;
    std::uint64_t order = 0;  // ties end in the order of arming
    std::uint32_t heap_index = unarmed;
    [[nodiscard]] bool armed() const noexcept { return heap_index != unarmed; }
};

class deadline_heap {
public:
    /// Arms `e`, or moves it when it is armed already. `never` disarms it.
    void arm(deadline_entry& e, time_point at);
    void disarm(deadline_entry& e) noexcept;
    [[nodiscard]] time_point next() const noexcept { return heap_.empty() ? never : heap_.front()->deadline; }
    /// Disarms and returns the earliest entry that is due at `now`, else null.
    deadline_entry* pop_due(time_point now) noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }

private:
    static constexpr std::size_t kept_capacity = 4096;  // entries

    void settle(std::size_t i) noexcept;
    void sift_up(std::size_t i) noexcept;
    void sift_down(std::size_t i) noexcept;
    void place(std::size_t i, deadline_entry* e) noexcept;

    std::vector<deadline_entry*> heap_;
    std::uint64_t armed_so_far_ = 0;
};

}  // namespace slipstream::session
