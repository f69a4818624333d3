// How connections come and go, seen from both ends of the wire.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <asio/post.hpp>

#include "tests/io/fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

/// A socket option of this process's end of the connection that `peer_end` is the other end of.
int option_of_other_end(asio::ip::tcp::socket& peer_end, int name) {
    const auto wanted = peer_end.remote_endpoint();
    for (int fd = 3; fd < 1024; ++fd) {
        sockaddr_in local{};
        socklen_t size = sizeof local;
        if (::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size) != 0 || local.sin_family != AF_INET) continue;
        if (ntohs(local.sin_port) != wanted.port() || fd == peer_end.native_handle()) continue;
        int value = -1;
        socklen_t value_size = sizeof value;
        REQUIRE(::getsockopt(fd, IPPROTO_TCP, name, &value, &value_size) == 0);
        return value;
    }
    FAIL("the client's socket was not found");
    return -1;
}

/// Accepts, greets, and returns when the client is up.
asio::awaitable<void> stay_up(scripted_peer& peer, client& nc) {
    peer_connection c = co_await peer.accept();
    co_await c.handshake();
    while (!nc.healthy()) co_await asio::post(c.socket().get_executor(), asio::use_awaitable);
}

}  // namespace

TEST_CASE_FIXTURE(io_fixture, "C25: TCP_NODELAY is on after every connect, TCP_NOTSENT_LOWAT is an option") {
    connect_options o = options();
    SUBCASE("as given") { o.tcp_notsent_lowat = 24 * 1024; }
    SUBCASE("the system's") { o.tcp_notsent_lowat.reset(); }
    client nc(context.get_executor(), o);
    auto server = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 2; ++i) {
            peer_connection c = co_await peer.accept();
            co_await c.handshake();
            CHECK(option_of_other_end(c.socket(), TCP_NODELAY) == 1);
            const int lowat = option_of_other_end(c.socket(), TCP_NOTSENT_LOWAT);
            if (o.tcp_notsent_lowat) CHECK(lowat == 24 * 1024);
            else CHECK(lowat != 24 * 1024);
            c.close();
        }
        nc.close();
    };
    auto user = [&]() -> asio::awaitable<void> { co_await nc.async_connect(); };
    play(context, server, user);
    CHECK(runs_out());
}

TEST_CASE_FIXTURE(io_fixture, "H1: a connect dials at once, and is told from the event loop") {
    asio::io_context elsewhere{1};
    asio::ip::tcp::acceptor acceptor(elsewhere, {asio::ip::make_address("127.0.0.1"), 0});
    connect_options o = options();
    o.servers = {"127.0.0.1:" + std::to_string(acceptor.local_endpoint().port())};
    client nc(context.get_executor(), o);
    outcome connected;
    nc.async_connect(connected.plain());
    std::error_code ec;
    acceptor.non_blocking(true);
    const asio::ip::tcp::socket accepted = acceptor.accept(ec);  // while nobody runs the client's event loop
    CHECK_FALSE(ec);
    CHECK(connected.calls == 0);
    CHECK(events.empty());
    nc.close();
    CHECK(runs_out());
    CHECK(connected.calls == 1);
    CHECK(connected.ec == errc::closed);
}

TEST_CASE_FIXTURE(io_fixture, "C6: an end of the server is a disconnect with the right reason, at once") {
    client nc(context.get_executor(), options());
    disconnect_reason wanted{};
    std::function<void(peer_connection&)> end;
    SUBCASE("FIN") {
        wanted = disconnect_reason::eof;
        end = [](peer_connection& c) { c.close(); };
    }
    SUBCASE("half-close") {
        wanted = disconnect_reason::eof;
        end = [](peer_connection& c) { c.half_close(); };
    }
    SUBCASE("RST") {
        wanted = disconnect_reason::reset;
        end = [](peer_connection& c) { c.reset(); };
    }
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        end(c);
        if (c.socket().is_open()) CHECK((co_await c.rest()).empty());  // the client closes its half too
        co_await stay_up(peer, nc);
        nc.close();
    };
    auto user = [&]() -> asio::awaitable<void> { co_await nc.async_connect(); };
    play(context, server, user);
    CHECK(runs_out());
    REQUIRE(count(event_kind::disconnected) == 2);  // and the one of close()
    for (const event& e : events) {
        if (e.kind != event_kind::disconnected) continue;
        CHECK(e.reason == wanted);
        break;
    }
    CHECK(count(event_kind::closed) == 1);
    CHECK(events.back().kind == event_kind::closed);
}

