// The reply to a publish. Pipelined writers get hundreds of thousands a second, so the usual text is read in place; anything
// unusual (errors, escapes, other members) goes through the JSON parser. Both give the same result for the same text.
#pragma once

#include <optional>
#include <string_view>
#include <system_error>

#include <slipstream/jetstream/detail/replies.hpp>
#include <slipstream/jetstream/publish.hpp>
#include <slipstream/message.hpp>

namespace slipstream::jetstream::api {

/// The members of an acknowledgement, borrowed from its text.
struct publish_ack_view {
    std::string_view stream;
    std::string_view domain;
    std::uint64_t sequence = 0;
    bool duplicate = false;
};

/// Reads what the server itself writes: one flat object of stream, seq, domain and duplicate in any order, without escapes. Gives
/// nothing for everything else, which may still be valid. No allocation.
std::optional<publish_ack_view> read_usual_ack(std::string_view text) noexcept;

/// See also decode_stored_sequence. errc::invalid_response unless there is a stream and a sequence above 0, or an error.
std::error_code decode_publish_ack(const message_view& reply, publish_ack& out, error_info* info);

}  // namespace slipstream::jetstream::api
