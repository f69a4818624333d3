// Signers and providers: what is asked of them, and what becomes of their answers.
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/session/login_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE("B13 B14: a signer that completes later; the nonce is signed once, by the first answer") {
    run_script([](session_script& s) {
        s.login_source(answer_well);
        informed(s, with(jwt_signer{jwt_u, some_signer}));
        const session::login_action sign = s.expect_login_action(login_kind::sign);
        s.check([&] { CHECK(sign.nonce == nonce); });
        s.advance(2s);
        s.expect_sent("");
        s.server_says("INFO {\"nonce\":\"changed\"}\r\nPING\r\n");  // that is news, and no question
        s.expect_sent("");
        s.expect_no_login_action();
        s.answer_signature(user_key().sign(nonce));
        s.expect_sent("CONNECT {~,\"jwt\":\"" + std::string(jwt_u) + "\",\"sig\":\"" + signature + "\"}\r\nPING\r\n");
        s.answer_signature(user_key().sign("twice"));
        s.answer_signature("", errc::signer_failed);
        s.expect_sent("");
        s.server_says("PONG\r\n");
        s.expect_done("connect");
    });
    run_script([](session_script& s) {
        s.login_source(answer_well);
        informed(s, with(nkey_signer{std::string(public_u) + "\n", some_signer}));
        s.expect_login_action(login_kind::sign);
        s.answer_signature(user_key().sign(nonce));
        s.expect_sent("CONNECT {~,\"nkey\":\"" + std::string(public_u) + "\",\"sig\":\"" + signature + "\"}\r\nPING\r\n");
    });
}

TEST_CASE("B15: a signer that fails, or gives no signature") {
    struct row {
        std::string signature;
        std::error_code ec;
        std::string detail;
    };
    for (const row& r : {row{"", errc::signer_failed, ""}, row{"", not_there, not_there.message()}, row{"", {}, "a signature has 64 bytes"},
                         row{std::string(63, 'x'), {}, "a signature has 64 bytes"}, row{signature, {}, "a signature has 64 bytes"}}) {
        run_script([&](session_script& s) {
            informed(s, with(jwt_signer{jwt_u, some_signer}));
            s.expect_login_action(login_kind::sign);
            s.answer_signature(r.signature, r.ec);
            refused(s, errc::signer_failed, r.detail);
        });
    }
}

TEST_CASE("B7 I1: the connect timeout covers the signer and the provider") {
    run_script([](session_script& s) {
        informed(s, with(jwt_signer{jwt_u, some_signer}));
        s.expect_login_action(login_kind::sign);
        s.advance(4999ms);
        s.expect_pending("connect");
        s.advance(1ms);
        refused(s, errc::handshake_timeout, "while making the login");
        s.answer_signature(user_key().sign(nonce));  // nobody waits for it any more
        s.expect_sent("");
        s.expect_no_action();
    });
    run_script([](session_script& s) {
        s.start(with(some_provider));
        s.connect();
        s.expect_login_action(login_kind::ask);
        s.expect_no_action();
        s.advance(5s);
        s.expect_done("connect", errc::handshake_timeout);
        s.expect_event(event_kind::connect_failed, [](const event& e) { CHECK(e.detail == "while waiting for credentials"); });
        s.answer(user_password{"u", "p"});
        s.expect_no_action();
        s.expect_state(client_state::idle);
    });
}

TEST_CASE("B16 S11: a provider is asked before each dial, and told what has happened") {
    run_script([](session_script& s) {
        s.login_source(answer_well);
        s.start(with(some_provider));
        s.connect();
        const session::login_action first = s.expect_login_action(login_kind::ask);
        s.check([&] {
            CHECK(first.request.server == "127.0.0.1:4222");
            CHECK_FALSE(first.request.last_error);
        });
        s.expect_no_action();
        s.advance(3s);  // longer than a server would wait
        s.answer(user_password{"u", "p"});
        s.answer(token_auth{"late"});
        s.expect_dial("127.0.0.1:4222");
        s.dialed();
        s.server_says(info_with(nonce));
        s.expect_sent("CONNECT {~,\"user\":\"u\",\"pass\":\"p\"}\r\nPING\r\n");
        s.server_says("PONG\r\n");
        s.expect_event(event_kind::connected);
        s.server_says("-ERR 'User Authentication Revoked'\r\n");
        s.expect_close();
        s.expect_event(event_kind::disconnected);
        s.expect_event(event_kind::reconnecting);
        s.advance(1s);
        const session::login_action second = s.expect_login_action(login_kind::ask);
        s.check([&] { CHECK(second.request.last_error == errc::authentication_revoked); });
        s.answer(nkey_signer{std::string(public_u), some_signer});
        s.expect_dial("127.0.0.1:4222");
        s.dialed();
        s.server_says(info_with(nonce));
        s.expect_login_action(login_kind::sign);
        s.answer_signature(user_key().sign(nonce));
        s.expect_sent("CONNECT {~,\"nkey\":\"" + std::string(public_u) + "\",\"sig\":\"" + signature + "\"}\r\nPING\r\n");
    });
    // Files too may be answered.
    run_script([](session_script& s) {
        s.login_source(answer_well);
        s.start(with(some_provider));
        s.connect();
        s.expect_login_action(login_kind::ask);
        s.answer(creds_file{"f"});
        s.expect_dial("127.0.0.1:4222");
        s.dialed();
        s.server_says(info_with(nonce));
        s.expect_login_action(login_kind::read_file);
        s.answer_file(document);
        s.expect_sent("CONNECT {~,\"jwt\":\"" + std::string(jwt_u) + "\",\"sig\":\"" + signature + "\"}\r\nPING\r\n");
    });
}

