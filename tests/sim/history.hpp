// What is known about one run: every message, operation and subscription. The oracles judge by it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include <slipstream/detail/completion.hpp>
#include <slipstream/message.hpp>

#include "protocol/session/subscription_table.hpp"
#include "tests/sim/clock.hpp"

namespace slipstream::sim {

class sim_client;

/// One message that somebody published. Its payload begins with its number, so that every copy of it is known.
struct message_truth {
    std::uint64_t number = 0;
    sim_client* from = nullptr;     // null: somebody else
    std::string subject;
    std::size_t size = 0;           // of the payload
    bool with_headers = false;
    bool handed_over = false;       // from another thread
    std::uint64_t taken = 0;        // then: the turn of the client that took it over; 0 = not yet
    bool accepted = false;          // publish, request or the hand-off took it
    std::size_t outbox_before = 0;  // bytes in it when it was published
    std::uint32_t seen = 0;         // by a server, whole
    std::uint64_t written_on = 0;   // the last link its whole frame was written to, 0 = none
    std::uint32_t written = 0;      // how often, whole
    std::uint64_t answers = 0;      // the number of the request
    bool refused = false;           // its frame was dropped with an error or an event (C17)
    bool unsent = false;            // its request was told that nothing was sent
    bool no_responders = false;     // a server has said so
    bool denied = false;            // a server has said so
};

enum class operation_kind : std::uint8_t { connect, next, drain_sub, request, flush, drain, writable };

/// What a publisher still means to publish when there is room.
struct flood_rest {
    std::string subject;
    std::size_t size = 0;
    std::uint64_t left = 0;
    std::chrono::milliseconds timeout{};
};

struct operation final : public detail::completion<std::error_code>, public detail::completion<std::error_code, message> {
    void complete(std::error_code e) override;
    void complete(std::error_code e, message&& m) override;
    void destroy() noexcept override { ++destroyed; }

    sim_client* client = nullptr;
    operation_kind kind = operation_kind::connect;
    detail::operation_id id;
    std::uint64_t index = 0;
    time_point started{};
    time_point deadline = never;
    time_point ended_at = never;
    std::uint64_t number = 0;        // of a request's message
    std::size_t subscription = 0;    // next, drain_sub
    bool too_late = false;           // drain_sub: it had ended before
    std::uint64_t messages_before = 0;  // flush, writable: messages of this client that came before
    flood_rest flood;                   // writable
    std::uint64_t link_at_start = 0;    // of the connection that was up, 0 = none
    std::uint64_t turn_at_start = 0;
    std::uint64_t losses_at_start = 0;  // connections and attempts that had ended
    bool cancelled = false;
    bool consumes = false;           // a consumer's: the next follows
    int ended = 0;
    int destroyed = 0;
    std::error_code ec;
    message reply;
};

/// What has arrived for a subscription and is not accounted for.
constexpr std::uint64_t status_message = UINT64_MAX;

struct app_subscription {
    std::size_t index = 0;
    std::shared_ptr<session::subscription_state> state;
    std::uint64_t sid = 0;
    std::string subject;
    std::string queue;
    std::uint64_t how = 0;
    std::uint64_t max = 0;           // messages in all; 0 = none
    std::deque<std::uint64_t> expected;
    std::uint64_t arrived = 0;       // while it was live
    std::uint64_t arrived_on_link = 0;
    std::uint64_t delivered = 0;
    std::uint64_t skipped = 0;       // arrived, and not delivered though a later one was
    std::uint64_t dropped_seen = 0;
    std::uint64_t touched_on = 0;    // the link on which the user changed it
    bool unsure = false;             // the server has lied: nothing is known
    bool ended = false;              // the user was told, or has ended it
    bool released = false;
    bool consuming = false;
    duration pause{};
    duration pause_limit{};          // of reading, in an episode; zero = its policy is to drop
    duration paused{};               // reading was, for its sake
    time_point paused_since = never;
    bool cut_in_pause = false;       // a connection ended while it was: nothing was waited for any more
};

std::string payload_of(std::uint64_t number, std::size_t size);
/// 0 = none.
std::uint64_t number_in(std::string_view payload) noexcept;

}  // namespace slipstream::sim
