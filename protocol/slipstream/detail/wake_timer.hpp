// One timer of an object that other handles own.
//
// The wait that is always pending owns the timer, not the object: so the timer goes with its execution context when that is
// destroyed first, the object learns of it and can let go of what lives on the context (H10), and the object itself may die
// at any time. Setting a later time costs nothing; an earlier one wakes the wait.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
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
    };

    class waiter {
    public:
        explicit waiter(std::shared_ptr<node> n) noexcept : node_(std::move(n)) {}
        waiter(waiter&&) noexcept = default;
        waiter& operator=(waiter&&) = delete;
        ~waiter() {
            if (!node_ || node_->stopped) return;
            // Destroyed without having been called.
            if (const std::shared_ptr<wakeable> target = node_->target.lock()) target->on_context_end();
        }
        void operator()(std::error_code) {
            const std::shared_ptr<node> n = std::move(node_);
            if (n->stopped) return;
            if (std::chrono::steady_clock::now() >= n->when) {
                const std::shared_ptr<wakeable> target = n->target.lock();
                if (!target) return;
                n->when = n->armed = never;
                target->on_wake();
            }
            if (!n->stopped) wait(n);
        }

    private:
        std::shared_ptr<node> node_;
    };

    static void wait(const std::shared_ptr<node>& n) {
        n->armed = n->when;
        n->timer.expires_at(n->armed);
        n->timer.async_wait(waiter(n));
    }

    std::weak_ptr<node> node_;
};

}  // namespace slipstream::detail
