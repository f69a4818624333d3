// Leaving a server that shuts down, before it cuts the connection: C18.
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "tests/unit/session/core_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

constexpr std::string_view lame_duck = "INFO {\"ldm\":true}\r\n";

/// Up at a.test, which has just said that it shuts down, and stable.
void at_a_lame_duck(session_script& s, connect_options o) {
    s.start(std::move(o));
    s.connect();
    s.expect_dial("a.test:1");
    s.handshake();
    s.expect_event(event_kind::connected);
    s.advance(5s);
    s.expect_sent("PING\r\n");
    s.server_says("PONG\r\n");
    s.server_says(lame_duck);
    s.expect_event(event_kind::lame_duck, [](const event& e) { CHECK(e.server == "a.test:1"); });
}

connect_options two(std::chrono::milliseconds leave = 2s) {
    connect_options o = servers({"a.test:1", "b.test:2"});
    o.lame_duck_leave = leave;
    return o;
}

/// Left for b.test, whose dial follows at once.
void left(session_script& s) {
    s.expect_event(event_kind::disconnected, [](const event& e) {
        CHECK(e.reason == disconnect_reason::lame_duck);
        CHECK(e.error == errc::connection_left);
    });
    s.expect_leave();
    s.expect_event(event_kind::reconnecting, [](const event& e) { CHECK(e.delay == 0ms); });
    s.expect_dial("b.test:2");
}

}  // namespace

TEST_CASE("C18 C13 C15 E4: it is left with nothing lost: what was sent is answered first, what is sent meanwhile goes to the next server") {
    run_script([](session_script& s) {
        at_a_lame_duck(s, two());
        s.subscribe("sub", "x");
        s.request("request", "svc", "q");
        s.publish("a", "1");
        s.expect_sent("SUB x 1\r\nSUB " INBOX "* 2\r\nPUB svc " INBOX "~ 1\r\nq\r\nPUB a 1\r\n1\r\n");
        s.advance(2s);
        s.expect_sent("PING\r\n");
        s.expect_state(client_state::connected);
        s.publish("a", "2");
        s.request("later", "svc", "r");
        s.flush("flush");
        s.expect_sent("");
        s.server_says("MSG x 1 2\r\nhi\r\nPONG\r\n");
        s.expect_queued("sub", "hi");
        s.expect_no_action();  // the request may still be answered
        s.server_says("MSG " INBOX "0000000001 2 2\r\nok\r\n");
        s.expect_reply("request", "ok");
        s.expect_pending("later");
        s.expect_pending("flush");
        left(s);
        s.handshake("SUB " INBOX "* 2\r\nSUB x 1\r\nPUB a 1\r\n2\r\nPUB svc " INBOX "~ 1\r\nr\r\nPING\r\n");
        s.expect_event(event_kind::connected);
        s.server_says("PONG\r\n");
        s.expect_done("flush");
    });
}

TEST_CASE("C18 I1: a request that is not answered in time does not keep it there, and ends with connection_lost") {
    run_script([](session_script& s) {
        at_a_lame_duck(s, two(1ms));
        s.request("request", "svc", "q", 1min);
        s.advance(1ms);
        s.server_says("PONG\r\n");
        s.advance(1998ms);
        s.expect_pending("request");
        s.expect_no_action();
        s.advance(2ms);
        left(s);
        s.expect_done("request", errc::connection_lost);
    });
}

TEST_CASE("C18: with one server only it stays, also after the time, until another one is learnt or set") {
    for (const bool learnt : {false, true}) {
        run_script([learnt](session_script& s) {
            connect_options o = two();
            o.servers = {"a.test:1"};
            at_a_lame_duck(s, std::move(o));
            s.advance(4s);
            s.server_says("PING\r\n");
            s.expect_sent("PONG\r\n");
            s.publish("a", "1");
            s.expect_sent("PUB a 1\r\n1\r\n");
            s.expect_no_action();
            if (learnt)
                s.server_says("INFO {\"connect_urls\":[\"b.test:2\"]}\r\n");
            else
                s.set_servers({"b.test:2"});
            s.expect_sent("PING\r\n");
            s.server_says("PONG\r\n");
            left(s);
        });
    }
}

