// The ACK-subject parser (ADR-15; contract S80-S86, W28, failure mode A19).
//
// Told: a reply subject. Emits: its fields, or nothing. This runs once a delivered message, so the layouts that servers write are read from
// the back, eight bytes at a time; whatever that does not understand goes the careful way: one pass to count the tokens (the count
// selects the layout), one to read them. Invariant: no allocation, and never a made-up number: what is not exactly a known layout
// gives nothing.
#include <slipstream/jetstream/ack_subject.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "jetstream/api/decimal_words.hpp"

namespace slipstream::jetstream {
namespace {

using namespace api;

constexpr std::string_view prefix = "$JS.ACK.";
constexpr std::size_t tokens_of_v1 = 9;   // the two of the prefix included
constexpr std::size_t tokens_of_v2 = 11;  // at least; servers may append some

constexpr std::uint64_t low_bits = 0x7F * every_byte;

/// The high bit of each byte that is a dot.
std::uint64_t dots_in(std::uint64_t word) noexcept {
    word ^= '.' * every_byte;
    return ~(((word & low_bits) + low_bits) | word | low_bits);
}

std::size_t count_dots(std::string_view text) noexcept {
    std::size_t count = 0;
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8)
        count += static_cast<std::size_t>(((dots_in(eight_bytes(text.data() + i)) >> 7) * every_byte) >> 56);
    for (; i < text.size(); ++i) count += text[i] == '.' ? 1 : 0;
    return count;
}

/// Reads numbers of up to 19 digits from the right, as far as `begin`, before which the prefix is.
struct back_reader {
    const char* begin;
    const char* end;        // behind the last digit of the next number
    std::uint64_t bad = 0;  // not 0: there was something else

    [[gnu::always_inline]]
    std::uint64_t number() noexcept {
        constexpr std::uint64_t scales[] = {1, 100'000'000, 10'000'000'000'000'000};
        std::uint64_t value = 0;
        if (end < begin) bad = 1;
        for (unsigned part = 0; bad == 0; ++part) {
            const std::uint64_t word = eight_bytes(end - 8);
            const std::uint64_t dots = dots_in(word);
            const auto count = dots == 0 ? 8U : static_cast<unsigned>(std::countl_zero(dots)) / 8;
            if (count == 0) {  // so end numbers of 8 and of 16 digits
                bad = part == 0 ? 1 : 0;
                break;
            }
            if (part == 2 && count > 3) {
                bad = 1;
                break;
            }
            const std::uint64_t taken = ~std::uint64_t{0} << (8 * (8 - count));  // what stands before the digits reads as zeros
            const std::uint64_t digits = (word ^ zeros) & taken;
            bad = no_digits_in(digits);
            value += value_of(digits) * scales[part];
            end -= count;
            if (count < 8) break;
        }
        --end;  // the dot
        return value;
    }
};

/// Walks the tokens from the left. `ok` is sticky.
struct token_reader {
    std::string_view rest;
    bool ok = true;

    std::string_view text() noexcept {
        std::size_t size = 0;  // tokens are short: a call of memchr costs more
        while (size < rest.size() && rest[size] != '.') ++size;
        const std::string_view token(rest.data(), size);
        rest.remove_prefix(size == rest.size() ? size : size + 1);
        ok = ok && size > 0;
        return token;
    }

    std::uint64_t number() noexcept {
        constexpr std::size_t never_overflows = 19;  // digits
        const auto digit = [this](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(rest[i])) - unsigned{'0'}; };
        const std::size_t easy = rest.size() < never_overflows ? rest.size() : never_overflows;
        std::uint64_t value = 0;
        std::size_t size = 0;
        for (; size < easy && digit(size) <= 9; ++size) value = value * 10 + digit(size);
        for (; size < rest.size() && digit(size) <= 9; ++size) {
            constexpr std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
            if (value > max / 10 || value * 10 > max - digit(size)) ok = false;
            value = value * 10 + digit(size);
        }
        const bool at_end = size == rest.size();
        ok = ok && size > 0 && (at_end || rest[size] == '.');
        rest.remove_prefix(at_end ? size : size + 1);
        return value;
    }

    /// What newer servers append is not read, but must be tokens.
    void skip_rest() noexcept {
        while (ok && !rest.empty()) static_cast<void>(text());
    }
};

wall_time to_time(std::uint64_t nanoseconds) noexcept {
    constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return wall_time(std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds < max ? nanoseconds : max)));
}

/// False when `subject` is not plainly one of the layouts; `out` then holds anything. It has the prefix.
bool read_from_the_back(std::string_view subject, delivery_info& out) noexcept {
    constexpr std::size_t shortest = prefix.size() + 13;  // a.b.1.2.3.4.5
    if (subject.size() < shortest) return false;
    const char* const names = subject.data() + prefix.size();
    back_reader reader{names, subject.data() + subject.size()};
    out.pending = reader.number();
    out.timestamp = to_time(reader.number());
    out.consumer_sequence = reader.number();
    out.stream_sequence = reader.number();
    out.delivered = reader.number();
    if (reader.bad != 0 || reader.end <= names || *reader.end != '.') return false;
    const std::string_view head(names, static_cast<std::size_t>(reader.end - names));
    const std::size_t dots = count_dots(head);
    if (dots != 1 && dots != 3) return false;  // stream.consumer, or domain.account.stream.consumer
    const std::size_t last = head.rfind('.');
    out.consumer = head.substr(last + 1);
    if (dots == 1) {
        out.stream = head.substr(0, last);
    } else {
        const std::size_t first = head.find('.');
        const std::size_t second = head.find('.', first + 1);
        out.domain = head.substr(0, first);
        out.stream = head.substr(second + 1, last - second - 1);
        if (out.domain.empty() || second == first + 1) return false;
        if (out.domain == "_") out.domain = {};
    }
    return !out.stream.empty() && !out.consumer.empty();
}

}  // namespace

std::optional<delivery_info> parse_ack_subject(std::string_view subject) noexcept {
    if (!subject.starts_with(prefix) || subject.back() == '.') return std::nullopt;
    if (delivery_info out; read_from_the_back(subject, out)) [[likely]]
        return out;
    const std::size_t tokens = count_dots(subject) + 1;
    const bool v2 = tokens >= tokens_of_v2;
    if (!v2 && tokens != tokens_of_v1) return std::nullopt;

    token_reader reader{subject.substr(prefix.size())};
    delivery_info out;
    if (v2) {
        out.domain = reader.text();
        if (out.domain == "_") out.domain = {};
        static_cast<void>(reader.text());  // account hash
    }
    out.stream = reader.text();
    out.consumer = reader.text();
    out.delivered = reader.number();
    out.stream_sequence = reader.number();
    out.consumer_sequence = reader.number();
    out.timestamp = to_time(reader.number());
    out.pending = reader.number();
    reader.skip_rest();
    if (!reader.ok) return std::nullopt;
    return out;
}

}  // namespace slipstream::jetstream