TEST_CASE_FIXTURE(io_fixture, "C20: the state is no longer connected when the disconnected event is told") {
    connect_options o = options();
    client* user_client = nullptr;
    std::vector<client_state> seen;
    o.on_event = [&](const event& e) {
        if (e.kind == event_kind::disconnected) seen.push_back(user_client->state());
        if (e.kind == event_kind::connected) CHECK(user_client->healthy());
    };
    client nc(context.get_executor(), o);
    user_client = &nc;
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        c.close();
        co_await stay_up(peer, nc);
        nc.close();
    };
    auto user = [&]() -> asio::awaitable<void> { co_await nc.async_connect(); };
    play(context, server, user);
    CHECK(runs_out());
    REQUIRE(seen.size() == 2);
    CHECK(seen[0] == client_state::reconnecting);
    CHECK(seen[1] == client_state::closed);
}

TEST_CASE_FIXTURE(io_fixture, "protocol 7: what the server said before it reset the connection is reported, not the failed write") {
    client nc(context.get_executor(), options());
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        // All of this in one turn of the loop: the client meets the broken connection with its next write.
        const std::string words = "-ERR 'User Authentication Expired'\r\n";
        CHECK(c.socket().send(asio::buffer(words)) == words.size());
        c.reset();
        CHECK_FALSE(nc.publish("a", "x"));
        co_await stay_up(peer, nc);
        nc.close();
    };
    auto user = [&]() -> asio::awaitable<void> { co_await nc.async_connect(); };
    play(context, server, user);
    CHECK(runs_out());
    bool told = false;
    for (const event& e : events) {
        if (e.kind != event_kind::disconnected || told) continue;
        CHECK(e.reason == disconnect_reason::auth);
        CHECK(e.error == errc::authentication_expired);
        told = true;
    }
    CHECK(told);
}

TEST_CASE_FIXTURE(io_fixture, "C7: a peer that takes no bytes is given up after the write timeout, and the outbox is bounded") {
    connect_options o = options();
    o.write_timeout = 60ms;
    o.outbox_bytes = 256 * 1024;
    client nc(context.get_executor(), o);
    std::optional<peer_connection> held;
    auto server = [&]() -> asio::awaitable<void> {
        held.emplace(co_await peer.accept());
        held->socket().set_option(asio::socket_base::receive_buffer_size(4096));
        co_await held->handshake();
    };
    std::error_code refused;
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        const std::string payload(16 * 1024, 'p');
        while (!refused) {
            refused = nc.publish("a", payload);
            CHECK(nc.stats().outbox_bytes <= o.outbox_bytes + payload.size() + 64);
            if (!refused) co_await asio::post(context, asio::use_awaitable);
        }
    };
    play(context, server, user);
    CHECK(refused == errc::buffer_full);
    REQUIRE(run_until(context, [&] { return count(event_kind::disconnected) == 1; }));
    CHECK(last(event_kind::disconnected).reason == disconnect_reason::write_stall);
    CHECK(last(event_kind::disconnected).error == errc::write_stalled);
    nc.close();
    CHECK(runs_out());
}

TEST_CASE_FIXTURE(io_fixture, "C3 C4: a silent peer is pinged and given up in time, also while the client goes on publishing") {
    connect_options o = options();
    o.ping_interval = 30ms;
    o.max_pings_out = 2;
    client nc(context.get_executor(), o);
    std::string got;
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        got = co_await c.rest();
        nc.close();
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        const auto start = std::chrono::steady_clock::now();
        while (nc.healthy()) {
            CHECK_FALSE(nc.publish("a", "x"));
            co_await asio::post(context, asio::use_awaitable);
        }
        CHECK(std::chrono::steady_clock::now() - start >= 80ms);
    };
    play(context, server, user);
    CHECK(runs_out());
    CHECK(got.find("PING\r\n") != std::string::npos);
    REQUIRE(count(event_kind::disconnected) >= 1);
    for (const event& e : events) {
        if (e.kind != event_kind::disconnected) continue;
        CHECK(e.reason == disconnect_reason::stale);
        break;
    }
}

TEST_CASE_FIXTURE(io_fixture, "C2 B7: a server that accepts and says nothing costs the connect timeout, no more") {
    connect_options o = options();
    o.connect_timeout = 50ms;
    client nc(context.get_executor(), o);
    std::optional<peer_connection> held;
    auto server = [&]() -> asio::awaitable<void> { held.emplace(co_await peer.accept()); };
    std::error_code ec;
    auto user = [&]() -> asio::awaitable<void> {
        std::tie(ec) = co_await nc.async_connect(use_tuple);
    };
    play(context, server, user);
    CHECK(ec == errc::handshake_timeout);
    CHECK(nc.state() == client_state::idle);
    CHECK(runs_out());  // idle: nothing keeps the loop running
    nc.close();
    CHECK(runs_out());
}