TEST_CASE("C18: it stays where the option or reconnect is off; a cut is told as the server's end") {
    for (const bool reconnect : {true, false}) {
        run_script([reconnect](session_script& s) {
            connect_options o = two();
            if (reconnect)
                o.lame_duck_leave = std::nullopt;
            else
                o.reconnect = false;
            at_a_lame_duck(s, std::move(o));
            s.advance(4s);
            s.expect_sent("");
            s.expect_no_action();
            s.down();
            s.expect_event(event_kind::disconnected, [](const event& e) {
                CHECK(e.reason == disconnect_reason::lame_duck);
                CHECK(e.error == errc::connection_eof);
            });
        });
    }
}

TEST_CASE("C18 C8: clients do not leave all at once") {
    std::set<session::time_point> moments;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        connect_options o = two(8s);
        o.randomize_servers = false;
        session::core core(std::move(o), seed, std::string(session_script::inbox_id));
        const session::time_point now{1h};
        static_cast<void>(core.connect(nullptr, now));
        session::transport_action a;
        REQUIRE(core.next_action(a));
        const auto feed = [&](std::string_view bytes) {
            std::copy(bytes.begin(), bytes.end(), core.read_space().begin());
            core.on_read(a.generation, bytes.size(), now);
        };
        core.on_dialed(a.generation, {}, now);
        feed("INFO {\"ldm\":true}\r\n");
        core.on_written(a.generation, core.pending_write(now).size(), now);
        feed("PONG\r\n");
        CHECK(core.state() == client_state::connected);
        const session::time_point at = core.next_deadline();
        CHECK(at >= now);
        moments.insert(at);
    }
    CHECK(moments.size() > 20);  // those beyond 5 s are hidden behind the first ping
}

TEST_CASE("C18 D8: a drain while it is being left stays and ends there") {
    run_script([](session_script& s) {
        at_a_lame_duck(s, two());
        s.advance(2s);
        s.expect_sent("PING\r\n");
        s.publish("a", "2");
        s.flush("flush");
        s.expect_sent("");
        s.drain();
        s.expect_sent("PUB a 1\r\n2\r\nPING\r\n");
        s.server_says("PONG\r\nPONG\r\n");
        s.expect_done("flush");
        s.expect_done("drain");
        s.expect_event(event_kind::disconnected, [](const event& e) { CHECK(e.reason == disconnect_reason::closed); });
    });
}

TEST_CASE("C18 C14: operations whose PING is out and ones that are held end each by their own") {
    run_script([](session_script& s) {
        at_a_lame_duck(s, two());
        s.subscribe("sub", "x");
        s.expect_sent("SUB x 1\r\n");
        s.flush("before");
        s.expect_sent("PING\r\n");
        s.advance(2s);
        s.flush("held");
        s.drain_subscription("sub drain", "sub");
        s.expect_sent("UNSUB 1\r\nPING\r\n");  // the flush's PING can serve as the fence, this one cannot
        s.server_says("PONG\r\n");
        s.expect_done("before");
        s.expect_pending("held");
        s.expect_pending("sub drain");
        s.expect_no_action();
        s.server_says("PONG\r\n");
        s.expect_done("sub drain");
        s.expect_pending("held");
        left(s);
        s.handshake("PING\r\n");
        s.server_says("PONG\r\n");
        s.expect_done("held");
    });
}

TEST_CASE("C18: the loss of a connection that is being left is a loss like any other, and what is held follows what was not sent") {
    session_script s;
    s.manual_writes();
    s.start(two());
    s.connect();
    s.expect_dial("a.test:1");
    s.dialed();
    s.server_says(session_script::plain_info);
    all_written(s);
    s.server_says("PONG\r\n");
    s.expect_event(event_kind::connected);
    s.server_says(lame_duck);
    s.expect_event(event_kind::lame_duck);
    s.publish("a", "1");
    s.publish("a", "2");
    s.advance(2s);
    s.publish("a", "3");
    s.written(17);  // the first, and a part of the second
    s.down();
    s.expect_event(event_kind::disconnected, [](const event& e) { CHECK(e.reason == disconnect_reason::lame_duck); });
    s.expect_close();
    s.expect_dial("b.test:2");
    s.dialed();
    s.server_says(session_script::plain_info);
    all_written(s);
    s.server_says("PONG\r\n");
    s.check([&s] { CHECK(s.core().pending_write() == "PUB a 1\r\n2\r\nPUB a 1\r\n3\r\n"); });
    s.finish();
}
