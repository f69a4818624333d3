// Operations that end when the server has handled everything before them: flush, and the drain of a subscription.
//
// Told: what to wait for, PONGs, connections lost and restored, the time. Decides: which PING stands for which operations (flushes
// with nothing between them share one). Emits: PING frames and finished operations. Invariants: a flush whose PING was queued
// on a connection that is lost fails (C14); one made while down gets its PING after the held frames; every operation ends once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <slipstream/detail/completion.hpp>

#include "protocol/session/context.hpp"
#include "protocol/session/deadline_queue.hpp"
#include "protocol/session/pong_queue.hpp"
#include "protocol/session/subscriptions.hpp"

namespace slipstream::session {

class barriers {
public:
    barriers(context& shared, subscriptions& subs) noexcept : context_(shared), subscriptions_(subs) {}

    // --- operations ---
    /// Returns a number below 2^62.
    std::uint64_t flush(detail::plain_completion done, time_point deadline);
    /// `s` has been unsubscribed on the current connection; it ends with the fence.
    std::uint64_t drain(std::shared_ptr<subscription_state> s, detail::plain_completion done, time_point deadline);
    /// Finishes the operation with operation_aborted if it is pending. The subscription of a drain goes on to its end.
    void cancel(std::uint64_t id);

    // --- PINGs ---
    /// Queues a PING unless the last frame in the stream is one that still can be shared; its fence number.
    std::uint64_t queue_fence();
    void queue_keepalive() { queue_ping(0); }
    /// Fences up to this number have been reached.
    [[nodiscard]] std::uint64_t reached() const noexcept { return reached_; }

    // --- facts ---
    void on_pong();
    /// The held frames have been released: the waiting flushes get their PING.
    void on_up();
    void on_lost();
    /// Frames in the stream have moved: what was last is not known any more.
    void on_recall() noexcept { shared_until_ = 0; }
    void on_time(time_point now);
    /// Ends every flush and drain. A null `ec` is not allowed.
    void finish_all(std::error_code ec);
    /// Ends the flushes that have no PING yet: nobody is trying to connect any more.
    void finish_held(std::error_code ec);

    // --- observers ---
    [[nodiscard]] time_point next_deadline() const noexcept { return deadlines_.next(); }
    [[nodiscard]] std::size_t pending() const noexcept { return pending_; }
    /// Those whose PING is in the stream of the present connection.
    [[nodiscard]] std::size_t on_the_wire() const noexcept;

private:
    static constexpr std::uint64_t held = UINT64_MAX;

    struct barrier : deadline_entry {
        detail::plain_completion completion;   // null once cancelled
        std::shared_ptr<subscription_state> subscription;
        std::uint64_t fence = 0;               // 0 = free
        std::uint32_t index = 0;
        std::uint32_t generation = 0;
        barrier* previous = nullptr;           // in the order of their fences
        barrier* next = nullptr;
    };

    barrier& add(detail::plain_completion done, time_point deadline);
    void finish(barrier& b, std::error_code ec);
    void queue_ping(std::uint64_t fence);
    static std::uint64_t id_of(const barrier& b) noexcept { return std::uint64_t{b.generation} << 32 | b.index; }

    context& context_;
    subscriptions& subscriptions_;
    pong_queue pings_;
    deadline_queue deadlines_;
    std::vector<std::unique_ptr<barrier>> slots_;
    std::vector<std::uint32_t> free_;
    barrier* first_ = nullptr;
    barrier* last_ = nullptr;
    std::size_t pending_ = 0;
    std::uint64_t fences_ = 0;         // numbered so far
    std::uint64_t reached_ = 0;
    std::uint64_t shared_until_ = 0;   // where the last fence's PING ends in the stream; 0 = not to be shared
};

}  // namespace slipstream::session
