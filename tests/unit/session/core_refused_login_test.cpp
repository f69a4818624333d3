// Servers that refuse our login: by default tried again and again, because credentials change (B17); given up when the user says so.
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/session/core_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

connect_options limited(std::vector<std::string> urls, std::optional<unsigned> limit) {
    connect_options o = servers(std::move(urls));
    o.auth = user_password{"u", "p"};
    o.max_auth_failures = limit;
    o.reconnect_wait = 10ms;
    return o;
}

/// The next attempt, and what the server says to CONNECT.
void refused_by(session_script& s, std::string_view server, std::string_view words) {
    s.expect_event(event_kind::reconnecting);
    s.advance_to_dial();
    s.expect_dial(server);
    s.dialed();
    s.server_says(session_script::plain_info);
    s.server_says("-ERR '" + std::string(words) + "'\r\n");
    s.expect_close();
    s.expect_event(event_kind::connect_failed, [](const event& e) { CHECK(e.reason == disconnect_reason::auth); });
}

void connected_then_expired(session_script& s, connect_options o, std::string_view server) {
    s.start(std::move(o));
    s.connect();
    s.expect_dial(server);
    s.handshake();
    s.expect_event(event_kind::connected);
    s.server_says("-ERR 'User Authentication Expired'\r\n");
    s.expect_close();
    s.expect_event(event_kind::disconnected, [](const event& e) { CHECK(e.error == errc::authentication_expired); });
}

}  // namespace

TEST_CASE("B17 C10: a login that is refused again and again is tried again and again") {
    run_script([](session_script& s) {
        connected_then_expired(s, limited({"a.test"}, std::nullopt), "a.test:4222");
        for (int i = 0; i < 6; ++i) refused_by(s, "a.test:4222", "Authorization Violation");
        s.expect_event(event_kind::reconnecting);
        s.advance_to_dial();
        s.expect_dial("a.test:4222");
        s.handshake();
        s.expect_event(event_kind::connected);
    });
}

TEST_CASE("B17: the first connect fails with what the server says, and may be asked for again") {
    run_script([](session_script& s) {
        s.start(limited({"a.test"}, 2U));
        for (const std::string name : {"one", "two", "three"}) {
            s.connect(name);
            s.expect_dial("a.test:4222");
            s.dialed();
            s.server_says(session_script::plain_info);
            s.server_says("-ERR 'Authorization Violation'\r\n");
            s.expect_close();
            s.expect_done(name, errc::authorization_violation);
            s.expect_event(event_kind::connect_failed);
            s.expect_no_event();
        }
    });
}

TEST_CASE("B17: a limit ends the client with what the server said, and is told") {
    run_script([](session_script& s) {
        connected_then_expired(s, limited({"a.test"}, 2U), "a.test:4222");
        refused_by(s, "a.test:4222", "Authorization Violation");  // not the same as before
        refused_by(s, "a.test:4222", "authorization violation");
        s.expect_event(event_kind::closed, [](const event& e) { CHECK(e.error == errc::authorization_violation); });
        s.expect_state(client_state::closed);
    });
}

TEST_CASE("B17: a limit counts for each server by itself, and only the same words in a row") {
    run_script([](session_script& s) {
        connect_options o = limited({"a.test", "b.test"}, 2U);
        connected_then_expired(s, std::move(o), "a.test:4222");
        refused_by(s, "b.test:4222", "Authorization Violation");
        refused_by(s, "a.test:4222", "User Authentication Expired");  // twice for a
        refused_by(s, "b.test:4222", "User Authentication Revoked");
        refused_by(s, "b.test:4222", "Authorization Violation");
        s.expect_event(event_kind::reconnecting);
        s.advance_to_dial();
        s.expect_dial("b.test:4222");
        s.handshake();  // b has changed its mind
        s.expect_event(event_kind::connected);
        s.server_says("-ERR 'Authorization Violation'\r\n");
        s.expect_close();
        s.expect_event(event_kind::disconnected);
        refused_by(s, "b.test:4222", "Authorization Violation");
        s.expect_event(event_kind::closed, [](const event& e) { CHECK(e.error == errc::authorization_violation); });
    });
}

TEST_CASE("B17: what is no refusal does not count: a late login, other errors, a dead network") {
    run_script([](session_script& s) {
        connected_then_expired(s, limited({"a.test"}, 2U), "a.test:4222");
        for (int i = 0; i < 3; ++i) refused_by(s, "a.test:4222", "Authentication Timeout");
        for (int i = 0; i < 3; ++i) {
            s.expect_event(event_kind::reconnecting);
            s.advance_to_dial();
            s.expect_dial("a.test:4222");
            s.dialed(refused());
            s.expect_event(event_kind::connect_failed);
        }
        s.expect_state(client_state::reconnecting);
    });
}
