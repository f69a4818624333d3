// From one connection to the next: when, where to, how often, and when not any more.
#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include "tests/unit/session/core_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE("C18: the end of a lame duck server is told as such, and its pool mate is dialled") {
    run_script([](session_script& s) {
        connect_options o;
        o.servers = {"a.test:1", "b.test:2"};
        s.start(std::move(o));
        s.connect();
        s.expect_dial("a.test:1");
        s.handshake();
        s.expect_event(event_kind::connected);
        s.server_says("INFO {\"ldm\":true}\r\nINFO {\"ldm\":true}\r\n");
        s.expect_event(event_kind::lame_duck, [](const event& e) { CHECK(e.server == "a.test:1"); });
        s.expect_no_event();
        s.expect_state(client_state::connected);
        s.down();
        s.expect_event(event_kind::disconnected, [](const event& e) { CHECK(e.reason == disconnect_reason::lame_duck); });
        s.expect_close();
        s.expect_dial("b.test:2");
    });
}

TEST_CASE("C12: servers that INFO names are dialled too, unless they are to be ignored") {
    for (const bool ignore : {false, true}) {
        run_script([ignore](session_script& s) {
            connect_options o;
            o.ignore_discovered_servers = ignore;
            connected(s, std::move(o));
            s.server_says("INFO {\"connect_urls\":[\"127.0.0.1:4222\",\"other.test:4223\"]}\r\n");
            s.down();
            s.expect_close();
            s.expect_dial(ignore ? "127.0.0.1:4222" : "other.test:4223");
        });
    }
}

TEST_CASE("C8 C10 I6: retries back off with jitter, and nothing ends them but close") {
    run_script([](session_script& s) {
        connected(s);
        s.down();
        s.expect_close();
        s.expect_event(event_kind::disconnected);
        std::chrono::milliseconds longest{0};
        for (int i = 0; i < 20; ++i) {
            s.expect_event(event_kind::reconnecting, [&](const event& e) {
                CHECK(e.attempt == static_cast<unsigned>(i));
                if (i == 0) CHECK(e.delay == 0ms);
                CHECK(e.delay <= std::min<std::chrono::milliseconds>(5000ms, 100ms * (std::int64_t{1} << std::max(0, i - 1))));
                longest = std::max(longest, e.delay);
            });
            s.advance_to_dial();
            s.expect_dial("127.0.0.1:4222");
            if (i % 2 == 0) {
                s.dialed(refused());
            } else {  // one odd error after the other
                s.dialed();
                s.server_says("-ERR 'Authorization Violation'\r\n");
                s.expect_close();
            }
            s.expect_event(event_kind::connect_failed);
            s.expect_state(client_state::reconnecting);
        }
        s.check([&] { CHECK(longest > 500ms); });
    });
}

TEST_CASE("C9 C24: the backoff falls back only after a stable connection") {
    run_script([](session_script& s) {
        connected(s);
        for (int i = 0; i < 12; ++i) {  // up, and cut at once
            s.down();
            s.expect_close();
            s.expect_event(event_kind::disconnected);
            s.expect_event(event_kind::reconnecting, [i](const event& e) {
                if (i == 0) CHECK(e.delay == 0ms);
            });
            s.advance_to_dial();
            s.expect_dial("127.0.0.1:4222");
            s.handshake();
            s.expect_event(event_kind::connected);
        }
        s.check([&] {
            // By now the ceiling is five seconds: a delay of zero is as good as impossible.
            s.down();
            s.expect_close();
            s.expect_event(event_kind::disconnected);
            s.expect_event(event_kind::reconnecting, [](const event& e) { CHECK(e.delay > 0ms); });
        });
        s.advance_to_dial();
        s.expect_dial("127.0.0.1:4222");
        s.handshake();
        s.expect_event(event_kind::connected);
        for (int i = 0; i < 6; ++i) {
            s.advance(1s);
            s.server_says("PING\r\n");
            s.expect_sent(i == 4 ? "PING\r\nPONG\r\n" : "PONG\r\n");
        }
        s.down();  // it was stable: the next retry is immediate
        s.expect_close();
        s.expect_event(event_kind::disconnected);
        s.expect_event(event_kind::reconnecting, [](const event& e) { CHECK(e.delay == 0ms); });
        s.expect_dial("127.0.0.1:4222");
    });
}

