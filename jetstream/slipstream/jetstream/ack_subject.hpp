// The reply subject of a JetStream delivery (ADR-15): where a message's place in its stream is written.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <slipstream/jetstream/stream_config.hpp>

namespace slipstream::jetstream {

/// Views point into the parsed subject.
struct delivery_info {
    std::string_view domain;    ///< Empty in the 9-token form, and for `_`.
    std::string_view stream;
    std::string_view consumer;
    std::uint64_t delivered = 0;        ///< 1 = first delivery.
    std::uint64_t stream_sequence = 0;
    std::uint64_t consumer_sequence = 0;
    wall_time timestamp{};
    std::uint64_t pending = 0;          ///< Messages still to come for the consumer.
};

/// Accepts `$JS.ACK.<stream>.<consumer>.<delivered>.<sseq>.<cseq>.<ts>.<pending>` (9 tokens), and
/// `$JS.ACK.<domain>.<account hash>.<stream>. ... .<pending>` with 11 tokens or more (servers may append tokens). 10 tokens, empty
/// tokens, anything but decimal digits, and numbers above 2^64-1 give nothing: an unknown sequence is never 0.
/// Contract S80-S86, W28.
std::optional<delivery_info> parse_ack_subject(std::string_view subject) noexcept;

}  // namespace slipstream::jetstream
