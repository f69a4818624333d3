// Times and durations as Go writes them (A20; spec/jetstream.md): what is written is read back exactly; a time is accepted exactly by a
// slow reading of RFC 3339 with the same nanoseconds; a duration of whole units is their sum, or nothing when that does not fit.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fuzz/check.hpp"
#include "fuzz/input.hpp"
#include "jetstream/api/time.hpp"

using namespace slipstream::jetstream;

namespace {

/// Shapes first: 9 stands for a digit.
bool has_shape(std::string_view text, std::string_view shape) {
    if (text.size() != shape.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (shape[i] == '9' ? !digit : text[i] != shape[i]) return false;
    }
    return true;
}

int number(std::string_view digits) {
    int value = 0;
    for (const char c : digits) value = value * 10 + (c - '0');
    return value;
}

/// Days before the year 1 January of `year`, since 1970: counted, not computed.
std::int64_t days_before(int year, int month) {
    constexpr std::array lengths{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const auto leap = [](int y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; };
    std::int64_t days = 0;
    for (int y = 1970; y < year; ++y) days += leap(y) ? 366 : 365;
    for (int y = year; y < 1970; ++y) days -= leap(y) ? 366 : 365;
    for (int m = 1; m < month; ++m) days += lengths[static_cast<std::size_t>(m - 1)] + (m == 2 && leap(year) ? 1 : 0);
    return days;
}

int days_in(int year, int month) { return static_cast<int>(month == 12 ? 31 : days_before(year, month + 1) - days_before(year, month)); }

std::optional<wall_time> slow_time(std::string_view text) {
    constexpr std::string_view shape = "9999-99-99T99:99:99";
    std::string date(text.substr(0, shape.size()));
    if (date.size() == shape.size() && date[10] == 't') date[10] = 'T';
    if (!has_shape(date, shape)) return std::nullopt;
    std::string_view rest = text.substr(shape.size());
    int nanoseconds = 0;
    if (rest.starts_with('.')) {
        std::string digits;
        for (rest.remove_prefix(1); !rest.empty() && rest[0] >= '0' && rest[0] <= '9'; rest.remove_prefix(1)) digits += rest[0];
        if (digits.empty() || digits.size() > 9) return std::nullopt;
        digits.resize(9, '0');
        nanoseconds = number(digits);
    }
    int east = 0;
    if (has_shape(rest, "+99:99") || has_shape(rest, "-99:99")) {
        const int hours = number(rest.substr(1, 2));
        const int minutes = number(rest.substr(4, 2));
        if (hours > 23 || minutes > 59) return std::nullopt;
        east = (rest[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
    } else if (rest != "Z") {
        return std::nullopt;
    }
    const int y = number(date.substr(0, 4)), mon = number(date.substr(5, 2)), d = number(date.substr(8, 2));
    const int h = number(date.substr(11, 2)), min = number(date.substr(14, 2)), s = number(date.substr(17, 2));
    if (mon < 1 || mon > 12 || d < 1 || d > days_in(y, mon) || h > 23 || min > 59 || s > 59) return std::nullopt;
    if (y < 1678) return wall_time{};
    if (y > 2261) return wall_time::max();
    const std::int64_t seconds = ((days_before(y, mon) + d - 1) * 24 + h) * 3600 + (min - east) * 60 + s;
    return wall_time(std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanoseconds));
}

void check_time(std::string_view text) {
    const auto time = api::parse_time(text);
    FUZZ_CHECK(time == slow_time(text));
    if (time) FUZZ_CHECK(api::parse_time(api::format_time(*time)) == time);
}

/// Of units without fractions. Nothing for anything else.
void check_duration(fuzz::input in) {
    constexpr std::array<std::pair<const char*, std::int64_t>, 6> units{
        {{"h", 3'600'000'000'000}, {"m", 60'000'000'000}, {"s", 1'000'000'000}, {"ms", 1'000'000}, {"us", 1'000}, {"ns", 1}}};
    std::string text = in.flag() ? "-" : "";
    const bool negative = !text.empty();
    std::int64_t sum = 0;
    bool fits = true;
    const std::uint64_t parts = 1 + in.below(4);
    for (std::uint64_t i = 0; i < parts; ++i) {
        const auto& [name, size] = units[in.below(units.size())];
        const std::uint64_t count = in.number() >> 1U;
        text += std::to_string(count) + name;
        // Divided instead of multiplied, so that nothing can overflow here.
        fits = fits && count <= static_cast<std::uint64_t>((INT64_MAX - sum) / size);
        if (fits) sum += static_cast<std::int64_t>(count) * size;
    }
    const auto duration = api::parse_duration(text);
    FUZZ_CHECK(duration.has_value() == fits);
    if (fits) FUZZ_CHECK(duration->count() == (negative ? -sum : sum));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    check_time(input);
    check_time("2026-" + std::string(input));
    check_time("2026-02-03T04:05:06" + std::string(input));
    fuzz::input in(data, size);
    const wall_time any{std::chrono::nanoseconds(static_cast<std::int64_t>(in.word()))};
    const auto back = api::parse_time(api::format_time(any));
    constexpr auto first = std::chrono::sys_days(std::chrono::year(1678) / 1 / 1);
    constexpr auto last = std::chrono::sys_days(std::chrono::year(2262) / 1 / 1);
    if (any >= first && any < last) FUZZ_CHECK(back == any);
    static_cast<void>(api::parse_duration(input));
    check_duration(fuzz::input(data, size));
    return 0;
}
