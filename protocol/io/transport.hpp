// One attempt to reach one server: resolve, connect, carry bytes, close. Made anew for each attempt.
//
// Told: where to dial, when to read, write and close. Tells its owner: dialled, readable, writable; each from a turn of the event
// loop of its own, never inside a call. Bytes are moved only inside read_some and write_some, so no buffer of the owner is ever
// referred to by a pending operation, and the owner knows exactly what was written. Invariant: after close() the owner hears
// nothing any more; late completions of the attempt (a resolver cannot be interrupted) end here.
//
// TLS is a branch of read_some and write_some, not a template parameter, and one more step between dialled and the first CONNECT:
// start_tls, after which the transport carries the handshake by itself and tells `secured`. What had arrived by then is TLS's.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include "protocol/io/tls_session.hpp"
#include "protocol/io/transfer.hpp"
#include "protocol/session/time.hpp"

namespace slipstream::io {

class transport;

/// Who drives a transport.
class transport_owner {
public:
    virtual void on_dialed(transport& from, std::error_code ec) = 0;
    virtual void on_readable(transport& from) = 0;
    virtual void on_writable(transport& from) = 0;
    /// The end of the handshake that start_tls began; only for owners who call that.
    virtual void on_secured(transport&, std::error_code) {}

protected:
    ~transport_owner() = default;
};

struct transport_settings {
    std::optional<std::size_t> notsent_lowat;
    session::duration connect_timeout{};  ///< Of the whole attempt; an address gets its share of it when there are several (C1).
};

class transport final : public std::enable_shared_from_this<transport>, private tls_source {
public:
    transport(const asio::any_io_executor& executor, std::shared_ptr<transport_owner> owner, const transport_settings& settings);

    /// Tells on_dialed when connected, or when the last address has failed. True when it is connected already, as mostly to a server on
    /// the same machine: then nothing is told.
    [[nodiscard]] bool dial(const std::string& host, std::uint16_t port, session::time_point now);
    /// The second half of dial: the addresses are tried in this order.
    [[nodiscard]] bool connect(std::vector<asio::ip::tcp::endpoint> addresses, session::time_point now);
    /// Encrypts the connection; `session` is a fresh one. Until on_secured has told its success, nothing is read and written.
    void start_tls(std::unique_ptr<tls_session> session);
    /// Cuts the connection or abandons the dial; waits for nothing.
    void close() noexcept;
    /// The orderly end, after the last byte was written: the peer is told that nothing follows, and what it still sends is read and
    /// thrown away until it closes too, for linger_time at most. To close at once with such bytes unread would be a reset, which
    /// discards what the peer has not received yet. The owner hears nothing any more, as after close(). TLS says that it ends, and does
    /// not wait for the peer to say so too (B10).
    void finish();

    static constexpr std::chrono::seconds linger_time{1};

    /// Never blocks. Bytes that have arrived before an error are given before the error is. Not while awaiting readability.
    transfer_result read_some(std::span<char> space);
    /// Never blocks. A failed write also ends reading: what has arrived before can still be read, then comes the end (spec/protocol.md
    /// 7: the reason, an -ERR, may be waiting there). With TLS, bytes that count as written may still wait here, encrypted, for the
    /// peer to take them; then the result is `blocked`.
    transfer_result write_some(std::string_view bytes);
    /// As write_some, of several pieces by one system call; only while takes_pieces().
    transfer_result write_pieces(std::span<const std::string_view> pieces);
    /// TLS copies what it encrypts, and makes records of its own of each piece.
    [[nodiscard]] bool takes_pieces() const noexcept { return writable() && !tls_; }
    static constexpr std::size_t most_pieces = 8;

    /// on_readable once when there is something to read. Does nothing when that is asked for already.
    void await_readable();
    /// on_writable once when the peer takes bytes again.
    void await_writable();
    /// Empty without TLS.
    [[nodiscard]] slipstream::tls_state tls_state() const { return tls_ ? tls_->state() : slipstream::tls_state(); }
    /// What TLS has to say about an error; mostly empty.
    [[nodiscard]] std::string tls_detail() const { return tls_ ? tls_->detail() : std::string(); }
    [[nodiscard]] bool connected() const noexcept { return state_ == state::connected; }
    /// Whether write_some is worth a try.
    [[nodiscard]] bool writable() const noexcept { return connected() && !awaits_writable_; }

    /// When the address being tried has used up its share of the connect timeout.
    [[nodiscard]] session::time_point next_deadline() const noexcept { return address_deadline_; }
    void on_time(session::time_point now);

private:
    enum class state : std::uint8_t { idle, dialing, connected, closed };

    [[nodiscard]] bool connect_next(session::time_point now);
    void go_on_connecting(session::time_point now);
    [[nodiscard]] std::error_code begin_to_connect(const asio::ip::tcp::endpoint& address) noexcept;
    [[nodiscard]] std::error_code progress() noexcept;
    void await_connected();
    void see_progress();
    void established() noexcept;
    void tell_dialed(std::error_code ec);
    void tell_dialed_later(std::error_code ec);
    /// In a turn of its own.
    void later(std::function<void(transport&)> what);
    void set_options();
    void receive();
    void tell_readable();
    void wait_for_room();
    void tell_writable();
    void shut_down_when_sent();
    transfer_result read_socket(std::span<char> space);
    transfer_result read_more(std::span<char> space, std::size_t before);
    transfer_result write_socket(std::string_view bytes);
    transfer_result written(std::size_t n, std::size_t of, const std::error_code& ec);
    // transport_tls.cpp
    transfer_result read_encrypted(std::span<char> space) noexcept override;
    transfer_result read_tls(std::span<char> space);
    transfer_result write_tls(std::string_view bytes);
    transfer_result flush();
    void flush_or_wait();
    void go_on_with_handshake();
    void tell_secured(std::error_code ec);

    std::shared_ptr<transport_owner> owner_;  // null once closed
    transport_settings settings_;
    asio::ip::tcp::socket socket_;
    std::optional<asio::ip::tcp::resolver> resolver_;
    std::optional<asio::steady_timer> linger_;
    std::vector<asio::ip::tcp::endpoint> addresses_;
    std::size_t next_address_ = 0;
    session::time_point address_deadline_ = session::never;
    std::error_code last_error_;
    state state_ = state::idle;
    bool awaits_readable_ = false;
    bool awaits_writable_ = false;

    std::unique_ptr<tls_session> tls_;  // null without
    bool unread_ = false;               // TLS may hold plain bytes for the owner
    bool dry_ = false;                  // the socket was read empty, and has not become readable since
    // A peer may send without end what TLS keeps for itself (tickets); the event loop gets its turn nevertheless.
    static constexpr unsigned most_source_reads = 16;
    unsigned source_reads_ = 0;         // in the present call

    // An awaited read takes the first bytes along: one system call less than waiting for readiness. They must not land in the
    // owner's buffer, which may be gone when another thread of the executor's pool receives them.
    static constexpr std::size_t arrival_size = 4096;
    std::array<char, arrival_size> arrival_;
    std::size_t arrived_begin_ = 0;
    std::size_t arrived_end_ = 0;
    std::error_code arrival_error_;
};

}  // namespace slipstream::io
