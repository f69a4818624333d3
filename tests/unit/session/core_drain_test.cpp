// The orderly ends: of one subscription, of the client, and the disorderly ones of both.
#include <string>

#include <doctest/doctest.h>

#include "tests/unit/session/core_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE("I13: the drain of a subscription ends when everything sent before the UNSUB has been queued") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("sub", "a");
        s.expect_sent("SUB a 1\r\n");
        s.drain_subscription("drain", "sub");
        s.expect_sent("UNSUB 1\r\nPING\r\n");
        s.drain_subscription("twice", "sub");
        s.expect_done("twice", errc::operation_in_progress);
        s.server_says("MSG a 1 1\r\n1\r\nMSG a 1 1\r\n2\r\n");
        s.expect_pending("drain");
        s.server_says("PONG\r\nMSG a 1 1\r\n3\r\n");
        s.expect_done("drain");
        s.expect_queued("sub", "1");
        s.expect_queued("sub", "2");
        s.expect_queue_empty("sub");
        s.next("end", "sub");
        s.expect_done("end", errc::subscription_closed);
        s.drain_subscription("again", "sub");
        s.expect_done("again");  // it has ended (H8)
        s.expect_sent("");
    });
}

TEST_CASE("D8: the drain of a subscription that is cut off ends with that, and the subscription is not restored") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("sub", "a");
        s.next("next", "sub");
        s.drain_subscription("drain", "sub");
        s.down();
        s.expect_done("drain", errc::connection_lost);
        s.expect_done("next", errc::subscription_closed);
        s.expect_close();
        s.subscribe("other", "b");
        s.drain_subscription("while down", "other");
        s.expect_done("while down");
        s.expect_dial("127.0.0.1:4222");
        s.handshake("");
    });
}

TEST_CASE("D8 E9: the drain of a subscription is bounded, and can be cancelled; it stays unsubscribed") {
    run_script([](session_script& s) {
        connect_options o;
        o.drain_timeout = 1s;
        connected(s, std::move(o));
        s.subscribe("slow", "a");
        s.drain_subscription("slow drain", "slow");
        s.advance(1s);
        s.expect_done("slow drain", errc::timeout);
        s.check([&] { CHECK(s.subscription("slow")->sid == 0); });
        s.subscribe("sub", "b");
        s.drain_subscription("drain", "sub");
        s.cancel("drain", false);
        s.expect_done("drain", aborted);
        s.server_says("MSG b 16777217 1\r\n1\r\nPONG\r\nPONG\r\n");
        s.expect_queued("sub", "1");
        s.next("end", "sub");
        s.expect_done("end", errc::subscription_closed);
    });
}

TEST_CASE("D9 H8: the drain of an idle connection flushes and closes") {
    run_script([](session_script& s) {
        connected(s);
        s.publish("a", "x");
        s.drain("one");
        s.expect_state(client_state::draining);
        s.expect_sent("PUB a 1\r\nx\r\nPING\r\n");
        s.expect_publish("a", "y", errc::draining);
        s.request("request", "a", "y");
        s.expect_done("request", errc::draining);
        s.connect("connect again");
        s.expect_done("connect again", errc::draining);
        s.check([&] {
            std::shared_ptr<session::subscription_state> out;
            CHECK(s.core().subscribe("a", {}, nullptr, out) == errc::draining);
        });
        s.drain("two");
        s.expect_sent("");
        s.server_says("PONG\r\n");
        s.expect_done("one");
        s.expect_done("two");
        s.expect_shut_down();
        s.expect_event(event_kind::disconnected, [](const event& e) { CHECK(e.reason == disconnect_reason::closed); });
        s.expect_event(event_kind::closed, [](const event& e) { CHECK_FALSE(e.error); });
        s.expect_state(client_state::closed);
        s.drain("three");
        s.expect_done("three", errc::closed);
    });
}

