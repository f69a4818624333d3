// From the user's keys, documents and files to CONNECT.
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/session/login_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE("B12 B14 auth.md 5: a key signs the nonce as it is written; the seed and its bytes stay here") {
    run_script([](session_script& s) {
        informed(s, with(nkey_seed{seed_u}));
        s.expect_sent("CONNECT {~,\"nkey\":\"" + std::string(public_u) + "\",\"sig\":\"" + signature + "\"}\r\nPING\r\n");
        s.server_says("PONG\r\n");
        s.expect_done("connect");
        s.expect_no_login_action();
    });
}

TEST_CASE("S9 B12 auth.md 1: credentials send the JWT and a signature, and no key") {
    for (const authentication& how : {authentication(creds_text{document}), authentication(jwt_seed{jwt_u, seed_u})}) {
        run_script([&](session_script& s) {
            informed(s, with(how));
            s.expect_sent("CONNECT {~,\"jwt\":\"" + std::string(jwt_u) + "\",\"sig\":\"" + signature + "\"}\r\nPING\r\n");
            s.server_says("PONG\r\n");
            s.expect_done("connect");
        });
    }
}

TEST_CASE("B12 auth.md 1: a bearer's JWT is sent alone, and needs no nonce") {
    run_script([](session_script& s) {
        s.start(with(bearer_jwt{std::string(jwt_u) + "\n"}));
        s.connect();
        s.expect_dial("127.0.0.1:4222");
        s.dialed();
        s.server_says(session_script::plain_info);
        s.expect_sent("CONNECT {~\"version\":\"~\",\"jwt\":\"" + std::string(jwt_u) + "\"}\r\nPING\r\n");
        s.server_says("PONG\r\n");
        s.expect_done("connect");
    });
}

TEST_CASE("B14: what signs fails when the server offers no nonce, and the key is not touched") {
    for (const authentication& how : {authentication(nkey_seed{seed_u}), authentication(nkey_file{"f"}), authentication(creds_file{"f"}),
                                      authentication(creds_text{document}), authentication(jwt_signer{jwt_u, some_signer}),
                                      authentication(nkey_signer{std::string(public_u), some_signer})}) {
        run_script([&](session_script& s) {
            s.start(with(how));
            s.connect();
            s.expect_dial("127.0.0.1:4222");
            s.dialed();
            s.server_says(session_script::plain_info);
            refused(s, errc::nonce_missing);
        });
    }
}

TEST_CASE("B14: a nonce that could be a document to sign is not signed") {
    run_script([](session_script& s) {
        s.start(with(nkey_signer{std::string(public_u), some_signer}));
        s.connect();
        s.expect_dial("127.0.0.1:4222");
        s.dialed();
        s.server_says(info_with(std::string(129, 'n')));
        refused(s, errc::protocol_error, "the server's nonce is too long");
    });
    run_script([](session_script& s) {  // INFO's own limit for a text: as if it were not there
        s.start(with(nkey_signer{std::string(public_u), some_signer}));
        s.connect();
        s.expect_dial("127.0.0.1:4222");
        s.dialed();
        s.server_says(info_with(std::string(4000, 'n')));
        refused(s, errc::nonce_missing);
    });
    run_script([](session_script& s) {
        s.start(with(nkey_seed{seed_u}));
        s.connect();
        s.expect_dial("127.0.0.1:4222");
        s.dialed();
        s.server_says(info_with(std::string(128, 'n')));
        s.expect_sent("CONNECT {~\"sig\":\"~\"}\r\nPING\r\n");
    });
}

TEST_CASE("S10 B16: a credentials file is read again for every connection, and signs its nonce") {
    run_script([](session_script& s) {
        s.login_source(answer_well);
        informed(s, with(creds_file{"f"}));
        s.expect_sent("");
        const session::login_action read = s.expect_login_action(login_kind::read_file);
        s.check([&] { CHECK(read.path == "f"); });
        s.expect_pending("connect");
        s.answer_file(document);
        s.expect_sent("CONNECT {~,\"jwt\":\"" + std::string(jwt_u) + "\",\"sig\":\"" + signature + "\"}\r\nPING\r\n");
        s.server_says("PONG\r\n");
        s.expect_done("connect");
        s.expect_event(event_kind::connected);
        s.server_says("-ERR 'User Authentication Expired'\r\n");
        s.expect_close();
        s.expect_event(event_kind::disconnected, [](const event& e) {
            CHECK(e.error == errc::authentication_expired);
            CHECK(e.reason == disconnect_reason::auth);
        });
        s.expect_event(event_kind::reconnecting);
        s.advance_to_dial();
        s.expect_dial("127.0.0.1:4222");
        s.dialed();
        s.server_says(info_with("another"));
        s.expect_login_action(login_kind::read_file);
        // Rotated meanwhile: another user.
        const std::string jwt = make_user_jwt(user_key(1), account_key());
        s.answer_file(make_creds(jwt, user_key(1).seed()));
        s.expect_sent("CONNECT {~,\"jwt\":\"" + jwt + "\",\"sig\":\"" + base64url(user_key(1).sign("another")) + "\"}\r\nPING\r\n");
        s.server_says("PONG\r\n");
        s.expect_event(event_kind::connected);
    });
}

