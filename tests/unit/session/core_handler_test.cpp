// Message handlers: what they may do inside, and what happens when they throw.
#include <algorithm>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "tests/unit/session/core_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE("D6 H2: a handler may end its own subscription and others, and nothing is called after that") {
    run_script([](session_script& s) {
        connected(s);
        int mine = 0;
        int other = 0;
        s.subscribe("mine", "a", {}, [&, captured = std::string("what the handler owns is there until it returns")](const message_view& m) {
            ++mine;
            CHECK(m.payload() == "x");
            s.unsubscribe("mine");
            s.drop("other");
            CHECK(m.payload() == "x");  // still there
            CHECK(captured.ends_with("returns"));
        });
        s.subscribe("other", "b", {}, [&other](const message_view&) { ++other; });
        s.server_says("MSG a 1 1\r\nx\r\nMSG b 2 0\r\n\r\nMSG a 1 1\r\nx\r\n");
        s.check([&] {
            CHECK(mine == 1);
            CHECK(other == 0);
            CHECK(s.core().stats().orphaned_msgs == 2);
        });
    });
}

TEST_CASE("H2 H4: close inside a handler ends the read; nothing is delivered after it") {
    run_script([](session_script& s) {
        connected(s);
        int seen = 0;
        s.subscribe("a", "a", {}, [&](const message_view& m) {
            ++seen;
            s.close();
            CHECK(m.payload() == "x");
        });
        s.subscribe("b", "b");
        s.next("waiting", "b");
        s.server_says("MSG a 1 1\r\nx\r\nMSG a 1 1\r\nx\r\nMSG b 2 0\r\n\r\n");
        s.check([&] {
            CHECK(seen == 1);
            CHECK(s.core().state() == client_state::closed);
        });
        s.expect_done("waiting", errc::closed);
        s.expect_close();
        s.expect_event(event_kind::disconnected);
        s.expect_event(event_kind::closed);
    });
}

TEST_CASE("H2: a handler may publish, subscribe, request and flush while the read goes on") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("svc", "svc", {}, [&](const message_view& m) {
            s.publish(m.reply_to(), m.payload());
            if (m.payload() != "1") return;
            s.subscribe("inner", "inner");
            s.request("request", "other", "?");
            s.flush("flush");
        });
        s.expect_sent("SUB svc 1\r\n");
        s.server_says("MSG svc 1 r1 1\r\n1\r\nMSG svc 1 r2 1\r\n2\r\n");
        s.expect_sent("PUB r1 1\r\n1\r\nSUB inner 2\r\nSUB _INBOX.~ 3\r\nPUB other _INBOX.~ 1\r\n?\r\nPING\r\nPUB r2 1\r\n2\r\n");
        s.server_says("MSG inner 2 1\r\nx\r\nPONG\r\n");
        s.expect_done("flush");
        s.expect_queued("inner", "x");
    });
}

TEST_CASE("H6: an exception of a handler is told, and the next message is delivered") {
    run_script([](session_script& s) {
        connected(s);
        int seen = 0;
        s.subscribe("sub", "a", {}, [&seen](const message_view&) {
            if (++seen == 1) throw std::runtime_error("no");
            if (seen == 2) throw 7;  // NOLINT: anything can be thrown
        });
        s.server_says("MSG a 1 0\r\n\r\nMSG a 1 0\r\n\r\nMSG a 1 0\r\n\r\n");
        s.check([&] { CHECK(seen == 3); });
        s.expect_event(event_kind::handler_failed, [](const event& e) {
            CHECK(e.subject == "a");
            CHECK(e.detail == "no");
        });
        s.expect_event(event_kind::handler_failed);
        s.expect_no_event();
        s.expect_state(client_state::connected);
    });
}

TEST_CASE("I7: events of a flood are bounded") {
    session_script s;
    connected(s);
    s.subscribe("sub", "a", {}, [](const message_view&) { throw std::runtime_error("no"); });
    std::string flood;
    for (int i = 0; i < 5000; ++i) flood += "MSG a 1 0\r\n\r\n";
    std::size_t told = 0;
    const std::span<char> space = s.core().read_space();
    REQUIRE(space.size() >= flood.size());
    std::copy(flood.begin(), flood.end(), space.begin());
    s.core().on_read(1, flood.size(), s.now());
    event e;
    while (s.core().next_event(e)) ++told;
    CHECK(told == session::outputs::max_waiting_events);
    s.finish();
}

TEST_CASE("I2: what a handler has captured goes with the subscription, not with the last handle") {
    session_script s;
    connected(s);
    auto captured = std::make_shared<int>(0);
    s.subscribe("sub", "a", {}, [captured](const message_view&) {});
    CHECK(captured.use_count() == 2);
    s.unsubscribe("sub");
    CHECK(captured.use_count() == 1);
    s.subscribe("max", "b", {.max_messages = 1}, [captured](const message_view&) {});
    CHECK(captured.use_count() == 2);
    s.server_says("MSG b 16777217 0\r\n\r\n");
    CHECK(captured.use_count() == 1);
    s.finish();
}
