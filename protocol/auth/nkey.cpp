#include "protocol/auth/nkey.hpp"

#include <algorithm>

#include <sodium/crypto_sign.h>

#include <slipstream/detail/base64.hpp>
#include <slipstream/error.hpp>

#include "protocol/auth/base32.hpp"
#include "protocol/auth/crc16.hpp"
#include "protocol/auth/text.hpp"

namespace slipstream::auth {

namespace {

static_assert(crypto_sign_SEEDBYTES == key_size && crypto_sign_PUBLICKEYBYTES == key_size && crypto_sign_SECRETKEYBYTES == 64 &&
              crypto_sign_BYTES == signature_size);

constexpr std::size_t checksum_size = 2;
constexpr std::size_t public_size = 1 + key_size + checksum_size;
constexpr std::size_t seed_size = 2 + key_size + checksum_size;
constexpr std::size_t longest = 1 + 64 + checksum_size;  // a private key, which no client takes

constexpr unsigned seed_prefix = 0x90;     // "S"
constexpr unsigned private_prefix = 0x78;  // "P"

using raw_key = wiped_bytes<longest>;

/// Puts the checksum behind the first bytes: its low half comes first.
void seal(std::span<unsigned char> raw) noexcept {
    const std::size_t body = raw.size() - checksum_size;
    const unsigned crc = crc16(raw.first(body));
    raw[body] = static_cast<unsigned char>(crc & 0xff);
    raw[body + 1] = static_cast<unsigned char>(crc >> 8);
}

bool is_kind(unsigned prefix) noexcept {
    switch (static_cast<nkey_kind>(prefix)) {
        case nkey_kind::account:
        case nkey_kind::cluster:
        case nkey_kind::server:
        case nkey_kind::operator_:
        case nkey_kind::user:
        case nkey_kind::curve: return true;
    }
    return false;
}

/// From text to bytes with a correct checksum, `size` of them.
std::error_code decode(std::string_view text, raw_key& raw, std::size_t& size) noexcept {
    text = trim(text);
    size = base32_decoded_size(text.size());
    if (size < 2 + checksum_size || size > longest) return errc::nkey_malformed;
    if (!decode_base32(text, raw.bytes)) return errc::nkey_malformed;
    const std::size_t body = size - checksum_size;
    const unsigned stored = raw.bytes[body] | static_cast<unsigned>(raw.bytes[body + 1]) << 8;
    if (crc16(std::span(raw.bytes).first(body)) != stored) return errc::nkey_checksum;
    return {};
}

bool is_seed(const raw_key& raw) noexcept { return (raw.bytes[0] & 0xf8) == seed_prefix; }

}  // namespace

std::string encode_public_key(nkey_kind kind, key_bytes key) {
    std::array<unsigned char, public_size> raw{static_cast<unsigned char>(kind)};
    std::copy(key.begin(), key.end(), raw.begin() + 1);
    seal(raw);
    std::string out(base32_encoded_size(raw.size()), '\0');
    encode_base32(raw, out);
    return out;
}

secret encode_seed(nkey_kind kind, key_bytes seed) {
    const auto type = static_cast<unsigned>(kind);
    wiped_bytes<seed_size> raw;
    raw.bytes[0] = static_cast<unsigned char>(seed_prefix | type >> 5);
    raw.bytes[1] = static_cast<unsigned char>((type & 0x1f) << 3);
    std::copy(seed.begin(), seed.end(), raw.bytes.begin() + 2);
    seal(raw.bytes);
    wiped_chars<base32_encoded_size(seed_size)> text;
    encode_base32(raw.bytes, text.bytes);
    return secret(std::string_view(text.bytes.data(), text.bytes.size()));
}

std::error_code check_public_key(std::string_view text, nkey_kind kind) noexcept {
    raw_key raw;
    std::size_t size = 0;
    if (const std::error_code ec = decode(text, raw, size)) return ec;
    if (raw.bytes[0] != static_cast<unsigned char>(kind)) {
        const bool some_key = is_seed(raw) || raw.bytes[0] == private_prefix || is_kind(raw.bytes[0]);
        return some_key ? errc::nkey_wrong_type : errc::nkey_malformed;
    }
    return size == public_size ? std::error_code() : errc::nkey_malformed;
}

nkey_pair::nkey_pair(nkey_kind kind, key_bytes seed) noexcept : kind_(kind) { derive(seed); }

std::error_code nkey_pair::read_user_seed(std::string_view text) noexcept {
    raw_key raw;
    std::size_t size = 0;
    if (const std::error_code ec = decode(text, raw, size)) return ec;
    if (!is_seed(raw)) {
        return raw.bytes[0] == private_prefix || is_kind(raw.bytes[0]) ? errc::nkey_wrong_type : errc::nkey_malformed;
    }
    if (size != seed_size || (raw.bytes[1] & 0x07) != 0) return errc::nkey_malformed;
    const unsigned type = (raw.bytes[0] & 0x07U) << 5 | static_cast<unsigned>(raw.bytes[1]) >> 3;
    if (!is_kind(type)) return errc::nkey_malformed;
    if (static_cast<nkey_kind>(type) != nkey_kind::user) return errc::nkey_wrong_type;
    kind_ = nkey_kind::user;
    derive(std::span(raw.bytes).subspan<2, key_size>());
    return {};
}

void nkey_pair::derive(key_bytes seed) noexcept {
    // Cannot fail: it computes with memory of the caller.
    static_cast<void>(crypto_sign_seed_keypair(public_.data(), private_.bytes.data(), seed.data()));
}

std::array<unsigned char, signature_size> nkey_pair::sign(std::string_view message) const noexcept {
    std::array<unsigned char, signature_size> out{};
    const auto* const bytes = reinterpret_cast<const unsigned char*>(message.data());
    static_cast<void>(crypto_sign_detached(out.data(), nullptr, bytes, message.size(), private_.bytes.data()));
    return out;
}

secret encode_signature(std::string_view signature) {
    wiped_text text;
    detail::append_base64(text.text, signature);
    text.text.erase(text.text.find_last_not_of('=') + 1);
    std::replace(text.text.begin(), text.text.end(), '+', '-');
    std::replace(text.text.begin(), text.text.end(), '/', '_');
    return secret(text.text);
}

}  // namespace slipstream::auth
