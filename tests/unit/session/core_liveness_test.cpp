// Pings, silence and stalls: a dead peer is noticed in every direction, and only a dead one.
#include <string>

#include <doctest/doctest.h>

#include "tests/unit/session/core_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

connect_options pings(std::chrono::milliseconds interval, unsigned out) {
    connect_options o;
    o.ping_interval = interval;
    o.max_pings_out = out;
    return o;
}

}  // namespace

TEST_CASE("C3 I5: a silent peer is pinged, and given up after ping_interval * (max_pings_out + 1)") {
    run_script([](session_script& s) {
        connected(s, pings(5s, 2));
        s.request("request", "svc", "", 1min);
        s.expect_sent("~");
        s.advance(4999ms);
        s.expect_sent("");
        s.advance(1ms);
        s.expect_sent("PING\r\n");
        s.advance(5s);
        s.expect_sent("PING\r\n");
        s.advance(4999ms);
        s.expect_state(client_state::connected);
        s.advance(1ms);
        s.expect_event(event_kind::disconnected, [](const event& e) {
            CHECK(e.reason == disconnect_reason::stale);
            CHECK(e.error == errc::stale_connection);
        });
        s.expect_close();
        s.expect_done("request", errc::connection_lost);
    });
}

TEST_CASE("C3: any inbound byte is proof that the way in is open") {
    run_script([](session_script& s) {
        connected(s, pings(5s, 1));
        s.advance(9s);
        s.expect_sent("PING\r\n");
        s.server_says("PONG\r\nP");  // a part of a frame will do
        s.advance(4999ms);
        s.expect_sent("");
        s.advance(4s);
        s.expect_sent("PING\r\n");
        s.server_says("ONG\r\n");
        s.advance(4999ms);
        s.expect_state(client_state::connected);
        s.expect_no_event();
    });
}

TEST_CASE("C3 I5: one way is dead: the server's words come in, and nothing of ours arrives") {
    run_script([](session_script& s) {
        connected(s, pings(5s, 2));
        s.subscribe("sub", "x");
        s.expect_sent("SUB x 1\r\n");
        for (int i = 1; i <= 14; ++i) {
            s.advance(1s);
            s.server_says("MSG x 1 2\r\nhi\r\n");
            s.expect_sent(i % 5 == 0 ? "PING\r\n" : "");
            s.expect_state(client_state::connected);
        }
        s.advance(1s);
        s.expect_event(event_kind::disconnected, [](const event& e) { CHECK(e.reason == disconnect_reason::stale); });
    });
}

TEST_CASE("C3 I5: the other way is dead: what we send arrives, and nothing comes back") {
    run_script([](session_script& s) {
        connected(s, pings(5s, 2));
        s.flush("flush", 1min);
        for (int i = 0; i < 14; ++i) {
            s.publish("a", "x");  // the transport takes it all
            s.advance(1s);
            s.expect_state(client_state::connected);
        }
        s.advance(1s);
        s.expect_event(event_kind::disconnected, [](const event& e) { CHECK(e.reason == disconnect_reason::stale); });
        s.expect_done("flush", errc::connection_lost);
    });
}

TEST_CASE("C7: a window of zero with chatter: the server talks, and takes nothing") {
    run_script([](session_script& s) {
        connect_options o = pings(5s, 2);
        o.write_timeout = 10s;
        connected_by_hand(s, std::move(o));
        s.subscribe("sub", "x");
        all_written(s);
        s.publish("a", "0123456789");
        s.check([&] { CHECK_FALSE(s.core().pending_write(s.now()).empty()); });
        for (int i = 0; i < 9; ++i) {
            s.advance(1s);
            s.server_says("MSG x 1 2\r\nhi\r\nPING\r\n");
            s.expect_state(client_state::connected);
        }
        s.advance(1s);
        s.expect_event(event_kind::disconnected, [](const event& e) { CHECK(e.reason == disconnect_reason::write_stall); });
    });
}

TEST_CASE("C4: publishing does not prove that the peer is alive") {
    run_script([](session_script& s) {
        connected(s, pings(5s, 1));
        for (int i = 0; i < 9; ++i) {
            s.advance(1s);
            s.publish("a", "x");
        }
        s.expect_state(client_state::connected);
        s.advance(1s);
        s.expect_event(event_kind::disconnected, [](const event& e) { CHECK(e.reason == disconnect_reason::stale); });
    });
}

TEST_CASE("C5: pings of the last connection do not count on the next") {
    run_script([](session_script& s) {
        connected(s, pings(5s, 1));
        s.advance(10s);
        s.expect_event(event_kind::disconnected);
        s.expect_close();
        s.advance_to_dial();
        s.expect_dial("127.0.0.1:4222");
        s.handshake();
        s.advance(9s);
        s.expect_sent("PING\r\n");
        s.expect_state(client_state::connected);
        s.server_says("PONG\r\n");
        s.advance(4s);
        s.expect_state(client_state::connected);
    });
}

