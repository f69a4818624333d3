// Nkeys (spec/auth.md 3-5; B13, B15): base32 is read exactly when it is what would be written; a key is accepted exactly when its
// checksum, kind and size are right, and is then written back as the same text; a signature of the pair is the one of these bytes.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <slipstream/error.hpp>

#include <sodium/crypto_sign.h>

#include "fuzz/check.hpp"
#include "fuzz/input.hpp"
#include "protocol/auth/base32.hpp"
#include "protocol/auth/crc16.hpp"
#include "protocol/auth/nkey.hpp"

using namespace slipstream;
using auth::nkey_kind;

namespace {

constexpr std::array kinds{nkey_kind::account,   nkey_kind::cluster, nkey_kind::server,
                           nkey_kind::operator_, nkey_kind::user,    nkey_kind::curve};

std::string encoded(std::span<const unsigned char> bytes) {
    std::string text(auth::base32_encoded_size(bytes.size()), '\0');
    auth::encode_base32(bytes, text);
    return text;
}

void check_base32(std::string_view text) {
    std::vector<unsigned char> bytes(auth::base32_decoded_size(text.size()));
    if (!auth::decode_base32(text, bytes)) return;
    FUZZ_CHECK(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == std::string_view::npos);
    FUZZ_CHECK(encoded(bytes) == text);
}

/// Bit by bit, as the polynomial says.
std::uint16_t slow_crc(std::span<const unsigned char> bytes) {
    unsigned remainder = 0;
    for (std::size_t bit = 0; bit < bytes.size() * 8 + 16; ++bit) {
        const unsigned next = bit < bytes.size() * 8 ? bytes[bit / 8] >> (7 - bit % 8) & 1U : 0;
        remainder = remainder << 1U | next;
        if ((remainder & 0x10000U) != 0) remainder ^= 0x11021U;
    }
    return static_cast<std::uint16_t>(remainder);
}

void check_text(std::string_view text) {
    for (const nkey_kind kind : kinds) {
        if (auth::check_public_key(text, kind)) continue;
        const std::size_t first = text.find_first_not_of(" \t\r\n");
        const std::string_view key = text.substr(first, text.find_last_not_of(" \t\r\n") + 1 - first);
        std::array<unsigned char, 35> raw{};
        FUZZ_CHECK(key.size() == 56 && auth::decode_base32(key, raw) && raw[0] == static_cast<unsigned char>(kind));
        FUZZ_CHECK(auth::encode_public_key(kind, std::span(raw).subspan<1, 32>()) == key);
    }
    auth::nkey_pair pair;
    if (!pair.read_user_seed(text)) FUZZ_CHECK(!auth::check_public_key(pair.public_key(), nkey_kind::user));
}

/// A good key of these bytes, and the same with one letter changed.
void check_key(fuzz::input in) {
    const nkey_kind kind = kinds[in.below(kinds.size())];
    std::array<unsigned char, 32> bytes{};
    for (unsigned char& byte : bytes) byte = in.byte();
    const std::size_t place = in.below(56);
    const char other = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[in.below(32)];
    FUZZ_CHECK(auth::crc16(bytes) == slow_crc(bytes));

    std::string key = auth::encode_public_key(kind, bytes);
    for (const nkey_kind asked : kinds) FUZZ_CHECK(!auth::check_public_key(key, asked) == (asked == kind));
    const bool changed = key[place] != other;
    key[place] = other;
    FUZZ_CHECK(!auth::check_public_key(key, kind) == !changed);

    const auth::nkey_pair made(kind, bytes);
    const secret seed = auth::encode_seed(kind, bytes);
    auth::nkey_pair read;
    const auto ec = read.read_user_seed(seed.reveal());
    FUZZ_CHECK(kind == nkey_kind::user ? !ec : ec == errc::nkey_wrong_type);
    FUZZ_CHECK(auth::check_public_key(seed.reveal(), nkey_kind::user) == errc::nkey_wrong_type);
    if (ec) return;
    FUZZ_CHECK(read.public_key() == made.public_key());
    const std::string_view message = in.text(64);
    const auto signature = read.sign(message);
    FUZZ_CHECK(signature == made.sign(message));
    std::array<unsigned char, 35> raw{};
    FUZZ_CHECK(auth::decode_base32(read.public_key(), raw));
    const auto* const signed_bytes = reinterpret_cast<const unsigned char*>(message.data());
    FUZZ_CHECK(crypto_sign_verify_detached(signature.data(), signed_bytes, message.size(), raw.data() + 1) == 0);
    // Of no kind that there is, or of another one.
    const auto odd = static_cast<nkey_kind>(in.byte());
    if (odd != nkey_kind::user) FUZZ_CHECK(auth::nkey_pair().read_user_seed(auth::encode_seed(odd, bytes).reveal()));
    std::string damaged(seed.reveal());
    damaged[place] = damaged[place] == other ? 'A' : other;
    if (damaged != seed.reveal()) FUZZ_CHECK(auth::nkey_pair().read_user_seed(damaged));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 4096) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    check_base32(input);
    check_text(input);
    FUZZ_CHECK(auth::crc16({data, size}) == slow_crc({data, size}));
    check_key(fuzz::input(data, size));
    return 0;
}
