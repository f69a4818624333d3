// Base32 as nkeys use it (spec/auth.md 3): RFC 4648 alphabet, upper case, no padding. Pure; no allocation, no copy left behind.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace slipstream::auth {

[[nodiscard]] constexpr std::size_t base32_encoded_size(std::size_t bytes) noexcept { return (bytes * 8 + 4) / 5; }
[[nodiscard]] constexpr std::size_t base32_decoded_size(std::size_t digits) noexcept { return digits * 5 / 8; }

/// Writes base32_encoded_size(bytes.size()) characters to `out`, which has room for them.
void encode_base32(std::span<const unsigned char> bytes, std::span<char> out) noexcept;

/// Writes base32_decoded_size(text.size()) bytes to `out`, which has room for them. False when a character is none of the alphabet,
/// when no number of bytes has so many digits, or when an unused bit is set; `out` holds anything then.
[[nodiscard]] bool decode_base32(std::string_view text, std::span<unsigned char> out) noexcept;

}  // namespace slipstream::auth
