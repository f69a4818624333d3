// A scripted peer behind TLS: as peer_connection, once the handshake is done.
#pragma once

#include <string>
#include <string_view>

#include "tests/support/scripted_peer.hpp"
#include "tests/support/tls_server.hpp"

namespace slipstream::test {

class tls_peer_connection {
public:
    /// `connection` outlives this.
    tls_peer_connection(peer_connection& connection, const tls_server& server) : wire_(connection), session_(server) {}

    /// TLS's handshake. False when the client has ended it.
    asio::awaitable<bool> secure();
    /// INFO in plain text, TLS, then the rest of NATS's handshake. Returns the CONNECT's JSON.
    asio::awaitable<std::string> handshake(std::string fields = R"("tls_required":true)");
    /// CONNECT and PING, PONG. Returns the CONNECT's JSON.
    asio::awaitable<std::string> log_in();

    /// What one read brings, decrypted; empty at the end.
    asio::awaitable<std::string> some();
    asio::awaitable<std::string> line();
    asio::awaitable<std::string> bytes(std::size_t n);
    asio::awaitable<void> send(std::string plain);
    asio::awaitable<void> close_notify();
    /// What TLS has to say is on its way.
    asio::awaitable<void> flush();

    [[nodiscard]] tls_server_session& session() noexcept { return session_; }

private:
    peer_connection& wire_;
    tls_server_session session_;
    std::string received_;
};

}  // namespace slipstream::test
