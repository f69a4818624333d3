// Writes the frames of a client (spec 1) behind the contents of a buffer.
//
// Told: subjects, sizes and sids that the caller has checked (check_publish_subject and its siblings; header blocks come from
// header_map). Decides nothing. Invariant: one call appends one whole frame, or nothing when memory runs out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/wire/write_buffer.hpp"

namespace slipstream::wire {

/// Exactly the bytes that encode_pub (empty `header_block`) or encode_hpub will append.
[[nodiscard]] std::size_t publish_size(std::string_view subject, std::string_view reply_to, std::size_t header_size,
                                       std::size_t payload_size) noexcept;

/// `reply_to` may be empty.
void encode_pub(write_buffer& out, std::string_view subject, std::string_view reply_to, std::string_view payload);

/// `header_block` is complete: from `NATS/1.0` to the blank line.
void encode_hpub(write_buffer& out, std::string_view subject, std::string_view reply_to, std::string_view header_block,
                 std::string_view payload);

/// `queue_group` may be empty.
void encode_sub(write_buffer& out, std::string_view subject, std::string_view queue_group, std::uint64_t sid);

/// `max_messages` counts from the SUB on; 0 = at once.
void encode_unsub(write_buffer& out, std::uint64_t sid, std::uint64_t max_messages = 0);

void encode_ping(write_buffer& out);
void encode_pong(write_buffer& out);

/// `json` is one line (json_writer escapes CR and LF).
void encode_connect(write_buffer& out, std::string_view json);

}  // namespace slipstream::wire
