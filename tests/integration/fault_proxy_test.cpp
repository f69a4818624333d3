// The fault proxy itself: what the fault tests rely on.
#include "tests/support/fault_proxy.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <system_error>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

using namespace slipstream::test;
using namespace std::chrono_literals;
using asio::ip::tcp;

namespace {

/// Two ends with the proxy between them: a dialling one and an accepting one, both blocking.
struct two_ends {
    asio::io_context io;
    tcp::acceptor acceptor{io, {asio::ip::make_address("127.0.0.1"), 0}};
    fault_proxy proxy{acceptor.local_endpoint().port()};
    tcp::socket client{io};
    tcp::socket server{io};

    std::error_code dial() {
        client = tcp::socket(io);
        std::error_code ec;
        client.connect({asio::ip::make_address("127.0.0.1"), proxy.port()}, ec);
        return ec;
    }
    void connect() {
        REQUIRE_FALSE(dial());
        server = acceptor.accept();
    }
    static void say(tcp::socket& to, std::string_view text) { asio::write(to, asio::buffer(text)); }
    static std::string hear(tcp::socket& from, std::size_t size) {
        std::string out(size, '\0');
        asio::read(from, asio::buffer(out));
        return out;
    }
    /// Everything until the end, and how it ended.
    static std::string rest(tcp::socket& from, std::error_code& ec) {
        std::string out(4096, '\0');
        out.resize(asio::read(from, asio::buffer(out), ec));
        return out;
    }
    bool becomes(std::uint64_t proxy_counts::* count, std::uint64_t value) {
        return proxy.wait([&](const proxy_counts& c) { return c.*count == value; });
    }
};

}  // namespace

TEST_CASE_FIXTURE(two_ends, "failure-modes 2: bytes pass both ways, are counted, and an end passes as the end it is") {
    connect();
    say(client, "question");
    CHECK(hear(server, 8) == "question");
    say(server, "answer");
    CHECK(hear(client, 6) == "answer");
    CHECK(proxy.counts().accepted == 1);
    CHECK(becomes(&proxy_counts::to_server, 8));
    CHECK(proxy.counts().to_client == 6);
    client.shutdown(tcp::socket::shutdown_send);
    std::error_code ec;
    CHECK(rest(server, ec).empty());
    CHECK(ec == asio::error::eof);
    say(server, "the other way goes on");
    server.close();
    CHECK(rest(client, ec) == "the other way goes on");
    CHECK(ec == asio::error::eof);
    client.close();
    CHECK(becomes(&proxy_counts::open, 0));
}

TEST_CASE_FIXTURE(two_ends, "failure-modes 2: cut after exactly so many bytes, with RST and with FIN, either way") {
    std::error_code ec;
    for (const ending how : {ending::reset, ending::fin}) {
        const std::error_code seen =
            how == ending::fin ? std::error_code(asio::error::eof) : std::error_code(asio::error::connection_reset);
        proxy.cut_next(way::to_server, 5, how);
        connect();
        say(client, "hello world");
        CHECK(rest(server, ec) == "hello");
        CHECK(ec == seen);
        CHECK(rest(client, ec).empty());
        CHECK(ec == seen);
        CHECK(proxy.counts().last_to_server == 5);
        server.close();
        client.close();

        connect();  // the plan was for one connection
        say(client, "hello world");
        CHECK(hear(server, 11) == "hello world");
        proxy.cut_after(way::to_client, 2, how);
        say(server, "abc");
        CHECK(rest(client, ec) == "ab");
        CHECK(ec == seen);
        server.close();
        client.close();
        REQUIRE(becomes(&proxy_counts::open, 0));
    }
    proxy.cut_next(way::to_server, 0);
    REQUIRE_FALSE(dial());
    CHECK(rest(client, ec).empty());
    CHECK(ec == asio::error::connection_reset);
}

TEST_CASE_FIXTURE(two_ends, "failure-modes 2: one way is held and goes on, one way vanishes, the other is untouched") {
    connect();
    proxy.hold(way::to_server);
    say(client, "held");
    say(server, "x");
    CHECK(hear(client, 1) == "x");
    CHECK(proxy.counts().to_server == 0);
    proxy.pass(way::to_server);
    CHECK(hear(server, 4) == "held");

    proxy.swallow(way::to_client);
    say(server, "gone");
    REQUIRE(becomes(&proxy_counts::swallowed, 4));
    say(client, "y");
    CHECK(hear(server, 1) == "y");
    proxy.pass();
    say(server, "back");
    CHECK(hear(client, 4) == "back");
}

TEST_CASE_FIXTURE(two_ends, "failure-modes 2: FIN to one side only, split writes, delays") {
    connect();
    proxy.split(way::to_client, 1);
    proxy.delay(way::to_client, 20ms);
    const auto begin = std::chrono::steady_clock::now();
    say(server, "slowly");
    CHECK(hear(client, 6) == "slowly");
    CHECK(std::chrono::steady_clock::now() - begin >= 20ms);
    proxy.pass();

    proxy.finish(way::to_client);
    std::error_code ec;
    CHECK(rest(client, ec).empty());
    CHECK(ec == asio::error::eof);
    say(client, "still there");
    CHECK(hear(server, 11) == "still there");
    say(server, "nobody hears");
    REQUIRE(becomes(&proxy_counts::swallowed, 12));
    CHECK(proxy.counts().open == 1);
    client.close();
    CHECK(rest(server, ec).empty());
    server.close();
    CHECK(becomes(&proxy_counts::open, 0));
}

TEST_CASE_FIXTURE(two_ends, "failure-modes 2: dials are refused, accepted in silence, and let in again") {
    proxy.refuse();
    CHECK(dial() == asio::error::connection_refused);
    proxy.mute();
    REQUIRE_FALSE(dial());
    say(client, "is anybody there?");
    REQUIRE(becomes(&proxy_counts::accepted, 1));
    client.close();
    REQUIRE(becomes(&proxy_counts::open, 0));
    CHECK(proxy.counts().to_server == 0);
    proxy.listen();
    connect();
    say(client, "hello");
    CHECK(hear(server, 5) == "hello");
    proxy.cut();
    std::error_code ec;
    CHECK(rest(client, ec).empty());
    CHECK(ec == asio::error::connection_reset);
    acceptor.close();
    REQUIRE_FALSE(dial());  // nobody behind the proxy
    CHECK(rest(client, ec).empty());
    CHECK(ec);
}
