// Publishing into a stream.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include <slipstream/headers.hpp>
#include <slipstream/jetstream/error.hpp>

namespace slipstream::jetstream {

struct publish_options {
    std::chrono::milliseconds timeout{0};                       ///< Total; 0 = the context's.
    const header_map* headers = nullptr;                        ///< Copied before the call returns.
    std::string_view msg_id = {};                               ///< Nats-Msg-Id: stored once within the duplicate window.
    std::string_view expected_stream = {};
    std::optional<std::uint64_t> expected_last_sequence = {};           ///< Of the stream; 0 is meaningful.
    std::optional<std::uint64_t> expected_last_subject_sequence = {};   ///< Of the subject; 0 = none exists.
    std::string_view expected_last_msg_id = {};
    std::chrono::seconds ttl{0};                                ///< Nats-TTL, at least 1 s; 0 = none. Server 2.11.
    error_info* info = nullptr;                                 ///< Receives the server's words on failure.
};
static_assert(std::is_trivially_destructible_v<publish_options>);

struct publish_ack {
    std::string stream{};
    std::uint64_t sequence = 0;
    std::string domain{};
    bool duplicate = false;     ///< The msg_id had been stored before; `sequence` is the first one's.
};

}  // namespace slipstream::jetstream
