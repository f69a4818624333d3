// Decimal numbers in headers.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace slipstream::jetstream::api {

/// Digits only, up to 2^64-1; anything else gives nothing.
inline std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [parsed, ec] = std::from_chars(text.data(), end, value);
    if (ec != std::errc() || parsed != end) return std::nullopt;
    return value;
}

}  // namespace slipstream::jetstream::api
