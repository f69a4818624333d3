// Where received bytes wait to be parsed: one contiguous, growable block.
//
// The shell reads into prepare(), the session parses unconsumed() in place and consumes whole operations by offset. Compaction
// moves at most one partial frame. Memory grows with bytes received (doubling), never with bytes announced (A8), and goes back
// after a large message (I5). Invariant: capacity() <= max(initial_capacity, 2 * bytes received and not consumed at once).
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace slipstream::session {

class read_buffer {
public:
    static constexpr std::size_t initial_capacity = 64 * 1024;
    /// Space below which a read is not worth its system call.
    static constexpr std::size_t least_space = 4 * 1024;

    /// Space for the next read, never empty. `frame_size` is what the frame in progress needs in total, 0 when unknown: the buffer
    /// grows towards it, at most to twice what has been received. Views of unconsumed() end here. Until commit or the next
    /// prepare the space stays where it is.
    std::span<char> prepare(std::size_t frame_size = 0);
    /// `n` bytes of the prepared space were filled.
    void commit(std::size_t n) noexcept;
    [[nodiscard]] std::string_view unconsumed() const noexcept { return {bytes_.get() + begin_, end_ - begin_}; }
    void consume(std::size_t n) noexcept {
        assert(n <= end_ - begin_);
        begin_ += std::min(n, end_ - begin_);
        if (begin_ == end_) begin_ = end_ = 0;
    }
    /// Forgets the contents, for a new connection.
    void clear() noexcept { begin_ = end_ = 0; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

private:
    /// A grown block goes back once so many reads in a row could have done with the initial one.
    static constexpr unsigned calm_reads = 16;

    void move_to(std::size_t capacity);

    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    unsigned calm_ = 0;
};

}  // namespace slipstream::session
