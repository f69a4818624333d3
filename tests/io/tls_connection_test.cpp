// TLS between a client and a scripted peer: whole connections.
#include <optional>

#include "tests/io/tls_fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE_FIXTURE(tls_io_fixture, "B1 B12: what the server calls itself does not matter, and CONNECT holds nothing of TLS") {
    const certificate own = authority().issue({});
    connect_options o = tls_connect_options();
    o.tls.cert_pem = own.cert;
    o.tls.key_pem = own.key;
    client nc(context.get_executor(), o);
    auto script_of_server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        tls_peer_connection tls(c, server);
        const std::string connect = co_await tls.handshake(R"("tls_required":true,"host":"evil.test")");
        CHECK(connect.find("\"pass\":\"secret\"") != std::string::npos);
        CHECK(connect.find("BEGIN") == std::string::npos);
        CHECK(connect.find("key") == std::string::npos);
        CHECK(connect.find("cert") == std::string::npos);
        CHECK(tls.session().asked_name().empty());
        while (!nc.healthy()) co_await asio::post(context, asio::use_awaitable);
        CHECK(nc.tls().active());
        nc.close();
    };
    script user = connects(nc);
    play(context, script_of_server, user);
    CHECK(runs_out());
}

TEST_CASE_FIXTURE(tls_io_fixture, "B1 B2: a certificate for what INFO says, and not for what was written, is refused") {
    const tls_server evil{{certified({"DNS:evil.test"})}};
    client nc(context.get_executor(), tls_connect_options());
    auto script_of_server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        tls_peer_connection tls(c, evil);
        co_await c.send(peer_connection::info(R"("tls_required":true,"host":"evil.test")"));
        const bool secured = co_await tls.secure();
        CHECK_FALSE(secured);
        CHECK(tls.session().error() == "sslv3 alert bad certificate");  // it is told why
        const std::string rest = co_await c.rest();
        CHECK(rest.empty());
    };
    script user = fails(nc, errc::tls_name_mismatch);
    play(context, script_of_server, user);
    CHECK(last(event_kind::connect_failed).reason == disconnect_reason::tls);
    CHECK(runs_out());
}

TEST_CASE_FIXTURE(tls_io_fixture, "B4: TLS first: INFO with the last bytes of the handshake is read") {
    connect_options o = tls_connect_options();
    o.tls.mode = tls_mode::first;
    client nc(context.get_executor(), o);
    auto script_of_server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        tls_peer_connection tls(c, server);
        co_await tls.secure();
        co_await tls.send(peer_connection::info(demanding));
        co_await tls.log_in();
        while (!nc.healthy()) co_await asio::post(context, asio::use_awaitable);
        nc.close();
    };
    script user = connects(nc);
    play(context, script_of_server, user);
}

TEST_CASE_FIXTURE(tls_io_fixture,
                  "B10: the end of a connection, with close_notify and without, is an end of file; an -ERR before it the reason") {
    client nc(context.get_executor(), tls_connect_options());
    auto script_of_server = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i) {
            peer_connection c = co_await peer.accept();
            tls_peer_connection tls(c, server);
            co_await tls.handshake();
            if (i == 0) co_await tls.close_notify();
            if (i == 2) co_await tls.send("-ERR 'The moon is full'\r\n");
            c.close();
        }
        while (count(event_kind::disconnected) != 3) co_await asio::post(context, asio::use_awaitable);
        nc.close();
    };
    script user = connects(nc);
    play(context, script_of_server, user);
    std::vector<disconnect_reason> reasons;
    for (const event& e : events) {
        if (e.kind == event_kind::disconnected) reasons.push_back(e.reason);
    }
    CHECK(reasons == std::vector{disconnect_reason::eof, disconnect_reason::eof, disconnect_reason::server_error});
}

TEST_CASE_FIXTURE(tls_io_fixture, "B10: a drain says close_notify and does not wait for an answer to it") {
    client nc(context.get_executor(), tls_connect_options());
    std::optional<peer_connection> kept;
    auto script_of_server = [&]() -> asio::awaitable<void> {
        peer_connection accepted = co_await peer.accept();
        kept.emplace(std::move(accepted));
        tls_peer_connection tls(*kept, server);
        co_await tls.handshake();
        std::string got;
        for (std::string more; !(more = co_await tls.some()).empty(); got += more) {
            if (more.find("PING\r\n") != std::string::npos) co_await tls.send("PONG\r\n");
        }
        CHECK(got.find("PUB last 1\r\nx\r\n") != std::string::npos);
        CHECK(tls.session().closed_by_client());
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        CHECK_FALSE(nc.publish("last", "x"));
        co_await nc.async_drain();
        CHECK_FALSE(nc.tls().active());
    };
    play(context, script_of_server, user);
    CHECK(runs_out());  // although the peer keeps the connection open
    kept->close();
}

