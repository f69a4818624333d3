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
/// Which of 16 bytes are what, a bit each.
struct block_findings {
    int bad = 0;
    int stars = 0;
    unsigned dots = 0;
};

inline block_findings look_at_block(__m128i bytes) noexcept {
    const auto is = [bytes](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
    const __m128i space = _mm_set1_epi8(' ');
    return {_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(_mm_max_epu8(bytes, space), space), is('\x7f'))),
            _mm_movemask_epi8(_mm_or_si128(is('*'), is('>'))), static_cast<unsigned>(_mm_movemask_epi8(is('.')))};
}

/// Of at least 8 bytes.
inline findings look_at(std::string_view text) noexcept {
    const auto block_at = [text](std::size_t at) { return reinterpret_cast<const __m128i*>(text.data() + at); };
    block_findings all;
    unsigned empty_token = 0;
    if (text.size() < 16) {
        // The first eight and the last eight; where they meet is no pair of neighbours.
        all = look_at_block(_mm_unpacklo_epi64(_mm_loadl_epi64(block_at(0)), _mm_loadl_epi64(block_at(text.size() - 8))));
        empty_token = all.dots & all.dots << 1U & ~(1U << 8U);
    } else {
        // The last block overlaps the one before, so every pair of neighbours is inside one.
        for (std::size_t at = 0;; at = std::min(at + 15, text.size() - 16)) {
            const block_findings found = look_at_block(_mm_loadu_si128(block_at(at)));
            all.bad |= found.bad;
            all.stars |= found.stars;
            empty_token |= found.dots & found.dots << 1U;
            if (at + 16 == text.size()) break;
        }
    }
    return {(all.bad != 0 ? unsigned{forbidden} : 0U) | (all.stars != 0 ? unsigned{wildcard} : 0U), empty_token};
}
inline constexpr std::size_t least_block = 8;
#else
inline findings look_at(std::string_view) noexcept { return {}; }
inline constexpr std::size_t least_block = static_cast<std::size_t>(-1);
#endif

/// What `text` holds, as byte_meaning; an empty text and empty tokens count as forbidden. No branches on what it sees: every publish
/// runs it.
[[gnu::always_inline]]
inline unsigned contents(std::string_view text) noexcept {
    if (text.empty()) return forbidden;
    findings found;
    if (text.size() <= 3) {
        const auto meaning = [text](std::size_t i) -> unsigned { return meanings[static_cast<unsigned char>(text[i])]; };
        const unsigned ends = meaning(0) | meaning(text.size() - 1);
        if ((ends & dot) != 0) return forbidden;  // then two in a row need four bytes
        return ends | meaning(text.size() / 2);
    }
    if (text.front() == '.' || text.back() == '.') return forbidden;
    if (text.size() >= least_block) {
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
    return found.empty_token != 0 ? unsigned{forbidden} : found.seen;
}

/// Whether `text` consists of non-empty tokens of allowed characters.
[[gnu::always_inline]]
inline bool well_formed(std::string_view text, wildcards allowed) noexcept {
    const unsigned seen = contents(text);
    if ((seen & forbidden) != 0) return false;
    return (seen & wildcard) == 0 || wildcards_in_place(text, allowed);
}

}  // namespace subject_detail

/// Whether check_publish_subject has nothing against it.
[[nodiscard]] [[gnu::always_inline]]
inline bool is_publish_subject(std::string_view subject) noexcept {
    return subject_detail::well_formed(subject, subject_detail::wildcards::refused);
}

/// As is_publish_subject, quicker; false also of subjects with `*` or `>` inside of a token, which are good and never met.
[[nodiscard]] [[gnu::always_inline]]
inline bool is_usual_publish_subject(std::string_view subject) noexcept {
    using namespace subject_detail;
    return (contents(subject) & (forbidden | wildcard)) == 0;
}

}  // namespace slipstream::wire
