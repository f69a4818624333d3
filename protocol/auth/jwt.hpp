// The user's JWT, as far as a client looks at it (spec/auth.md 6).
//
// The server judges a JWT; it is sent as it is. What is looked at is its shape, so that a swapped or cut file is noticed here, and
// whose it is, so that a seed of somebody else is.
#pragma once

#include <string_view>
#include <system_error>

namespace slipstream::auth {

/// Three parts of base64url, not empty, with dots between them, of at most max_document bytes. Errors: errc::jwt_malformed.
[[nodiscard]] std::error_code check_jwt(std::string_view jwt) noexcept;

/// Whether the JWT names a user, and that is not the one with this public key: its claims decode to a JSON object whose `sub` is
/// another text. Of claims that do not decode nothing is known; the server says what it thinks of them.
[[nodiscard]] bool names_another_user(std::string_view jwt, std::string_view public_key);

}  // namespace slipstream::auth
