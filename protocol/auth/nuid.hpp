// Names that nobody can guess (E11): 22 characters in base 62, 131 bits. Pure; entropy.hpp draws the bytes.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace slipstream::auth {

inline constexpr std::size_t nuid_size = 22;
inline constexpr std::size_t nuid_random_bytes = 24;  // 61 bits more than needed: no character is measurably likelier

/// The name that these bytes make.
[[nodiscard]] std::string encode_nuid(std::span<const unsigned char, nuid_random_bytes> random);

}  // namespace slipstream::auth
