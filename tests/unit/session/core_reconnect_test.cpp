// What is restored on the next connection, and in which order.
#include <string>

#include <doctest/doctest.h>

#include "tests/unit/session/core_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE("C20 C8 I4: a lost connection is told with its cause, and the first retry is immediate") {
    run_script([](session_script& s) {
        connected(s);
        s.advance(10min);  // pings fail: no server answers
        s.check([&] { CHECK(s.core().state() != client_state::connected); });
    });
    run_script([](session_script& s) {
        connected(s);
        s.down(reset());
        s.expect_state(client_state::reconnecting);
        s.expect_close();
        s.expect_dial("127.0.0.1:4222");
        s.expect_event(event_kind::disconnected, [](const event& e) {
            CHECK(e.reason == disconnect_reason::reset);
            CHECK(e.error == std::errc::connection_reset);
            CHECK(e.generation == 1);
            CHECK(e.server == "127.0.0.1:4222");
        });
        s.expect_event(event_kind::reconnecting, [](const event& e) {
            CHECK(e.delay == 0ms);
            CHECK(e.generation == 2);
            CHECK(e.attempt == 0);
        });
        s.handshake();
        s.expect_event(event_kind::connected, [](const event& e) {
            CHECK(e.generation == 2);
            CHECK(e.reconnects == 1);
        });
        s.check([&] { CHECK(s.core().stats().reconnects == 1); });
    });
}

TEST_CASE("C15 C16 I7: inbox, subscriptions and their remaining counts come before held publishes, then the PING of a flush") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("plain", "a.*");
        s.subscribe("group", "b.>", {.queue_group = "workers"});
        s.subscribe("three", "c", {.max_messages = 3});
        s.expect_sent("SUB a.* 1\r\nSUB b.> workers 2\r\nSUB c 3\r\nUNSUB 3 3\r\n");
        s.request("request", "svc", "?");
        s.expect_sent("SUB _INBOX.0123456789abcdefghijkl.* 4\r\nPUB svc _INBOX.0123456789abcdefghijkl.~ 1\r\n?\r\n");
        s.server_says("MSG c 3 1\r\nx\r\n");
        s.down();
        s.expect_done("request", errc::connection_lost);
        s.publish("held", "1");
        s.flush("flush");
        s.publish("held", "2");
        s.expect_close();
        s.expect_dial("127.0.0.1:4222");
        s.handshake(
            "SUB _INBOX.0123456789abcdefghijkl.* 4\r\n"
            "SUB a.* 1\r\nSUB b.> workers 2\r\nSUB c 3\r\nUNSUB 3 2\r\n"
            "PUB held 1\r\n1\r\nPUB held 1\r\n2\r\nPING\r\n");
        s.expect_pending("flush");
        s.server_says("PONG\r\n");
        s.expect_done("flush");
    });
}

TEST_CASE("C16 I12: the count of an auto-unsubscribe goes on across connections; with nothing left it is not restored") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("two", "a", {.max_messages = 2});
        s.subscribe("late", "b");
        s.expect_sent("SUB a 1\r\nUNSUB 1 2\r\nSUB b 2\r\n");
        s.server_says("MSG a 1 1\r\n1\r\nMSG b 2 1\r\n1\r\nMSG b 2 1\r\n2\r\n");
        s.unsubscribe("late", 8);
        s.expect_sent("UNSUB 2 8\r\n");
        reconnected(s, "SUB a 1\r\nUNSUB 1 1\r\nSUB b 2\r\nUNSUB 2 6\r\n");
        s.unsubscribe("late", 6);  // six since the beginning, two of them before this connection
        s.expect_sent("UNSUB 2 4\r\n");
        s.server_says("MSG a 1 1\r\n2\r\nMSG a 1 1\r\n3\r\n");
        reconnected(s, "SUB b 2\r\nUNSUB 2 4\r\n");
        s.expect_queued("two", "1");
        s.expect_queued("two", "2");
        s.expect_queue_empty("two");
        s.check([&] { CHECK(s.core().stats().orphaned_msgs == 1); });
        s.next("end", "two");
        s.expect_done("end", errc::subscription_closed);
    });
}

