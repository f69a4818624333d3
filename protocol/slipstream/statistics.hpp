// Counters of one client since it was made (ADR-40): plain numbers on its executor, so that they cost next to nothing.
#pragma once

#include <cstdint>

namespace slipstream {

struct statistics {
    std::uint64_t in_msgs = 0;      ///< Messages received, dropped ones included.
    std::uint64_t in_bytes = 0;     ///< Their headers and payloads.
    std::uint64_t out_msgs = 0;     ///< Messages accepted by publish and request.
    std::uint64_t out_bytes = 0;    ///< Their headers and payloads.
    std::uint64_t socket_in_bytes = 0;
    std::uint64_t socket_out_bytes = 0;
    std::uint64_t reconnects = 0;
    std::uint64_t dropped_msgs = 0;     ///< By full subscription queues.
    std::uint64_t orphaned_msgs = 0;    ///< For subscriptions or requests that had already ended.
    std::uint64_t pending_requests = 0; ///< Now.
    std::uint64_t subscriptions = 0;    ///< Now, the reply inbox included.
    std::uint64_t outbox_bytes = 0;     ///< Queued and not yet written, now.
    std::uint64_t socket_reads = 0;     ///< System calls that brought bytes.
    std::uint64_t socket_writes = 0;    ///< System calls that took bytes: one for everything queued in a turn of the event loop.
    std::uint64_t dials = 0;            ///< Attempts to connect.
    std::uint64_t failed_dials = 0;     ///< Of these, those that did not become a connection.
    std::uint64_t slow_consumers = 0;   ///< Episodes of full subscription queues; see slow_consumer_policy.
    std::uint64_t server_errors = 0;    ///< -ERR received.
    std::uint64_t failed_handlers = 0;  ///< Exceptions of message handlers and hooks.
    std::uint64_t handed_over_msgs = 0; ///< Of out_msgs, those that came through a thread_safe_publisher.

    // The most there ever was at once.
    std::uint64_t most_outbox_bytes = 0;
    std::uint64_t most_pending_requests = 0;
    std::uint64_t most_queued_msgs = 0;   ///< In one subscription.
    std::uint64_t most_queued_bytes = 0;  ///< In one subscription.
};

}  // namespace slipstream
