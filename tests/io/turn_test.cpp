// What happens when in the event loop: posts, writes, completions.
#include <new>

#include <asio/post.hpp>
#include <asio/use_future.hpp>

#include "tests/io/fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE_FIXTURE(io_fixture, "design.md: a completion never runs inside its initiating function, not even for an error found early") {
    client nc(context.get_executor(), options());
    outcome invalid;
    outcome flushed;
    nc.async_request("not a subject", "", {}, invalid.with_message());
    nc.async_flush({.timeout = -1s}, flushed.plain());
    CHECK(invalid.calls == 0);
    CHECK(flushed.calls == 0);
    REQUIRE(runs_out());
    CHECK(invalid.calls == 1);
    CHECK(invalid.ec == errc::invalid_subject);
    CHECK(flushed.calls == 1);
    CHECK(flushed.ec == errc::invalid_option);

    // The same from inside a handler, where a turn is under way.
    bool inside = false;
    int done = 0;
    nc.async_request("not a subject", "", {}, [&](std::error_code, message) {
        inside = true;
        nc.async_request("not a subject", "", {}, [&](std::error_code, message) {
            CHECK_FALSE(inside);
            ++done;
        });
        inside = false;
    });
    REQUIRE(runs_out());
    CHECK(done == 1);
}

TEST_CASE_FIXTURE(io_fixture, "C25: everything queued in one turn leaves in one write") {
    client nc(context.get_executor(), options());
    constexpr int messages = 100;
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        std::string wanted = "SUB answers 1\r\n";
        for (int i = 0; i < messages; ++i) wanted += "PUB a answers 2\r\nhi\r\n";
        wanted += "PING\r\n";
        CHECK(co_await c.some() == wanted);
        co_await c.send("PONG\r\n");
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        const std::uint64_t before = nc.stats().socket_writes;
        const subscription answers = nc.subscribe("answers");
        for (int i = 0; i < messages; ++i) CHECK_FALSE(nc.publish("a", "hi", {.reply_to = "answers"}));
        CHECK(nc.stats().socket_writes == before);
        co_await nc.async_flush();
        CHECK(nc.stats().socket_writes == before + 1);
        nc.close();
    };
    play(context, server, user);
    CHECK(runs_out());
}

TEST_CASE_FIXTURE(io_fixture, "design.md: replies to all messages of one read leave in one write") {
    client nc(context.get_executor(), options());
    constexpr int messages = 200;
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        co_await c.expect("SUB work 1\r\n");
        std::string all;
        std::string wanted;
        for (int i = 0; i < messages; ++i) {
            all += "MSG work 1 reply 1\r\nx\r\n";
            wanted += "PUB reply 1\r\ny\r\n";
        }
        co_await c.send(all);
        co_await c.expect(wanted);
        c.close();
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        int received = 0;
        const subscription work = nc.subscribe("work", [&](const message_view& m) {
            ++received;
            CHECK_FALSE(nc.publish(m.reply_to(), "y"));
        });
        const std::uint64_t before = nc.stats().socket_writes;
        while (received < messages) co_await asio::post(context, asio::use_awaitable);
        // SUB is one of them; the messages may have come in several segments, one read each.
        CHECK(nc.stats().socket_writes - before <= nc.stats().socket_reads);
        CHECK(nc.stats().socket_writes - before <= 6);
    };
    play(context, server, user);
    nc.close();
    CHECK(runs_out());
}

TEST_CASE_FIXTURE(io_fixture, "design.md: publishing outside a turn posts one turn, however much is published") {
    asio::io_context elsewhere{1};  // so that the peer's own handlers are not counted
    scripted_peer far(elsewhere);
    connect_options o = options();
    o.servers = {far.url()};
    client nc(context.get_executor(), o);
    std::optional<peer_connection> held;
    auto server = [&]() -> asio::awaitable<void> {
        held.emplace(co_await far.accept());
        co_await held->handshake();
    };
    asio::co_spawn(elsewhere, server(), [](std::exception_ptr e) { CHECK_FALSE(e); });
    nc.async_connect([](std::error_code ec) { CHECK_FALSE(ec); });
    while (!nc.healthy()) {
        static_cast<void>(elsewhere.poll());
        static_cast<void>(context.poll());
    }
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 500; ++i) REQUIRE_FALSE(nc.publish("a", "x"));
        CHECK(context.poll() == 1);
        CHECK(nc.stats().outbox_bytes == 0);
    }
    nc.close();
    CHECK(runs_out());
}

TEST_CASE_FIXTURE(io_fixture, "design.md: a long burst inside one handler is written while it goes on, in order") {
    connect_options o = options();
    o.tcp_notsent_lowat.reset();
    client nc(context.get_executor(), o);
    constexpr int messages = 2000;
    const std::string payload(100, 'p');
    std::string got;
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        got = co_await c.rest();
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        const std::uint64_t before = nc.stats().socket_writes;
        for (int i = 0; i < messages; ++i) {
            CHECK_FALSE(nc.publish("n." + std::to_string(i), payload));
            CHECK(nc.stats().outbox_bytes < 64 * 1024);
        }
        const std::uint64_t writes = nc.stats().socket_writes - before;
        CHECK(writes >= 3);
        CHECK(writes <= 10);
        co_await nc.async_drain(use_tuple);
    };
    std::string wanted;
    for (int i = 0; i < messages; ++i) wanted += "PUB n." + std::to_string(i) + " 100\r\n" + payload + "\r\n";
    // The drain ends with the peer's PONG or not at all: close instead.
    auto closer = [&]() -> asio::awaitable<void> {
        while (got.empty() && nc.stats().socket_out_bytes < wanted.size() + 100) co_await asio::post(context, asio::use_awaitable);
        nc.close();
    };
    play(context, server, user, closer);
    CHECK(got.substr(0, wanted.size()) == wanted);
    CHECK(runs_out());
}

