#include "protocol/auth/nuid.hpp"

#include <array>
#include <cstdint>
#include <string_view>

#include "protocol/auth/wipe.hpp"

namespace slipstream::auth {

namespace {

constexpr std::string_view digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

}  // namespace

std::string encode_nuid(std::span<const unsigned char, nuid_random_bytes> random) {
    // One large number, written in base 62 by long division; the digits above the last 22 are left over.
    std::array<std::uint32_t, nuid_random_bytes / 4> number{};
    for (std::size_t i = 0; i < random.size(); ++i) number[i / 4] = number[i / 4] << 8 | random[i];
    std::string out(nuid_size, '0');
    for (std::size_t i = nuid_size; i-- > 0;) {
        std::uint64_t rest = 0;
        for (std::uint32_t& part : number) {
            const std::uint64_t value = rest << 32 | part;
            part = static_cast<std::uint32_t>(value / 62);
            rest = value % 62;
        }
        out[i] = digits[rest];
    }
    wipe(number.data(), sizeof number);
    return out;
}

}  // namespace slipstream::auth