TEST_CASE("C13 C14 I3 I14: of what was queued, whole frames that were not sent go out again, in order") {
    run_script([](session_script& s) {
        s.manual_writes();
        s.start();
        s.connect();
        s.dialed();
        s.server_says(session_script::plain_info);
        all_written(s);
        s.server_says("PONG\r\n");
        s.publish("a", "1");  // PUB a 1\r\n1\r\n: twelve bytes
        s.publish("a", "2");
        s.flush("flush");
        s.publish("a", "3");
        s.written(15);
        s.down();
        s.expect_done("flush", errc::connection_lost);
    });
    // Cut after every byte.
    for (std::size_t cut = 0; cut <= 36; ++cut) {
        session_script s;
        s.manual_writes();
        s.start();
        s.connect();
        s.dialed();
        s.server_says(session_script::plain_info);
        s.written(s.core().pending_write().size());
        s.server_says("PONG\r\n");
        s.publish("a", "1");
        s.publish("a", "2");
        s.publish("a", "3");
        s.written(cut);
        s.down();
        s.publish("a", "4");
        s.dialed();
        s.server_says(session_script::plain_info);
        s.written(s.core().pending_write().size());
        s.server_says("PONG\r\n");
        std::string expected;
        for (std::size_t i = cut / 12; i < 4; ++i) expected += "PUB a 1\r\n" + std::to_string(i + 1) + "\r\n";
        CHECK(s.core().pending_write() == expected);
        s.finish();
    }
}

TEST_CASE("C14: a flush whose PING was queued on the lost connection fails, also when the PING was never written") {
    run_script([](session_script& s) {
        connected(s);
        s.flush("one");
        s.flush("two");
        s.expect_sent("PING\r\n");  // they share it
        s.publish("a", "x");
        s.flush("three");
        s.expect_sent("PUB a 1\r\nx\r\nPING\r\n");
        s.server_says("PONG\r\n");
        s.expect_done("one");
        s.expect_done("two");
        s.expect_pending("three");
        s.down();
        s.expect_done("three", errc::connection_lost);
        s.flush("four");
        s.expect_close();
        s.expect_dial("127.0.0.1:4222");
        s.handshake("PING\r\n");
        s.server_says("PONG\r\n");
        s.expect_done("four");
    });
}

TEST_CASE("C14: flushes share a PING only while it is unanswered, last in the stream, and of this connection") {
    run_script([](session_script& s) {
        connected(s);
        s.flush("one");
        s.expect_sent("PING\r\n");
        s.server_says("PONG\r\n");
        s.expect_done("one");
        s.flush("two");
        s.expect_sent("PING\r\n");
        s.server_says("PONG\r\n");
        s.expect_done("two");
    });
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("sub", "a");
        s.flush("lost");
        s.expect_sent("SUB a 1\r\nPING\r\n");
        s.down();
        s.expect_done("lost", errc::connection_lost);
        s.expect_close();
        s.advance_to_dial();
        s.expect_dial("127.0.0.1:4222");
        s.handshake("SUB a 1\r\n");
        s.server_says("PING\r\n");
        s.expect_sent("PONG\r\n");  // as long as the PING was: the stream is as long as when the flush was lost
        s.flush("new");
        s.expect_sent("PING\r\n");
        s.server_says("PONG\r\n");
        s.expect_done("new");
    });
}

TEST_CASE("C17: what the new server cannot take is dropped and told, not sent again and again") {
    run_script([](session_script& s) {
        connected(s);
        s.down();
        s.expect_close();
        s.expect_event(event_kind::disconnected);
        s.expect_event(event_kind::reconnecting);
        s.expect_publish("h", "x", {}, "", "NATS/1.0\r\nA: b\r\n\r\n");
        s.publish("big", "1234567890123456789012345678901");
        s.publish("small", "1");
        s.request("with headers", "svc", "x", 1min, "NATS/1.0\r\nA: b\r\n\r\n");
        s.request("too big", "svc", "1234567890123456789012345678901");
        s.expect_dial("127.0.0.1:4222");
        s.handshake("SUB ~PUB small 1\r\n1\r\n", "INFO {\"headers\":false,\"max_payload\":30}\r\n");
        s.expect_event(event_kind::server_error, [](const event& e) {
            CHECK(e.error == errc::max_payload);
            CHECK(e.detail.starts_with("2 held messages"));
        });
        s.expect_event(event_kind::server_error, [](const event& e) {
            CHECK(e.error == errc::headers_unsupported);
            CHECK(e.detail.starts_with("2 held"));
        });
        s.expect_event(event_kind::connected);
        s.expect_done("with headers", errc::headers_unsupported);
        s.expect_done("too big", errc::max_payload);
        s.expect_publish("h", "1234567890123", errc::max_payload, "", "NATS/1.0\r\nA: b\r\n\r\n");
        s.expect_publish("h", "", errc::headers_unsupported, "", "NATS/1.0\r\nA: b\r\n\r\n");
    });
}