TEST_CASE_FIXTURE(io_fixture, "C14 C15: the second server takes over, with the subscriptions first and what was held behind them") {
    scripted_peer second(context);
    connect_options o = options();
    o.servers = {peer.url(), second.url()};
    o.randomize_servers = false;
    client nc(context.get_executor(), o);
    auto first_server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        co_await c.expect("SUB in 1\r\n");
        peer.stop();
        c.close();
    };
    auto second_server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await second.accept();
        co_await c.handshake();
        co_await c.expect("SUB in 1\r\nPUB held 1\r\n1\r\nPUB held 1\r\n2\r\n");
        co_await c.send("MSG in 1 1\r\nx\r\n");
        co_await c.rest();
    };
    subscription in = nc.subscribe("in");
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        CHECK(nc.connected_server() == peer.address());
        while (nc.healthy()) co_await asio::post(context, asio::use_awaitable);
        CHECK_FALSE(nc.publish("held", "1"));
        CHECK_FALSE(nc.publish("held", "2"));
        const message m = co_await in.async_next();
        CHECK(m.payload() == "x");
        CHECK(nc.connected_server() == second.address());
        CHECK(nc.stats().reconnects == 1);
        nc.close();
    };
    play(context, first_server, second_server, user);
    CHECK(runs_out());
}

TEST_CASE_FIXTURE(io_fixture, "C11 C10: host names are resolved, refused addresses passed over, unknown names are an error") {
    connect_options o = options();
    SUBCASE("localhost, of which only one address has a listener") {
        o.servers = {"localhost:" + std::to_string(peer.port())};
        client nc(context.get_executor(), o);
        auto server = [&]() -> asio::awaitable<void> { co_await serve_one(peer); };
        auto user = [&]() -> asio::awaitable<void> {
            co_await nc.async_connect();
            CHECK(nc.healthy());
            nc.close();
        };
        play(context, server, user);
        CHECK(runs_out());
    }
    SUBCASE("a name that cannot exist (RFC 2606)") {
        o.servers = {"does-not-exist.invalid"};
        client nc(context.get_executor(), o);
        outcome up;
        nc.async_connect(up.plain());
        REQUIRE(run_until(context, [&] { return up.calls == 1; }));
        CHECK(up.ec);
        CHECK(count(event_kind::connect_failed) == 1);
        nc.close();
        CHECK(runs_out());
    }
    SUBCASE("a port where nobody listens") {
        peer.stop();
        scripted_peer gone(context);
        o.servers = {gone.url()};
        gone.stop();
        client nc(context.get_executor(), o);
        outcome up;
        nc.async_connect(up.plain());
        REQUIRE(run_until(context, [&] { return up.calls == 1; }));
        CHECK(up.ec == std::errc::connection_refused);
        CHECK(last(event_kind::connect_failed).reason == disconnect_reason::refused);
        nc.close();
        CHECK(runs_out());
    }
}

TEST_CASE_FIXTURE(io_fixture, "A11: bytes that are not the protocol end the connection at once, and the next one is dialled") {
    client nc(context.get_executor(), options());
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        co_await c.send("MSG a 1 99999999999999999999\r\n");
        co_await c.rest();
        co_await stay_up(peer, nc);
        nc.close();
    };
    auto user = [&]() -> asio::awaitable<void> { co_await nc.async_connect(); };
    play(context, server, user);
    CHECK(runs_out());
    for (const event& e : events) {
        if (e.kind != event_kind::disconnected) continue;
        CHECK(e.reason == disconnect_reason::protocol_error);
        break;
    }
}

TEST_CASE_FIXTURE(io_fixture, "I13 D9: a drain ends with FIN after everything, and reads what is still on its way") {
    client nc(context.get_executor(), options());
    bool was_reset = true;
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        co_await c.expect("SUB in 1\r\n");
        co_await c.expect("UNSUB 1\r\n");
        co_await c.expect("PING\r\n");
        co_await c.send("MSG in 1 4\r\nlast\r\nPONG\r\n");
        // A PING of ours that crosses the end must not turn it into a reset.
        for (std::string text; text.find("PUB out 4\r\nlast\r\n") == std::string::npos;) {
            text += co_await c.some();
            if (text.find("PING\r\n") != std::string::npos) co_await c.send("PONG\r\n");
        }
        co_await c.send("PING\r\nPONG\r\n");
        const std::string rest = co_await c.rest(&was_reset);
        CHECK_FALSE(was_reset);
    };
    int received = 0;
    const subscription in = nc.subscribe("in", [&](const message_view& m) {
        ++received;
        CHECK_FALSE(nc.publish("out", m.payload()));
    });
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        co_await nc.async_drain();
        CHECK(nc.state() == client_state::closed);
    };
    play(context, server, user);
    CHECK(received == 1);
    CHECK(runs_out());
}
