// Keys, JWTs and credentials files for tests: what an operator's tools would make (spec/auth.md 6, 7). Nothing here is a secret.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "protocol/auth/nkey.hpp"
#include "tests/support/base64url.hpp"

namespace slipstream::test {

/// A key pair whose seed is `first`, `first` + 1, ... : the vectors of spec/auth.md 4 with 0x00 (user), 0x20 (account), 0x40 (operator).
class test_key {
public:
    test_key(auth::nkey_kind kind, unsigned char first);
    test_key(auth::nkey_kind kind, auth::key_bytes seed);

    [[nodiscard]] const std::string& seed() const noexcept { return seed_; }
    [[nodiscard]] const std::string& public_key() const noexcept { return public_; }
    /// 64 bytes.
    [[nodiscard]] std::string sign(std::string_view message) const;

private:
    auth::nkey_pair pair_;
    std::string seed_;
    std::string public_;
};

inline test_key user_key(unsigned char first = 0x00) { return {auth::nkey_kind::user, first}; }
inline test_key account_key(unsigned char first = 0x20) { return {auth::nkey_kind::account, first}; }
inline test_key operator_key() { return {auth::nkey_kind::operator_, 0x40}; }

/// header.claims.signature
[[nodiscard]] std::string make_jwt(std::string_view claims, const test_key& issuer);

struct user_claims {
    std::string name = "alice";
    std::int64_t expires = 0;   ///< Unix seconds; 0 = never.
    bool bearer = false;
    std::string nats = {};      ///< More members of the `nats` object: `,"pub":{...}`
};
[[nodiscard]] std::string make_user_jwt(const test_key& user, const test_key& account, const user_claims& claims = {});

struct account_claims {
    std::int64_t expires = 0;
    int connections = -1;
    std::map<std::string, std::int64_t> revoked = {};  ///< Public key: JWTs issued until then.
};
[[nodiscard]] std::string make_account_jwt(const test_key& account, const test_key& issuer, const account_claims& claims = {});

/// A credentials file.
[[nodiscard]] std::string make_creds(std::string_view jwt, std::string_view seed);

/// Configuration of a server in operator mode with one account.
[[nodiscard]] std::string operator_config(const account_claims& claims = {});

}  // namespace slipstream::test
