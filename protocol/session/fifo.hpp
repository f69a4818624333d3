// A FIFO in one block of memory, reused: no allocation in steady state.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace slipstream::session {

/// It may be pushed to while its elements are being handled. After a burst its memory goes back (I5).
template <class T>
class fifo {
public:
    void push(T item) {
        if (items_.size() == items_.capacity() && 2 * head_ >= items_.size()) compact();
        items_.push_back(std::move(item));
    }
    /// Makes sure that one more push_promised will not allocate.
    void promise() {
        const std::size_t live = size() + promised_ + 1;
        if (items_.capacity() < 2 * live) resize_to(4 * live);  // half of it free: compacting stays rare
        ++promised_;
    }
    template <class... Args>
    void push_promised(Args&&... args) noexcept {
        if (items_.size() == items_.capacity()) compact();
        items_.emplace_back(std::forward<Args>(args)...);
        --promised_;
    }
    void reserve(std::size_t capacity) { items_.reserve(capacity); }
    /// False when empty.
    bool pop(T& out) {
        static_assert(std::is_nothrow_move_assignable_v<T>);
        if (empty()) return false;
        out = std::move(items_[head_++]);
        if (head_ == items_.size()) clear();
        return true;
    }
    /// The oldest; not when empty.
    [[nodiscard]] T take() noexcept {
        T out(std::move(items_[head_++]));
        if (head_ == items_.size()) clear();
        return out;
    }
    /// What is in it, the oldest first; until the next push or pop.
    [[nodiscard]] std::span<T> waiting() noexcept { return std::span<T>(items_).subspan(head_); }
    [[nodiscard]] std::span<const T> waiting() const noexcept { return std::span<const T>(items_).subspan(head_); }
    void clear() noexcept {
        items_.clear();
        head_ = 0;
        if (items_.capacity() <= kept || promised_ > kept / 4) return;
        try {
            resize_to(promised_ == 0 ? 0 : kept);
        } catch (const std::bad_alloc&) {  // then it stays as large as it is
        }
    }
    [[nodiscard]] std::size_t size() const noexcept { return items_.size() - head_; }
    /// Cheaper than to compare sizes, and asked all the time: what was popped last is cleared away at once.
    [[nodiscard]] bool empty() const noexcept { return items_.empty(); }
    [[nodiscard]] std::size_t capacity() const noexcept { return items_.capacity(); }

private:
    static constexpr std::size_t kept = 4096;

    void resize_to(std::size_t capacity) {
        std::vector<T> other;
        other.reserve(capacity);
        std::move(items_.begin() + static_cast<std::ptrdiff_t>(head_), items_.end(), std::back_inserter(other));
        items_.swap(other);
        head_ = 0;
    }
    void compact() noexcept { items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(std::exchange(head_, 0))); }

    std::vector<T> items_;
    std::size_t head_ = 0;
    std::size_t promised_ = 0;
};

}  // namespace slipstream::session