TEST_CASE("D7 I13: handlers reply while subscriptions drain; requests end; then the last flush") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("svc", "svc", {}, [&s](const message_view& m) { s.publish(m.reply_to(), "answer"); });
        s.subscribe("queue", "q");
        s.request("request", "other", "?");
        s.expect_sent("SUB svc 1\r\nSUB q 2\r\nSUB " INBOX "* 3\r\nPUB other ~");
        s.drain();
        s.expect_sent("UNSUB 1\r\nUNSUB 2\r\nPING\r\n");
        s.server_says("MSG svc 1 r1 1\r\nx\r\nMSG q 2 1\r\n1\r\n");
        s.expect_sent("PUB r1 6\r\nanswer\r\n");
        s.server_says("PONG\r\nMSG svc 1 r2 1\r\nx\r\n");
        s.expect_sent("");
        s.expect_pending("drain");
        s.publish("late.reply", "x");  // of the request's user, for example
        s.expect_sent("PUB late.reply 1\r\nx\r\n");
        s.server_says("MSG " INBOX "0000000001 3 2\r\nok\r\n");
        s.expect_reply("request", "ok");
        s.expect_sent("PING\r\n");
        s.expect_publish("a", "x", errc::draining);
        s.server_says("PONG\r\n");
        s.expect_done("drain");
        s.expect_shut_down();
        s.expect_queued("queue", "1");  // can still be taken
        s.next("end", "queue");
        s.expect_done("end", errc::subscription_closed);
    });
}

TEST_CASE("I13: a consumer that waits in async_next when the drain begins is heard to its end") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("jobs", "jobs");
        s.subscribe("unread", "u");  // nobody takes from it: not waited for
        s.next("first", "jobs");
        s.drain();
        s.expect_sent("SUB jobs 1\r\nSUB u 2\r\nUNSUB 1\r\nUNSUB 2\r\nPING\r\n");
        s.server_says("MSG jobs 1 r 1\r\n1\r\nMSG jobs 1 r 1\r\n2\r\nMSG u 2 1\r\nx\r\nPONG\r\n");
        s.expect_reply("first", "1");
        s.publish("r", "done 1");
        s.next("second", "jobs");
        s.expect_reply("second", "2");
        s.expect_sent("PUB r 6\r\ndone 1\r\n");
        s.expect_pending("drain");
        s.publish("r", "done 2");
        s.next("end", "jobs");
        s.expect_done("end", errc::subscription_closed);
        s.expect_sent("PUB r 6\r\ndone 2\r\nPING\r\n");
        s.server_says("PONG\r\n");
        s.expect_done("drain");
    });
    run_script([](session_script& s) {  // the consumer goes away instead
        connected(s);
        s.subscribe("jobs", "jobs");
        s.next("first", "jobs");
        s.drain();
        s.server_says("MSG jobs 1 1\r\n1\r\nPONG\r\n");
        s.expect_reply("first", "1");
        s.expect_pending("drain");
        s.drop("jobs");
        s.server_says("PONG\r\n");
        s.expect_done("drain");
    });
}

TEST_CASE("D7: who is told a reply while the client drains can still publish with it") {
    run_script([](session_script& s) {
        connected(s);
        s.request("request", "svc", "?");
        s.then("request", [&s] { s.publish("forward", "ok"); });
        s.expect_sent("~");
        s.drain();
        s.expect_sent("");
        s.server_says("MSG " INBOX "0000000001 1 2\r\nok\r\n");
        s.expect_reply("request", "ok");
        s.expect_sent("PUB forward 2\r\nok\r\nPING\r\n");
        s.server_says("PONG\r\n");
        s.expect_done("drain");
    });
}

TEST_CASE("D8: a drain that is cut off ends with connection_lost, and so does the client") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("sub", "a");
        s.next("next", "sub");
        s.drain();
        s.down();
        s.expect_done("drain", errc::connection_lost);
        s.expect_close();
        s.expect_no_action();
        s.expect_event(event_kind::disconnected, [](const event& e) { CHECK(e.reason == disconnect_reason::eof); });
        s.expect_event(event_kind::closed, [](const event& e) { CHECK(e.error == errc::connection_lost); });
        s.expect_done("next", errc::closed);
        s.expect_state(client_state::closed);
    });
}

