// The connection is cut at every byte of its beginning, in both directions and with both endings.
#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>

#include "tests/integration/fault_support.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

/// Bytes each way.
struct sizes {
    std::uint64_t to_server = 0;
    std::uint64_t to_client = 0;
};

struct handshake_world : fault_world {
    handshake_world() : fault_world(core_only()) {}

    /// A life: subscribes, publishes `text` before it is connected, flushes, closes.
    std::error_code live(connect_options options, const std::string& text, std::error_code& flushed) {
        client nc(io.get_executor(), std::move(options));
        subscription own = nc.subscribe("cut.>");
        CHECK_FALSE(nc.publish("cut.a", text));
        auto flush = nc.async_flush({}, result);
        const auto [ec] = wait(nc.async_connect(result));
        flushed = std::get<0>(wait(std::move(flush)));
        nc.close();
        return ec;
    }
    /// Of one life.
    sizes whole_life() {
        std::error_code flushed;
        REQUIRE_FALSE(live(options(), "measured", flushed));
        REQUIRE_FALSE(flushed);
        const proxy_counts c = proxy.counts();
        return {c.last_to_server, c.last_to_client};
    }
    /// Up to the PONG that means connected; not a byte less will do.
    sizes handshake() {
        client nc(io.get_executor(), options());
        connect(nc);
        sizes out{proxy.counts().last_to_server, 0};
        nc.close();
        asio::ip::tcp::socket raw(io);
        raw.connect({asio::ip::make_address("127.0.0.1"), server.port()});
        std::string info;
        for (char c = 0; c != '\n'; info += c) asio::read(raw, asio::buffer(&c, 1));
        out.to_client = info.size() + std::string_view("PONG\r\n").size();
        return out;
    }
    /// Everything that was published so far has come to `truth`.
    void settle() { REQUIRE_FALSE(std::get<0>(wait(truth.async_flush({}, result)))); }
};

constexpr std::uint64_t slack = 8;  // numbers in INFO grow by a digit now and then

}  // namespace

TEST_CASE_FIXTURE(handshake_world, "C10 C13 C14 I1 I14: cut at every byte of the handshake, the client gets in with the next attempt") {
    const sizes all = whole_life();
    std::map<std::string, int> received;
    const subscription seen = truth.subscribe("cut.>", [&](const message_view& m) { ++received[std::string(m.payload())]; });
    settle();
    for (const way where : {way::to_client, way::to_server}) {
        for (const ending how : {ending::reset, ending::fin}) {
            const std::uint64_t last = (where == way::to_client ? all.to_client : all.to_server) + slack;
            for (std::uint64_t at = 0; at <= last; ++at) {
                CAPTURE(at);
                const std::string text =
                    std::to_string(static_cast<int>(where)) + std::to_string(static_cast<int>(how)) + "." + std::to_string(at);
                connect_options o = hasty(proxy.url());
                o.retry_on_failed_connect = true;
                event_log log;
                o.on_event = [&](const event& e) { log(e); };
                proxy.cut_next(where, at, how);
                std::error_code flushed;
                const std::error_code ec = live(std::move(o), text, flushed);
                CHECK_FALSE(ec);
                if (flushed) CHECK(flushed == errc::connection_lost);
                settle();
                if (flushed)
                    CHECK(received[text] <= 1);
                else
                    CHECK(received[text] == 1);
                REQUIRE(run_until([&] { return log[event_kind::closed] == 1; }));
            }
        }
    }
    CHECK(run_until([&] { return proxy.counts().open == 0; }));
}

TEST_CASE_FIXTURE(handshake_world, "C10 B7 I1: without retrying, a cut handshake is an error that says how it ended") {
    const sizes all = handshake();
    for (const way where : {way::to_client, way::to_server}) {
        for (const ending how : {ending::reset, ending::fin}) {
            const std::uint64_t last = where == way::to_client ? all.to_client : all.to_server;
            for (std::uint64_t at = 0; at < last - slack; at += 3) {
                CAPTURE(at);
                connect_options o = hasty(proxy.url());
                o.reconnect = false;
                proxy.cut_next(where, at, how);
                client nc(io.get_executor(), std::move(o));
                const auto [ec] = wait(nc.async_connect(result));
                REQUIRE(ec);
                CHECK((ec == errc::connection_eof || ec == std::errc::connection_reset || ec == std::errc::broken_pipe));
                CHECK(nc.publish("a", "x") != errc::closed);  // the client lives, and may try again
                const auto [again] = wait(nc.async_connect(result));
                CHECK_FALSE(again);
                nc.close();
            }
        }
    }
}

TEST_CASE_FIXTURE(handshake_world, "A9 A10: a handshake in pieces of any size is the same handshake") {
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 64U}) {
        CAPTURE(piece);
        proxy.split(way::to_client, piece);
        proxy.split(way::to_server, piece);
        std::error_code flushed;
        CHECK_FALSE(live(hasty(proxy.url()), "x", flushed));
        CHECK_FALSE(flushed);
    }
}

TEST_CASE_FIXTURE(handshake_world, "B7 C2 I1: a connection that stalls at any byte of the handshake costs the connect timeout, no more") {
    const sizes all = handshake();
    connect_options o = hasty(proxy.url());
    o.connect_timeout = 30ms;
    o.reconnect = false;
    for (const std::uint64_t at : {std::uint64_t{1}, all.to_client / 2, all.to_client - slack}) {
        CAPTURE(at);
        proxy.cut_next(way::to_client, at, ending::stall);
        client nc(io.get_executor(), o);
        const auto [ec] = wait(nc.async_connect(result));
        CHECK(ec == errc::handshake_timeout);
        nc.close();
    }
    proxy.mute();
    client nc(io.get_executor(), o);
    const auto [ec] = wait(nc.async_connect(result));
    CHECK(ec == errc::handshake_timeout);
    nc.close();
}
