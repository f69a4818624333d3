// Reading single messages, for the layer above: direct reads of subjects that begin alike, and replies read where they lie.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include <slipstream/jetstream/detail/prepared_request.hpp>
#include <slipstream/jetstream/error.hpp>
#include <slipstream/jetstream/stored_message.hpp>
#include <slipstream/jetstream/stream_config.hpp>
#include <slipstream/message.hpp>

namespace slipstream::jetstream::api {

/// Direct reads of the last messages under subjects that all begin alike. What they have in common is checked and put together once.
class direct_gets {
public:
    /// Covers nothing.
    direct_gets() = default;
    /// `prefix` is the API's. Covers nothing when the stream's name is none, or a subject that begins so would not be valid.
    direct_gets(std::string_view prefix, std::string_view stream, std::string_view begin);

    /// False when the read has to be prepared by the context, which says why it is refused or sends the subject in the body.
    [[nodiscard]] bool covers(std::string_view rest) const noexcept { return rest.size() <= room_; }
    /// Asks for the last message under `begin` and `rest`. Precondition: covers(rest), and `rest` would be a valid subject alone.
    [[nodiscard]] detail::prepared_request prepare(std::string_view rest, std::chrono::milliseconds timeout, error_info* info) const;

private:
    std::string subject_;  // `<prefix>.DIRECT.GET.<stream>.<begin>`
    std::size_t room_ = 0;
};

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
