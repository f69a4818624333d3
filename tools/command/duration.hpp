// Durations as people type them: 250us, 100ms, 2s, 1m, 2h.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace command {

/// A whole number and a unit; nothing for anything else, and for values beyond a century.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept;

}  // namespace command
