// What one run does: a list of steps with their times, made from a seed or read from a file.
//
// Everything that a user does and every fault is a step of its own, so that a failing run is made smaller by leaving steps out. What
// is not in the list (latencies, where bytes are split, the options of the client) comes from named streams of the seed.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/session/random.hpp"

namespace slipstream::sim {

enum class profile : std::uint8_t { calm, lossy, partition, flapping, slow_app, hostile_server, rolling_restart, auth_churn, swizzle_clog };
enum class mode : std::uint8_t { safety, liveness, hostile };

enum class step_kind : std::uint8_t {
    // the user: a = the client
    connect,
    publish,         // b = subject, c = size, d = how (publish_with_*), e = how many more like it
    subscribe,       // b = subject, c = how (subscribe_*), d = max_messages, e = pending_messages, f = queue group
    unsubscribe,     // b = which, c = max_messages beyond what was received
    release,         // b = which: the last handle goes
    next,            // b = which
    consume,         // b = which, c = pause between messages in ms: takes one message after the other
    request,         // b = service, c = size, d = timeout in ms
    flush,           // b = timeout in ms
    drain_sub,       // b = which
    cancel,          // b = which of the pending operations, c = terminal
    drain,
    close,
    reconnect,       // leave the connection for another one
    reopen,          // a new client in the place of one that has ended
    hand_over,       // from another thread: b = subject, c = size, d = how (publish_with_headers), e = how many more like it
    flood,           // b = subject, c = size, d = how many in all, waiting while there is no room: e = timeout of a wait in ms
    set_servers,     // b = which, as bits, c = 1: another one that is nowhere, 2: one that is no address
    peer_publish,    // somebody else: b = subject, c = size, d = how many
    // faults: a = server or client, b = for how many ms where it lasts
    cut_fin,         // the server's side of the client's connection ends
    cut_half,        // the server stops sending and goes on reading
    cut_rst,
    cut_in_write,    // in the middle of the client's next write
    drop_in,         // nothing reaches the client
    drop_out,        // nothing reaches the server
    drop_both,
    zero_window,     // the server does not read
    slow_link,       // c = bytes in a second
    delay,           // c = ms of latency
    refuse,          // the server refuses to be dialled
    hang,            // it does not answer a dial
    mute,            // it accepts and says nothing
    pause_server,    // SIGSTOP
    kill_server,     // and start it again after b
    lame_duck,       // INFO, then the end after b
    gossip,          // connect_urls change
    refuse_login,
    rotate_login,    // files and what providers give: the JWT now, the key after b; then servers know nobody else; c = 1: and cut at once
    expire_login,
    tls_trouble,     // c = 0: the handshake fails, else it never ends
    full,            // no connection more
    say_error,       // c = which -ERR
    deny,            // c = which topic: its subscriptions are taken away
    shrink_payload,  // c = max_payload
    no_headers,
    slow_consumer,   // the server cuts the connection without a word
    pause_client,    // the process of the client is stopped
    stale_fact,      // c = which: the transport reports about a connection that is gone
    count
};

std::string_view to_string(profile p) noexcept;
std::string_view to_string(mode m) noexcept;
std::string_view to_string(step_kind k) noexcept;
std::optional<profile> profile_named(std::string_view name) noexcept;
std::optional<mode> mode_named(std::string_view name) noexcept;

constexpr bool is_fault(step_kind k) noexcept { return k >= step_kind::cut_fin; }

struct step {
    std::int64_t at_us = 0;
    step_kind kind = step_kind::connect;
    std::array<std::uint64_t, 6> with{};
};

constexpr std::uint64_t publish_with_reply = 1;
constexpr std::uint64_t publish_with_headers = 2;
constexpr std::uint64_t subscribe_with_handler = 1;
constexpr std::uint64_t handler_publishes = 2;
constexpr std::uint64_t handler_unsubscribes = 4;   // itself, after two messages
constexpr std::uint64_t handler_throws = 8;
constexpr std::uint64_t handler_ends_other = 16;
constexpr std::uint64_t handler_closes = 32;
constexpr std::uint64_t subscribe_pauses = 64;      // reading, while the queue is full: for so many ms as the bits from 8 on say
constexpr unsigned pause_limit_shift = 8;

struct plan {
    std::uint64_t seed = 0;
    profile what = profile::calm;
    mode how = mode::safety;
    std::int64_t fault_us = 0;   // until then there are faults
    std::vector<step> steps;     // by time

    [[nodiscard]] std::string to_text() const;
    /// Throws std::runtime_error with the line that cannot be read.
    static plan from_text(std::string_view text);
};

/// Steps of the same time keep their order.
void sort_by_time(std::vector<step>& steps);

/// Without a profile or mode the seed decides.
plan make_plan(std::uint64_t seed, std::optional<profile> p = {}, std::optional<mode> m = {});

}  // namespace slipstream::sim
