// Subscriptions that the server refuses: exactly these end.
#include <string>

#include <doctest/doctest.h>

#include "tests/unit/session/core_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE("D10: a refused subscription fails, the others live; equal ones are told apart by order and by sid") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("denied", "secret");
        s.subscribe("other", "a");
        s.subscribe("group", "secret", {.queue_group = "q"});
        s.next("denied next", "denied");
        s.next("other next", "other");
        s.next("group next", "group");
        s.expect_sent("SUB secret 1\r\nSUB a 2\r\nSUB secret q 3\r\n");
        s.server_says("-ERR 'Permissions Violation for Subscription to \"secret\"'\r\n");
        s.expect_done("denied next", errc::permission_denied);
        s.expect_pending("other next");
        s.expect_pending("group next");
        s.server_says("-ERR 'Permissions Violation for Subscription to \"secret\" using queue \"q\"'\r\n");
        s.expect_done("group next", errc::permission_denied);
        s.expect_no_event();
        s.server_says("-ERR 'Permissions Violation for Subscription to \"a\" (sid \"2\")'\r\n");
        s.expect_done("other next", errc::permission_denied);
        s.server_says("-ERR 'Permissions Violation for Subscription to \"a\" (sid \"2\")'\r\n");  // of none any more: told
        s.expect_event(event_kind::server_error, [](const event& e) {
            CHECK(e.error == errc::permission_denied);
            CHECK(e.subject == "a");
        });
        s.expect_state(client_state::connected);
        s.next("again", "denied");
        s.expect_done("again", errc::permission_denied);
        s.down();  // refused ones are not restored
        s.expect_close();
        s.expect_dial("127.0.0.1:4222");
        s.handshake("");
    });
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("old", "a");
        s.flush("flush");
        s.server_says("PONG\r\n");  // the server has it
        s.subscribe("new", "a");
        s.server_says("-ERR 'Permissions Violation for Subscription to \"a\"'\r\n");
        s.check([&] {
            CHECK(s.subscription("old")->sid != 0);
            CHECK(s.subscription("new")->sid == 0);
        });
    });
}

TEST_CASE("D10: a refused subscription with a handler is told as an event") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("sub", "a", {}, [](const message_view&) {});
        s.server_says("-ERR 'Permissions Violation for Subscription to \"a\"'\r\n");
        s.expect_event(event_kind::server_error, [](const event& e) {
            CHECK(e.error == errc::permission_denied);
            CHECK(e.subject == "a");
            CHECK(e.detail.starts_with("Permissions Violation"));
        });
        s.check([&] { CHECK(s.subscription("sub")->end_reason == errc::permission_denied); });
    });
}

TEST_CASE("D10: too many subscriptions: the newest that the server has not confirmed fails") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("one", "a");
        s.flush("flush");
        s.server_says("PONG\r\n");
        s.subscribe("two", "b");
        s.next("two next", "two");
        s.expect_sent("SUB a 1\r\nPING\r\nSUB b 2\r\n");
        s.server_says("-ERR 'maximum subscriptions exceeded'\r\n");
        s.expect_done("two next", errc::max_subscriptions);
        s.expect_sent("UNSUB 2\r\n");
        s.check([&] { CHECK(s.subscription("one")->sid != 0); });
        s.server_says("-ERR 'maximum subscriptions exceeded'\r\n");  // of none that could be it
        s.expect_event(event_kind::server_error, [](const event& e) { CHECK(e.error == errc::max_subscriptions); });
    });
}

TEST_CASE("C10: a subscription that is too long for the server is not restored, or no connection would ever last") {
    run_script([](session_script& s) {
        connect_options o;
        o.max_control_line = 10'000;  // the server's is smaller
        connected(s, std::move(o));
        s.subscribe("long", std::string(5000, 'x'));
        s.subscribe("short", "a");
        s.next("long next", "long");
        s.expect_sent("SUB ~SUB a 2\r\n");
        s.server_says("-ERR 'maximum control line exceeded'\r\n");
        s.expect_done("long next", errc::max_control_line);
        s.expect_event(event_kind::disconnected, [](const event& e) { CHECK(e.error == errc::max_control_line); });
        s.expect_close();
        s.expect_dial("127.0.0.1:4222");
        s.handshake("SUB a 2\r\n");
    });
}
