// One client per strand on a pool of threads, calls from foreign threads, and the tripwire. Meant for ThreadSanitizer.
#include <atomic>
#include <latch>
#include <thread>

#include <asio/bind_executor.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>

#include "protocol/io/tripwire.hpp"
#include "tests/io/fixture.hpp"
#include "tests/io/server_thread.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

connect_options for_server(const server_thread& server) {
    connect_options o;
    o.servers = {server.url()};
    return o;
}

/// A life of a client: everything it can do, on its strand.
asio::awaitable<int> live(asio::any_io_executor strand, connect_options options, int rounds) {
    int events = 0;
    options.on_event = [&events](const event&) { ++events; };
    client nc(strand, options);
    co_await nc.async_connect();
    int handled = 0;
    const subscription direct = nc.subscribe("direct", [&handled](const message_view&) { ++handled; });
    subscription queued = nc.subscribe("queued");
    for (int i = 0; i < rounds; ++i) {
        const std::error_code a = nc.publish("direct", "x");
        const std::error_code b = nc.publish("queued", "y");
        if (a || b) throw std::system_error(a ? a : b);
        const message reply = co_await nc.async_request("echo.a", "z");
        const message m = co_await queued.async_next();
        if (reply.payload() != "z" || m.payload() != "y") throw std::runtime_error("wrong message");
    }
    co_await nc.async_drain();
    if (handled != rounds) throw std::runtime_error("messages lost");
    co_return events;
}

}  // namespace

TEST_CASE("H12: one client per strand, several strands on two threads") {
    server_thread server;
    asio::thread_pool pool(2);
    constexpr int clients = 6;
    constexpr int rounds = 100;
    std::vector<std::future<int>> lives;
    for (int i = 0; i < clients; ++i) {
        asio::any_io_executor strand = asio::make_strand(pool);
        lives.push_back(asio::co_spawn(strand, live(strand, for_server(server), rounds), asio::use_future));
    }
    for (std::future<int>& one : lives) CHECK(one.get() == 3);  // connected, disconnected, closed
    pool.join();
}

TEST_CASE("H12 C20: healthy and state may be read on any thread, and the last handle may go on any") {
    server_thread server;
    asio::io_context context{1};
    std::optional<client> nc;
    nc.emplace(context.get_executor(), for_server(server));
    std::atomic<bool> closed{false};
    std::atomic<bool> up{false};
    asio::post(context, [&] { nc->async_connect([&](std::error_code ec) { up = !ec; }); });
    event_listener listener = nc->listen([&](const event& e) { closed = closed || e.kind == event_kind::closed; });
    std::thread loop([&] { context.run(); });
    while (!nc->healthy()) std::this_thread::yield();
    CHECK(nc->state() == client_state::connected);
    CHECK(nc->get_executor() == context.get_executor());
    while (!up) std::this_thread::yield();
    nc.reset();
    loop.join();  // the loop runs out of work because the client closes
    CHECK(closed);
}

TEST_CASE("performance.md: foreign threads publish by posting to the client's executor") {
    server_thread server;
    asio::thread_pool pool(2);
    asio::any_io_executor strand = asio::make_strand(pool);
    auto nc = std::make_shared<client>(strand, for_server(server));
    constexpr int each = 500;
    std::atomic<int> received{0};
    std::promise<void> all;
    std::optional<subscription> in;
    asio::post(strand, [&] {
        in.emplace(nc->subscribe("in", [&](const message_view&) {
            if (++received == 2 * each) all.set_value();
        }));
        nc->async_connect([](std::error_code) {});
    });
    const auto publisher = [&] {
        for (int i = 0; i < each; ++i) {
            asio::post(strand, [nc] { CHECK_FALSE(nc->publish("in", "x")); });
        }
    };
    std::thread a(publisher);
    std::thread b(publisher);
    a.join();
    b.join();
    CHECK(all.get_future().wait_for(30s) == std::future_status::ready);
    asio::post(strand, [&] {
        in.reset();
        nc->close();
    });
    pool.join();
    CHECK(received == 2 * each);
}

TEST_CASE("H12: handlers bound to another strand run there") {
    server_thread server;
    asio::thread_pool pool(2);
    asio::any_io_executor strand = asio::make_strand(pool);
    auto other = asio::make_strand(pool);
    auto nc = std::make_shared<client>(strand, for_server(server));
    std::promise<bool> where;
    asio::post(strand, [&, nc] {
        nc->async_request("echo.x", "x", {}, asio::bind_executor(other, [&, nc](std::error_code ec, message) {
            where.set_value(!ec && other.running_in_this_thread());
            asio::post(nc->get_executor(), [nc] { nc->close(); });
        }));
        nc->async_connect([](std::error_code) {});
    });
    CHECK(where.get_future().get());
    nc.reset();
    pool.join();
}

TEST_CASE("design.md: the tripwire notices a second thread inside, and the same one may come in again") {
    io::tripwire wire;
    CHECK(wire.enter());
    CHECK(wire.enter());
    bool alone = true;
    std::thread([&] { alone = wire.enter(); }).join();
    CHECK_FALSE(alone);
    wire.leave();
    std::thread([&] { alone = wire.enter(); }).join();
    CHECK_FALSE(alone);
    wire.leave();
    std::thread([&] {
        alone = wire.enter();
        if (alone) wire.leave();
    }).join();
    CHECK(alone);
    CHECK(wire.enter());
    wire.leave();
}
