// TLS between a client and a scripted peer: what goes wrong in the handshake, and what must not go out then.
#include "tests/io/tls_fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE_FIXTURE(tls_io_fixture, "B3: no TLS where it is demanded: not a byte") {
    client nc(context.get_executor(), tls_connect_options());
    auto script_of_server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.send(peer_connection::info(R"("tls_required":false)"));
        const std::string rest = co_await c.rest();
        CHECK(rest.empty());
    };
    script user = fails(nc, errc::tls_required);
    play(context, script_of_server, user);
}

TEST_CASE_FIXTURE(tls_io_fixture, "B4: bytes behind the plain INFO, in its segment or in the next, end the attempt") {
    bool together = false;
    SUBCASE("together") { together = true; }
    SUBCASE("apart") {}
    client nc(context.get_executor(), tls_connect_options());
    auto script_of_server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        const std::string stuffed = "INFO {\"nonce\":\"evil\"}\r\n-ERR 'Authorization Violation'\r\n";
        std::string first = peer_connection::info(demanding);
        if (together) first += stuffed;
        co_await c.send(first);
        if (!together) {
            const std::string hello = co_await c.some();
            CHECK(hello.starts_with("\x16\x03"));
            co_await c.send(stuffed);
        }
        const std::string rest = co_await c.rest();
        CHECK(rest.find("secret") == std::string::npos);
        CHECK(rest.find("CONNECT") == std::string::npos);
    };
    script user = fails(nc, errc::tls_failed);
    play(context, script_of_server, user);
    CHECK(last(event_kind::connect_failed).detail.find("plain text") != std::string::npos);
}

TEST_CASE_FIXTURE(tls_io_fixture, "B4: TLS first with a server that speaks first is told as what it is") {
    connect_options o = tls_connect_options();
    o.tls.mode = tls_mode::first;
    client nc(context.get_executor(), o);
    auto script_of_server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.send(peer_connection::info());
        const std::string rest = co_await c.rest();
        CHECK(rest.find("CONNECT") == std::string::npos);
    };
    script user = fails(nc, errc::tls_failed);
    play(context, script_of_server, user);
    CHECK(last(event_kind::connect_failed).detail.find("plain text") != std::string::npos);
}

TEST_CASE_FIXTURE(tls_io_fixture, "B7: a peer that is silent, or drips, in the handshake has the time of the attempt and no more") {
    bool drips = false;
    SUBCASE("silent") {}
    SUBCASE("drips") { drips = true; }
    connect_options o = tls_connect_options();
    o.connect_timeout = 100ms;
    client nc(context.get_executor(), o);
    auto script_of_server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.send(peer_connection::info(demanding));
        tls_server_session session(server);
        const std::string hello = co_await c.some();
        session.feed(hello);
        std::string flight = session.take();
        flight.pop_back();  // never whole
        try {
            while (drips && !flight.empty()) {
                co_await c.send(flight.substr(0, 1));
                flight.erase(0, 1);
            }
        } catch (const std::system_error&) {  // the client has gone
        }
        const std::string rest = co_await c.rest();
        CHECK(rest.empty());
    };
    script user = fails(nc, errc::handshake_timeout);
    play(context, script_of_server, user);
    CHECK(runs_out());
}

TEST_CASE_FIXTURE(tls_io_fixture, "B7 B8: cut anywhere in the handshake, byte by byte, and then connected over a fresh one") {
    connect_options o = tls_connect_options();
    o.retry_on_failed_connect = true;
    o.reconnect_wait = 1ms;
    client nc(context.get_executor(), o);
    std::size_t attempts = 0;
    bool whole = false;
    auto script_of_server = [&]() -> asio::awaitable<void> {
        while (!whole) {
            std::size_t left = 97 * attempts++;
            peer_connection c = co_await peer.accept();
            co_await c.send(peer_connection::info(demanding));
            tls_server_session session(server);
            try {
                for (;;) {
                    std::string wire = session.take();
                    if (wire.size() > left) {
                        co_await c.send(wire.substr(0, left));
                        break;
                    }
                    left -= wire.size();
                    for (const char byte : wire) co_await c.send(std::string(1, byte));
                    if (session.established()) {
                        whole = true;
                        break;
                    }
                    const std::string chunk = co_await c.some();
                    if (chunk.empty()) break;
                    session.feed(chunk);
                }
            } catch (const std::system_error&) {}
            if (attempts % 2 == 0) c.reset();
        }
        peer_connection c = co_await peer.accept();
        tls_peer_connection tls(c, server);
        co_await tls.handshake();
        while (!nc.healthy()) co_await asio::post(context, asio::use_awaitable);
        nc.close();
    };
    script user = connects(nc);
    play(context, script_of_server, user);
    CHECK(attempts > 5);
    CHECK(count(event_kind::connect_failed) >= attempts - 1);
    for (const event& e : events) {
        if (e.kind == event_kind::connect_failed) CHECK((e.error == errc::connection_eof || e.error == std::errc::connection_reset));
    }
}

TEST_CASE_FIXTURE(tls_io_fixture, "H8 B9: closed or dropped in the middle of the handshake: nothing is left, nobody is told twice") {
    for (const bool drop : {false, true}) {
        auto nc = std::make_unique<client>(context.get_executor(), tls_connect_options());
        int told = 0;
        nc->async_connect([&](std::error_code ec) {
            CHECK(ec == errc::closed);
            ++told;
        });
        auto script_of_server = [&]() -> asio::awaitable<void> {
            peer_connection c = co_await peer.accept();
            co_await c.send(peer_connection::info(demanding));
            tls_server_session session(server);
            const std::string hello = co_await c.some();
            session.feed(hello);
            const std::string flight = session.take();
            co_await c.send(flight.substr(0, flight.size() / 2));
            if (drop)
                nc.reset();
            else
                nc->close();
            const std::string rest = co_await c.rest();
            CHECK(rest.empty());
        };
        play(context, script_of_server);
        CHECK(runs_out());
        CHECK(told == 1);
    }
}

TEST_CASE_FIXTURE(tls_io_fixture,
                  "B21: a refusal that comes after the client's side of the handshake is one of TLS, not a lost connection") {
    tls_server_options strict{certified({"IP:127.0.0.1"})};
    strict.client_ca = authority().pem();
    strict.version = TLS1_3_VERSION;
    const tls_server demands_certificate(strict);
    client nc(context.get_executor(), tls_connect_options());
    auto script_of_server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.send(peer_connection::info(demanding));
        tls_peer_connection tls(c, demands_certificate);
        const bool secured = co_await tls.secure();
        CHECK_FALSE(secured);
        c.half_close();
        static_cast<void>(co_await c.rest());
    };
    script user = fails(nc, errc::tls_client_certificate_required);
    play(context, script_of_server, user);
    CHECK(last(event_kind::connect_failed).reason == disconnect_reason::tls);
    CHECK(last(event_kind::connect_failed).detail == "tlsv13 alert certificate required");
}
