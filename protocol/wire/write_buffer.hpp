// A growable byte buffer to encode into: unlike std::string and std::vector it never fills memory that is about to be written.
//
// Invariant: size_ <= capacity_; the first size_ bytes are the contents.
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
        : bytes_(std::move(other.bytes_)), capacity_(std::exchange(other.capacity_, 0)), size_(std::exchange(other.size_, 0)) {}
    write_buffer& operator=(write_buffer&& other) noexcept {
        write_buffer moved(std::move(other));
        swap(moved);
        return *this;
    }
    ~write_buffer() = default;

    [[nodiscard]] const char* data() const noexcept { return bytes_.get(); }
    /// As data, to change the contents.
    [[nodiscard]] char* bytes() noexcept { return bytes_.get(); }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] std::string_view view() const noexcept { return {data(), size()}; }

    /// Room for `count` bytes behind the contents; write there, then commit. May move the contents, so views of them end.
    [[nodiscard]] char* reserve(std::size_t count) {
        if (capacity_ - size_ < count) [[unlikely]]
            grow(count);
        return bytes_.get() + size_;
    }
    /// `count` bytes at the reserved place are contents now.
    void commit(std::size_t count) noexcept { size_ += count; }

    void append(std::string_view bytes) {
        if (bytes.empty()) return;
        std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
        commit(bytes.size());
    }

    /// Drops what is behind the first `count` bytes, of which there are as many at least.
    void truncate(std::size_t count) noexcept { size_ = count; }
    /// Keeps the memory.
    void clear() noexcept { size_ = 0; }
    /// Gives memory back that one large burst has taken; only while empty.
    void shrink(std::size_t capacity) noexcept {
        if (!empty() || capacity_ <= capacity) return;
        bytes_.reset();
        capacity_ = 0;
    }
    void swap(write_buffer& other) noexcept {
        std::swap(bytes_, other.bytes_);
        std::swap(capacity_, other.capacity_);
        std::swap(size_, other.size_);
    }

private:
    [[gnu::noinline]]
    void grow(std::size_t count) {
        const std::size_t capacity = std::max({size_ + count, 2 * capacity_, std::size_t{512}});
        auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
        if (size_ != 0) std::memcpy(bytes.get(), bytes_.get(), size_);
        bytes_ = std::move(bytes);
        capacity_ = capacity;
    }

    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_ = 0;
    std::size_t size_ = 0;
};

}  // namespace slipstream::wire