TEST_CASE_FIXTURE(tls_io_fixture, "C7 D10: a peer that reads late gets everything, whole and in order, and the drain waits for it") {
    client nc(context.get_executor(), tls_connect_options());
    const std::string payload(700'000, 'x');
    constexpr int messages = 8;
    const std::string frame = "PUB a 700000\r\n" + payload + "\r\n";
    bool published = false;
    auto script_of_server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        tls_peer_connection tls(c, server);
        co_await tls.handshake();
        while (!published) co_await asio::post(context, asio::use_awaitable);
        for (int i = 0; i < messages; ++i) {
            const std::string got = co_await tls.bytes(frame.size());
            CHECK(got == frame);
            co_await tls.send("MSG b 1 700000\r\n" + payload + "\r\n");  // beside it, in the other direction
        }
        const std::string line = co_await tls.line();
        CHECK(line == "PING");
        co_await tls.send("PONG\r\n");
        for (std::string more; !(more = co_await tls.some()).empty();) {
            if (more.find("PING\r\n") != std::string::npos) co_await tls.send("PONG\r\n");
        }
        CHECK(tls.session().closed_by_client());
    };
    std::size_t received = 0;
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        for (int i = 0; i < messages; ++i) CHECK_FALSE(nc.publish("a", payload));
        published = true;
        co_await nc.async_flush();
        co_await nc.async_drain();
        received = nc.stats().orphaned_msgs;
    };
    play(context, script_of_server, user);
    CHECK(received == messages);
}

TEST_CASE_FIXTURE(tls_io_fixture, "D12: a message larger than one turn reads, and as large back") {
    client nc(context.get_executor(), tls_connect_options());
    const std::string payload(5'000'000, 'y');
    const std::string frame = "PUB a 5000000\r\n" + payload + "\r\n";
    auto script_of_server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        tls_peer_connection tls(c, server);
        co_await tls.handshake(R"("tls_required":true,"max_payload":8000000)");
        const std::string sub = co_await tls.line();
        CHECK(sub == "SUB b 1");
        const std::string message = "MSG b 1 5000000\r\n" + payload + "\r\n";
        co_await tls.send(message);
        const std::string got = co_await tls.bytes(frame.size());
        CHECK(got == frame);
        nc.close();
    };
    subscription in = nc.subscribe("b");
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        const message m = co_await in.async_next();
        CHECK(m.payload() == payload);
        CHECK_FALSE(nc.publish("a", m.payload()));
    };
    play(context, script_of_server, user);
}

TEST_CASE_FIXTURE(tls_io_fixture, "B5: a server that a verified one tells of gets no login when it cannot prove itself") {
    scripted_peer other{context};
    const tls_server stranger{{certificate_authority("another").issue([] {
        certificate_wish wish;
        wish.names = {"IP:127.0.0.1"};
        return wish;
    }())}};
    connect_options o = tls_connect_options();
    o.randomize_servers = false;
    client nc(context.get_executor(), o);
    auto first = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        tls_peer_connection tls(c, server);
        co_await tls.handshake();
        co_await tls.send("INFO {\"tls_required\":true,\"connect_urls\":[\"" + other.address() + "\"]}\r\n");
        co_await tls.close_notify();
        c.close();
    };
    auto second = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await other.accept();
        co_await c.send(peer_connection::info("\"tls_required\":true"));
        tls_peer_connection tls(c, stranger);
        const bool secured = co_await tls.secure();
        CHECK_FALSE(secured);
        const std::string rest = co_await c.rest();
        CHECK(rest.empty());
        while (count(event_kind::connect_failed) == 0) co_await asio::post(context, asio::use_awaitable);
        CHECK(last(event_kind::connect_failed).error == errc::tls_unknown_ca);
        nc.close();
    };
    script user = connects(nc);
    play(context, first, second, user);
}
