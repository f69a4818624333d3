#include "protocol/session/connect_message.hpp"

#include <cstddef>
#include <variant>

#include "protocol/auth/wipe.hpp"
#include "protocol/wire/encoder.hpp"
#include "protocol/wire/json_writer.hpp"

namespace slipstream::session {

namespace {

/// Wipes on every way out.
struct wiped_string {
    std::string text;
    wiped_string() = default;
    wiped_string(const wiped_string&) = delete;
    wiped_string& operator=(const wiped_string&) = delete;
    ~wiped_string() { auth::wipe(text); }
};

}  // namespace

login_fields login_fields_of(const authentication& login) noexcept {
    login_fields fields;
    if (const auto* const user = std::get_if<user_password>(&login)) {
        fields.with_user = true;
        fields.user = user->user;
        fields.pass = user->password.reveal();
    } else if (const auto* const token = std::get_if<token_auth>(&login)) {
        fields.with_token = true;
        fields.auth_token = token->token.reveal();
    }
    return fields;
}

void append_connect(wire::write_buffer& out, const connect_fields& fields) {
    // Reserved for the worst case, so that growing leaves no copy of a secret in freed memory: an escape is at most six characters.
    constexpr std::size_t fixed_part = 512;
    constexpr std::size_t widest_escape = 6;
    constexpr std::size_t room_behind = 256;  // what follows at once (PING) must not move it either
    const login_fields& login = fields.login;
    wiped_string json;
    json.text.reserve(fixed_part + widest_escape * (fields.name.size() + login.user.size() + login.pass.size() + login.auth_token.size()));
    wire::json_writer w(json.text);
    w.begin_object();
    w.member("verbose", false);
    w.member("pedantic", false);
    w.member("echo", fields.echo);
    w.member("protocol", 1);
    w.member("headers", fields.headers);
    w.member("no_responders", fields.headers);
    w.member("lang", "c++");
    w.member("version", client_version);
    if (!fields.name.empty()) w.member("name", fields.name);
    if (login.with_user) {
        w.member("user", login.user);
        w.member("pass", login.pass);
    }
    if (login.with_token) w.member("auth_token", login.auth_token);
    w.end_object();
    static_cast<void>(out.reserve(json.text.size() + room_behind));
    wire::encode_connect(out, json.text);
}

}  // namespace slipstream::session
