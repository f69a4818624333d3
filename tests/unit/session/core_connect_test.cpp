// The first connection: from connect() to `connected`, and every way it can fail.
#include <string>

#include <doctest/doctest.h>

#include "tests/unit/session/core_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE("W14 I4: connect dials, greets in one write and is up with the PONG") {
    run_script([](session_script& s) {
        s.start();
        s.expect_state(client_state::idle);
        s.expect_no_action();
        s.connect();
        s.expect_state(client_state::connecting);
        s.expect_dial("127.0.0.1:4222");
        s.dialed();
        s.expect_sent("");
        s.server_says(session_script::plain_info);
        s.expect_sent("CONNECT {~}\r\nPING\r\n");
        s.expect_pending("connect");
        s.expect_state(client_state::connecting);
        s.server_says("PONG\r\n");
        s.expect_done("connect");
        s.expect_state(client_state::connected);
        s.expect_event(event_kind::connected, [](const event& e) {
            CHECK(e.server == "127.0.0.1:4222");
            CHECK(e.generation == 1);
            CHECK(e.reconnects == 0);
        });
        s.expect_no_event();
        s.expect_sent("");
        s.check([&] {
            CHECK(s.core().server_info().version == "2.15.1");
            CHECK(s.core().connected_server() == "127.0.0.1:4222");
        });
        s.close();
        s.expect_close();
        s.expect_event(event_kind::disconnected, [](const event& e) { CHECK(e.reason == disconnect_reason::closed); });
        s.expect_event(event_kind::closed, [](const event& e) { CHECK_FALSE(e.error); });
        s.expect_state(client_state::closed);
        s.connect("again");
        s.expect_done("again", errc::closed);
    });
}

TEST_CASE("W15: connect joins the attempt in progress, and completes at once when connected") {
    run_script([](session_script& s) {
        s.start();
        s.connect("first");
        s.expect_dial("127.0.0.1:4222");
        s.connect("second");
        s.expect_no_action();
        s.handshake();
        s.expect_done("first");
        s.expect_done("second");
        s.connect("third");
        s.expect_done("third");
        s.expect_no_action();
    });
}

TEST_CASE("B7 C2 C1: one deadline covers dial, INFO, CONNECT and PONG; then the client is idle and can be connected again") {
    run_script([](session_script& s) {
        s.start();
        s.connect("one");
        s.expect_dial("127.0.0.1:4222");
        s.advance(4999ms);
        s.expect_pending("one");
        s.advance(1ms);
        s.expect_done("one", errc::handshake_timeout);
        s.expect_close();
        s.expect_state(client_state::idle);
        s.expect_event(event_kind::connect_failed, [](const event& e) {
            CHECK(e.reason == disconnect_reason::timeout);
            CHECK(e.error == errc::handshake_timeout);
            CHECK(e.server == "127.0.0.1:4222");
        });
        s.expect_no_event();

        s.connect("two");  // nothing but silence after the dial
        s.expect_dial("127.0.0.1:4222");
        s.advance(3s);
        s.dialed();
        s.advance(1s);
        s.server_says(session_script::plain_info);
        s.expect_sent("CONNECT {~}\r\nPING\r\n");
        s.advance(999ms);
        s.expect_pending("two");
        s.advance(1ms);
        s.expect_done("two", errc::handshake_timeout);
        s.expect_close();
        s.expect_event(event_kind::connect_failed);

        s.connect("three");
        s.expect_dial("127.0.0.1:4222");
        s.handshake();
        s.expect_done("three");
        s.expect_state(client_state::connected);
        s.advance(1s);
        s.expect_state(client_state::connected);
    });
}

TEST_CASE("C10: the first connect tries each server once, in order, and reports the last error") {
    run_script([](session_script& s) {
        s.start(servers({"nats://a.test:1", "nats://b.test:2,nats://c.test:3"}));
        s.connect();
        s.expect_dial("a.test:1");
        s.dialed(refused());
        s.expect_dial("b.test:2");
        s.dialed();
        s.down();
        s.expect_close();
        s.expect_dial("c.test:3");
        s.dialed();
        s.server_says("INFO {}\r\n-ERR 'Authorization Violation'\r\n");
        s.expect_close();
        s.expect_done("connect", errc::authorization_violation);
        s.expect_event(event_kind::connect_failed, [](const event& e) {
            CHECK(e.reason == disconnect_reason::refused);
            CHECK(e.error == std::errc::connection_refused);
            CHECK(e.server == "a.test:1");
            CHECK(e.generation == 1);
        });
        s.expect_event(event_kind::connect_failed, [](const event& e) {
            CHECK(e.reason == disconnect_reason::eof);
            CHECK(e.error == errc::connection_eof);
            CHECK(e.server == "b.test:2");
            CHECK(e.generation == 2);
        });
        s.expect_event(event_kind::connect_failed, [](const event& e) {
            CHECK(e.reason == disconnect_reason::auth);
            CHECK(e.error == errc::authorization_violation);
            CHECK(e.detail == "Authorization Violation");
            CHECK(e.generation == 3);
        });
        s.expect_state(client_state::idle);
        s.advance(10min);
        s.expect_no_action();
        s.expect_no_event();
    });
}