TEST_CASE("D8 I1: a drain ends by its deadline") {
    run_script([](session_script& s) {
        connect_options o;
        o.drain_timeout = 2s;
        connected(s, std::move(o));
        s.request("request", "svc", "", 1min);
        s.drain();
        s.advance(1999ms);
        s.expect_pending("drain");
        s.advance(1ms);
        s.expect_done("drain", errc::timeout);
        s.expect_done("request", errc::closed);
        s.expect_close();
        s.expect_event(event_kind::disconnected);
        s.expect_event(event_kind::closed, [](const event& e) { CHECK(e.error == errc::timeout); });
    });
}

TEST_CASE("D9: a drain while down waits for the connection, and says what could not be sent") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("sub", "a");
        s.down();
        s.expect_close();
        s.publish("p", "held");
        s.drain();
        s.expect_pending("drain");
        s.expect_state(client_state::draining);
        s.expect_dial("127.0.0.1:4222");
        s.handshake("PUB p 4\r\nheld\r\nPING\r\n");  // the subscription is not restored
        s.server_says("PONG\r\n");
        s.expect_done("drain");
        s.expect_shut_down();
    });
    run_script([](session_script& s) {  // nothing held: nothing to wait for
        connected(s);
        s.down();
        s.expect_close();
        s.drain();
        s.expect_done("drain");
    });
    run_script([](session_script& s) {  // never connected
        s.start();
        s.publish("p", "held");
        s.drain();
        s.expect_done("drain", errc::not_connected);
        s.expect_event(event_kind::closed, [](const event& e) { CHECK(e.error == errc::not_connected); });
    });
    run_script([](session_script& s) {  // the first connect fails under it
        s.start();
        s.publish("p", "held");
        s.connect();
        s.expect_dial("127.0.0.1:4222");
        s.drain();
        s.expect_pending("drain");
        s.dialed(std::make_error_code(std::errc::connection_refused));
        s.expect_done("connect", std::make_error_code(std::errc::connection_refused));
        s.expect_done("drain", errc::not_connected);
        s.expect_state(client_state::closed);
    });
    run_script([](session_script& s) {  // the connect is cancelled under it
        s.start();
        s.publish("p", "held");
        s.connect();
        s.drain();
        s.cancel("connect");
        s.expect_done("connect", aborted);
        s.expect_done("drain", errc::not_connected);
    });
}

TEST_CASE("E9: a terminal cancel of a drain closes at once, another one is not heeded") {
    run_script([](session_script& s) {
        connected(s);
        s.drain("one");
        s.drain("two");
        s.cancel("one", false);
        s.expect_pending("one");
        s.cancel("one", true);
        s.expect_done("one", aborted);
        s.expect_done("two", errc::closed);
        s.expect_close();
        s.expect_state(client_state::closed);
    });
}

TEST_CASE("H2: drain and close from inside a handler") {
    run_script([](session_script& s) {
        connected(s);
        int seen = 0;
        s.subscribe("sub", "a", {}, [&](const message_view&) {
            if (++seen == 1) s.drain();
            if (seen == 3) s.close();
        });
        s.server_says("MSG a 1 0\r\n\r\nMSG a 1 0\r\n\r\nMSG a 1 0\r\n\r\nMSG a 1 0\r\n\r\n");
        s.check([&] { CHECK(seen == 3); });
        s.expect_done("drain", errc::closed);
        s.expect_state(client_state::closed);
    });
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("sub", "a", {}, [&](const message_view&) { s.drain_subscription("drain", "sub"); });
        s.server_says("MSG a 1 0\r\n\r\n");
        s.expect_sent("SUB a 1\r\nUNSUB 1\r\nPING\r\n");
        s.server_says("PONG\r\n");
        s.expect_done("drain");
    });
}

TEST_CASE("H10 E9: a client that is destroyed with everything pending destroys every completion once") {
    session_script s;
    connected(s);
    s.subscribe("sub", "a");
    s.subscribe("other", "b");
    s.next("next", "sub");
    s.request("request", "svc", "");
    s.flush("flush");
    s.drain_subscription("drain sub", "other");
    s.destroy();
    for (const char* name : {"next", "request", "flush", "drain sub"}) {
        CHECK(s.operation(name).completed == 0);
        CHECK(s.operation(name).destroyed == 1);
    }
}
