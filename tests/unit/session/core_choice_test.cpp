// What the user decides of the way to the next connection: when to leave, which servers there are, whose turn it is and when.
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/unit/session/core_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

std::string addresses(const std::vector<known_server>& servers) {
    std::string all;
    for (const known_server& s : servers) all += (all.empty() ? "" : " ") + s.address + (s.current ? "*" : "");
    return all;
}

/// Up at the first of these.
void up(session_script& s, connect_options o) {
    const std::string first = o.servers.front();
    s.start(std::move(o));
    s.connect();
    s.expect_dial(first);
    s.handshake();
    s.expect_event(event_kind::connected);
}

}  // namespace

TEST_CASE("C19 C13 C20: reconnect() leaves for the next server at once, and loses what any loss loses") {
    run_script([](session_script& s) {
        up(s, servers({"a.test:1", "b.test:2"}));
        s.subscribe("sub", "x");
        s.request("request", "svc", "q");
        s.expect_sent("SUB x 1\r\nSUB " INBOX "* 2\r\nPUB svc " INBOX "~ 1\r\nq\r\n");
        s.advance(100ms);
        s.reconnect();
        s.reconnect();  // it joins what is under way
        s.expect_event(event_kind::disconnected, [](const event& e) {
            CHECK(e.reason == disconnect_reason::requested);
            CHECK(e.error == errc::connection_left);
        });
        s.expect_done("request", errc::connection_lost);
        s.expect_leave();
        s.expect_event(event_kind::reconnecting, [](const event& e) { CHECK(e.delay == 0ms); });
        s.expect_dial("b.test:2");
        s.publish("held", "1");
        s.reconnect();  // C19: an attempt is in progress
        s.expect_no_action();
        s.handshake("SUB " INBOX "* 2\r\nSUB x 1\r\nPUB held 1\r\n1\r\n");
        s.expect_event(event_kind::connected, [](const event& e) { CHECK(e.reconnects == 1); });
        s.expect_no_event();
    });
}

TEST_CASE("C19: reconnect() ends the wait before an attempt") {
    run_script([](session_script& s) {
        connect_options o = servers({"a.test:1"});
        o.reconnect_wait = 10s;
        o.reconnect_max_wait = 24h;
        o.reconnect_delay = [](const reconnect_plan&) { return std::chrono::milliseconds(1h); };
        up(s, std::move(o));
        s.advance(1min);
        s.down();
        s.expect_close();
        s.expect_event(event_kind::disconnected);
        s.expect_event(event_kind::reconnecting, [](const event& e) { CHECK(e.delay == 1h); });
        s.expect_no_action();
        s.reconnect();
        s.expect_dial("a.test:1");
    });
}

TEST_CASE("C8 C19 I6: one server is not dialled twice within the pace, whoever wants it") {
    run_script([](session_script& s) {
        up(s, servers({"a.test:1"}));
        s.reconnect();  // right after it was dialled
        s.expect_event(event_kind::disconnected);
        s.expect_leave();
        s.expect_event(event_kind::reconnecting, [](const event& e) { CHECK(e.delay == 100ms); });
        s.reconnect();
        s.advance(99ms);
        s.expect_no_action();
        s.advance(1ms);
        s.expect_dial("a.test:1");
    });
    session_script s;  // a user who is beside himself
    up(s, servers({"a.test:1", "b.test:2"}));
    const time_point begin = s.now();
    int dials = 0;
    for (; s.on() && s.now() < begin + 10s; ++dials) {
        s.reconnect();
        s.expect_leave();
        s.advance_to_dial();
        s.expect_dial(dials % 2 == 0 ? "b.test:2" : "a.test:1");
        s.handshake();
    }
    CHECK(dials >= 190);
    CHECK(dials <= 202);  // two servers, each every 100 ms
    s.finish();
}

TEST_CASE("C24 C19: leaving on purpose is no failure of the server") {
    run_script([](session_script& s) {
        connect_options o = servers({"a.test:1"});
        o.max_reconnects = 1;
        up(s, std::move(o));
        for (int i = 0; i < 3; ++i) {
            s.advance(1s);
            s.reconnect();
            s.expect_event(event_kind::disconnected);
            s.expect_leave();
            s.expect_event(event_kind::reconnecting);
            s.expect_dial("a.test:1");
            s.handshake();
            s.expect_event(event_kind::connected);
        }
        s.check([&s] { CHECK(s.core().servers().at(0).failed == 0); });
    });
}

TEST_CASE("C19: when reconnect() is refused") {
    session_script s;
    s.start();
    s.reconnect(errc::not_connected);
    s.connect();
    s.reconnect();
    s.handshake();
    s.drain();
    s.reconnect(errc::draining);
    s.close();
    s.reconnect(errc::closed);
    s.finish();

    session_script t;
    connect_options o;
    o.reconnect = false;
    up(t, [&] {
        o.servers = {"a.test:1"};
        return o;
    }());
    t.reconnect(errc::invalid_option);
    t.expect_state(client_state::connected);
    t.finish();

    session_script u;
    u.start(servers({"http://a.test"}));
    u.reconnect(errc::invalid_url);
    u.set_servers({"a.test"}, errc::invalid_url);
    CHECK(u.core().servers().empty());
    u.finish();
}

