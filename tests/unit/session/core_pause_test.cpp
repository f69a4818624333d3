// A slow consumer that wants to be waited for: the connection is not read for a bounded time.
#include <string>

#include <doctest/doctest.h>

#include "tests/unit/session/core_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

subscribe_options waits(std::size_t messages, std::chrono::milliseconds limit = 1s) {
    return {.pending_messages = messages, .when_full = slow_consumer_policy::pause_reading, .pause_limit = limit};
}

std::string msg(std::string_view payload, int sid = 1) {
    return "MSG x " + std::to_string(sid) + " " + std::to_string(payload.size()) + "\r\n" + std::string(payload) + "\r\n";
}

}  // namespace

TEST_CASE("D1 D2 I11: nothing is dropped for a consumer that comes back in time, and everything behind waits") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("slow", "x", waits(2));
        s.subscribe("other", "y");
        s.expect_sent("SUB x 1\r\nSUB y 2\r\n");
        s.server_says(msg("1") + msg("2") + "PING\r\n" + msg("3") + "MSG y 2 2\r\nhi\r\nPING\r\n");
        s.expect_sent("PONG\r\n");  // of what came before
        s.expect_event(event_kind::slow_consumer, [](const event& e) {
            CHECK(e.subject == "x");
            CHECK(e.dropped == 0);
            CHECK(e.pending == 2);
        });
        s.expect_queue_empty("other");
        s.check([&] { CHECK(s.core().reading_paused()); });
        s.advance(999ms);
        s.expect_queue_empty("other");
        s.expect_queued("slow", "1");
        s.expect_queued("other", "hi");
        s.expect_sent("PONG\r\n");
        s.expect_queued("slow", "2");
        s.expect_queued("slow", "3");
        s.expect_queue_empty("slow");
        s.check([&] {
            CHECK(s.core().stats().dropped_msgs == 0);
            CHECK(s.core().stats().in_msgs == 4);
            CHECK(s.subscription("slow")->received == 3);
        });
        s.expect_no_event();
        s.expect_state(client_state::connected);
    });
}

TEST_CASE("D1 D2: after its time the newest are dropped, counted exactly, and the episode is told once") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("slow", "x", waits(2));
        s.server_says(msg("1") + msg("2") + msg("3") + msg("4") + "PING\r\n");
        s.expect_sent("SUB x 1\r\n");
        s.expect_event(event_kind::slow_consumer);
        s.advance(1s);
        s.expect_sent("PONG\r\n");
        s.check([&] {
            CHECK(s.core().stats().dropped_msgs == 2);
            CHECK(s.core().stats().slow_consumers == 1);
        });
        s.server_says(msg("5"));  // the same episode: no more time
        s.check([&] { CHECK_FALSE(s.core().reading_paused()); });
        s.expect_no_event();
        s.expect_queued("slow", "1");
        s.expect_queued("slow", "2");
        s.expect_queue_empty("slow");
        s.server_says(msg("6") + msg("7") + msg("8"));  // a new one
        s.expect_event(event_kind::slow_consumer, [](const event& e) { CHECK(e.dropped == 3); });
        s.check([&] { CHECK(s.core().reading_paused()); });
        s.expect_queued("slow", "6");
        s.expect_queued("slow", "7");
        s.expect_queued("slow", "8");
        s.expect_queue_empty("slow");
    });
}

TEST_CASE("D1: the time counts over a whole episode: who takes one at a time does not hold up the connection for ever") {
    session_script s;
    connected(s);
    s.subscribe("slow", "x", waits(4));
    std::string many;
    for (int i = 0; i < 100; ++i) many += msg("m");
    s.server_says(many + "PING\r\n");
    s.expect_sent("SUB x 1\r\n");
    const time_point begin = s.now();
    while (s.core().reading_paused()) {
        s.advance(90ms);
        s.expect_queued("slow", "m");
    }
    CHECK(s.now() - begin <= 1080ms);
    s.expect_sent("PONG\r\n");
    CHECK(s.core().stats().dropped_msgs > 80);
    s.expect_event(event_kind::slow_consumer);
    s.expect_no_event();
    s.finish();
}

TEST_CASE("C3 D1: a pause is no silence, and ends with its subscription, its connection and its client") {
    run_script([](session_script& s) {
        connect_options o;
        o.ping_interval = 1s;
        o.max_pings_out = 1;
        connected(s, std::move(o));
        s.subscribe("slow", "x", waits(1, 5s));
        s.subscribe("other", "y");
        s.expect_sent("SUB x 1\r\nSUB y 2\r\n");
        s.server_says(msg("1") + msg("2") + "MSG y 2 2\r\nhi\r\n");
        s.expect_event(event_kind::slow_consumer);
        s.advance(4999ms);
        s.expect_state(client_state::connected);
        s.unsubscribe("slow");
        s.expect_queued("other", "hi");
        s.check([&] { CHECK_FALSE(s.core().reading_paused()); });

        s.subscribe("again", "x", waits(1, 5s));
        s.server_says("MSG x 16777217 1\r\n1\r\nMSG x 16777217 1\r\n2\r\n");
        s.check([&] { CHECK(s.core().reading_paused()); });
        s.down();
        s.check([&] {
            CHECK_FALSE(s.core().reading_paused());
            CHECK(s.subscription("again")->received == 2);  // what had arrived counts
            CHECK(s.subscription("again")->dropped == 1);
        });
    });
}

TEST_CASE("D8 I1: a drain is not held up by a pause beyond its time") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("slow", "x", waits(1));
        s.server_says(msg("1") + msg("2"));
        s.expect_event(event_kind::slow_consumer);
        s.drain();
        s.server_says("PONG\r\n");  // of its first fence, not read yet
        s.expect_pending("drain");
        s.advance(1s);
        s.server_says("PONG\r\n");
        s.expect_done("drain");
        s.expect_queued("slow", "1");
    });
}

TEST_CASE("E13 D3: limits of the pause; a message that can never fit is not waited for") {
    session_script s;
    connected(s);
    std::shared_ptr<session::subscription_state> out;
    for (const std::chrono::milliseconds bad : {0ms, -1ms, 5001ms}) {
        CHECK(s.core().subscribe("x", waits(1, bad), nullptr, out) == errc::invalid_option);
    }
    subscribe_options o = waits(10);
    o.pending_bytes = 3;
    s.subscribe("small", "x", o);
    s.server_says(msg("1234"));
    CHECK_FALSE(s.core().reading_paused());
    s.server_says(msg("123") + msg("1"));
    CHECK(s.core().reading_paused());
    s.finish();
}
