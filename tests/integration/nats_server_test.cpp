// The harness itself: what the other integration tests rely on.
#include "tests/support/nats_server.hpp"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

using slipstream::test::nats_server;
using slipstream::test::nats_server_options;
using slipstream::test::port_reservation;
using slipstream::test::server_version;

namespace {

/// Connects, sends `text` and returns what arrives within the time (empty when it cannot connect).
std::string talk(std::uint16_t port, std::string_view text, std::string_view until, int milliseconds = 5000) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in peer{};
    peer.sin_family = AF_INET;
    peer.sin_port = htons(port);
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::string received;
    const timeval wait{milliseconds / 1000, (milliseconds % 1000) * 1000};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) == 0) {
        ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        std::array<char, 4096> chunk{};
        while (received.find(until) == std::string::npos) {
            const ssize_t size = ::recv(fd, chunk.data(), chunk.size(), 0);
            if (size <= 0) break;
            received.append(chunk.data(), static_cast<std::size_t>(size));
        }
    }
    ::close(fd);
    return received;
}

constexpr std::string_view hello = "CONNECT {\"verbose\":false}\r\nPING\r\n";

}  // namespace

TEST_CASE("design.md: the harness starts a server of a supported version that answers") {
    nats_server server;
    CHECK(server.running());
    CHECK(server.version() >= server_version{2, 10, 0});
    CHECK(talk(server.port(), hello, "PONG\r\n").find("PONG\r\n") != std::string::npos);
    CHECK(server.log().find("Server is ready") != std::string::npos);
}

TEST_CASE("design.md: a killed server comes back on the same port with its store") {
    nats_server server;
    const auto port = server.port();
    const std::string create =
        "CONNECT {\"verbose\":false}\r\nSUB in 1\r\n"
        "PUB $JS.API.STREAM.CREATE.S in 29\r\n{\"name\":\"S\",\"subjects\":[\"s\"]}\r\n";
    CHECK(talk(port, create, "\"state\"").find("\"name\":\"S\"") != std::string::npos);

    server.kill();
    CHECK_FALSE(server.running());
    CHECK(talk(port, hello, "PONG").empty());

    server.start();
    CHECK(server.port() == port);
    const std::string info = "CONNECT {\"verbose\":false}\r\nSUB in 1\r\nPUB $JS.API.STREAM.INFO.S in 0\r\n\r\n";
    CHECK(talk(port, info, "\"state\"").find("\"name\":\"S\"") != std::string::npos);
}

TEST_CASE("design.md: a suspended server keeps connections open and silent until it resumes") {
    nats_server server;
    server.suspend();
    CHECK(server.running());
    CHECK(talk(server.port(), hello, "PONG", 200).empty());
    server.resume();
    CHECK(talk(server.port(), hello, "PONG").find("PONG") != std::string::npos);
}

TEST_CASE("design.md: servers run beside each other, and leave nothing behind") {
    std::filesystem::path first_directory;
    std::uint16_t port = 0;
    {
        nats_server first;
        nats_server second;
        CHECK(first.port() != second.port());
        first.stop();
        CHECK(second.running());
        CHECK(talk(second.port(), hello, "PONG").find("PONG") != std::string::npos);
        first_directory = first.directory();
        port = second.port();
        CHECK(std::filesystem::exists(first_directory));
    }
    CHECK_FALSE(std::filesystem::exists(first_directory));
    CHECK(talk(port, hello, "PONG").empty());
}

TEST_CASE("design.md: configuration text is the server's own, and can be reloaded") {
    nats_server_options options;
    options.config = "max_payload: 1234";
    nats_server server(options);
    CHECK(talk(server.port(), hello, "PONG").find("\"max_payload\":1234") != std::string::npos);
    server.reload("max_payload: 4321");
    CHECK(server.wait_for_log("Reloaded server configuration"));
    CHECK(talk(server.port(), hello, "PONG").find("\"max_payload\":4321") != std::string::npos);
}

TEST_CASE("design.md: a server that cannot start is an exception with the server's words") {
    nats_server_options wrong;
    wrong.config = "max_payload: \"nonsense\"";
    try {
        nats_server server(wrong);
        FAIL("a broken configuration was accepted");
    } catch (const std::runtime_error& error) {
        const std::string text = error.what();
        INFO(text);
        CHECK(text.find("server.conf:3") != std::string::npos);
    }
    nats_server_options absent;
    absent.program = "/nonexistent/nats-server";
    CHECK_THROWS_AS(nats_server{absent}, std::runtime_error);
}

TEST_CASE("design.md: a reserved port is not given out twice") {
    port_reservation a;
    port_reservation b;
    CHECK(a.port() != b.port());
    CHECK(a.port() < 32'768);
}