TEST_CASE("C12 C24: the pool is replaced: the connection stays, known servers keep their count, others go") {
    run_script([](session_script& s) {
        up(s, servers({"a.test:1", "b.test:2", "c.test:3"}));
        s.advance(10s);
        s.server_says("INFO {\"connect_urls\":[\"found.test:9\"]}\r\n");
        s.check([&s] { CHECK(addresses(s.core().servers()) == "a.test:1* b.test:2 c.test:3 found.test:9"); });
        s.down();
        s.expect_close();
        s.expect_dial("b.test:2");
        s.dialed(refused());
        s.advance_to_dial();
        s.expect_dial("c.test:3");
        s.handshake();
        s.set_servers({"nonsense:x"}, errc::invalid_url);
        s.set_servers({}, errc::invalid_option);
        s.check([&s] { CHECK(addresses(s.core().servers()) == "a.test:1 b.test:2 c.test:3* found.test:9"); });
        s.set_servers({"d.test:4, b.test:2"});
        s.check([&s] {
            CHECK(addresses(s.core().servers()) == "d.test:4 b.test:2");
            CHECK(s.core().servers().at(1).failed == 1);
            CHECK(s.core().connected_server() == "c.test:3");
        });
        s.expect_state(client_state::connected);
        s.expect_no_action();
        s.advance(6s);
        s.server_says("PING\r\n");
        s.down();
        s.expect_close();
        s.expect_dial("d.test:4");
        s.dialed(refused());
        s.advance_to_dial();
        s.expect_dial("b.test:2");
        s.dialed(refused());
        s.advance_to_dial();
        s.expect_dial("d.test:4");
    });
}

TEST_CASE("C12: a server that was taken out is not dialled any more: the planned attempt goes to another one, at its time") {
    run_script([](session_script& s) {
        up(s, servers({"a.test:1", "b.test:2"}));
        s.down();
        s.expect_close();
        s.expect_dial("b.test:2");
        s.dialed(refused());
        s.set_servers({"c.test:3"});
        s.check([&s] { CHECK(addresses(s.core().servers()) == "c.test:3*"); });
        s.expect_no_action();
        s.advance_to_dial();
        s.expect_dial("c.test:3");
    });
}

TEST_CASE("C12 H8: the pool may be replaced while an attempt is under way, and before the first") {
    run_script([](session_script& s) {
        s.start(servers({"a.test:1"}));
        s.set_servers({"b.test:2", "c.test:3"});
        s.connect();
        s.expect_dial("b.test:2");
        s.set_servers({"d.test:4"});
        s.dialed();
        s.server_says(session_script::plain_info);
        s.expect_sent("CONNECT {~}\r\nPING\r\n");
        s.server_says("PONG\r\n");
        s.expect_event(event_kind::connected, [](const event& e) { CHECK(e.server == "b.test:2"); });
        s.expect_done("connect");
        s.down();
        s.expect_close();
        s.expect_dial("d.test:4");
    });
    session_script s;
    s.start();
    s.close();
    s.set_servers({"a.test"}, errc::closed);
    s.finish();
}

TEST_CASE("C8 B5: hooks see the pool and the last INFO, and choose server and delay") {
    for (const bool chooses : {false, true}) {
        run_script([chooses](session_script& s) {
            connect_options o = servers({"a.test:1", "b.test:2", "c.test:3"});
            o.choose_server = [chooses, &s](const reconnect_plan& plan) {
                s.check([&] {
                    CHECK(plan.info.server_id == "N1");
                    CHECK(plan.servers.size() == 3);
                    CHECK(plan.error);
                });
                return chooses ? (plan.next + 1) % plan.servers.size() : plan.next;
            };
            o.reconnect_delay = [chooses, &s](const reconnect_plan& plan) {
                s.check([&] { CHECK(plan.servers[plan.next].address == (chooses ? "c.test:3" : "b.test:2")); });
                return 7s + plan.delay;
            };
            up(s, std::move(o));
            s.advance(10s);
            s.server_says("PING\r\n");
            s.down();
            s.expect_close();
            s.expect_event(event_kind::disconnected);
            s.expect_event(event_kind::reconnecting, [chooses](const event& e) {
                CHECK(e.delay == 7s);
                CHECK(e.server == (chooses ? "c.test:3" : "b.test:2"));
            });
            s.advance(6999ms);
            s.expect_no_action();
            s.advance(1ms);
            s.expect_dial(chooses ? "c.test:3" : "b.test:2");
        });
    }
}

