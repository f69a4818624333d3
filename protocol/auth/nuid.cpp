#include "protocol/auth/nuid.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "protocol/auth/wipe.hpp"

namespace slipstream::auth {

namespace {

constexpr std::string_view digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

}  // namespace

std::string encode_nuid(std::span<const unsigned char, nuid_random_bytes> random) {
    // One large number, written in base 62 by long division; the digits above the last 22 are left over.
    std::array<unsigned char, nuid_random_bytes> number{};
    std::copy(random.begin(), random.end(), number.begin());
    std::string out(nuid_size, '0');
    for (std::size_t i = nuid_size; i-- > 0;) {
        unsigned rest = 0;
        for (unsigned char& byte : number) {
            const unsigned value = rest * 256 + byte;
            byte = static_cast<unsigned char>(value / 62);
            rest = value % 62;
        }
        out[i] = digits[rest];
    }
    wipe(number.data(), number.size());
    return out;
}

}  // namespace slipstream::auth
