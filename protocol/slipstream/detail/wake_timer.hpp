// One timer of an object that other handles own.
//
// The wait that is always pending owns the timer, not the object: so the timer goes with its execution context when that is
// destroyed first, the object learns of it and can let go of what lives on the context (H10), and the object itself may die
// at any time. Setting a later time costs nothing; an earlier one wakes the wait. The memory of the wait is part of the timer: once
// it has been made it needs no other, so that the object is woken also when there is none left (H9).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <system_error>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>

namespace slipstream::detail {

class wakeable {
public:
    /// The time has come; the timer is off until it is set again.
    virtual void on_wake() = 0;
    /// The execution context is being destroyed; nothing will run on it any more.
    virtual void on_context_end() noexcept = 0;

protected:
    ~wakeable() = default;
};

class wake_timer {
public:
    using time_point = std::chrono::steady_clock::time_point;
    static constexpr time_point never = time_point::max();

    wake_timer() noexcept = default;
    /// Off at first. Throws what Asio throws when there is no memory for the wait; the target is told nothing then.
    wake_timer(const asio::any_io_executor& executor, std::weak_ptr<wakeable> target) {
        const auto n = std::make_shared<node>(executor, std::move(target));
        n->stopped = true;
        wait(n);
        n->stopped = false;
        node_ = n;
    }
    wake_timer(wake_timer&&) noexcept = default;
    wake_timer& operator=(wake_timer&& other) noexcept {
        if (this != &other) {
            stop();
            node_ = std::move(other.node_);
        }
        return *this;
    }
    ~wake_timer() { stop(); }

    void wake_at(time_point when) {
        const std::shared_ptr<node> n = node_.lock();
        if (!n || n->when == when) return;
        n->when = when;
        if (when < n->armed) n->timer.cancel();
    }
    /// Expired once the execution context is gone; after stop() sooner or later as well.
    [[nodiscard]] std::weak_ptr<const void> context_mark() const noexcept { return node_; }
    /// Ends the wait: run() of the context may return.
    void stop() noexcept {
        const std::shared_ptr<node> n = node_.lock();
        node_.reset();
        if (!n) return;
        n->stopped = true;
        try {
            n->timer.cancel();
        } catch (...) {
            // Only a debug hook of Asio could throw. The wait then ends with the context.
        }
    }

private:
    struct node {
        node(const asio::any_io_executor& executor, std::weak_ptr<wakeable> t) : timer(executor), target(std::move(t)) {}
        asio::steady_timer timer;
        std::weak_ptr<wakeable> target;
        time_point when = never;   // wanted
        time_point armed = never;  // of the pending wait
        bool stopped = false;
        bool space_taken = false;
        alignas(std::max_align_t) std::byte space[160];  // of the pending wait
    };

    /// From the node that the wait owns. Asio takes the wait out of this memory before it gives the memory back.
    template <class T>
    class wait_allocator {
    public:
        using value_type = T;

        explicit wait_allocator(node* n) noexcept : node_(n) {}
        template <class U>
        wait_allocator(const wait_allocator<U>& other) noexcept : node_(other.owner()) {}

        [[nodiscard]] T* allocate(std::size_t count) {
            const bool fits = count * sizeof(T) <= sizeof(node_->space) && alignof(T) <= alignof(std::max_align_t);
            if (!fits || std::exchange(node_->space_taken, true)) return static_cast<T*>(::operator new(count * sizeof(T)));
            return reinterpret_cast<T*>(node_->space);
        }
        void deallocate(T* p, std::size_t) noexcept {
            if (static_cast<void*>(p) == node_->space)
                node_->space_taken = false;
            else
                ::operator delete(p);
        }
        [[nodiscard]] node* owner() const noexcept { return node_; }
        bool operator==(const wait_allocator&) const = default;

    private:
        node* node_;
    };

    class waiter {
    public:
        using allocator_type = wait_allocator<void>;

        explicit waiter(std::shared_ptr<node> n) noexcept : node_(std::move(n)), memory_(node_.get()) {}
        waiter(waiter&&) noexcept = default;
        waiter& operator=(waiter&&) = delete;
        ~waiter() {
            if (!node_ || node_->stopped) return;
            // Destroyed without having been called.
            if (const std::shared_ptr<wakeable> target = node_->target.lock()) target->on_context_end();
        }
        /// Asio also asks one that it has moved from.
        [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(memory_); }
        void operator()(std::error_code) {
            const std::shared_ptr<node> n = std::move(node_);
            if (n->stopped) return;
            if (std::chrono::steady_clock::now() >= n->when) {
                const std::shared_ptr<wakeable> target = n->target.lock();
                if (!target) return;
                n->when = n->armed = never;
                try {
                    target->on_wake();
                } catch (...) {  // what a handler of the user's throws is for the event loop, and the timer goes on
                    if (!n->stopped) wait(n);
                    throw;
                }
            }
            if (!n->stopped) wait(n);
        }

    private:
        std::shared_ptr<node> node_;
        node* memory_;
    };

    static void wait(const std::shared_ptr<node>& n) {
        n->armed = n->when;
        n->timer.expires_at(n->armed);
        n->timer.async_wait(waiter(n));
    }

    std::weak_ptr<node> node_;
};

}  // namespace slipstream::detail