TEST_CASE("A16: a PONG nobody asked for changes nothing, and the flush after it waits for its own") {
    run_script([](session_script& s) {
        connected(s);
        s.server_says("PONG\r\nPONG\r\nPONG\r\n+OK\r\n");
        s.flush("flush");
        s.expect_pending("flush");
        s.server_says("PONG\r\n");
        s.expect_done("flush");
        s.expect_state(client_state::connected);
    });
}

TEST_CASE("A16: a keepalive's PONG does not end a flush behind it") {
    run_script([](session_script& s) {
        connected(s, pings(5s, 2));
        s.advance(5s);
        s.expect_sent("PING\r\n");
        s.flush("flush");
        s.expect_sent("PING\r\n");
        s.server_says("PONG\r\n");
        s.expect_pending("flush");
        s.server_says("PONG\r\n");
        s.expect_done("flush");
    });
}

TEST_CASE("A16: ten thousand PINGs in one read are answered by one PONG, and none is queued behind another") {
    session_script s;
    connected_by_hand(s);
    std::string flood;
    for (int i = 0; i < 10'000; ++i) flood += "PING\r\n";
    s.server_says(flood);
    CHECK(s.core().stats().outbox_bytes == 6);
    s.server_says(flood);
    CHECK(s.core().stats().outbox_bytes == 6);
    CHECK(s.core().pending_write() == "PONG\r\n");
    s.written(3);
    s.server_says("PING\r\n");
    CHECK(s.core().stats().outbox_bytes == 3);
    s.written(3);
    s.server_says("PING\r\n");
    CHECK(s.core().pending_write() == "PONG\r\n");
    s.finish();
}

TEST_CASE("C7: a peer that takes no byte for the write timeout is given up; taking some starts the clock again") {
    run_script([](session_script& s) {
        connect_options o = pings(1h, 2);
        o.write_timeout = 10s;
        connected_by_hand(s, std::move(o));
        s.advance(1min);  // idle: nothing waits, no clock runs
        s.publish("a", "0123456789");
        s.flush("flush", 1h);
        s.check([&] { CHECK_FALSE(s.core().pending_write().empty()); });  // offered; the transport takes nothing
        s.advance(9s);
        s.expect_state(client_state::connected);
        s.written(5);
        s.check([&] { CHECK_FALSE(s.core().pending_write().empty()); });
        s.advance(9999ms);
        s.expect_state(client_state::connected);
        s.advance(1ms);
        s.expect_event(event_kind::disconnected, [](const event& e) {
            CHECK(e.reason == disconnect_reason::write_stall);
            CHECK(e.error == errc::write_stalled);
        });
        s.expect_done("flush", errc::connection_lost);
    });
}

TEST_CASE("C7: the clock of the write timeout starts when bytes are offered, with and without a time") {
    for (const bool timed : {true, false}) {
        session_script s;
        connect_options o = pings(1h, 2);
        o.write_timeout = 10s;
        connected_by_hand(s, std::move(o));
        s.advance(30min);
        s.publish("a", "x");
        CHECK_FALSE(s.core().pending_write(timed ? s.now() : session::never).empty());
        if (timed)
            CHECK(s.core().next_deadline() == s.now() + 10s);
        else
            CHECK(s.core().next_deadline() <= s.now());
        s.advance(9999ms);
        s.expect_state(client_state::connected);
        s.advance(1ms);
        s.expect_state(client_state::reconnecting);
        s.finish();
    }
}

TEST_CASE("I1 I5: a flush ends by its deadline, and its late PONG ends no other") {
    run_script([](session_script& s) {
        connected(s);
        s.flush("one", 100ms);
        s.advance(99ms);
        s.expect_pending("one");
        s.advance(1ms);
        s.expect_done("one", errc::timeout);
        s.publish("a", "x");
        s.flush("two");
        s.server_says("PONG\r\n");  // of the first
        s.expect_pending("two");
        s.server_says("PONG\r\n");
        s.expect_done("two");
    });
}

TEST_CASE("E9: a cancelled flush ends at once, the others that share its PING go on") {
    run_script([](session_script& s) {
        connected(s);
        s.flush("one");
        s.flush("two");
        s.cancel("one", false);
        s.expect_done("one", aborted);
        s.cancel("one");
        s.expect_pending("two");
        s.server_says("PONG\r\n");
        s.expect_done("two");
        s.flush("three");
        s.cancel("two");
        s.expect_pending("three");
    });
}
