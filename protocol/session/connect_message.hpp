// The CONNECT message (spec/protocol.md 5, spec/auth.md 1; A23, B11, B12).
//
// Told: what this client wants, what the server can, and the login. Emits: one CONNECT frame. The keys are a fixed list; nothing
// is copied from an options object as a whole. Every string is JSON-escaped, so none can break out of its place.
#pragma once

#include <string>
#include <string_view>

#include <slipstream/authentication.hpp>

#include "protocol/wire/write_buffer.hpp"

namespace slipstream::session {

/// Sent as "version"; a test keeps it equal to the project's.
inline constexpr std::string_view client_version = "0.1.0";

/// The fields of CONNECT that prove who we are. Views; absent means not sent. They are made anew for every connection: see
/// login_machine.hpp.
struct login_fields {
    bool with_user = false;       ///< Send `user` and `pass`, empty or not.
    std::string_view user;
    std::string_view pass;
    bool with_token = false;      ///< Send `auth_token`.
    std::string_view auth_token;
    std::string_view jwt;         ///< These three when not empty.
    std::string_view nkey;        ///< Of a login without a JWT.
    std::string_view sig;         ///< Of INFO's nonce.
};

/// Lifetime: as the login.
[[nodiscard]] login_fields login_fields_of(const user_password& how) noexcept;
[[nodiscard]] login_fields login_fields_of(const token_auth& how) noexcept;

struct connect_fields {
    std::string_view name = {};   ///< Empty = not sent.
    bool echo = true;
    bool headers = true;          ///< What INFO offers; `no_responders` needs it and follows it.
    login_fields login = {};
};

/// Appends `CONNECT {...}\r\n`. It may hold secrets: the caller wipes the buffer after writing (outbox::wipe_when_written) and never
/// logs it. Copies made on the way are wiped here.
void append_connect(wire::write_buffer& out, const connect_fields& fields);

}  // namespace slipstream::session
