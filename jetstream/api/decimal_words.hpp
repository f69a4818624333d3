// Decimal digits, eight at a time.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace slipstream::jetstream::api {

inline constexpr std::uint64_t every_byte = 0x0101010101010101;
inline constexpr std::uint64_t zeros = '0' * every_byte;

/// The first one lowest.
inline std::uint64_t eight_bytes(const char* p) noexcept {
    std::uint64_t word = 0;
    if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(&word, p, sizeof word);
    } else {
        for (unsigned i = 0; i < 8; ++i) word |= std::uint64_t{static_cast<unsigned char>(p[i])} << (8 * i);
    }
    return word;
}

/// The high bit of a byte that is no decimal digit, `word` being the bytes' distance from '0': right up to the first such byte.
constexpr std::uint64_t no_digits_in(std::uint64_t word) noexcept { return ((word + 0x76 * every_byte) | word) & 0x80 * every_byte; }

/// Of eight digits, each as its distance from '0'.
constexpr std::uint64_t value_of(std::uint64_t digits) noexcept {
    digits = (digits * (1 + (10U << 8U)) >> 8U) & 0x00FF00FF00FF00FF;             // pairs
    digits = (digits * (1 + (100U << 16U)) >> 16U) & 0x0000FFFF0000FFFF;          // fours
    return digits * (1 + (std::uint64_t{10'000} << 32U)) >> 32U;
}

}  // namespace slipstream::jetstream::api
