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

/// What becomes of a message that finds the queue of its subscription full. A slow consumer is told once for each episode
/// (event_kind::slow_consumer); an episode ends when the queue is at most half full.
enum class slow_consumer_policy : std::uint8_t {
    drop_newest,    ///< It is dropped and counted; nobody else notices.
    /// The connection is not read until there is room, which holds up everything that it carries (also PINGs of the server): in one
    /// episode for subscribe_options::pause_limit at most, then as drop_newest.
    pause_reading,
};

struct subscribe_options {
    std::string_view queue_group = {};     ///< Share the subject's messages with the other members; empty = none.
    std::uint64_t max_messages = 0;        ///< Unsubscribe by itself after so many; 0 = never.
    std::size_t pending_messages = 65536;  ///< Queue limit.
    std::size_t pending_bytes = std::size_t{64} * 1024 * 1024;  ///< Queue limit, headers and payload.
    slow_consumer_policy when_full = slow_consumer_policy::drop_newest;  ///< For subscriptions without a message handler.
    std::chrono::milliseconds pause_limit{1'000};  ///< 1 ms to 5 s, which is well below the time after which servers cut a slow client.
};

struct flush_options {
    std::chrono::milliseconds timeout{10'000};
};

struct writable_options {
    std::chrono::milliseconds timeout{10'000};
};

static_assert(std::is_trivially_destructible_v<publish_options>);
static_assert(std::is_trivially_destructible_v<request_options>);
static_assert(std::is_trivially_destructible_v<subscribe_options>);

}  // namespace slipstream
