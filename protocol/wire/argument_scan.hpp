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

// A mask has one bit for each byte of a block that may end an argument: those up to 0x20. A few others may be marked too;
// whoever uses a bit looks at its byte.
#if defined(__SSE2__) && !defined(SLIPSTREAM_PORTABLE_SCAN)  // the tests build both
inline constexpr std::size_t block = 16;
inline constexpr unsigned bits_per_byte = 1;
using mask_type = std::uint32_t;

inline mask_type marks(const char* p) noexcept {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i space = _mm_set1_epi8(' ');
    return static_cast<mask_type>(_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(bytes, space), space)));
}
#else
inline constexpr std::size_t block = 8;
inline constexpr unsigned bits_per_byte = 8;
using mask_type = std::uint64_t;

inline mask_type marks(const char* p) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101U;
    std::uint64_t bytes = 0;
    if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(&bytes, p, sizeof bytes);
    } else {
        for (unsigned i = 0; i < 8; ++i) bytes |= std::uint64_t{static_cast<unsigned char>(p[i])} << (8 * i);
    }
    return (bytes - ones * 0x21) & ~bytes & (ones * 0x80);  // exact up to the first mark, a superset after it
}
#endif

/// Marks of the bytes from `pos` on; bit 0 is `pos`. Never reads beyond `size`.
inline mask_type marks_at(const char* p, std::size_t size, std::size_t pos) noexcept {
    if (pos + block <= size) return marks(p + pos);
    if (size >= block) {
        const std::size_t known = pos + block - size;  // bytes of the last whole block that lie before `pos`
        return static_cast<mask_type>(marks(p + size - block) >> (known * bits_per_byte));
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
            for (mask_type mask = marks_at(p, frame.size(), at); mask != 0; mask &= mask - 1) {
                const std::size_t here = at + static_cast<unsigned>(std::countr_zero(mask)) / bits_per_byte;
                if (here >= cap) return scan_status::too_long;
                const char c = p[here];
                if (c != ' ' && c != '\r' && c != '\n' && c != '\t') continue;  // another control character: part of the argument
                const auto offset = static_cast<std::uint32_t>(here);
                if (offset > begin) {
                    if (found == most) return scan_status::too_many_arguments;
                    arguments[found++] = {begin, offset};
                }
                begin = offset + 1;
                if (c == ' ' || c == '\t') continue;
                std::size_t lf = here;
                if (c == '\r') {
                    ++lf;
                    if (lf >= cap) return scan_status::too_long;
                    if (lf == frame.size()) return pause(here, begin, found);  // wait for the LF alone
                    if (p[lf] != '\n') return scan_status::stray_cr;
                }
                count = found;
                line_size = static_cast<std::uint32_t>(lf + 1);
                return scan_status::done;
            }
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
