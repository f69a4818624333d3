// A server made of a script: real bytes over loopback TCP, played by coroutines in the event loop of the client under test.
//
//     auto server = [&]() -> asio::awaitable<void> {
//         peer_connection c = co_await peer.accept();
//         co_await c.handshake();
//         co_await c.expect("PUB a 1\r\nx\r\n");
//         c.reset();
//     };
//     auto user = [&]() -> asio::awaitable<void> { ... };
//     play(context, server, user);
//
// A script fails by throwing (doctest's REQUIRE does too); play() passes that on. Nothing here sleeps: a script that waits for
// what never comes ends with the time limit of play().
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

namespace slipstream::test {

/// One accepted connection.
class peer_connection {
public:
    explicit peer_connection(asio::ip::tcp::socket socket) : socket_(std::make_unique<asio::ip::tcp::socket>(std::move(socket))) {}

    /// Reads exactly these bytes; throws when others come.
    asio::awaitable<void> expect(std::string bytes);
    /// The next line without its CRLF; throws at the end of the connection.
    asio::awaitable<std::string> line();
    /// So many bytes.
    asio::awaitable<std::string> bytes(std::size_t n);
    /// What one read brings (after what earlier calls left); empty at the end of the connection.
    asio::awaitable<std::string> some();
    /// Everything until the client closes or resets; true in `was_reset` for the latter.
    asio::awaitable<std::string> rest(bool* was_reset = nullptr);
    asio::awaitable<void> send(std::string bytes);

    /// INFO, then CONNECT and PING of the client, PONG. Returns the CONNECT's JSON. `fields` go into the INFO: `"max_payload":10`.
    asio::awaitable<std::string> handshake(std::string fields = {});
    static std::string info(std::string_view fields = {});

    void close();      ///< An orderly end: FIN.
    void reset();      ///< RST.
    void half_close(); ///< FIN, but goes on reading.
    [[nodiscard]] asio::ip::tcp::socket& socket() noexcept { return *socket_; }

private:
    std::unique_ptr<asio::ip::tcp::socket> socket_;  // where it is does not change while a script waits
    std::string received_;
};

class scripted_peer {
public:
    explicit scripted_peer(asio::io_context& context);

    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    [[nodiscard]] std::string url() const { return "nats://" + address(); }
    [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port()); }
    asio::awaitable<peer_connection> accept();
    /// From now on dials are refused.
    void stop();

private:
    asio::ip::tcp::acceptor acceptor_;
};

/// What a script answers to a published message: a message for the subscriptions to `to`, that shows them another subject (a stream
/// does so) and reply subject.
struct peer_message {
    std::string to;
    std::string subject = {};  ///< Empty = `to`.
    std::string reply = {};
    std::string payload = {};
};
/// Told subject, reply subject and payload; none = the small server does what it always does.
using peer_answers = std::function<std::optional<std::vector<peer_message>>(const std::string&, const std::string&, const std::string&)>;

/// Answers like a small nats-server until the client closes: PONG, messages to subscriptions (wildcards, queue groups, UNSUB with a
/// count), 503 to requests without responders. `echo.` subjects are answered with the request's own payload, `silent.` ones never.
asio::awaitable<void> serve(peer_connection& connection, peer_answers special = {});
/// accept, handshake, serve.
asio::awaitable<void> serve_one(scripted_peer& peer);

/// Runs the event loop until `done` says so, at most `limit`; false when the time was up.
bool run_until(asio::io_context& context, const std::function<bool()>& done, std::chrono::milliseconds limit = std::chrono::seconds(20));
/// Runs it until it runs out of work: nothing is left on it. False when the time was up.
bool runs_out(asio::io_context& context, std::chrono::milliseconds limit = std::chrono::seconds(20));

using script = std::function<asio::awaitable<void>()>;
/// Plays the scripts beside each other until all have ended, and throws what the first failed one threw.
void play(asio::io_context& context, std::vector<script> scripts, std::chrono::milliseconds limit = std::chrono::seconds(20));

template <class... Scripts>
void play(asio::io_context& context, Scripts&... scripts) {
    play(context, std::vector<script>{script(std::ref(scripts))...});
}

}  // namespace slipstream::test
