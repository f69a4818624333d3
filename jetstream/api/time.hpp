// Times and durations as Go writes them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <slipstream/jetstream/stream_config.hpp>

namespace slipstream::jetstream::api {

/// RFC 3339 with 0 to 9 fraction digits and `Z` or `+hh:mm`. Years before 1678 (Go's zero time is year 1) give the zero of
/// wall_time, years after 2261 its maximum. Anything else that is not a time gives nothing.
std::optional<wall_time> parse_time(std::string_view text) noexcept;

/// UTC, with as many fraction digits as needed.
std::string format_time(wall_time time);

/// A Go duration (`1h30m`, `1.5s`, `2s`, `1m0s`, `-3ms`, `0`), or an integer: seconds. Nothing when it is neither, or does not fit.
/// That is how Nats-TTL is written (`never` is no duration).
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept;

}  // namespace slipstream::jetstream::api
