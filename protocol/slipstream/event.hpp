// What happens to a connection, told in order and on the client's executor.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace slipstream {

enum class event_kind {
    connected,      ///< Up, subscriptions restored. `server`, `generation`, `reconnects`.
    disconnected,   ///< A connection that was up is gone. `reason`, `error`, `detail`. Exactly one for each `connected`.
    reconnecting,   ///< An attempt is about to be made. `server`, `attempt`, `delay`.
    connect_failed, ///< An attempt has failed. `server`, `reason`, `error`, `detail`.
    lame_duck,      ///< The server will shut down soon.
    slow_consumer,  ///< A subscription's queue is full; once per episode. `subject`, `dropped`, `pending`.
    server_error,   ///< An -ERR that does not end the connection. `error`, `detail`, `subject` where the text names one.
    handler_failed, ///< A message handler threw. `subject`, `detail` (what()).
    closed,         ///< The client has ended; nothing follows. `error` when not by close() or drain.
};

/// Why a connection ended; `to_string` gives the stable words of the command-line tool.
enum class disconnect_reason {
    none,
    eof,
    reset,
    stale,
    write_stall,
    protocol_error,
    auth,
    tls,
    server_error,
    max_payload,
    lame_duck,
    closed,
    refused,
    timeout,
    requested,  ///< By client::reconnect().
};

/// Text never holds a secret: URLs come without userinfo.
struct event {
    event_kind kind{};
    disconnect_reason reason = disconnect_reason::none;
    std::error_code error{};
    std::uint64_t generation = 0;   ///< Number of the connection attempt, increasing for the client's life.
    std::uint64_t reconnects = 0;   ///< Times the connection was restored so far.
    unsigned attempt = 0;           ///< Failed attempts in a row before this one.
    std::chrono::milliseconds delay{0};
    std::string server{};             ///< `host:port`
    std::string subject{};
    std::string detail{};             ///< The server's words or the system's.
    std::uint64_t dropped = 0;      ///< Messages dropped by this subscription in all.
    std::uint64_t pending = 0;      ///< Messages waiting in its queue.
};

std::string_view to_string(event_kind kind) noexcept;
std::string_view to_string(disconnect_reason reason) noexcept;

}  // namespace slipstream
