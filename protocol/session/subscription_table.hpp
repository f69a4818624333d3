// Interest in subjects: sid -> where messages go.
//
// A sid is slot + generation * 2^24, so that a message for an ended subscription is recognised (A17) and look-up is an index. The
// table owns one reference to each live state; the user's handle owns another. Delivery enforces the queue limits and counts
// exactly what it drops (D1, D2, D4). Invariants: a sid is never zero and stays below 2^53; state->sid names the slot that owns
// it, and is 0 once none does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <slipstream/detail/completion.hpp>
#include <slipstream/message.hpp>
#include <slipstream/options.hpp>

#include "protocol/session/message_queue.hpp"
#include "protocol/session/time.hpp"

namespace slipstream::session {

/// What became of a message.
enum class delivery {
    queued,         ///< In the queue.
    full,           ///< Not taken and not counted: to be offered again when there is room.
    full_first,     ///< As full, and the first of an episode.
    dropped,        ///< The queue is full.
    dropped_first,  ///< As dropped, and the first of an episode: worth an event (D2).
};

struct subscription_state {
    subscription_state(std::string_view subject, const subscribe_options& options, std::function<void(const message_view&)> handler);

    /// Counts a message that arrived for a subscription without handler, and queues or drops it. An episode of drops ends when a
    /// message finds the queue at most half full by both limits. Before it drops in an episode, it uses up pause_left.
    [[nodiscard]] delivery accept(const message_view& m);

    std::string subject;
    std::string queue_group;
    std::function<void(const message_view&)> handler;  // null = queued
    message_queue queue;
    detail::message_completion waiter;     // a pending async_next
    std::uint64_t sid = 0;                 // 0 = not in the table any more
    std::uint64_t received = 0;            // delivered by the server, dropped included
    std::uint64_t dropped = 0;
    std::uint64_t max_messages = 0;        // auto-unsubscribe; 0 = none
    std::error_code end_reason;            // why it ended; errc::subscription_closed for the ordinary end
    bool slow = false;                     // inside an episode of drops
    duration pause_limit{};                // in an episode, for slow_consumer_policy::pause_reading; else zero
    duration pause_left{};                 // of it
    bool awaited = false;                  // reading is paused until something is taken from it
    bool draining = false;
    bool consumer = false;                 // somebody takes its messages one after the other while the client drains
    bool end_told = false;                 // async_next has returned end_reason, or nobody will ask
    bool status_seen = false;              // a 503 came, which the server does not count for auto-unsubscribe (spec 12)
    std::shared_ptr<subscription_state> next_ended;  // links those that ended in one read
    std::uint64_t waiter_id = 0;           // of the pending async_next
    std::uint64_t sent = 0;                // number of its SUB on this connection, see context::sequence; 0 = none
    std::uint64_t received_before = 0;     // `received` when that SUB was queued: the server counts from there (C16)
};

class subscription_table {
public:
    static constexpr unsigned slot_bits = 24;
    static constexpr unsigned generation_bits = 29;  // a sid stays below 2^53: exact in every JSON reader and monitoring tool

    static constexpr std::uint32_t generation_after(std::uint32_t g) noexcept { return (g + 1) & ((1U << generation_bits) - 1); }

    /// Adds a state and gives it a sid: 1, 2, 3 ... as long as none is removed. Throws std::bad_alloc also when all 2^24 - 1 slots
    /// are taken.
    void add(std::shared_ptr<subscription_state> state);
    [[nodiscard]] subscription_state* find(std::uint64_t sid) const noexcept {
        const std::shared_ptr<subscription_state>* const owner = find_owner(sid);
        return owner != nullptr ? owner->get() : nullptr;
    }
    /// As find; the owner itself, to copy while user code runs. Null when there is none.
    [[nodiscard]] const std::shared_ptr<subscription_state>* find_owner(std::uint64_t sid) const noexcept {
        const std::uint64_t index = (sid & slot_mask) - 1;  // slot 0 is none and becomes too large
        if (index >= slots_.size()) return nullptr;
        const std::shared_ptr<subscription_state>& state = slots_[index].state;
        return state && state->sid == sid ? &state : nullptr;
    }
    /// What is in the slot that `sid` names, of whatever generation. Null when it is free.
    [[nodiscard]] subscription_state* in_slot_of(std::uint64_t sid) const noexcept {
        const std::uint64_t index = (sid & slot_mask) - 1;
        return index < slots_.size() ? slots_[index].state.get() : nullptr;
    }
    /// Removes it and sets its sid to 0; the state lives on while a handle owns it. Null when there is none.
    std::shared_ptr<subscription_state> remove(std::uint64_t sid) noexcept;
    /// Visits in the order of slots. `visit` may remove any and add new ones; what it adds may or may not be visited.
    void for_each(const std::function<void(subscription_state&)>& visit);
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    static constexpr std::uint64_t slot_mask = (std::uint64_t{1} << slot_bits) - 1;

private:
    struct slot {
        std::shared_ptr<subscription_state> state;
        std::uint32_t generation = 0;
    };
    std::vector<slot> slots_;
    std::vector<std::uint32_t> free_;  // its capacity is that of slots_, so that remove cannot fail
    std::size_t size_ = 0;
};

}  // namespace slipstream::session
