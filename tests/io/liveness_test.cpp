// Peers that are half there, over real sockets: they talk and do not listen, listen and do not answer, or are not listened to.
#include "tests/io/fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE_FIXTURE(io_fixture, "C3 I5: a peer that talks and never answers a ping is given up") {
    connect_options o = options();
    o.ping_interval = 50ms;
    o.max_pings_out = 2;
    client nc(context.get_executor(), o);
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        peer.stop();
        int pings = 0;
        try {  // the client may be gone while it is spoken to, and may ping again before it has answered: loops are late on busy machines
            for (;;) {
                if (const std::string said = co_await c.line(); said == "PONG") continue;
                ++pings;
                co_await c.send("PING\r\n");  // a word, and no answer
            }
        } catch (const std::exception&) {
        }
        CHECK(pings > 0);
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        while (nc.healthy()) co_await asio::post(context, asio::use_awaitable);
        nc.close();
    };
    play(context, server, user);
    CHECK(runs_out());
    CHECK(last(event_kind::disconnected).reason == disconnect_reason::stale);
}

TEST_CASE_FIXTURE(io_fixture, "C7: a peer that talks and takes nothing is given up, and its publisher is told to wait") {
    connect_options o = options();
    o.write_timeout = 200ms;
    o.outbox_bytes = std::size_t{16} * 1024 * 1024;
    client nc(context.get_executor(), o);
    std::error_code refused;
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        co_await c.expect("SUB in 1\r\n");
        peer.stop();
        while (nc.healthy()) {
            co_await c.send("MSG in 1 1\r\nx\r\n");
            co_await asio::post(context, asio::use_awaitable);
        }
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        int received = 0;
        const subscription in = nc.subscribe("in", [&received](const message_view&) { ++received; });
        while (received == 0) co_await asio::post(context, asio::use_awaitable);
        const std::string payload(100'000, 'x');
        while (!(refused = nc.publish("a", payload))) {  // more than the kernel and the outbox keep together
        }
        while (nc.healthy()) co_await asio::post(context, asio::use_awaitable);
        CHECK(received > 1);
        nc.close();
    };
    play(context, server, user);
    CHECK(runs_out());
    CHECK(refused == errc::buffer_full);
    CHECK(last(event_kind::disconnected).reason == disconnect_reason::write_stall);
    CHECK(count(event_kind::disconnected) == 1);
}

TEST_CASE_FIXTURE(io_fixture, "D1 D2: reading waits for a consumer, goes on when he takes, and ends with the time") {
    for (const bool takes : {true, false}) {
        events.clear();
        bool answered = false;
        client nc(context.get_executor(), options());
        auto server = [&]() -> asio::awaitable<void> {
            peer_connection c = co_await peer.accept();
            co_await c.handshake();
            co_await c.expect("SUB in 1\r\n");
            std::string all;
            for (int i = 0; i < 100; ++i) all += "MSG in 1 1\r\nx\r\n";
            co_await c.send(all + "PING\r\n");
            co_await c.expect("PONG\r\n");
            answered = true;
            co_await c.rest();
        };
        auto user = [&]() -> asio::awaitable<void> {
            co_await nc.async_connect();
            const std::chrono::milliseconds limit = takes ? 5s : 50ms;
            subscription in =
                nc.subscribe("in", {.pending_messages = 2, .when_full = slow_consumer_policy::pause_reading, .pause_limit = limit});
            while (count(event_kind::slow_consumer) == 0) co_await asio::post(context, asio::use_awaitable);
            CHECK(in.pending_messages() == 2);
            message m;
            if (takes) {
                for (int i = 0; i < 100; ++i) {
                    if (!in.try_next(m)) m = co_await in.async_next();
                }
                CHECK(in.dropped() == 0);
            } else {
                while (in.received() < 100) co_await asio::post(context, asio::use_awaitable);
                CHECK(in.dropped() == 98);
            }
            CHECK(nc.healthy());
            while (!answered) co_await asio::post(context, asio::use_awaitable);
            nc.close();
        };
        play(context, server, user);
        CHECK(runs_out());
    }
}

TEST_CASE_FIXTURE(io_fixture, "C6: a peer that has half-closed is left at once, also while a write waits for it") {
    connect_options o = options();
    o.outbox_bytes = std::size_t{16} * 1024 * 1024;
    client nc(context.get_executor(), o);
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        peer.stop();
        while (nc.stats().outbox_bytes < 1'000'000) co_await asio::post(context, asio::use_awaitable);
        c.half_close();
        while (nc.healthy()) co_await asio::post(context, asio::use_awaitable);
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        const std::string payload(100'000, 'x');
        while (!nc.publish("a", payload)) {}
        while (nc.healthy()) co_await asio::post(context, asio::use_awaitable);
        nc.close();
    };
    play(context, server, user);
    CHECK(runs_out());
    CHECK(count(event_kind::disconnected) == 1);
}
