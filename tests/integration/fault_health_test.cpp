// Dead links, half-closed ones, closed doors: noticed, reported, left behind, and nothing is kept of them.
#include "tests/integration/fault_support.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

struct health_world : fault_world {
    health_world() : fault_world(core_only()) {}

    connect_options watchful() {
        connect_options o = options();
        o.ping_interval = 60ms;
        o.max_pings_out = 2;
        o.connect_timeout = 200ms;
        return o;
    }
    bool becomes(event_kind kind, std::size_t count) {
        return run_until([&] { return events[kind] >= count; });
    }
};

}  // namespace

TEST_CASE_FIXTURE(health_world, "C3 C4 C14 E1 I5: a link that is dead in any direction is noticed, also while the client publishes") {
    client nc(io.get_executor(), watchful());
    connect(nc);
    const subscription mute = truth.subscribe("mute", [](const message_view&) {});
    REQUIRE_FALSE(std::get<0>(wait(truth.async_flush({}, result))));
    struct dead_link {
        const char* what;
        void (*begin)(fault_proxy&);
    };
    const dead_link links[] = {
        {"nothing reaches the client", [](fault_proxy& p) { p.swallow(way::to_client); }},
        {"nothing reaches the server", [](fault_proxy& p) { p.swallow(way::to_server); }},
        {"nothing passes",
         [](fault_proxy& p) {
             p.swallow(way::to_client);
             p.swallow(way::to_server);
         }},
        {"the server's bytes are held", [](fault_proxy& p) { p.hold(way::to_client); }},
        {"all bytes are held",
         [](fault_proxy& p) {
             p.hold(way::to_client);
             p.hold(way::to_server);
         }},
    };
    for (const bool busy : {false, true}) {
        for (const dead_link& link : links) {
            CAPTURE(link.what);
            CAPTURE(busy);
            const std::size_t ends = events[event_kind::disconnected];
            std::error_code request;
            std::error_code flush;
            int done = 0;
            link.begin(proxy);
            nc.async_request("mute", "x", {.timeout = 60s}, [&](std::error_code ec, message) {
                request = ec;
                ++done;
            });
            nc.async_flush({.timeout = 60s}, [&](std::error_code ec) {
                flush = ec;
                ++done;
            });
            REQUIRE(run_until([&] {
                if (busy) static_cast<void>(nc.publish("noise", std::string(100, 'n')));
                return events[event_kind::disconnected] > ends;
            }));
            CHECK(events.last_reason == disconnect_reason::stale);
            CHECK_FALSE(nc.healthy());
            REQUIRE(run_until([&] { return done == 2; }));
            CHECK(request == errc::connection_lost);
            CHECK(flush == errc::connection_lost);
            proxy.pass();
            REQUIRE(run_until([&] { return nc.healthy(); }));
            // Perhaps not at once: a busy machine makes a server seem silent that is not.
            REQUIRE(run_until([&] { return std::get<0>(wait(nc.async_flush({}, result))) == std::error_code(); }));
        }
    }
    nc.close();
}

TEST_CASE_FIXTURE(health_world,
                  "C7 D11: a peer that takes no bytes is given up after the write timeout, and what is queued meanwhile is bounded") {
    connect_options o = options();
    o.write_timeout = 150ms;
    o.outbox_bytes = 8 * 1024 * 1024;
    client nc(io.get_executor(), o);
    connect(nc);
    proxy.hold(way::to_server);
    const std::string block(64 * 1024, 'b');
    std::error_code refused;
    REQUIRE(run_until([&] {
        // In one go: a slow machine must not come to the end of the write timeout before the end of the outbox.
        while (events[event_kind::disconnected] == 0 && !refused) refused = nc.publish("bulk", block);
        // A frame that was cut in its middle is whole again when the connection is lost.
        CHECK(nc.stats().outbox_bytes < o.outbox_bytes + block.size() + 100);
        return events[event_kind::disconnected] == 1;
    }));
    CHECK(refused == errc::buffer_full);
    CHECK(events.last_reason == disconnect_reason::write_stall);
    proxy.pass();
    REQUIRE(run_until([&] { return nc.healthy(); }));
    REQUIRE(run_until([&] { return std::get<0>(wait(nc.async_flush({}, result))) == std::error_code(); }));
    CHECK(nc.stats().outbox_bytes == 0);
    nc.close();
}

TEST_CASE_FIXTURE(health_world, "C6: FIN from the server while idle and while a write blocks: told as such, and the socket is closed") {
    client nc(io.get_executor(), options());
    connect(nc);
    const std::size_t descriptors = open_descriptors();
    std::size_t ends = 0;
    for (int round = 0; round < 20; ++round) {
        const std::uint64_t accepted = proxy.counts().accepted;
        const bool blocked = round % 2 == 1;
        if (blocked) {
            proxy.hold(way::to_server);
            const std::string block(64 * 1024, 'b');
            while (!nc.publish("bulk", block)) {}
            io.poll();
            CHECK(nc.stats().outbox_bytes > 0);
        }
        proxy.finish(way::to_client);
        REQUIRE(becomes(event_kind::disconnected, ++ends));
        CHECK(events.last_reason == disconnect_reason::eof);
        CHECK_FALSE(nc.healthy());
        proxy.pass();
        REQUIRE(becomes(event_kind::connected, ends + 1));
        CHECK(proxy.counts().accepted == accepted + 1);
        // The old socket is closed, not left in CLOSE_WAIT: the proxy has seen its end.
        CHECK(run_until([&] { return proxy.counts().open == 1; }));
        CHECK(run_until([&] { return std::get<0>(wait(nc.async_flush({}, result))) == std::error_code(); }));
    }
    CHECK(open_descriptors() == descriptors);
    nc.close();
}

