// Writes the frames of a client (spec 1) behind the contents of a buffer.
//
// Told: subjects, sizes and sids that the caller has checked (check_publish_subject and its siblings; header blocks come from
// header_map). Decides nothing. Invariant: one call appends one whole frame, or nothing when memory runs out.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "protocol/wire/write_buffer.hpp"

namespace slipstream::wire {

/// What PUB and HPUB say; checked by whoever asks for it to be encoded. `reply_to` and `header_block` may be empty, and a header
/// block is complete: from `NATS/1.0` to the blank line.
struct outgoing {
    std::string_view subject;
    std::string_view reply_to;
    std::string_view header_block;
    std::string_view payload;

    [[nodiscard]] std::size_t size() const noexcept { return header_block.size() + payload.size(); }
};

namespace encoder_detail {

inline constexpr std::array<std::uint64_t, 20> powers_of_ten = [] {
    std::array<std::uint64_t, 20> powers{};  // the first is 0: zero has one digit too
    std::uint64_t power = 1;
    for (std::size_t i = 1; i < powers.size(); ++i) {
        power *= 10;
        powers[i] = power;
    }
    return powers;
}();

/// Decimal digits of `value`; 1 for 0.
constexpr std::size_t digits(std::uint64_t value) noexcept {
    const auto estimate = static_cast<unsigned>(std::bit_width(value | 1)) * 1233U >> 12U;  // floor(bits * log10(2))
    return estimate + (value >= powers_of_ten[estimate] ? 1U : 0U);
}

/// Of numbers below 2^32, by their highest bit: what makes the sum of both have the digits in its upper half.
inline constexpr std::array<std::uint64_t, 32> digit_steps = [] {
    std::array<std::uint64_t, 32> steps{};
    for (std::size_t bit = 0; bit < steps.size(); ++bit) {
        const std::uint64_t least = std::uint64_t{1} << bit;
        const std::uint64_t n = digits(least);
        const std::uint64_t next = n < 10 ? powers_of_ten[n] : std::uint64_t{1} << 32;
        steps[bit] = next < 2 * least ? ((n + 1) << 32) - next : n << 32;
    }
    return steps;
}();

/// As digits, for a `value` below 2^32.
inline std::size_t digits_of_small(std::uint64_t value) noexcept {
    assert(value >> 32 == 0);
    return static_cast<std::size_t>((value + digit_steps[static_cast<std::size_t>(std::bit_width(value | 1)) - 1]) >> 32);
}

inline char* put(char* to, std::string_view text) noexcept {
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    return to + text.size();
}

inline char* put(char* to, char c) noexcept {
    *to = c;
    return to + 1;
}

/// As put, without a call for what is short: moves that overlap.
[[gnu::always_inline]]
inline char* put_short(char* to, std::string_view text) noexcept {
    const char* const from = text.data();
    const std::size_t n = text.size();
    const auto both_ends = [&](auto part) {
        std::memcpy(&part, from, sizeof part);
        auto last = part;
        std::memcpy(&last, from + n - sizeof last, sizeof last);
        std::memcpy(to, &part, sizeof part);
        std::memcpy(to + n - sizeof last, &last, sizeof last);
    };
    if (n > 16) {
        constexpr std::size_t part = 16;
        for (std::size_t at = 0; at < n - part; at += part) std::memcpy(to + at, from + at, part);
        std::memcpy(to + n - part, from + n - part, part);
    } else if (n >= 8) {
        both_ends(std::uint64_t{});
    } else if (n >= 4) {
        both_ends(std::uint32_t{});
    } else if (n != 0) {
        to[0] = from[0];
        to[n / 2] = from[n / 2];
        to[n - 1] = from[n - 1];
    }
    return to + n;
}

inline constexpr char pairs[] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
    "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/// The digits of `value`, the last one right before `end`.
inline void put_before(char* end, std::uint64_t value) noexcept {
    while (value >= 100) {
        end -= 2;
        std::memcpy(end, pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (value >= 10) {
        std::memcpy(end - 2, pairs + 2 * value, 2);
    } else {
        *(end - 1) = static_cast<char>('0' + value);
    }
}

/// As put_before, quicker for what is usual; zeros may get into the four bytes before `end`.
inline void put_over(char* end, std::uint64_t value) noexcept {
    if (value >= 10'000) [[unlikely]] {
        put_before(end, value);
        return;
    }
    const auto small = static_cast<unsigned>(value);
    std::memcpy(end - 4, pairs + std::size_t{2} * (small / 100), 2);
    std::memcpy(end - 2, pairs + std::size_t{2} * (small % 100), 2);
}

/// `length` = digits(value).
inline char* put(char* to, std::uint64_t value, std::size_t length) noexcept {
    put_before(to + length, value);
    return to + length;
}

[[nodiscard]] inline bool is_argument(std::string_view text) noexcept { return text.find_first_of(" \t\r\n") == std::string_view::npos; }

}  // namespace encoder_detail

/// Exactly the bytes that encode_publish will append.
[[nodiscard]] inline std::size_t publish_size(const outgoing& m) noexcept {
    using encoder_detail::digits;
    std::size_t size = 4 + m.subject.size() + 1 + digits(m.size()) + 2 + m.size() + 2;
    if (!m.reply_to.empty()) size += m.reply_to.size() + 1;
    if (!m.header_block.empty()) size += 1 + digits(m.header_block.size()) + 1;  // the H, the number, its blank
    return size;
}

/// As publish_size, without headers, of a payload below 2^32 bytes.
[[nodiscard]] inline std::size_t publish_size_of_plain(const outgoing& m) noexcept {
    assert(m.header_block.empty());
    const std::size_t size = 4 + m.subject.size() + 1 + encoder_detail::digits_of_small(m.payload.size()) + 2 + m.payload.size() + 2;
    return m.reply_to.empty() ? size : size + m.reply_to.size() + 1;
}

/// What the server's max_control_line bounds of such a frame of `size` bytes: what follows "PUB " or "HPUB " in its line.
[[nodiscard]] inline std::size_t counted_line(const outgoing& m, std::size_t size) noexcept {
    const std::size_t verb_and_line_ends = m.header_block.empty() ? 8 : 9;
    return size - m.size() - verb_and_line_ends;
}

/// The line of PUB, or of HPUB when there is a header block, to where there is room for it; `size` is publish_size, of the whole frame.
/// Returns its end, where header block, payload and the last line end follow. Inline: with every function that it is not, a publish
/// costs a tenth more.
[[gnu::always_inline]]
inline char* encode_publish_line(char* begin, std::size_t size, const outgoing& m) noexcept {
    using namespace encoder_detail;
    assert(!m.subject.empty() && is_argument(m.subject) && is_argument(m.reply_to));
    assert(size == publish_size(m));
    // From both ends: the size of the whole says where the line ends, so the number at its end needs no counting of digits. It comes
    // first, because what is before it may be written over.
    char* const line_end = begin + size - 2 - m.size();
    put_over(line_end - 2, m.size());
    put(line_end - 2, "\r\n");
    char* p = m.header_block.empty() ? put(begin, "PUB ") : put(begin, "HPUB ");
    p = put(put_short(p, m.subject), ' ');
    if (!m.reply_to.empty()) p = put(put_short(p, m.reply_to), ' ');
    if (!m.header_block.empty()) put(put(p, m.header_block.size(), digits(m.header_block.size())), ' ');
    return line_end;
}

/// All of the frame but the payload, to where there is room for `size` = publish_size. Returns where the payload goes.
[[gnu::always_inline]]
inline char* encode_publish_around(char* begin, std::size_t size, const outgoing& m) noexcept {
    using namespace encoder_detail;
    char* const line_end = encode_publish_line(begin, size, m);
    put(begin + size - 2, "\r\n");
    return put(line_end, m.header_block);
}

/// All of the frame, likewise.
[[gnu::always_inline]]
inline void encode_publish_at(char* begin, std::size_t size, const outgoing& m) noexcept {
    encoder_detail::put(encode_publish_around(begin, size, m), m.payload);
}

[[gnu::always_inline]]
inline void encode_publish(write_buffer& out, std::size_t size, const outgoing& m) {
    encode_publish_at(out.reserve(size), size, m);
    out.commit(size);
}

/// `reply_to` may be empty.
void encode_pub(write_buffer& out, std::string_view subject, std::string_view reply_to, std::string_view payload);

/// `header_block` is complete: from `NATS/1.0` to the blank line.
void encode_hpub(write_buffer& out, std::string_view subject, std::string_view reply_to, std::string_view header_block,
                 std::string_view payload);

/// `queue_group` may be empty.
void encode_sub(write_buffer& out, std::string_view subject, std::string_view queue_group, std::uint64_t sid);

/// `max_messages` counts from the SUB on; 0 = at once.
void encode_unsub(write_buffer& out, std::uint64_t sid, std::uint64_t max_messages = 0);

void encode_ping(write_buffer& out);
void encode_pong(write_buffer& out);

/// `json` is one line (json_writer escapes CR and LF).
void encode_connect(write_buffer& out, std::string_view json);

}  // namespace slipstream::wire