TEST_CASE("B15: a provider that fails or answers nonsense: nothing is dialled") {
    struct row {
        login how;
        std::error_code ec;
        errc code;
        std::string detail;
    };
    for (const row& r : {row{no_auth{}, errc::credential_provider_failed, errc::credential_provider_failed, ""},
                         row{no_auth{}, not_there, errc::credential_provider_failed, not_there.message()},
                         row{nkey_seed{public_u}, {}, errc::nkey_wrong_type, ""}, row{token_auth{}, {}, errc::invalid_option, ""},
                         row{jwt_signer{jwt_u, nullptr}, {}, errc::invalid_option, ""}}) {
        run_script([&](session_script& s) {
            s.start(with(some_provider));
            s.connect();
            s.expect_login_action(login_kind::ask);
            s.answer(r.how, r.ec);
            s.expect_no_action();
            s.expect_done("connect", r.code);
            s.expect_event(event_kind::connect_failed, [&](const event& e) {
                CHECK(e.reason == disconnect_reason::auth);
                CHECK(e.detail == r.detail);
            });
        });
    }
}

TEST_CASE("C19 B14: an answer of an earlier attempt does nothing in the next") {
    run_script([](session_script& s) {
        s.login_source(answer_well);
        connect_options o = with(jwt_signer{jwt_u, some_signer});
        o.servers = {"a.test", "b.test"};
        s.start(std::move(o));
        s.connect();
        s.expect_dial("a.test:4222");
        s.dialed();
        s.server_says(info_with(nonce));
        s.check([&s] {
            const std::uint64_t old = s.expect_login_action(login_kind::sign).id;
            s.down();
            if (!s.on()) return;
            s.expect_close();
            s.expect_dial("b.test:4222");
            s.dialed();
            s.server_says(info_with("two"));
            if (!s.on()) return;
            s.core().on_login_signature(old, {}, user_key().sign(nonce), s.now());
            s.core().on_login_answer(old + 1, {}, no_auth{}, s.now());  // the right number for the wrong question
            s.core().on_login_file(old + 1, {}, document, s.now());
            s.pump();
            s.expect_sent("");
            s.expect_login_action(login_kind::sign);
            s.answer_signature(user_key().sign("two"));
            s.expect_sent("CONNECT {~,\"sig\":\"" + base64url(user_key().sign("two")) + "\"}\r\nPING\r\n");
        });
    });
}

TEST_CASE("B7 I4: a server that answers before it was asked is not believed") {
    for (const std::string_view bytes : {"PONG\r\n", "+OK\r\n", "MSG a 1 0\r\n\r\n"}) {
        run_script([bytes](session_script& s) {
            informed(s, with(jwt_signer{jwt_u, some_signer}));
            s.expect_login_action(login_kind::sign);
            s.server_says(bytes);
            refused(s, errc::protocol_error, "the server answered before it was asked");
        });
    }
    run_script([](session_script& s) {
        informed(s, with(jwt_signer{jwt_u, some_signer}));
        s.expect_login_action(login_kind::sign);
        s.server_says("-ERR 'Authentication Timeout'\r\n");
        refused(s, errc::authentication_timeout, "Authentication Timeout");
    });
}

TEST_CASE("C7 I1: cancel, close and drain while a login is awaited") {
    for (const char how : {'c', 'x', 'd'}) {
        for (const bool provider : {true, false}) {
            run_script([&](session_script& s) {
                if (provider) {
                    s.start(with(some_provider));
                    s.connect();
                    s.expect_login_action(login_kind::ask);
                } else {
                    informed(s, with(jwt_signer{jwt_u, some_signer}));
                    s.expect_login_action(login_kind::sign);
                }
                if (how == 'c') {
                    s.cancel("connect");
                    s.expect_done("connect", aborted);
                    s.expect_state(client_state::idle);
                } else if (how == 'x') {
                    s.close();
                    s.expect_done("connect", errc::closed);
                } else {
                    s.drain();
                    s.advance(30s);
                    s.expect_state(client_state::closed);
                }
                if (provider)
                    s.answer(user_password{"u", "p"});
                else
                    s.answer_signature(user_key().sign(nonce));
                s.expect_sent("");
            });
        }
    }
}

TEST_CASE("C12: a server that was taken out while the login was asked for is not dialled") {
    run_script([](session_script& s) {
        connect_options o = servers({"a.test:1", "b.test:2"});
        o.auth = credential_provider{[](const login_request&, const login_reply&) {}};
        o.retry_on_failed_connect = true;
        s.start(o);
        s.connect();
        s.set_servers({"b.test:2"});
        s.expect_event(event_kind::connect_failed, [](const event& e) {
            CHECK(e.server == "a.test:1");
            CHECK(e.error == errc::connection_left);
        });
        s.expect_no_action();
    });
}
