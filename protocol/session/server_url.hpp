// From what the user wrote as a server to an endpoint and a login (spec/auth.md 10; B11, B20, W17, W18).
//
// Told: text. Decides: host, port, whether TLS is demanded, and the login in front of the host. Invariant: once parsed, nothing
// here shows the login again: display() has none, and passwords and tokens live in `secret`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <slipstream/connect_options.hpp>

namespace slipstream::session {

struct server_url {
    static constexpr std::uint16_t default_port = 4222;
    static constexpr std::size_t max_host = 255;

    std::string host;            ///< Lower case; an IPv6 address without its brackets.
    std::uint16_t port = default_port;
    bool tls = false;            ///< tls:// was written.
    authentication login;        ///< user_password (the password may be empty), token_auth, or no_auth.

    /// `host:port` as in a URL (IPv6 in brackets, its zone behind %25); never the login.
    [[nodiscard]] std::string display() const;
    [[nodiscard]] bool same_endpoint(const server_url& other) const noexcept { return port == other.port && host == other.host; }
};

/// One server: `[nats:// | tls://] [user[:password]@] host [:port] [/]`. The login ends at the last `@` of the authority and is split
/// at its first `:`; both halves are percent-decoded. A user without `:` is a token.
/// Errors: errc::invalid_url, `out` unchanged. Also for ws:// and wss://, which this client does not speak.
std::error_code parse_server_url(std::string_view text, server_url& out);

/// One entry of connect_options::servers: servers separated by commas, blanks around them and a comma at the end ignored. A comma
/// inside a password is written %2C. Errors: errc::invalid_url (also when there is no server in it), `out` unchanged.
std::error_code parse_server_list(std::string_view text, std::vector<server_url>& out);

/// `host[:port]` as servers tell each other's addresses (INFO connect_urls): no scheme and no login.
/// Errors: errc::invalid_url, `out` unchanged.
std::error_code parse_discovered_server(std::string_view text, server_url& out);

}  // namespace slipstream::session
