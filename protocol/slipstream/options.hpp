// Options of single calls. All are trivially destructible views: `co_await nc.async_request("a", "b", {.timeout = 200ms})` is
// safe on every compiler we support (g++ 12 destroys other aggregate temporaries twice inside co_await).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include <slipstream/headers.hpp>

namespace slipstream {

struct publish_options {
    std::string_view reply_to = {};        ///< Subject for answers; empty = none.
    const header_map* headers = nullptr;   ///< Copied before the call returns.
};

struct request_options {
    std::chrono::milliseconds timeout{0};  ///< 0 = connect_options::request_timeout. Negative: errc::invalid_option.
    const header_map* headers = nullptr;   ///< Copied before the call returns.
};

struct subscribe_options {
    std::string_view queue_group = {};     ///< Share the subject's messages with the other members; empty = none.
    std::uint64_t max_messages = 0;        ///< Unsubscribe by itself after so many; 0 = never.
    std::size_t pending_messages = 65536;  ///< Queue limit. At the limit the newest message is dropped and counted.
    std::size_t pending_bytes = std::size_t{64} * 1024 * 1024;  ///< Queue limit, headers and payload.
};

struct flush_options {
    std::chrono::milliseconds timeout{10'000};
};

static_assert(std::is_trivially_destructible_v<publish_options>);
static_assert(std::is_trivially_destructible_v<request_options>);
static_assert(std::is_trivially_destructible_v<subscribe_options>);

}  // namespace slipstream
