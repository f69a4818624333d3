// CRC-16/XMODEM, the checksum of nkeys (spec/auth.md 3): polynomial 0x1021, begins with 0, nothing reflected or inverted.
#pragma once

#include <cstdint>
#include <span>

namespace slipstream::auth {

[[nodiscard]] constexpr std::uint16_t crc16(std::span<const unsigned char> bytes) noexcept {
    std::uint32_t crc = 0;
    for (const unsigned char byte : bytes) {
        crc ^= static_cast<std::uint32_t>(byte) << 8;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
    }
    return static_cast<std::uint16_t>(crc & 0xffff);
}

}  // namespace slipstream::auth
