// Splits the argument line of MSG and HMSG in one pass, a block of bytes at a time.
//
// Told: the bytes of the frame so far. Decides: where the arguments and the end of the line are. It can stop at any byte and
// go on when more bytes are there; positions are offsets, so that the buffer may move in between.
// Invariant: what it finds depends on the bytes alone, never on how they were split; going on costs what arrived since.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__) && !defined(SLIPSTREAM_PORTABLE_SCAN)  // the tests build both
#include <emmintrin.h>
#endif

namespace slipstream::wire {

/// A part of the frame, as offsets from its first byte.
struct byte_range {
    std::uint32_t begin;
    std::uint32_t end;
};

enum class scan_status : std::uint8_t { need_more, done, too_many_arguments, stray_cr, too_long };

namespace scan_detail {

/// Which bytes of a block end an argument, and which a line: one bit for each.
template <class Mask>
struct block_marks {
    Mask blanks = 0;  // SP, TAB
    Mask ends = 0;    // CR, LF
};

#if defined(__SSE2__) && !defined(SLIPSTREAM_PORTABLE_SCAN)  // the tests build both
inline constexpr std::size_t block = 16;
inline constexpr unsigned bits_per_byte = 1;
using mask_type = std::uint32_t;

/// Which bytes are not above SP: all that end an argument are among them.
inline mask_type low_bytes(const char* p) noexcept {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i space = _mm_set1_epi8(' ');
    return static_cast<mask_type>(_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(bytes, space), space)));
}

inline block_marks<mask_type> marks(const char* p) noexcept {
    block_marks<mask_type> out;
    if (low_bytes(p) == 0) return out;
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const auto any_of = [bytes](char a, char b) {
        const __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(a)), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b)));
        return static_cast<mask_type>(_mm_movemask_epi8(found));
    };
    out.blanks = any_of(' ', '\t');
    out.ends = any_of('\r', '\n');
    return out;
}
#else
inline constexpr std::size_t block = 8;
inline constexpr unsigned bits_per_byte = 8;
using mask_type = std::uint64_t;

/// The first one lowest.
inline std::uint64_t eight_bytes(const char* p) noexcept {
    std::uint64_t bytes = 0;
    if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(&bytes, p, sizeof bytes);
    } else {
        for (unsigned i = 0; i < 8; ++i) bytes |= std::uint64_t{static_cast<unsigned char>(p[i])} << (8 * i);
    }
    return bytes;
}

inline constexpr std::uint64_t ones = 0x0101010101010101U;
inline constexpr std::uint64_t low_bits = 0x7F * ones;

/// Which bytes are not above SP: all that end an argument are among them.
inline mask_type low_bytes(const char* p) noexcept {
    const std::uint64_t bytes = eight_bytes(p);
    return ~(((bytes & low_bits) + (0x7F - ' ') * ones) | bytes | low_bits);
}

inline block_marks<mask_type> marks(const char* p) noexcept {
    const std::uint64_t bytes = eight_bytes(p);
    const auto equal = [bytes](char c) {  // the high bit of each byte that is `c`
        const std::uint64_t rest = bytes ^ (ones * static_cast<unsigned char>(c));
        return ~(((rest & low_bits) + low_bits) | rest | low_bits);
    };
    return {equal(' ') | equal('\t'), equal('\r') | equal('\n')};
}
#endif

/// Marks of the bytes from `pos` on; bit 0 is `pos`. Never reads beyond `size`.
inline block_marks<mask_type> marks_at(const char* p, std::size_t size, std::size_t pos) noexcept {
    if (pos + block <= size) return marks(p + pos);
    if (size >= block) {
        const std::size_t known = (pos + block - size) * bits_per_byte;  // bytes of the last whole block that lie before `pos`
        const block_marks<mask_type> last = marks(p + size - block);
        return {static_cast<mask_type>(last.blanks >> known), static_cast<mask_type>(last.ends >> known)};
    }
    char padded[block];
    std::memset(padded, 'x', block);
    std::memcpy(padded, p + pos, size - pos);
    return marks(padded);
}

}  // namespace scan_detail

struct argument_scan {
    static constexpr std::uint32_t max_arguments = 5;

    std::uint32_t pos = 0;        // the next byte to look at
    std::uint32_t token = 0;      // where the current argument begins
    std::uint32_t count = 0;
    std::uint32_t line_size = 0;  // set by done; includes the line end
    byte_range arguments[max_arguments] = {};  // the first `count` are set

    void start(std::uint32_t begin) noexcept {
        pos = begin;
        token = begin;
        count = 0;
    }

    /// Goes on from where it stopped. `cap` limits the line with its end, `most` the arguments.
    [[gnu::always_inline]]
    scan_status run(std::string_view frame, std::size_t cap, std::uint32_t most) noexcept {
        using namespace scan_detail;
        const char* const p = frame.data();
        const std::size_t limit = std::min(frame.size(), cap);
        std::uint32_t begin = token;  // locals stay in registers
        std::uint32_t found = count;
        for (std::size_t at = pos; at < limit; at += block) {
            block_marks<mask_type> mask = marks_at(p, frame.size(), at);
            if (cap - at < block) [[unlikely]] {
                const mask_type within = (mask_type{1} << ((cap - at) * bits_per_byte)) - 1;
                mask.blanks &= within;
                mask.ends &= within;
            }
            const mask_type first_end = mask.ends & (~mask.ends + 1);
            if (mask.ends != 0) mask.blanks &= first_end - 1;
            for (; mask.blanks != 0; mask.blanks &= mask.blanks - 1) {
                const auto here = static_cast<std::uint32_t>(at + static_cast<unsigned>(std::countr_zero(mask.blanks)) / bits_per_byte);
                if (here > begin) {
                    if (found == most) return scan_status::too_many_arguments;
                    arguments[found++] = {begin, here};
                }
                begin = here + 1;
            }
            if (mask.ends == 0) continue;
            const std::size_t here = at + static_cast<unsigned>(std::countr_zero(mask.ends)) / bits_per_byte;
            const auto offset = static_cast<std::uint32_t>(here);
            if (offset > begin) {
                if (found == most) return scan_status::too_many_arguments;
                arguments[found++] = {begin, offset};
            }
            begin = offset + 1;
            std::size_t lf = here;
            if (p[here] == '\r') {
                ++lf;
                if (lf >= cap) return scan_status::too_long;
                if (lf == frame.size()) return pause(here, begin, found);  // wait for the LF alone
                if (p[lf] != '\n') return scan_status::stray_cr;
            }
            count = found;
            line_size = static_cast<std::uint32_t>(lf + 1);
            return scan_status::done;
        }
        if (frame.size() >= cap) return scan_status::too_long;
        return pause(std::max<std::size_t>(limit, pos), begin, found);
    }

private:
    scan_status pause(std::size_t at, std::uint32_t begin, std::uint32_t found) noexcept {
        pos = static_cast<std::uint32_t>(at);
        token = begin;
        count = found;
        return scan_status::need_more;
    }
};

}  // namespace slipstream::wire
