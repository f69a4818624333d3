// Everything that is decided once per client.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <slipstream/authentication.hpp>
#include <slipstream/event.hpp>
#include <slipstream/reconnect.hpp>
#include <slipstream/tls_options.hpp>

namespace slipstream {

/// Owning; passed to the client's constructor, validated by the first operation that needs it (errc::invalid_url,
/// errc::invalid_option, errc::invalid_inbox_prefix, and the errors of `authentication`).
///
/// Ranges: every period is at least 1 ms and at most 30 days, `reconnect_max_wait` not below `reconnect_wait`; `max_pings_out` 1 to
/// 100; `servers` 1 to 256; `name` at most 256 bytes without control characters; `inbox_prefix` a subject of at most 255 bytes
/// without wildcards that does not begin with what the server keeps for itself ($JS.ACK., _R_, _GR_); user names and tokens not
/// empty; `outbox_bytes`, `tcp_notsent_lowat` and `max_auth_failures` not 0; `max_control_line` at least 512; in `tls` nothing given
/// twice, and a key only with its certificate.
struct connect_options {
    using milliseconds = std::chrono::milliseconds;

    /// `nats://[user[:password]@]host[:4222]` or `host[:port]`; IPv6 in brackets; each entry may be a comma-separated list (a comma
    /// inside a password is written %2C). `tls://` demands TLS: such a server is never talked to in plain text (errc::tls_required).
    /// Refused: `ws://` and `wss://` (errc::invalid_url).
    std::vector<std::string> servers{"nats://127.0.0.1:4222"};
    std::string name{};                       ///< Shown in the server's monitoring.
    authentication auth = no_auth{};        ///< How to log in; wiped and let go of when the client ends.
    tls_options tls{};                      ///< Encryption: whom to trust, the client's certificate.
    std::string inbox_prefix = "_INBOX";    ///< Of every reply subject made by this client.
    bool no_echo = false;                   ///< Do not deliver own messages to own subscriptions.
    bool randomize_servers = true;          ///< Try servers in random order.
    bool ignore_discovered_servers = false; ///< Use only `servers`.

    milliseconds connect_timeout{5'000};    ///< One attempt: dial, INFO, TLS, CONNECT, PONG together.
    /// Deadlines of its phases within it; none = only that of the whole. A peer that sends a byte now and then extends none of them.
    std::optional<milliseconds> dial_timeout{};   ///< Until there is a connection, all addresses of a name together.
    std::optional<milliseconds> info_timeout{};   ///< From there to the server's INFO.
    std::optional<milliseconds> tls_timeout{};    ///< For the TLS handshake, where there is one.
    std::optional<milliseconds> login_timeout{};  ///< From there to the PONG behind CONNECT.
    milliseconds request_timeout{5'000};    ///< Default of request_options::timeout.
    milliseconds drain_timeout{30'000};     ///< async_drain closes at the latest after this.

    /// A silent connection is pinged after this time; it is given up after `ping_interval * (max_pings_out + 1)` without a byte.
    milliseconds ping_interval{5'000};
    unsigned max_pings_out = 2;
    milliseconds write_timeout{10'000};     ///< A peer that takes no byte for so long is given up.

    bool retry_on_failed_connect = false;   ///< The first connect goes on like a reconnect instead of failing.
    bool reconnect = true;
    /// Backoff base: the first retry is immediate, then base, doubled each time all servers had a turn, with full jitter.
    milliseconds reconnect_wait{100};        ///< Also the least time between two dials of one server, but for the first retry.
    milliseconds reconnect_max_wait{5'000};
    milliseconds reconnect_stable{5'000};   ///< The backoff resets after a connection was up so long.
    /// Failed attempts in a row per server before it is given up; none = for ever, 0 = no reconnecting. A connection that did not
    /// last for `reconnect_stable` counts as a failed attempt.
    std::optional<unsigned> max_reconnects{};
    /// The same login error so often in a row from one server gives it up; none = it is tried again and again, because credentials
    /// change and servers are told of new ones. Counts what the server says (errc::authorization_violation and its like).
    std::optional<unsigned> max_auth_failures{};
    /// Called before each attempt to reconnect, on the client's executor, to choose another server or another delay than the client
    /// would. For decisions only: calling the client from one has no effect on the attempt. An answer outside its range, or an
    /// exception, is told as event_kind::handler_failed, and the client's own plan stands.
    server_choice_hook choose_server{};
    reconnect_delay_hook reconnect_delay{};
    /// A server that says it is about to shut down (lame duck) is left for another one at a random moment within this time: what was sent
    /// is waited for, what is sent meanwhile goes to the next server. None, or no other server: the client stays until it is cut off.
    /// Servers begin to cut 10 s after they have said so, unless configured otherwise.
    std::optional<milliseconds> lame_duck_leave{8'000};
    bool fail_fast = false;                 ///< While down, publish and request fail with errc::not_connected instead of being kept.

    /// Bytes kept for sending, up or down; beyond: errc::buffer_full. What a server that is up does not take at once piles up to here only
    /// for a publisher that does not heed client::writable(). A message that is larger than all of it is taken when nothing else
    /// waits.
    std::size_t outbox_bytes = std::size_t{8} * 1024 * 1024;
    std::size_t handoff_bytes = std::size_t{8} * 1024 * 1024;  ///< Likewise, for thread_safe_publishers until the client takes them over.
    /// The server's setting of that name, which it does not tell. It closes the connection over a longer line, so a subject that makes
    /// one is refused here (errc::max_control_line).
    std::size_t max_control_line = 4096;
    std::optional<std::size_t> tcp_notsent_lowat = 32 * 1024;  ///< Linux TCP_NOTSENT_LOWAT; none = the system's.

    /// Called on the client's executor, in order. May call the client, also close().
    std::function<void(const event&)> on_event{};
};

}  // namespace slipstream
