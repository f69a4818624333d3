#include "protocol/session/read_buffer.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace slipstream::session {

std::span<char> read_buffer::prepare(std::size_t frame_size) {
    const std::size_t waiting = end_ - begin_;
    if (frame_size <= waiting) frame_size = 0;  // says nothing about what is still to come
    const std::size_t wanted = frame_size != 0 ? frame_size : waiting + least_space;
    const bool calm = waiting <= initial_capacity / 2 && wanted <= initial_capacity;
    calm_ = calm ? std::min(calm_ + 1, calm_reads) : 0;

    if (capacity_ - waiting < least_space && wanted > capacity_) {
        // Only a full block grows, and to twice its contents: copying stays linear. The last step stops at the frame's own size.
        const std::size_t earned = 2 * waiting;
        move_to(std::max(initial_capacity, frame_size != 0 ? std::min(earned, frame_size) : earned));
    } else if (capacity_ > initial_capacity && calm_ == calm_reads) {
        move_to(initial_capacity);
    } else if (begin_ != 0) {
        if (waiting != 0) std::memmove(bytes_.get(), bytes_.get() + begin_, waiting);
        begin_ = 0;
        end_ = waiting;
    }
    assert(end_ < capacity_);
    return {bytes_.get() + end_, capacity_ - end_};
}

void read_buffer::commit(std::size_t n) noexcept {
    assert(n <= capacity_ - end_);
    end_ += std::min(n, capacity_ - end_);
}

void read_buffer::move_to(std::size_t capacity) {
    const std::size_t waiting = end_ - begin_;
    auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
    if (waiting != 0) std::memcpy(bytes.get(), bytes_.get() + begin_, waiting);
    bytes_ = std::move(bytes);
    capacity_ = capacity;
    begin_ = 0;
    end_ = waiting;
}

}  // namespace slipstream::session
