// What a message of a bucket's stream says about its key: one reading for get, watch, keys, scan and history (contract W27, R24).
//
// Told: headers, subject, payload and place in the stream of a stored or delivered message, written by anybody. Decides: the
// operation, the key, whether there is a value. Invariants: no bytes are rejected that a server may send, an unknown place is an
// unknown revision and never 0, views point into what was passed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <slipstream/headers.hpp>
#include <slipstream/jetstream/ack_subject.hpp>
#include <slipstream/kv/entry.hpp>
#include <slipstream/kv/revision.hpp>
#include <slipstream/message.hpp>

namespace slipstream::kv::codec {

inline constexpr std::string_view operation_header = "KV-Operation";
inline constexpr std::string_view marker_reason_header = "Nats-Marker-Reason";
inline constexpr std::string_view message_size_header = "Nats-Msg-Size";
inline constexpr std::string_view rollup_header = "Nats-Rollup";

/// KV-Operation DEL and PURGE; else Nats-Marker-Reason MaxAge and Purge (purge), Remove (erase); else put.
operation operation_of(const header_view& headers) noexcept;
inline operation operation_of(const message_view& message) noexcept {
    return message.header_block().empty() ? operation::put : operation_of(message.headers());
}

struct decoded {
    kv::operation operation = kv::operation::put;
    std::string_view key;
    std::string_view value;         ///< Empty under headers_only.
    kv::revision revision;          ///< Unknown when the message does not say.
    jetstream::wall_time created{};
    std::uint64_t delta = 0;        ///< Messages still to come for the consumer.
};

/// A message that a consumer delivered; its place is in its reply subject. Nothing for a subject outside the bucket.
std::optional<decoded> decode_delivery(std::string_view key_prefix, const message_view& message) noexcept;
/// As above, when the reply subject has been parsed already.
std::optional<decoded> decode_delivery(std::string_view key_prefix, const message_view& message,
                                       const jetstream::delivery_info& place) noexcept;

/// Whether the stored payload is empty, also when only the headers were delivered (then Nats-Msg-Size is exactly "0"; a
/// missing one means not empty: S67).
bool is_empty_value(const message_view& message, bool headers_only) noexcept;

}  // namespace slipstream::kv::codec
