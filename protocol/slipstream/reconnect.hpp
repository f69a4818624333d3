// What an application may see and decide of the way from one connection to the next.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <system_error>

#include <slipstream/server_info.hpp>

namespace slipstream {

/// A server that a client may dial. There is no login in it.
struct known_server {
    std::string address{};     ///< `host:port`, IPv6 in brackets.
    bool discovered = false;   ///< Learnt from the cluster, not given by the user.
    bool leaving = false;      ///< It said that it is about to shut down (lame duck): passed over while there is another.
    bool current = false;      ///< The one of the present attempt or connection, or of the last.
    unsigned failed = 0;       ///< Attempts in a row that failed or did not last.
};

/// An attempt to reconnect, before it is made.
/// Lifetime: only inside the hook it was passed to.
struct reconnect_plan {
    std::span<const known_server> servers;  ///< Those that may be dialled: none that has used up connect_options::max_reconnects.
    const server_info& info;                ///< Of the last connection; empty before the first.
    std::size_t next = 0;                   ///< In `servers`: the one whose turn it is.
    std::chrono::milliseconds delay{0};     ///< How long the client would wait before it dials.
    unsigned failed = 0;                    ///< Failed attempts in a row so far.
    std::error_code error{};                ///< Why the last connection or attempt ended.
};

/// Chooses the server of an attempt: its place in `servers`.
using server_choice_hook = std::function<std::size_t(const reconnect_plan&)>;
/// Chooses how long to wait: 0 to 30 days.
using reconnect_delay_hook = std::function<std::chrono::milliseconds(const reconnect_plan&)>;

}  // namespace slipstream
