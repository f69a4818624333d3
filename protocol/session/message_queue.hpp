// Messages that wait for the user: a bounded FIFO in recycled memory.
//
// push copies a message into a chain of blocks and pop copies it out: no allocation per message in steady state. The queue
// refuses what exceeds its limits in messages or bytes; the caller counts the drop. Blocks grow from small to block_size, so that
// thousands of quiet subscriptions cost little, and go back after a burst. Invariant: messages() and bytes() say exactly what
// is in it, and neither exceeds its limit (status messages: by a small reserve).
#pragma once

#include <cstddef>

#include <slipstream/message.hpp>

namespace slipstream::session {

class message_queue {
public:
    message_queue(std::size_t max_messages, std::size_t max_bytes) noexcept : max_messages_(max_messages), max_bytes_(max_bytes) {}
    ~message_queue();
    message_queue(const message_queue&) = delete;
    message_queue& operator=(const message_queue&) = delete;

    /// False when a limit would be exceeded; the queue is unchanged then.
    [[nodiscard]] bool push(const message_view& m) { return push_within(m, max_messages_, max_bytes_); }
    /// As push, for a status message without which a consumer stalls (flow control, heartbeat): it may exceed the limits by status_messages
    /// and status_bytes (D3).
    [[nodiscard]] bool push_status(const message_view& m);
    /// Takes the oldest message, reusing the memory of `out`. False when empty.
    bool pop(message& out);
    /// Drops all messages and gives the memory back.
    void clear() noexcept;

    [[nodiscard]] bool empty() const noexcept { return messages_ == 0; }
    [[nodiscard]] std::size_t messages() const noexcept { return messages_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }  ///< Headers and payloads (D4).
    [[nodiscard]] std::size_t max_messages() const noexcept { return max_messages_; }
    [[nodiscard]] std::size_t max_bytes() const noexcept { return max_bytes_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }  ///< Memory held, for limits and tests.

    static constexpr std::size_t status_messages = 256;
    static constexpr std::size_t status_bytes = std::size_t{64} * 1024;

private:
    struct block;
    struct record;

    static constexpr std::size_t smallest_block = 1024;
    static constexpr std::size_t block_size = 16 * 1024;
    static constexpr std::size_t largest_kept = 256 * 1024;
    static constexpr std::size_t most_spares = 8;
    static constexpr unsigned calm_fills = 64;

    bool push_within(const message_view& m, std::size_t max_messages, std::size_t max_bytes);
    void add_block(std::size_t least);
    void retire_head() noexcept;
    void emptied() noexcept;
    void free_block(block* b) noexcept;
    void free_chain(block* b) noexcept;

    block* head_ = nullptr;  // read from here
    block* tail_ = nullptr;  // written to here
    block* spares_ = nullptr;  // emptied blocks of block_size kept for reuse
    std::size_t spare_count_ = 0;
    unsigned calm_ = 0;  // times in a row that the queue ran empty without having needed another block
    bool grew_ = false;  // since it ran empty
    std::size_t messages_ = 0;
    std::size_t bytes_ = 0;
    std::size_t capacity_ = 0;
    std::size_t max_messages_;
    std::size_t max_bytes_;
};

}  // namespace slipstream::session
