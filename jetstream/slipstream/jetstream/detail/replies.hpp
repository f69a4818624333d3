// Replies of the JetStream API that the layer above reads itself. `info` may be null; it is written only when the server reports an
// error.
#pragma once

#include <cstdint>
#include <string_view>
#include <system_error>

#include <slipstream/jetstream/error.hpp>
#include <slipstream/jetstream/stored_message.hpp>
#include <slipstream/jetstream/stream_config.hpp>
#include <slipstream/message.hpp>

namespace slipstream::jetstream::api {

std::error_code decode_stream_info(const message_view& reply, stream_info& out, error_info* info);

/// Of an acknowledged publish, only where the message is stored. errc::invalid_response as for the whole acknowledgement.
std::error_code decode_stored_sequence(const message_view& reply, std::uint64_t& out, error_info* info);

/// Borrowed from the reply.
struct direct_reply {
    std::string_view subject;
    std::uint64_t sequence = 0;
    wall_time time{};
    bool has_headers = true;  ///< False: the headers are the server's own, the message was stored without any.
};

/// DIRECT.GET. `out` is as it was when this is an error.
std::error_code read_direct_message(const message_view& reply, direct_reply& out, error_info* info);

/// STREAM.MSG.GET.
std::error_code decode_message(const message_view& reply, stored_message& out, error_info* info);

}  // namespace slipstream::jetstream::api
