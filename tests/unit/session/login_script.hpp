// What the scripts about logins have in common.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include "tests/support/jwt_maker.hpp"
#include "tests/unit/auth/vectors.hpp"
#include "tests/unit/session/core_script.hpp"

namespace slipstream::test {

using login_kind = session::login_action::kind;

inline const std::string nonce = "PXoWU7zWAMt75FY";
inline const std::string signature = "bnxg5G8aOV2LQdSE_lcM9clxm_fbTTZxsqQ1EpTNgJXmH6z5ezesd49kXfuNhoAqw_DmEtsGcNsJdug9wMuRDQ";
inline const std::string document = make_creds(jwt_u, seed_u);
inline const std::error_code not_there = std::make_error_code(std::errc::no_such_file_or_directory);

inline std::string info_with(const std::string& n) {
    return R"(INFO {"server_id":"N1","version":"2.15.1","proto":1,"headers":true,"auth_required":true,"nonce":")" + n + "\"}\r\n";
}

inline connect_options with(authentication how) {
    connect_options o;
    o.auth = std::move(how);
    return o;
}

inline const signer some_signer = [](const std::string&, const signature_reply&) {};
inline const credential_provider some_provider{[](const login_request&, const login_reply&) {}};

/// Dialled, and INFO with the nonce has arrived.
inline void informed(session_script& s, connect_options o) {
    s.start(std::move(o));
    s.connect();
    s.expect_dial("127.0.0.1:4222");
    s.dialed();
    s.server_says(info_with(nonce));
}

/// The attempt has failed before a byte was sent.
inline void refused(session_script& s, errc code, std::string_view detail = {}) {
    s.expect_sent("");
    s.expect_close();
    s.expect_done("connect", code);
    s.expect_event(event_kind::connect_failed, [&](const event& e) {
        CHECK(e.error == code);
        CHECK(e.detail == detail);
    });
    s.expect_no_login_action();
}

/// Answers everything as it is wanted.
inline void answer_well(session::core& core, const session::login_action& action, time_point now) {
    if (action.what == login_kind::ask) core.on_login_answer(action.id, {}, user_password{"u", "p"}, now);
    if (action.what == login_kind::read_file) core.on_login_file(action.id, {}, document, now);
    if (action.what == login_kind::sign) core.on_login_signature(action.id, {}, user_key().sign(action.nonce), now);
}

}  // namespace slipstream::test