TEST_CASE("C24: max_reconnects counts per server; when all are used up the client ends") {
    run_script([](session_script& s) {
        connect_options o;
        o.servers = {"a.test:1", "b.test:2"};
        o.max_reconnects = 2;
        s.start(std::move(o));
        s.connect();
        s.expect_dial("a.test:1");
        s.handshake();
        s.expect_event(event_kind::connected);
        s.advance(5s);
        s.server_says("PING\r\n");
        s.subscribe("sub", "x");
        s.next("next", "sub");
        s.down();
        s.expect_close();
        s.expect_event(event_kind::disconnected);
        for (const char* server : {"b.test:2", "a.test:1", "b.test:2", "a.test:1"}) {
            s.expect_event(event_kind::reconnecting);
            s.advance_to_dial();
            s.expect_dial(server);
            s.dialed(refused());
            s.expect_event(event_kind::connect_failed);
        }
        s.expect_event(event_kind::closed, [](const event& e) { CHECK(e.error == errc::no_servers); });
        s.expect_no_event();
        s.expect_done("next", errc::closed);
        s.expect_state(client_state::closed);
        s.expect_no_action();
    });
}

TEST_CASE("C24: without reconnect the loss of the connection is the end") {
    run_script([](session_script& s) {
        connect_options o;
        o.reconnect = false;
        connected(s, std::move(o));
        s.flush("flush");
        s.down(reset());
        s.expect_close();
        s.expect_event(event_kind::disconnected, [](const event& e) { CHECK(e.reason == disconnect_reason::reset); });
        s.expect_event(event_kind::closed, [](const event& e) { CHECK(e.error == std::errc::connection_reset); });
        s.expect_done("flush", errc::connection_lost);
        s.expect_no_action();
        s.connect("again");
        s.expect_done("again", errc::closed);
    });
}

TEST_CASE("W15: connect during a reconnect joins it") {
    run_script([](session_script& s) {
        connected(s);
        s.down();
        s.expect_close();
        s.expect_dial("127.0.0.1:4222");
        s.connect("join");
        s.connect("leave");
        s.expect_no_action();
        s.cancel("leave");
        s.expect_done("leave", aborted);
        s.cancel("connect");
        s.expect_no_action();  // the client goes on
        s.handshake();
        s.expect_done("join");
    });
}

TEST_CASE("W14: subscribing and publishing before connect is held, also over a failed attempt") {
    run_script([](session_script& s) {
        s.start();
        s.subscribe("sub", "a");
        s.publish("p", "1");
        s.request("request", "svc", "?", 1h);
        s.flush("flush", 1h);
        s.expect_no_action();
        s.connect("one");
        s.expect_dial("127.0.0.1:4222");
        s.dialed(refused());
        s.expect_done("one", refused());
        s.expect_done("request", errc::not_connected);  // nobody is trying any more
        s.expect_done("flush", errc::not_connected);
        s.publish("p", "2");
        s.connect("two");
        s.expect_dial("127.0.0.1:4222");
        s.handshake("SUB _INBOX.~SUB a 1\r\nPUB p 1\r\n1\r\nPUB p 1\r\n2\r\n");  // the frame of the ended request is gone
        s.expect_done("two");
    });
}

TEST_CASE("C22: a process that was suspended sees one stale connection and makes one attempt") {
    run_script([](session_script& s) {
        connected(s);
        s.check([&] {
            // Not advance(): the clock jumps, no timer ran in between.
            s.core().on_time(s.now() + 60s);
            s.pump();
        });
        s.expect_close();
        s.expect_dial("127.0.0.1:4222");
        s.expect_no_action();
        s.expect_event(event_kind::disconnected, [](const event& e) { CHECK(e.reason == disconnect_reason::stale); });
        s.expect_event(event_kind::reconnecting);
        s.expect_no_event();
        s.expect_sent("");
    });
}