TEST_CASE("C2: retry_on_failed_connect goes on with backoff until a server is there") {
    run_script([](session_script& s) {
        connect_options o;
        o.retry_on_failed_connect = true;
        s.start(std::move(o));
        s.connect();
        s.expect_dial("127.0.0.1:4222");
        s.dialed(refused());
        s.expect_event(event_kind::connect_failed);
        for (int i = 0; i < 8; ++i) {
            s.expect_event(event_kind::reconnecting, [](const event& e) {
                CHECK(e.delay <= 5s);
                CHECK(e.attempt > 0);
            });
            s.expect_state(client_state::connecting);
            s.advance_to_dial();
            s.expect_dial("127.0.0.1:4222");
            s.dialed(refused());
            s.expect_event(event_kind::connect_failed);
        }
        s.expect_pending("connect");
        s.expect_event(event_kind::reconnecting, [](const event& e) { CHECK(e.attempt == 9); });
        s.advance_to_dial();
        s.expect_dial("127.0.0.1:4222");
        s.handshake();
        s.expect_done("connect");
        s.expect_event(event_kind::connected);
        s.expect_no_event();
    });
}

TEST_CASE("C24: retry_on_failed_connect ends when every server has used up max_reconnects") {
    run_script([](session_script& s) {
        connect_options o;
        o.retry_on_failed_connect = true;
        o.max_reconnects = 3;
        s.start(std::move(o));
        s.connect();
        for (int i = 0; i < 3; ++i) {
            s.advance_to_dial();
            s.expect_dial("127.0.0.1:4222");
            s.expect_pending("connect");
            s.dialed(refused());
        }
        s.expect_done("connect", refused());
        s.expect_state(client_state::idle);
        s.expect_no_action();
    });
}

TEST_CASE("H1: close while dialing and while greeting") {
    run_script([](session_script& s) {
        s.start();
        s.connect("dialing");
        s.expect_dial("127.0.0.1:4222");
        s.publish("a", "x");
        s.flush("flush");
        s.request("request", "b", "x");
        s.close();
        s.expect_close();
        s.expect_done("dialing", errc::closed);
        s.expect_done("flush", errc::closed);
        s.expect_done("request", errc::closed);
        s.expect_event(event_kind::closed);
        s.expect_no_event();
    });
    run_script([](session_script& s) {
        s.start();
        s.connect("greeting");
        s.expect_dial("127.0.0.1:4222");
        s.dialed();
        s.server_says(session_script::plain_info);
        s.close();
        s.expect_close();
        s.expect_done("greeting", errc::closed);
        s.expect_event(event_kind::closed);
    });
}

TEST_CASE("E9 H1: a cancelled connect gives the attempt up when nobody else waits for it") {
    run_script([](session_script& s) {
        s.start();
        s.connect("one");
        s.connect("two");
        s.expect_dial("127.0.0.1:4222");
        s.cancel("one");
        s.expect_done("one", aborted);
        s.expect_no_action();
        s.cancel("two");
        s.expect_done("two", aborted);
        s.expect_close();
        s.expect_state(client_state::idle);
        s.expect_no_event();
        s.cancel("two");  // too late, and harmless
        s.connect("three");
        s.expect_dial("127.0.0.1:4222");
        s.handshake();
        s.expect_done("three");
    });
}

TEST_CASE("B20 E13: bad options are reported by every operation, before anything is dialled") {
    const auto refuses = [](connect_options o, errc expected) {
        run_script([&](session_script& s) {
            s.start(o);
            s.connect();
            s.expect_done("connect", expected);
            s.expect_publish("a", "x", expected);
            s.request("request", "a", "x");
            s.expect_done("request", expected);
            s.flush("flush");
            s.expect_done("flush", expected);
            s.check([&] {
                std::shared_ptr<session::subscription_state> state;
                CHECK(s.core().subscribe("a", {}, nullptr, state) == expected);
                CHECK(state == nullptr);
            });
            s.drain();
            s.expect_done("drain");
            s.expect_no_action();
        });
    };
    refuses(servers({"http://a.test"}), errc::invalid_url);
    refuses(servers({}), errc::invalid_option);
    connect_options keyless;
    keyless.tls.key_file = "key.pem";
    refuses(keyless, errc::invalid_option);
    connect_options wild;
    wild.inbox_prefix = "a.*";
    refuses(wild, errc::invalid_inbox_prefix);
    connect_options hasty;
    hasty.connect_timeout = 0ms;
    refuses(hasty, errc::invalid_option);
}

TEST_CASE("C19: facts of an earlier generation change nothing") {
    run_script([](session_script& s) {
        s.start();
        s.connect();
        s.expect_dial("127.0.0.1:4222");
        s.handshake();
        s.check([&] {
            session::core& core = s.core();
            CHECK(core.generation() == 1);
            core.on_transport_down(0, {}, s.now());
            core.on_transport_down(2, {}, s.now());
            core.on_dialed(2, refused(), s.now());
            core.on_written(7, 0, s.now());
            CHECK(core.state() == client_state::connected);
        });
        s.down();
        s.expect_close();
        s.expect_dial("127.0.0.1:4222");
        s.check([&] {
            s.core().on_transport_down(1, {}, s.now());
            s.core().on_dialed(1, refused(), s.now());
            s.core().read_space()[0] = 'x';
            s.core().on_read(1, 1, s.now());
            s.core().on_read(2, 1, s.now());  // nor does a connection speak that is not there yet
        });
        s.handshake();
        s.expect_state(client_state::connected);
    });
}
