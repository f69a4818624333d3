#include "protocol/auth/base32.hpp"

#include <cstdint>

namespace slipstream::auth {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The digit's value, or -1. Computed, not looked up: a table would show in the cache which characters a seed has.
constexpr int digit(char c) noexcept {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= '2' && c <= '7') return c - '2' + 26;
    return -1;
}

}  // namespace

void encode_base32(std::span<const unsigned char> bytes, std::span<char> out) noexcept {
    std::uint32_t bits = 0;
    unsigned held = 0;
    std::size_t to = 0;
    for (const unsigned char byte : bytes) {
        bits = bits << 8 | byte;
        for (held += 8; held >= 5;) {
            held -= 5;
            out[to++] = alphabet[bits >> held & 31];
        }
    }
    if (held != 0) out[to] = alphabet[bits << (5 - held) & 31];
}

bool decode_base32(std::string_view text, std::span<unsigned char> out) noexcept {
    std::uint32_t bits = 0;
    unsigned held = 0;
    std::size_t to = 0;
    for (const char c : text) {
        const int value = digit(c);
        if (value < 0) return false;
        bits = bits << 5 | static_cast<std::uint32_t>(value);
        held += 5;
        if (held < 8) continue;
        held -= 8;
        out[to++] = static_cast<unsigned char>(bits >> held & 0xff);
    }
    // Five bits left over are a digit that says nothing.
    return held < 5 && (bits & ((1U << held) - 1)) == 0;
}

}  // namespace slipstream::auth
