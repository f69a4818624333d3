// TLS on one connection, between encrypted bytes and plain ones.
//
// Told: encrypted bytes, which it fetches from its source when it needs them, and plain bytes to encrypt. Emits: plain bytes into the
// reader's own memory, and encrypted ones into unsent(), for whoever owns the socket to send. It knows no socket and never waits, so
// tests drive it in memory. Invariants: after a failure OpenSSL is not called again for this connection; an end without close_notify is
// an end all the same, because NATS frames show by themselves whether they are whole; the private key is let go of with the end of
// the handshake; renegotiation is refused. In steady state nothing is allocated.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <slipstream/tls_options.hpp>

#include "protocol/io/openssl_handles.hpp"
#include "protocol/io/tls_problem.hpp"
#include "protocol/io/transfer.hpp"

namespace slipstream::io {

class tls_session_cache;

/// Where encrypted bytes come from.
class tls_source {
public:
    /// As transport::read_some; n = 0 and `blocked` when there is nothing.
    virtual transfer_result read_encrypted(std::span<char> space) noexcept = 0;

protected:
    ~tls_source() = default;
};

/// Whom the session is with.
struct tls_peer {
    std::string endpoint;    ///< `host:port`, to find a session to resume.
    std::string name;        ///< What the certificate must be for ...
    std::string other_name;  ///< ... or this, unless it is empty.
};

class tls_session {
public:
    /// `ssl` is a fresh client object with certificate and settings. Without `cache` nothing is resumed.
    tls_session(ssl_handle ssl, tls_peer peer, std::shared_ptr<tls_session_cache> cache, bool with_certificate);
    tls_session(const tls_session&) = delete;
    tls_session& operator=(const tls_session&) = delete;
    ~tls_session();

    /// Goes on with the handshake. `more`: it is done, and the server is one of the peer's names. `blocked`: more bytes are needed. Look
    /// at unsent() after each call, also after a failure: it has the alert then.
    transfer_result handshake(tls_source& from);
    /// After the handshake. Fills `space` as far as there is something; `more` when it is full.
    transfer_result read(std::span<char> space, tls_source& from);
    /// After the handshake, with unsent() empty. Encrypts as many of `bytes` as one write should take.
    transfer_result write(std::string_view bytes);
    /// The orderly end: nothing is written after it. It is in unsent() then.
    void close_notify() noexcept;

    [[nodiscard]] std::string_view unsent() const noexcept { return {out_.get() + sent_, end_ - sent_}; }
    void on_sent(std::size_t n) noexcept;

    [[nodiscard]] bool established() const noexcept { return established_; }
    /// Of the last `ended` with an error.
    [[nodiscard]] const std::string& detail() const noexcept { return problem_.detail; }
    [[nodiscard]] tls_state state() const;
    [[nodiscard]] const tls_peer& peer() const noexcept { return peer_; }

private:
    friend struct tls_callbacks;

    transfer_result end(int result);
    [[nodiscard]] bool is_peer(X509* certificate) const noexcept;
    [[nodiscard]] int give_input(std::span<char> space, bool& again) noexcept;
    [[nodiscard]] bool take_output(const char* bytes, std::size_t n) noexcept;

    // Four full records and what encryption adds to them: as much as one write should take. Only KeyUpdates and alerts, which are
    // small, come beside them; a peer that asks for more of them than it reads is cut off.
    static constexpr std::size_t record_size = 16 * 1024;
    static constexpr std::size_t record_overhead = 512;
    static constexpr std::size_t records_per_write = 4;
    static constexpr std::size_t out_capacity = records_per_write * (record_size + record_overhead) + 8 * 1024;

    ssl_handle ssl_;
    tls_peer peer_;
    std::shared_ptr<tls_session_cache> cache_;
    bool with_certificate_;
    bool established_ = false;
    bool over_ = false;
    bool close_notified_ = false;
    tls_problem problem_;

    tls_source* source_ = nullptr;  // during a call
    bool source_ended_ = false;
    std::error_code source_error_;

    // Several records in one read. They are passed on by the piece: when OpenSSL reads ahead itself, it moves what it has not used to
    // the front of its buffer for every record.
    static constexpr std::size_t in_capacity = std::size_t{64} * 1024;
    std::unique_ptr<char[]> in_;
    std::size_t taken_ = 0;
    std::size_t arrived_ = 0;

    std::unique_ptr<char[]> out_;
    std::size_t sent_ = 0;
    std::size_t end_ = 0;
};

}  // namespace slipstream::io
