// Nkeys: Ed25519 keys and the text they are written in (spec/auth.md 3-5; B13, B15).
//
// Told: text. Decides: whether it is a key, and of which kind. Emits: the public text, signatures. Invariants: a seed is never copied
// but into memory that is wiped; an error names the kind of problem and shows nothing of the text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include <slipstream/secret.hpp>

#include "protocol/auth/wipe.hpp"

namespace slipstream::auth {

/// What a key is for; the value is the prefix byte.
enum class nkey_kind : std::uint8_t {
    account = 0x00,
    cluster = 0x10,
    server = 0x68,
    operator_ = 0x70,
    user = 0xa0,
    curve = 0xb8,
};

inline constexpr std::size_t key_size = 32;
inline constexpr std::size_t signature_size = 64;

using key_bytes = std::span<const unsigned char, key_size>;

/// The text of a public key, 56 characters.
[[nodiscard]] std::string encode_public_key(nkey_kind kind, key_bytes key);
/// The text of a seed, 58 characters.
[[nodiscard]] secret encode_seed(nkey_kind kind, key_bytes seed);

/// Blanks and line ends around the text are ignored. Errors: errc::nkey_malformed, errc::nkey_checksum, errc::nkey_wrong_type (a seed,
/// or a key of another kind).
[[nodiscard]] std::error_code check_public_key(std::string_view text, nkey_kind kind) noexcept;

/// A pair of keys, made from a seed.
class nkey_pair {
public:
    nkey_pair() noexcept = default;
    /// The pair of these 32 bytes.
    nkey_pair(nkey_kind kind, key_bytes seed) noexcept;

    /// Takes the seed of a user from its text; blanks and line ends around it are ignored. Errors: as check_public_key.
    [[nodiscard]] std::error_code read_user_seed(std::string_view text) noexcept;

    [[nodiscard]] std::string public_key() const { return encode_public_key(kind_, public_); }
    /// The Ed25519 signature, 64 bytes.
    [[nodiscard]] std::array<unsigned char, signature_size> sign(std::string_view message) const noexcept;

private:
    void derive(key_bytes seed) noexcept;

    nkey_kind kind_ = nkey_kind::user;
    std::array<unsigned char, key_size> public_{};
    wiped_bytes<64> private_;  // as libsodium wants it: seed and public key
};

/// The signature as CONNECT wants it: base64url without padding.
[[nodiscard]] secret encode_signature(std::string_view signature);

}  // namespace slipstream::auth
