// Debug builds only: notices when two threads are inside one client at the same time.
//
// One client is used on its executor only; with a strand, on the strand only. Nothing in a program shows a call that breaks this
// until it corrupts something, so builds with assertions check each entry. A call that does not overlap with another is not
// noticed: this is a tripwire and no lock. All operations are relaxed on purpose: they order nothing, so ThreadSanitizer still sees
// the race behind them.
#pragma once

#include <atomic>
#include <cassert>
#include <thread>

namespace slipstream::io {

class tripwire {
public:
    /// False when another thread is inside.
    bool enter() noexcept {
        std::thread::id inside{};
        const std::thread::id self = std::this_thread::get_id();
        if (inside_.compare_exchange_strong(inside, self, std::memory_order_relaxed)) {
            depth_.store(1, std::memory_order_relaxed);
            return true;
        }
        if (inside != self) return false;
        depth_.fetch_add(1, std::memory_order_relaxed);
        return true;
    }
    void leave() noexcept {
        if (depth_.fetch_sub(1, std::memory_order_relaxed) == 1) inside_.store(std::thread::id{}, std::memory_order_relaxed);
    }

private:
    std::atomic<std::thread::id> inside_{};
    std::atomic<unsigned> depth_{0};
};

/// Asserts that this thread is alone in the client while it lives.
class [[nodiscard]] entry_check {
public:
#ifdef NDEBUG
    explicit entry_check(tripwire&) noexcept {}
#else
    explicit entry_check(tripwire& wire) noexcept : wire_(wire) {
        const bool alone = wire_.enter();
        assert(alone && "slipstream: a client is used by two threads at once; use it on its executor (a strand) only");
        static_cast<void>(alone);
    }
    ~entry_check() { wire_.leave(); }

private:
    tripwire& wire_;

public:
#endif
    entry_check(const entry_check&) = delete;
    entry_check& operator=(const entry_check&) = delete;
};

}  // namespace slipstream::io