TEST_CASE_FIXTURE(health_world, "I1 C10: a thousand failed attempts leave nothing behind, whatever way they fail") {
    connect_options o = options();
    o.reconnect_max_wait = 1ms;
    o.connect_timeout = 20ms;
    o.retry_on_failed_connect = true;
    client nc(io.get_executor(), o);
    connect(nc);
    port_reservation nobody;
    std::size_t fails = 0;
    std::size_t descriptors = 0;
    std::size_t threads = 0;
    const auto loop = [&](const char* how, std::size_t count) {
        CAPTURE(how);
        fails = events[event_kind::connect_failed] + count;
        REQUIRE(becomes(event_kind::connect_failed, events[event_kind::connect_failed] + 3));
        descriptors = open_descriptors();
        threads = thread_count();
        REQUIRE(becomes(event_kind::connect_failed, fails));
        // An attempt may be under way at either look: its socket, and the proxy's two.
        CHECK(open_descriptors() <= descriptors + 3);
        CHECK(thread_count() == threads);
    };
    proxy.refuse();
    proxy.cut();
    loop("refused", 650);
    proxy.redirect(nobody.port());
    proxy.listen();
    loop("accepted and reset", 300);
    proxy.mute();
    loop("accepted, and nothing is said", 50);
    proxy.redirect(server.port());
    proxy.listen();
    REQUIRE(run_until([&] { return nc.healthy(); }));
    CHECK(events[event_kind::connect_failed] >= 1000);
    CHECK(events[event_kind::disconnected] == 1);
    CHECK(run_until([&] { return proxy.counts().open == 1; }));
    CHECK_FALSE(std::get<0>(wait(nc.async_flush({}, result))));
    nc.close();
}

TEST_CASE_FIXTURE(health_world, "D8 D9: a drain over a link that is slow, that dies, or that is cut ends with what is true") {
    client nc(io.get_executor(), watchful());
    connect(nc);
    int arrived = 0;
    const subscription seen = truth.subscribe("last", [&](const message_view&) { ++arrived; });
    REQUIRE_FALSE(std::get<0>(wait(truth.async_flush({}, result))));
    for (int i = 0; i < 50; ++i) CHECK_FALSE(nc.publish("last", "x"));
    std::error_code expected;
    SUBCASE("slow") { proxy.delay(way::to_server, 50ms); }
    SUBCASE("dead") {
        proxy.swallow(way::to_server);
        expected = errc::connection_lost;
    }
    SUBCASE("cut") {
        proxy.cut_after(way::to_server, 40);
        expected = errc::connection_lost;
    }
    const auto [ec] = wait(nc.async_drain(result));
    CHECK(ec == expected);
    CHECK(nc.state() == client_state::closed);
    REQUIRE_FALSE(std::get<0>(wait(truth.async_flush({}, result))));
    if (!expected)
        CHECK(run_until([&] { return arrived == 50; }));
    else
        CHECK(arrived < 50);
}

TEST_CASE("D5: a server that cuts a slow reader off is told by its end, and the subscriptions are there again") {
    nats_server_options strict = core_only();
    strict.config = "write_deadline: \"100ms\"\nmax_pending: 1MB\n";
    fault_world w(strict);
    client nc(w.io.get_executor(), w.options());
    std::uint64_t received = 0;
    const subscription flood = nc.subscribe("flood", [&](const message_view&) { ++received; });
    w.connect(nc);
    REQUIRE_FALSE(std::get<0>(w.wait(nc.async_flush({}, result))));
    w.proxy.hold(way::to_client);
    const std::string block(32 * 1024, 'b');
    REQUIRE(w.run_until([&] {
        static_cast<void>(w.truth.publish("flood", block));
        return w.server.log().find("Slow Consumer") != std::string::npos;
    }));
    REQUIRE_FALSE(std::get<0>(w.wait(w.truth.async_flush({}, result))));
    w.proxy.pass();
    REQUIRE(w.run_until([&] { return w.events[event_kind::disconnected] == 1; }));
    CHECK((w.events.last_reason == disconnect_reason::eof || w.events.last_reason == disconnect_reason::reset ||
           w.events.last_reason == disconnect_reason::server_error));
    REQUIRE(w.run_until([&] { return nc.healthy(); }));
    REQUIRE(w.run_until([&] { return std::get<0>(w.wait(nc.async_flush({}, result))) == std::error_code(); }));
    const std::uint64_t before = received;
    REQUIRE_FALSE(w.truth.publish("flood", "again"));
    CHECK(w.run_until([&] { return received == before + 1; }));
    nc.close();
}