TEST_CASE_FIXTURE(io_fixture, "D11: a publisher that waits for its turn never fills the outbox, and everything arrives in order") {
    client nc(context.get_executor(), options());
    constexpr int messages = 20'000;
    const std::string payload(200, 'x');
    std::string got;
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        got = co_await c.rest();
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        for (int i = 0; i < messages; ++i) {
            CHECK_FALSE(nc.publish("n." + std::to_string(i), payload));
            if (!nc.writable()) co_await nc.async_writable();
        }
        while (nc.stats().outbox_bytes != 0) co_await asio::post(context, asio::use_awaitable);
        CHECK(nc.stats().most_outbox_bytes < 200'000);
        nc.close();
    };
    play(context, server, user);
    std::string wanted;
    for (int i = 0; i < messages; ++i) wanted += "PUB n." + std::to_string(i) + " 200\r\n" + payload + "\r\n";
    CHECK((got == wanted));
    CHECK(runs_out());
}

TEST_CASE_FIXTURE(io_fixture, "A9 A10: a handshake in single bytes, and messages in the segment of the first PONG") {
    client nc(context.get_executor(), options());
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        for (const char byte : peer_connection::info()) co_await c.send(std::string(1, byte));
        const std::string connect = co_await c.line();
        CHECK(connect.starts_with("CONNECT {"));
        co_await c.expect("PING\r\n");
        co_await c.send("PONG\r\nMSG early 1 2\r\nhi\r\nPING\r\n");
        co_await c.expect("SUB early 1\r\nPONG\r\n");
        c.close();
    };
    int received = 0;
    const subscription early = nc.subscribe("early", [&](const message_view& m) {
        ++received;
        CHECK(m.payload() == "hi");
    });
    auto user = [&]() -> asio::awaitable<void> { co_await nc.async_connect(); };
    play(context, server, user);
    CHECK(received == 1);
    nc.close();
    CHECK(runs_out());
}

TEST_CASE_FIXTURE(io_fixture, "D12: one turn completes only so many operations, and the event loop goes on between turns") {
    client nc(context.get_executor(), options());
    auto server = [&]() -> asio::awaitable<void> { co_await serve_one(peer); };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        bool other_ran = false;
        asio::post(context, [&] { other_ran = true; });
        int rounds = 0;
        // Each completes at once when it is pulled: without a bound this loop would never leave its turn.
        while (!other_ran && rounds < 1'000'000) {
            co_await nc.async_connect();
            ++rounds;
        }
        CHECK(other_ran);
        CHECK(rounds < 1'000'000);
        nc.close();
    };
    play(context, server, user);
    CHECK(runs_out());
}

TEST_CASE_FIXTURE(io_fixture, "H6: an exception thrown by a completion reaches whoever runs the loop, and the client goes on") {
    client nc(context.get_executor(), options());
    auto server = [&]() -> asio::awaitable<void> { co_await serve_one(peer); };
    asio::co_spawn(context, server(), [](std::exception_ptr) {});
    outcome up;
    nc.async_connect(up.plain());
    REQUIRE(run_until(context, [&] { return up.calls == 1; }));

    outcome second;
    nc.async_flush({}, [](std::error_code) { throw std::domain_error("from a handler"); });
    nc.async_flush({}, second.plain());
    CHECK_THROWS_AS(run_until(context, [&] { return second.calls == 1; }), std::domain_error);
    REQUIRE(run_until(context, [&] { return second.calls == 1; }));
    CHECK_FALSE(second.ec);

    outcome reply;
    nc.async_request("echo.x", "still here", {}, reply.with_message());
    REQUIRE(run_until(context, [&] { return reply.calls == 1; }));
    CHECK(reply.reply.payload() == "still here");

    // Of one read: the replies behind the one whose handler throws are not lost, nor the connection because there was no memory in it.
    const auto throw_before_others = [&](auto exception) {
        std::vector<outcome> behind(20);
        const auto all = [&] { return std::all_of(behind.begin(), behind.end(), [](const outcome& o) { return o.calls == 1; }); };
        nc.async_request("echo.x", "", {}, [exception](std::error_code, const message&) { throw exception; });
        for (outcome& o : behind) nc.async_request("echo.x", "", {}, o.with_message());
        CHECK_THROWS_AS(run_until(context, all), decltype(exception));
        REQUIRE(run_until(context, all));
        CHECK(std::none_of(behind.begin(), behind.end(), [](const outcome& o) { return static_cast<bool>(o.ec); }));
    };
    throw_before_others(std::domain_error("from a handler"));
    throw_before_others(std::bad_alloc());
    CHECK(nc.state() == client_state::connected);
    nc.close();
    CHECK(runs_out());
}
