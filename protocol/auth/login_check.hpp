// Whether a login can be used at all, before a server is asked (spec/auth.md 3, 6; B15, S14).
//
// Told: a login. Decides: the first thing that is wrong with it. Invariant: an error names the kind of problem and shows nothing of
// the login; copies made on the way are wiped.
#pragma once

#include <string_view>
#include <system_error>

#include <slipstream/authentication.hpp>

namespace slipstream::auth {

class nkey_pair;

/// Reads the seed, checks the JWT, and that they belong to each other. Errors: errc::jwt_malformed, errc::nkey_malformed,
/// errc::nkey_checksum, errc::nkey_wrong_type, errc::key_mismatch.
[[nodiscard]] std::error_code read_user(std::string_view jwt, std::string_view seed, nkey_pair& out);

/// Everything but what is in files. An empty name or token is what an unset variable leaves behind, and a server would take it for no
/// login at all: errc::invalid_option. Further errors: errc::creds_malformed, and as read_user.
[[nodiscard]] std::error_code check_login(const login& how);

/// As check_login.
[[nodiscard]] std::error_code check_login(const authentication& how);

}  // namespace slipstream::auth
