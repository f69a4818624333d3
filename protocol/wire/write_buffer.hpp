// A growable byte buffer to encode into: unlike std::string and std::vector it never fills memory that is about to be written.
//
// Invariant: begin_ <= end_ <= capacity_; the bytes in [begin_, end_) are the contents.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace slipstream::wire {

class write_buffer {
public:
    write_buffer() noexcept = default;
    write_buffer(write_buffer&& other) noexcept
        : bytes_(std::move(other.bytes_)),
          capacity_(std::exchange(other.capacity_, 0)),
          begin_(std::exchange(other.begin_, 0)),
          end_(std::exchange(other.end_, 0)) {}
    write_buffer& operator=(write_buffer&& other) noexcept {
        write_buffer moved(std::move(other));
        swap(moved);
        return *this;
    }
    ~write_buffer() = default;

    [[nodiscard]] const char* data() const noexcept { return bytes_.get() + begin_; }
    [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
    [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] std::string_view view() const noexcept { return {data(), size()}; }

    /// Room for `count` bytes behind the contents; write there, then commit. Moves the contents, so views of them end.
    [[nodiscard]] char* reserve(std::size_t count) {
        if (capacity_ - end_ < count) grow(count);
        return bytes_.get() + end_;
    }
    /// `count` bytes at the reserved place are contents now.
    void commit(std::size_t count) noexcept { end_ += count; }

    void append(std::string_view bytes) {
        if (bytes.empty()) return;
        std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
        commit(bytes.size());
    }

    /// Drops `count` bytes at the front.
    void consume(std::size_t count) noexcept {
        begin_ += count;
        if (begin_ == end_) clear();
    }
    /// Keeps the memory.
    void clear() noexcept { begin_ = end_ = 0; }
    /// Gives memory back that one large burst has taken; only while empty.
    void shrink(std::size_t capacity) noexcept {
        if (!empty() || capacity_ <= capacity) return;
        bytes_.reset();
        capacity_ = 0;
        clear();
    }
    void swap(write_buffer& other) noexcept {
        std::swap(bytes_, other.bytes_);
        std::swap(capacity_, other.capacity_);
        std::swap(begin_, other.begin_);
        std::swap(end_, other.end_);
    }

private:
    void grow(std::size_t count) {
        const std::size_t used = size();
        if (capacity_ - used >= count && begin_ >= used) {  // moving down is cheaper than growing, and never overlaps
            if (used != 0) std::memcpy(bytes_.get(), bytes_.get() + begin_, used);
        } else {
            const std::size_t capacity = std::max({used + count, 2 * capacity_, std::size_t{512}});
            auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
            if (used != 0) std::memcpy(bytes.get(), bytes_.get() + begin_, used);
            bytes_ = std::move(bytes);
            capacity_ = capacity;
        }
        begin_ = 0;
        end_ = used;
    }

    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace slipstream::wire
