#include "tools/command/duration.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <utility>

namespace command {

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept {
    std::int64_t count = 0;
    const auto [rest, ec] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (ec != std::errc() || count < 0) return std::nullopt;
    const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
    constexpr std::array<std::pair<std::string_view, std::int64_t>, 6> units{{
        {"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}}};
    for (const auto& [name, nanoseconds] : units) {
        if (unit != name) continue;
        if (count > std::numeric_limits<std::int64_t>::max() / 3 / nanoseconds) return std::nullopt;
        return std::chrono::nanoseconds(count * nanoseconds);
    }
    return std::nullopt;
}

}  // namespace command
