#include "tests/support/tls_peer.hpp"

#include <stdexcept>
#include <utility>

namespace slipstream::test {

asio::awaitable<void> tls_peer_connection::flush() {
    std::string out = session_.take();
    if (!out.empty()) co_await wire_.send(std::move(out));
}

asio::awaitable<bool> tls_peer_connection::secure() {
    while (!session_.established()) {
        const std::string chunk = co_await wire_.some();
        if (chunk.empty()) co_return false;
        session_.feed(chunk);
        co_await flush();
        if (session_.failed()) co_return false;
    }
    co_return true;
}

asio::awaitable<std::string> tls_peer_connection::handshake(std::string fields) {
    co_await wire_.send(peer_connection::info(fields));
    const bool done = co_await secure();
    if (!done) throw std::runtime_error("no TLS with this client: " + session_.error());
    co_return co_await log_in();
}

asio::awaitable<std::string> tls_peer_connection::log_in() {
    const std::string connect = co_await line();
    if (!connect.starts_with("CONNECT {")) throw std::runtime_error("no CONNECT: " + connect);
    const std::string ping = co_await line();
    if (ping != "PING") throw std::runtime_error("no PING after CONNECT: " + ping);
    co_await send("PONG\r\n");
    co_return connect.substr(8);
}

asio::awaitable<std::string> tls_peer_connection::some() {
    if (!received_.empty()) co_return std::exchange(received_, {});
    for (;;) {
        std::string plain = session_.read();
        if (!plain.empty() || session_.failed() || session_.closed_by_client()) co_return plain;
        const std::string chunk = co_await wire_.some();
        if (chunk.empty()) co_return chunk;
        session_.feed(chunk);
    }
}

asio::awaitable<std::string> tls_peer_connection::line() {
    std::size_t end = 0;
    while ((end = received_.find("\r\n")) == std::string::npos) {
        std::string have = std::exchange(received_, {});
        const std::string more = co_await some();
        if (more.empty()) throw std::runtime_error("the client closed too early, after: " + have);
        received_ = have + more;
    }
    std::string out = received_.substr(0, end);
    received_.erase(0, end + 2);
    co_return out;
}

asio::awaitable<std::string> tls_peer_connection::bytes(std::size_t n) {
    std::string have = std::exchange(received_, {});
    while (have.size() < n) {
        const std::string more = co_await some();
        if (more.empty()) throw std::runtime_error("the client closed too early");
        have += more;
    }
    received_ = have.substr(n);
    have.resize(n);
    co_return have;
}

asio::awaitable<void> tls_peer_connection::send(std::string plain) {
    session_.write(plain);
    co_await flush();
}

asio::awaitable<void> tls_peer_connection::close_notify() {
    session_.close_notify();
    co_await flush();
}

}  // namespace slipstream::test
