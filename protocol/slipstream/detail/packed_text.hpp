// Several texts in one run of bytes, owned: what an operation keeps of its arguments.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>

namespace slipstream::detail {

/// Inside the object when they are short together, so that an ordinary operation allocates nothing for them. Move-only; a moved-from
/// object is empty, and what part() gave does not outlive a move.
class packed_text {
public:
    static constexpr std::size_t inline_size = 192;

    packed_text() noexcept = default;
    /// One behind the other.
    explicit packed_text(std::initializer_list<std::string_view> parts) {
        for (const std::string_view part : parts) size_ += part.size();
        char* to = inline_.data();
        if (size_ > inline_size) {
            heap_ = std::make_unique_for_overwrite<char[]>(size_);
            to = heap_.get();
        }
        for (const std::string_view part : parts) to = std::copy_n(part.data(), part.size(), to);
    }
    packed_text(packed_text&& other) noexcept { take(other); }
    packed_text& operator=(packed_text&& other) noexcept {
        if (this != &other) take(other);
        return *this;
    }
    ~packed_text() = default;

    /// The `n` bytes from `at` on; nothing when they are not there any more.
    [[nodiscard]] std::string_view part(std::size_t at, std::size_t n) const noexcept {
        if (size_ == 0) return {};
        return {(heap_ ? heap_.get() : inline_.data()) + at, n};
    }

private:
    void take(packed_text& other) noexcept {
        heap_ = std::move(other.heap_);
        size_ = std::exchange(other.size_, 0);
        if (!heap_) std::copy_n(other.inline_.data(), size_, inline_.data());
    }

    std::unique_ptr<char[]> heap_;
    std::size_t size_ = 0;
    std::array<char, inline_size> inline_;  // meaningful only up to the size, and only without heap_
};

}  // namespace slipstream::detail
