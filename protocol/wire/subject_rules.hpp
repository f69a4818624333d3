// The rules of slipstream/subject.hpp as a plain answer, inline: every publish asks.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#if defined(__SSE2__) && !defined(SLIPSTREAM_PORTABLE_SCAN)
#include <emmintrin.h>
#endif

namespace slipstream::wire {

namespace subject_detail {

enum class wildcards { refused, allowed };

// What a byte can mean in a subject, as bits.
enum byte_meaning : unsigned char { plain = 0, dot = 1, wildcard = 2, forbidden = 4 };

inline constexpr std::array<unsigned char, 256> meanings = [] {
    std::array<unsigned char, 256> table{};
    for (std::size_t c = 0; c <= ' '; ++c) table[c] = forbidden;
    table[0x7f] = forbidden;
    table['.'] = dot;
    table['*'] = table['>'] = wildcard;
    return table;
}();

/// Of well-formed tokens: whether those that are wildcards may be where they are.
[[nodiscard]] bool wildcards_in_place(std::string_view text, wildcards allowed) noexcept;

/// What a text holds.
struct findings {
    unsigned seen = 0;         // byte_meaning
    unsigned empty_token = 0;  // not 0: two dots in a row
};

#if defined(__SSE2__) && !defined(SLIPSTREAM_PORTABLE_SCAN)  // the tests build both
/// Of at least 16 bytes; the last block overlaps the one before, so every pair of neighbours is inside one.
inline findings look_at(std::string_view text) noexcept {
    findings out;
    int bad = 0;
    int stars = 0;
    const auto is = [](__m128i bytes, char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
    for (std::size_t at = 0;;) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
        const __m128i space = _mm_set1_epi8(' ');
        bad |= _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(_mm_max_epu8(bytes, space), space), is(bytes, '\x7f')));
        stars |= _mm_movemask_epi8(_mm_or_si128(is(bytes, '*'), is(bytes, '>')));
        const auto dots = static_cast<unsigned>(_mm_movemask_epi8(is(bytes, '.')));
        out.empty_token |= dots & dots << 1U;
        if (at + 16 == text.size()) break;
        at = std::min(at + 15, text.size() - 16);
    }
    out.seen = (bad != 0 ? unsigned{forbidden} : 0U) | (stars != 0 ? unsigned{wildcard} : 0U);
    return out;
}
inline constexpr std::size_t least_block = 16;
#else
inline findings look_at(std::string_view) noexcept { return {}; }
inline constexpr std::size_t least_block = static_cast<std::size_t>(-1);
#endif

/// Whether `text` consists of non-empty tokens of allowed characters. No branches on what it sees: every publish runs it.
[[gnu::always_inline]]
inline bool well_formed(std::string_view text, wildcards allowed) noexcept {
    if (text.empty()) return false;
    findings found;
    if (text.size() <= 3) {
        const auto meaning = [text](std::size_t i) -> unsigned { return meanings[static_cast<unsigned char>(text[i])]; };
        const unsigned ends = meaning(0) | meaning(text.size() - 1);
        if ((ends & dot) != 0) return false;  // then two in a row need four bytes
        found.seen = ends | meaning(text.size() / 2);
    } else if (text.front() == '.' || text.back() == '.') {
        return false;
    } else if (text.size() >= least_block) {
        found = look_at(text);
    } else {
        unsigned before = plain;
        for (const char c : text) {
            const unsigned now = meanings[static_cast<unsigned char>(c)];
            found.seen |= now;
            found.empty_token |= before & now & dot;
            before = now;
        }
    }
    if (found.empty_token != 0 || (found.seen & forbidden) != 0) return false;
    return (found.seen & wildcard) == 0 || wildcards_in_place(text, allowed);
}

}  // namespace subject_detail

/// Whether check_publish_subject has nothing against it.
[[nodiscard]] [[gnu::always_inline]]
inline bool is_publish_subject(std::string_view subject) noexcept {
    return subject_detail::well_formed(subject, subject_detail::wildcards::refused);
}

}  // namespace slipstream::wire
