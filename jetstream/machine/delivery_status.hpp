// Frames on a push consumer's deliver subject that are no messages (spec/jetstream.md 7; A22, W38, W39).
//
// Told: a message as delivered. Decides: whether it is a stored message or a status of the consumer, and what it says. Invariant:
// a status never counts as a message, an unreadable number is absent and never 0; only the status line and known headers are read.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <slipstream/message.hpp>

namespace slipstream::jetstream::machine {

struct delivery_status {
    enum class kind {
        message,         ///< Not a status.
        idle_heartbeat,  ///< 100 with sequences.
        flow_control,    ///< 100 to be answered with an empty publish to `answer_to`.
        other,           ///< Any other status: the consumer or its server is going away, or something newer than this code.
    };
    kind what = kind::message;
    int code = 0;
    std::optional<std::uint64_t> last_consumer;  ///< Of a heartbeat.
    std::optional<std::uint64_t> last_stream;
    std::string_view answer_to;  ///< Where a flow control answer goes; of a heartbeat when the consumer is stalled.
};

/// `m` was delivered on the consumer's subject. Stored messages have an ACK subject as reply; a stored message whose header block
/// begins with a status line of its own is a message all the same.
delivery_status read_status(const message_view& m) noexcept;

}  // namespace slipstream::jetstream::machine
