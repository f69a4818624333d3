// All subscriptions of a client: the user's and the inbox of its requests.
//
// Told: subscribe, unsubscribe, next, messages by sid, connections lost and restored, refusals of the server. Decides: who gets a
// message, when a subscription ends, what a new connection must be told (SUB, then UNSUB with what is left). Emits: SUB and UNSUB
// frames, finished waits, events about drops and handlers. Invariants: at most `max_messages` are delivered (I12); an ended
// subscription gets nothing more; a state stays in memory until the read in progress is done, however it ended (D6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include <slipstream/options.hpp>

#include "protocol/session/context.hpp"
#include "protocol/session/error_text.hpp"
#include "protocol/session/subscription_table.hpp"

namespace slipstream::session {

class subscriptions {
public:
    explicit subscriptions(context& shared) noexcept : context_(shared) {}

    // --- wishes ---
    std::error_code add(std::string_view subject, const subscribe_options& options, std::function<void(const message_view&)> handler,
                        std::shared_ptr<subscription_state>& out);
    void unsubscribe(subscription_state& s, std::uint64_t max_messages);
    /// A number below 2^62; 0 when it was finished at once.
    std::uint64_t next(subscription_state& s, detail::message_completion done);
    void cancel(std::uint64_t id);
    /// Tells the server to stop; what is on its way is still delivered until end().
    void begin_drain(subscription_state& s);
    /// Ends it here and now, without a word to the server. `reason` is what async_next says once the queue is empty.
    void end(subscription_state& s, std::error_code reason);
    void end_all(std::error_code reason);

    // --- the drain of the client ---
    /// Somebody takes messages from it: the drain waits until he has been told the end, or has let go of it.
    void mark_consumer(subscription_state& s) noexcept;
    [[nodiscard]] std::size_t consumers() const noexcept { return consumers_; }

    // --- the inbox of requests ---
    void open_inbox(std::string_view subject);
    /// 0 when it is not open.
    [[nodiscard]] std::uint64_t inbox_sid() const noexcept { return inbox_ != nullptr ? inbox_->sid : 0; }
    [[nodiscard]] bool is_inbox(const subscription_state& s) const noexcept { return &s == inbox_; }

    // --- messages ---
    void begin_read() noexcept { reading_ = true; }
    /// Runs the handler or queues. False when the message is to be offered again later: full() has no room for it, and wants it waited for.
    [[nodiscard]] bool deliver(std::uint64_t sid, const message_view& m);
    [[nodiscard]] std::uint64_t full() const noexcept { return full_; }
    [[nodiscard]] subscription_state* find(std::uint64_t sid) const noexcept { return table_.find(sid); }
    /// Lets go of what ended during the read. Destroys handlers, so user code may run.
    void end_read() {
        reading_ = false;
        if (ended_in_read_) release_ended();
    }

    // --- connections ---
    /// SUB for everything, the inbox first, each followed by UNSUB with what is left of its count (C15, C16, I7).
    void restore();
    void on_lost();
    /// The server has handled every SUB numbered up to `sequence` (context::sequence).
    void confirm(std::uint64_t sequence) noexcept { confirmed_ = sequence; }

    // --- refusals ---
    /// The subscription that a permission error is about: by sid, else by subject and queue group, of equal ones the oldest SUB that
    /// the server has not confirmed (it answers in order, D10). Null when there is none.
    [[nodiscard]] subscription_state* find_refused(const server_error_text& text);
    /// The newest SUB that the server has not confirmed: the one that was too many (D10). Null when there is none.
    [[nodiscard]] subscription_state* find_newest_unconfirmed();
    /// Ends those whose SUB line exceeds the server's default for control lines: restoring them would cut every connection.
    void end_oversized();

    // --- observers ---
    /// Every subscription but the inbox.
    void for_each(const std::function<void(subscription_state&)>& visit);
    [[nodiscard]] std::size_t size() const noexcept { return table_.size(); }
    [[nodiscard]] bool only_inbox() const noexcept { return size() == (inbox_ != nullptr ? 1U : 0U); }

private:
    static constexpr std::size_t default_control_line = 4096;  // spec/protocol.md 3

    static std::size_t frame_room(const subscription_state& s) noexcept;
    void subscribe(subscription_state& s);
    void handler_failed(const subscription_state& s, std::string_view words);
    void count_drop(const subscription_state& s, bool first);
    void tell_slow(const subscription_state& s);
    void reached_maximum(subscription_state& s);
    void told_end(subscription_state& s) noexcept;
    void release(std::shared_ptr<subscription_state> s);
    void release_ended();

    context& context_;
    subscription_table table_;
    subscription_state* inbox_ = nullptr;
    std::shared_ptr<subscription_state> ended_in_read_;  // and what they are linked to
    std::size_t consumers_ = 0;
    bool reading_ = false;
    std::uint64_t waits_ = 0;
    std::uint64_t confirmed_ = 0;
    std::uint64_t full_ = 0;  // sid
};

}  // namespace slipstream::session
