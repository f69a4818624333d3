#include "protocol/session/connect_message.hpp"

#include <cstddef>

#include "protocol/auth/wipe.hpp"
#include "protocol/wire/encoder.hpp"
#include "protocol/wire/json_writer.hpp"

namespace slipstream::session {

login_fields login_fields_of(const user_password& how) noexcept {
    login_fields fields;
    fields.with_user = true;
    fields.user = how.user;
    fields.pass = how.password.reveal();
    return fields;
}

login_fields login_fields_of(const token_auth& how) noexcept {
    login_fields fields;
    fields.with_token = true;
    fields.auth_token = how.token.reveal();
    return fields;
}

void append_connect(wire::write_buffer& out, const connect_fields& fields) {
    // Reserved for the worst case, so that growing leaves no copy of a secret in freed memory: an escape is at most six characters.
    constexpr std::size_t fixed_part = 512;
    constexpr std::size_t widest_escape = 6;
    constexpr std::size_t room_behind = 256;  // what follows at once (PING) must not move it either
    const login_fields& login = fields.login;
    auth::wiped_text json;
    const std::size_t texts = fields.name.size() + login.user.size() + login.pass.size() + login.auth_token.size() + login.jwt.size() +
                              login.nkey.size() + login.sig.size();
    json.text.reserve(fixed_part + widest_escape * texts);
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
    if (!login.jwt.empty()) w.member("jwt", login.jwt);
    if (!login.nkey.empty()) w.member("nkey", login.nkey);
    if (!login.sig.empty()) w.member("sig", login.sig);
    w.end_object();
    static_cast<void>(out.reserve(json.text.size() + room_behind));
    wire::encode_connect(out, json.text);
}

}  // namespace slipstream::session