TEST_CASE("B15 auth.md 6: seed files, and JWT and seed in two files") {
    run_script([](session_script& s) {
        s.login_source(answer_well);
        informed(s, with(nkey_file{"seed"}));
        const session::login_action read = s.expect_login_action(login_kind::read_file);
        s.check([&] { CHECK(read.path == "seed"); });
        s.answer_file(std::string(seed_u) + "\r\n");
        s.expect_sent("CONNECT {~,\"nkey\":\"" + std::string(public_u) + "\",\"sig\":\"" + signature + "\"}\r\nPING\r\n");
    });
    run_script([](session_script& s) {
        s.login_source(answer_well);
        informed(s, with(creds_file{"jwt", "seed"}));
        const session::login_action first = s.expect_login_action(login_kind::read_file);
        s.check([&] { CHECK(first.path == "jwt"); });
        s.answer_file(std::string(jwt_u) + "\n");
        s.expect_sent("");
        const session::login_action second = s.expect_login_action(login_kind::read_file);
        s.check([&] { CHECK(second.path == "seed"); });
        s.answer_file(seed_u);
        s.expect_sent("CONNECT {~,\"jwt\":\"" + std::string(jwt_u) + "\",\"sig\":\"" + signature + "\"}\r\nPING\r\n");
    });
}

TEST_CASE("B15: files that cannot be read or used fail the attempt, and say no more than what is wrong") {
    struct row {
        std::string contents;
        std::error_code ec;
        errc code;
        std::string detail;
    };
    for (const row& r :
         {row{"", not_there, errc::credentials_unreadable, not_there.message()},
          row{"", errc::credentials_unreadable, errc::credentials_unreadable, ""},
          row{"", errc::creds_malformed, errc::creds_malformed, ""}, row{"", {}, errc::creds_malformed, ""},
          row{make_creds(jwt_u, seed_zero), {}, errc::key_mismatch, ""}, row{make_creds(seed_u, jwt_u), {}, errc::jwt_malformed, ""},
          row{make_creds(jwt_u, seed_account), {}, errc::nkey_wrong_type, ""}}) {
        run_script([&](session_script& s) {
            informed(s, with(creds_file{"f"}));
            s.expect_login_action(login_kind::read_file);
            s.answer_file(r.contents, r.ec);
            refused(s, r.code, r.detail);
        });
    }
    run_script([](session_script& s) {
        informed(s, with(creds_file{"jwt", "seed"}));
        s.expect_login_action(login_kind::read_file);
        s.answer_file("not a JWT");
        refused(s, errc::jwt_malformed);
    });
    run_script([](session_script& s) {
        informed(s, with(creds_file{"jwt", "seed"}));
        s.expect_login_action(login_kind::read_file);
        s.answer_file(jwt_u);
        s.expect_login_action(login_kind::read_file);
        s.answer_file(seed_zero);
        refused(s, errc::key_mismatch);
    });
    run_script([](session_script& s) {
        informed(s, with(nkey_file{"seed"}));
        s.expect_login_action(login_kind::read_file);
        s.answer_file(public_u);
        refused(s, errc::nkey_wrong_type);
    });
}

TEST_CASE("B17: a file that is missing or broken for a while does not end the client") {
    run_script([](session_script& s) {
        s.login_source(answer_well);
        informed(s, with(creds_file{"f"}));
        s.expect_login_action(login_kind::read_file);
        s.answer_file(document);
        s.server_says("PONG\r\n");
        s.expect_event(event_kind::connected);
        s.down();
        s.expect_close();
        s.expect_event(event_kind::disconnected);
        for (const std::error_code& ec : {not_there, make_error_code(errc::creds_malformed), not_there, not_there}) {
            s.expect_event(event_kind::reconnecting);
            s.advance_to_dial();
            s.expect_dial("127.0.0.1:4222");
            s.dialed();
            s.server_says(info_with(nonce));
            s.expect_login_action(login_kind::read_file);
            s.answer_file("", ec);
            s.expect_close();
            s.expect_event(event_kind::connect_failed, [](const event& e) { CHECK(e.reason == disconnect_reason::auth); });
        }
        s.expect_state(client_state::reconnecting);
    });
}

TEST_CASE("B13: after CONNECT nothing is kept of a login that was read or answered") {
    run_script([](session_script& s) {
        s.login_source(answer_well);
        informed(s, with(creds_file{"f"}));
        s.expect_login_action(login_kind::read_file);
        s.answer_file(document);
        s.expect_sent("CONNECT {~}\r\nPING\r\n");
        s.server_says("PONG\r\n");
        s.expect_event(event_kind::connected);
        s.check([&s] {
            CHECK(std::get<creds_file>(s.core().options().auth).path == "f");
            CHECK(s.core().pending_write().empty());
        });
    });
}
