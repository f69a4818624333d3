// From one connection to the next over real sockets: leaving on purpose, replaced servers, hooks.
#include <asio/this_coro.hpp>

#include "tests/io/fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE_FIXTURE(io_fixture, "C19 C13: what was written before reconnect() still arrives, in order, and then an orderly end") {
    connect_options o = options();
    o.outbox_bytes = std::size_t{16} * 1024 * 1024;
    client nc(context.get_executor(), o);
    constexpr std::size_t messages = 12'000;  // more than the kernel keeps for us
    const std::string payload(1'000, 'x');
    const std::string frame = "PUB a 1000\r\n" + payload + "\r\n";
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection first = co_await peer.accept();
        co_await first.handshake();
        peer_connection second = co_await peer.accept();
        bool was_reset = true;
        const std::string old = co_await first.rest(&was_reset);
        CHECK_FALSE(was_reset);
        first.close();
        co_await second.handshake();
        // A frame that was cut off is no message; every frame arrives whole exactly once, over both connections.
        const std::size_t whole = old.size() / frame.size();
        CHECK(whole < messages);
        for (std::size_t i = whole; i < messages; ++i) co_await second.expect(frame);
        co_await second.expect("PING\r\n");
        co_await second.send("PONG\r\n");
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        for (std::size_t i = 0; i < messages; ++i) CHECK_FALSE(nc.publish("a", payload));
        CHECK_FALSE(nc.reconnect());
        CHECK_FALSE(nc.reconnect());
        co_await nc.async_flush();
        nc.close();
    };
    play(context, server, user);
    CHECK(runs_out());
    CHECK(last(event_kind::disconnected).reason == disconnect_reason::closed);
    CHECK(count(event_kind::connected) == 2);
}

TEST_CASE_FIXTURE(io_fixture, "C12 C8: another pool takes effect with the next connection; hooks are asked, and let go of at the end") {
    scripted_peer other(context);
    connect_options o = options();
    auto held = std::make_shared<int>(0);
    const std::weak_ptr<int> watched = held;
    o.choose_server = [held](const reconnect_plan& plan) {
        ++*held;
        return plan.next;
    };
    o.reconnect_delay = [held](const reconnect_plan&) { return 0ms; };
    client nc(context.get_executor(), o);
    o = connect_options();
    held.reset();
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection first = co_await peer.accept();
        co_await first.handshake();
        peer_connection second = co_await other.accept();
        co_await second.handshake();
        co_await second.rest();
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        CHECK(nc.servers().size() == 1);
        CHECK_FALSE(nc.set_servers({other.url()}));
        CHECK(nc.set_servers({"http://x"}) == errc::invalid_url);
        REQUIRE(nc.servers().size() == 1);
        CHECK(nc.servers()[0].address == other.address());
        CHECK(nc.healthy());
        CHECK(nc.connected_server() == peer.address());
        CHECK_FALSE(nc.reconnect());
        co_await nc.async_connect();  // joins the attempt in progress
        CHECK(nc.connected_server() == other.address());
        REQUIRE(watched.lock());
        CHECK(*watched.lock() == 1);
        nc.close();
        CHECK(watched.expired());
    };
    play(context, server, user);
    CHECK(runs_out());
}
