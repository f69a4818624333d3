// Updates that wait to be taken: a bounded FIFO in recycled blocks of memory; no allocation for each update in steady state.
//
// Each record carries the position that is reached by taking it. What needs no record of its own (skipped messages, heartbeats)
// moves the position of the last one, so that a position never runs ahead of what was taken (I24).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <slipstream/kv/update.hpp>

namespace slipstream::kv::machine {

class update_queue {
public:
    update_queue(std::size_t max_updates, std::size_t max_bytes) noexcept : max_updates_(max_updates), max_bytes_(max_bytes) {}
    ~update_queue();
    update_queue(const update_queue&) = delete;
    update_queue& operator=(const update_queue&) = delete;

    /// Whether an update of this size may be added. The first one always may.
    [[nodiscard]] bool has_room(const update_view& u) const noexcept;
    /// Adds it, whatever the limits.
    void push(const update_view& u, std::uint64_t position);
    /// Taking the last record reaches this position. Precondition: not empty.
    void extend(std::uint64_t position) noexcept;
    /// Takes the oldest one, reusing the memory of `out`. False when empty.
    bool pop(update& out, std::uint64_t& position);
    void clear() noexcept;

    [[nodiscard]] bool empty() const noexcept { return updates_ == 0; }
    [[nodiscard]] std::size_t updates() const noexcept { return updates_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

private:
    struct block;
    struct record;
    [[nodiscard]] static std::size_t size_of(const update_view& u) noexcept;
    void release(block* b) noexcept;

    block* head_ = nullptr;    // read from here
    block* tail_ = nullptr;    // written to here
    block* spare_ = nullptr;   // one emptied block, kept for reuse
    record* last_ = nullptr;   // the newest record; null when empty
    std::size_t updates_ = 0;
    std::size_t bytes_ = 0;
    std::size_t max_updates_;
    std::size_t max_bytes_;
};

}  // namespace slipstream::kv::machine
