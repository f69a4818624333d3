// The other side of TLS for tests: OpenSSL's server, in memory.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "tests/support/tls_certificates.hpp"

namespace slipstream::test {

struct tls_server_options {
    certificate own;               ///< The chain may follow in `cert`.
    std::string client_ca{};       ///< Not empty: clients must show a certificate of this authority.
    int version = 0;               ///< TLS1_2_VERSION or TLS1_3_VERSION only; 0 = any.
    bool tickets = true;           ///< Gives sessions to resume.
    std::string cipher_list{};     ///< For TLS 1.2.
};

/// Settings for many connections; resumes among them.
class tls_server {
public:
    explicit tls_server(const tls_server_options& options);
    [[nodiscard]] SSL_CTX* context() const noexcept { return context_.get(); }

private:
    std::shared_ptr<SSL_CTX> context_;
};

/// One connection.
class tls_server_session {
public:
    explicit tls_server_session(const tls_server& server);

    /// Encrypted bytes of the client. Goes on with the handshake.
    void feed(std::string_view encrypted);
    /// The end of them.
    void feed_end();
    /// Encrypted bytes for the client.
    [[nodiscard]] std::string take();

    /// What the client has written.
    [[nodiscard]] std::string read();
    void write(std::string_view plain);
    void close_notify();
    void update_keys();
    /// For TLS 1.2: asks for another handshake.
    void renegotiate();

    [[nodiscard]] bool established() const noexcept { return SSL_is_init_finished(ssl_.get()) == 1; }
    [[nodiscard]] bool failed() const noexcept { return !error_.empty(); }
    [[nodiscard]] const std::string& error() const noexcept { return error_; }
    /// The client has said that nothing follows.
    [[nodiscard]] bool closed_by_client() const noexcept { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }
    /// The name that the client asked for; empty = none.
    [[nodiscard]] std::string asked_name() const;
    [[nodiscard]] bool resumed() const noexcept { return SSL_session_reused(ssl_.get()) == 1; }

private:
    void note_error(int result);

    std::shared_ptr<SSL> ssl_;
    BIO* in_;
    BIO* out_;
    std::string error_;
};

}  // namespace slipstream::test
