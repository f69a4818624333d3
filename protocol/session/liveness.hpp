// Whether the peer is still there (C3-C5, C7, C22, I5).
//
// Told: when bytes came in, when bytes wait to go out and when some went. Decides: when to ping and when to give up. Invariants: any
// inbound byte is proof of life and nothing else is; a peer that is silent for ping_interval * (max_pings_out + 1), or takes no byte for
// write_timeout, is given up at that moment; at most one ping comes out of one look at the clock, however late it is.
#pragma once

#include <cstdint>

#include "protocol/session/time.hpp"

namespace slipstream::session {

struct liveness_options {
    duration ping_interval;
    unsigned max_pings_out;
    duration write_timeout;
};

enum class liveness_verdict : std::uint8_t {
    alive,
    send_ping,    ///< Queue a PING now. It is counted already.
    stale,        ///< errc::stale_connection
    write_stalled ///< errc::write_stalled
};

class liveness {
public:
    explicit liveness(const liveness_options& options) noexcept : options_(options) {}

    /// A connection is up: counts begin anew (C5).
    void start(time_point now) noexcept;
    /// There is no connection: no deadline.
    void stop() noexcept;

    /// Bytes arrived.
    void on_received(time_point now) noexcept {
        last_received_ = now;
        pings_out_ = 0;
    }
    /// There are bytes to write that the transport did not take. Repeating it does not restart the clock.
    void on_write_blocked(time_point now) noexcept {
        if (blocked_since_ == never) blocked_since_ = now;
    }
    /// The transport took some bytes; more wait.
    void on_write_progress(time_point now) noexcept { blocked_since_ = now; }
    /// Nothing waits to be written any more.
    void on_write_done() noexcept { blocked_since_ = never; }

    /// What is due at `now`. Call it when next_deadline() has come; calling it at other times is harmless.
    [[nodiscard]] liveness_verdict on_time(time_point now) noexcept;
    /// When on_time will have something to say if nothing happens until then; `never` when stopped.
    [[nodiscard]] time_point next_deadline() const noexcept;
    [[nodiscard]] unsigned pings_out() const noexcept { return pings_out_; }

private:
    [[nodiscard]] time_point after_intervals(std::int64_t n) const noexcept;

    liveness_options options_;
    bool running_ = false;
    time_point last_received_{};
    time_point blocked_since_ = never;
    unsigned pings_out_ = 0;
};

}  // namespace slipstream::session