TEST_CASE("H6 C10: a hook that throws or answers nonsense is told, and the client's own plan stands") {
    int calls = 0;
    const auto nonsense = [&calls](connect_options& o) {
        o.choose_server = [&calls](const reconnect_plan& plan) -> std::size_t {
            if (++calls % 2 == 0) throw std::runtime_error("no idea");
            return plan.servers.size();
        };
        o.reconnect_delay = [&calls](const reconnect_plan&) -> std::chrono::milliseconds {
            if (calls % 2 == 0) throw 1;
            return std::chrono::milliseconds(-1);
        };
    };
    run_script([&](session_script& s) {
        connect_options o = servers({"a.test:1", "b.test:2"});
        calls = 0;
        nonsense(o);
        up(s, std::move(o));
        s.down();
        s.expect_close();
        s.expect_event(event_kind::disconnected);
        s.expect_event(event_kind::handler_failed, [](const event& e) { CHECK(e.detail == "choose_server: the answer is out of range"); });
        s.expect_event(event_kind::handler_failed,
                       [](const event& e) { CHECK(e.detail == "reconnect_delay: the answer is out of range"); });
        s.expect_event(event_kind::reconnecting, [](const event& e) { CHECK(e.delay == 0ms); });
        s.expect_dial("b.test:2");
        s.dialed(refused());
        s.expect_event(event_kind::connect_failed);
        s.expect_event(event_kind::handler_failed, [](const event& e) { CHECK(e.detail == "choose_server: no idea"); });
        s.expect_event(event_kind::handler_failed, [](const event& e) { CHECK(e.detail == "reconnect_delay: not a std::exception"); });
        s.expect_event(event_kind::reconnecting);
        s.advance_to_dial();
        s.expect_dial("a.test:1");
    });
}

TEST_CASE("H2 C24: a hook may call the client, also close it; servers that are given up are not offered") {
    run_script([](session_script& s) {
        connect_options o = servers({"a.test:1", "b.test:2"});
        o.max_reconnects = 1;
        std::string offered;
        int calls = 0;
        o.choose_server = [&](const reconnect_plan& plan) {
            offered.clear();
            for (const known_server& known : plan.servers) offered += known.address + ' ';
            if (++calls == 1) {
                CHECK_FALSE(s.core().reconnect(s.now()));
                CHECK_FALSE(s.core().publish("held", {}, {}, "x"));
            } else {
                s.core().close(s.now());
            }
            return plan.next;
        };
        up(s, std::move(o));
        s.advance(5s);  // stable
        s.server_says("PING\r\n");
        s.down();
        s.expect_close();
        s.check([&] { CHECK(offered == "a.test:1 b.test:2 "); });
        s.expect_dial("b.test:2");
        s.dialed(refused());
        s.check([&] { CHECK(offered == "a.test:1 "); });
        s.expect_no_action();
        s.expect_state(client_state::closed);
        s.finish();
    });
}

TEST_CASE("B7 C1 C2: each phase of an attempt may have a deadline of its own, and none goes beyond that of the whole") {
    const auto options = [] {
        connect_options o = servers({"a.test:1"});
        o.retry_on_failed_connect = true;
        o.reconnect_wait = o.reconnect_max_wait = 100ms;
        o.connect_timeout = 10s;
        o.dial_timeout = 2s;
        o.info_timeout = 3s;
        o.tls_timeout = 4s;
        o.login_timeout = 30s;  // more than is left
        return o;
    };
    run_script([&](session_script& s) {
        s.start(options());
        s.connect();
        const auto times_out = [&s](std::string_view words) {
            s.expect_event(event_kind::connect_failed, [words](const event& e) {
                CHECK(e.error == errc::handshake_timeout);
                CHECK(e.reason == disconnect_reason::timeout);
                CHECK(e.detail == words);
            });
            s.expect_close();
            s.expect_event(event_kind::reconnecting);
            s.advance_to_dial();
        };
        s.expect_dial("a.test:1");
        s.advance(1999ms);
        s.expect_no_event();
        s.advance(1ms);
        times_out("while dialing");

        s.expect_dial("a.test:1");
        s.advance(1s);
        s.dialed();
        s.advance(1s);
        s.server_says("INFO {");  // a byte now and then extends nothing
        s.advance(1999ms);
        s.server_says("\"max_payload");
        s.expect_no_event();
        s.advance(1ms);
        times_out("while waiting for INFO");

        s.expect_dial("a.test:1");
        s.dialed();
        s.server_says(session_script::plain_info);
        for (int i = 0; i < 9; ++i) {
            s.advance(1s);
            s.server_says("PING\r\n");
        }
        s.advance(999ms);
        s.expect_no_event();
        s.advance(1ms);
        times_out("while logging in");

        s.expect_dial("a.test:1");
        s.dialed();
        s.server_says("INFO {\"tls_required\":true}\r\n");
        s.expect_start_tls("a.test");
        s.advance(3999ms);
        s.expect_no_event();
        s.advance(1ms);
        times_out("while establishing TLS");
    });
}
