// See time.hpp. Every number is capped by its count of digits before arithmetic.
#include "jetstream/api/time.hpp"

#include <array>
#include <cstdint>
#include <limits>

#include "jetstream/api/decimal_words.hpp"

namespace slipstream::jetstream::api {
namespace {

constexpr std::int64_t nanoseconds_per_second = 1'000'000'000;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Takes exactly `digits` digits (at most 9) from the front; -1 when they are not there.
int take_digits(std::string_view& text, std::size_t digits) noexcept {
    if (text.size() < digits) return -1;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        if (!is_digit(text[i])) return -1;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, char c) noexcept {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

/// After the point: 1 to 9 digits, as nanoseconds.
int take_fraction(std::string_view& text) noexcept {
    int value = 0;
    int digits = 0;
    for (; digits < 9 && !text.empty() && is_digit(text.front()); ++digits, text.remove_prefix(1))
        value = value * 10 + (text.front() - '0');
    if (digits == 0 || (!text.empty() && is_digit(text.front()))) return -1;
    for (; digits < 9; ++digits) value *= 10;
    return value;
}

/// Minutes east of UTC; nothing when this is no zone.
std::optional<int> take_zone(std::string_view& text) noexcept {
    if (take(text, 'Z')) return 0;
    const bool west = !text.empty() && text.front() == '-';
    if (!west && (text.empty() || text.front() != '+')) return std::nullopt;
    text.remove_prefix(1);
    const int hours = take_digits(text, 2);
    if (!take(text, ':')) return std::nullopt;
    const int minutes = take_digits(text, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
    return (west ? -1 : 1) * (hours * 60 + minutes);
}

/// Not checked further than that they are numbers of so many digits.
struct fields {
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    int fraction = 0;  // nanoseconds
    int zone = 0;      // minutes east of UTC
};

/// What eight characters have to be: a digit where the pattern has a zero, elsewhere its character.
struct pattern {
    std::uint64_t text = 0;
    std::uint64_t six = 0;    // in the bytes of digits: 0 to 9 stay below 16 with 6 more
    std::uint64_t zeros = 0;  // bits that are not set in the values of digits, nor in what is left of the other characters

    consteval explicit pattern(const char (&p)[9]) {
        for (unsigned i = 0; i < 8; ++i) {
            const bool digit = p[i] == '0';
            text |= std::uint64_t{static_cast<unsigned char>(p[i])} << (8 * i);
            six |= std::uint64_t{digit ? 0x06U : 0U} << (8 * i);
            zeros |= std::uint64_t{digit ? 0xF0U : 0xFFU} << (8 * i);
        }
    }
};

/// The values of the digits, each in its byte, the first one lowest; `wrong` gets bits when a character is not what it has to be.
std::uint64_t read_digits(const char* from, const pattern& p, std::uint64_t& wrong) noexcept {
    const std::uint64_t v = eight_bytes(from) ^ p.text;
    wrong |= (v | (v + p.six)) & p.zeros;
    return v;
}

/// As written in two digits that begin at byte `i`, of what the sum of pairs gives.
int pair_at(std::uint64_t pairs, unsigned i) noexcept { return static_cast<int>((pairs >> (8 * i)) & 0xFF); }
std::uint64_t sum_of_pairs(std::uint64_t digits) noexcept { return digits * 10 + (digits >> 8); }

/// As servers write it: in UTC, every letter in its place. False: it may still be a time.
bool read_usual(std::string_view text, fields& out) noexcept {
    constexpr std::size_t shortest = 20;  // 2026-01-02T03:04:05Z
    if (text.size() < shortest || text.size() > shortest + 10 || text.back() != 'Z') return false;
    constexpr pattern year_month("0000-00-");
    constexpr pattern day_minute("00T00:00");
    constexpr pattern hour_second("00:00:00");
    const char* const at = text.data();
    std::uint64_t wrong = 0;
    const std::uint64_t first = sum_of_pairs(read_digits(at, year_month, wrong));
    const std::uint64_t second = sum_of_pairs(read_digits(at + 8, day_minute, wrong));
    const std::uint64_t third = sum_of_pairs(read_digits(at + 11, hour_second, wrong));
    out.year = pair_at(first, 0) * 100 + pair_at(first, 2);
    out.month = pair_at(first, 5);
    out.day = pair_at(second, 0);
    out.hour = pair_at(second, 3);
    out.minute = pair_at(second, 6);
    out.second = pair_at(third, 6);
    out.fraction = 0;
    out.zone = 0;
    if (text.size() == shortest) return wrong == 0;
    static constexpr int scales[] = {0, 100'000'000, 10'000'000, 1'000'000, 100'000, 10'000, 1'000, 100, 10, 1};
    const std::size_t digits = text.size() - shortest - 1;
    unsigned fraction = 0;
    std::size_t i = shortest;
    if (digits >= 8) {  // mostly there are nine
        constexpr pattern all_digits("00000000");
        fraction = static_cast<unsigned>(value_of(read_digits(at + i, all_digits, wrong)));
        i += 8;
    }
    for (; i < shortest + digits; ++i) {
        const unsigned digit = static_cast<unsigned char>(at[i]) - unsigned{'0'};
        wrong |= static_cast<unsigned>(digit > 9);
        fraction = fraction * 10 + digit;
    }
    if (wrong != 0 || digits == 0 || at[shortest - 1] != '.') return false;
    out.fraction = static_cast<int>(fraction) * scales[digits];
    return true;
}

/// RFC 3339.
bool read_any(std::string_view text, fields& out) noexcept {
    out.year = take_digits(text, 4);
    const bool dash1 = take(text, '-');
    out.month = take_digits(text, 2);
    const bool dash2 = take(text, '-');
    out.day = take_digits(text, 2);
    if (out.year < 0 || out.month < 0 || out.day < 0 || !dash1 || !dash2 || !(take(text, 'T') || take(text, 't'))) return false;
    out.hour = take_digits(text, 2);
    const bool colon1 = take(text, ':');
    out.minute = take_digits(text, 2);
    const bool colon2 = take(text, ':');
    out.second = take_digits(text, 2);
    if (out.hour < 0 || out.minute < 0 || out.second < 0 || !colon1 || !colon2) return false;
    out.fraction = 0;
    if (take(text, '.') && (out.fraction = take_fraction(text)) < 0) return false;
    const std::optional<int> zone = take_zone(text);
    out.zone = zone.value_or(0);
    return zone && text.empty();
}

void append_padded(std::string& out, int value, int width) {
    std::array<char, 10> digits{};
    for (int i = width; i-- > 0; value /= 10) digits[static_cast<std::size_t>(i)] = static_cast<char>('0' + value % 10);
    out.append(digits.data(), static_cast<std::size_t>(width));
}

/// Nanoseconds in one of Go's units; 0 when it is none. Takes it.
std::int64_t take_unit(std::string_view& text) noexcept {
    struct unit {
        std::string_view name;
        std::int64_t nanoseconds;
    };
    // Two letters before one: "ms" is not minutes. Go writes micro as U+00B5 and also reads U+03BC.
    constexpr unit units[] = {{"ns", 1},
                              {"us", 1'000},
                              {"\xC2\xB5s", 1'000},
                              {"\xCE\xBCs", 1'000},
                              {"ms", 1'000'000},
                              {"s", nanoseconds_per_second},
                              {"m", 60 * nanoseconds_per_second},
                              {"h", 3600 * nanoseconds_per_second}};
    for (const unit& u : units) {
        if (!text.starts_with(u.name)) continue;
        text.remove_prefix(u.name.size());
        return u.nanoseconds;
    }
    return 0;
}

bool add_product(std::int64_t& sum, std::int64_t count, std::int64_t unit) noexcept {
    std::int64_t product = 0;
    return !__builtin_mul_overflow(count, unit, &product) && !__builtin_add_overflow(sum, product, &sum);
}

/// Digits up to what fits; false when there are none or too many.
bool take_number(std::string_view& text, std::int64_t& value) noexcept {
    value = 0;
    std::size_t digits = 0;
    for (; !text.empty() && is_digit(text.front()); ++digits, text.remove_prefix(1)) {
        if (__builtin_mul_overflow(value, std::int64_t{10}, &value) ||
            __builtin_add_overflow(value, std::int64_t{text.front() - '0'}, &value))
            return false;
    }
    return digits > 0;
}

}  // namespace

std::optional<wall_time> parse_time(std::string_view text) noexcept {
    fields f;
    if (!read_usual(text, f) && !read_any(text, f)) return std::nullopt;
    using namespace std::chrono;
    if (f.hour > 23 || f.minute > 59 || f.second > 59) return std::nullopt;
    const year_month_day date{year(f.year), month(static_cast<unsigned>(f.month)), day(static_cast<unsigned>(f.day))};
    if (!date.ok()) return std::nullopt;

    if (f.year < 1678) return wall_time{};
    if (f.year > 2261) return wall_time::max();
    return wall_time(sys_days(date)) + hours(f.hour) + minutes(f.minute - f.zone) + seconds(f.second) + nanoseconds(f.fraction);
}

std::string format_time(wall_time time) {
    using namespace std::chrono;
    // In seconds: the first day that wall_time reaches begins before it, and so does its first second.
    const auto second_point = floor<seconds>(time);
    const auto day_point = floor<days>(second_point);
    const year_month_day date(day_point);
    const hh_mm_ss<seconds> clock(second_point - day_point);
    std::string out;
    out.reserve(30);
    append_padded(out, static_cast<int>(date.year()), 4);
    out += '-';
    append_padded(out, static_cast<int>(static_cast<unsigned>(date.month())), 2);
    out += '-';
    append_padded(out, static_cast<int>(static_cast<unsigned>(date.day())), 2);
    out += 'T';
    append_padded(out, static_cast<int>(clock.hours().count()), 2);
    out += ':';
    append_padded(out, static_cast<int>(clock.minutes().count()), 2);
    out += ':';
    append_padded(out, static_cast<int>(clock.seconds().count()), 2);
    const auto rest = static_cast<int>(time.time_since_epoch().count() % nanoseconds_per_second);
    if (const int fraction = rest < 0 ? rest + static_cast<int>(nanoseconds_per_second) : rest; fraction != 0) {
        out += '.';
        append_padded(out, fraction, 9);
        out.erase(out.find_last_not_of('0') + 1);
    }
    out += 'Z';
    return out;
}

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept {
    const bool negative = take(text, '-');
    if (!negative) static_cast<void>(take(text, '+'));
    std::int64_t sum = 0;
    bool first = true;
    do {
        std::int64_t whole = 0;
        int fraction = 0;
        const bool has_whole = take_number(text, whole);
        if (!has_whole && (text.empty() || text.front() != '.')) return std::nullopt;
        const bool has_fraction = take(text, '.');
        if (has_fraction && (fraction = take_fraction(text)) < 0) return std::nullopt;
        if (text.empty() && first && !has_fraction) {  // a bare integer
            if (!add_product(sum, whole, nanoseconds_per_second)) return std::nullopt;
            break;
        }
        const std::int64_t unit = take_unit(text);
        if (unit == 0 || !add_product(sum, whole, unit)) return std::nullopt;
        // The fraction has at most 9 digits: split, so that hours do not overflow.
        const std::int64_t part =
            unit >= nanoseconds_per_second ? (unit / nanoseconds_per_second) * fraction : unit * fraction / nanoseconds_per_second;
        if (__builtin_add_overflow(sum, part, &sum)) return std::nullopt;
        first = false;
    } while (!text.empty());
    return std::chrono::nanoseconds(negative ? -sum : sum);
}

}  // namespace slipstream::jetstream::api
