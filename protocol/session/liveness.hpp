// Whether the peer is still there (C3-C5, C7, C22, I5).
//
// Told: when bytes and PONGs came in, when bytes wait to go out and when some went. Decides: when to ping and when to give up.
// Invariants: any inbound byte proves that the way in is open, a PONG alone that the way out is; nothing that we send proves anything. A
// peer that is silent for ping_interval * (max_pings_out + 1), that says much but answers no ping for so long, or that takes no byte for
// write_timeout, is given up at that moment; at most one ping comes out of one look at the clock, however late it is.
//
// A PONG can be late for good reasons. While our own bytes wait to be written the ping may be behind them: the write timeout watches then.
// And where so many bytes come in that the PONG may be behind those, they are taken for it.
#pragma once

#include <algorithm>
#include <cstddef>
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
    void on_received(time_point now, std::size_t n = 1) noexcept {
        in_.begin(now);
        received_ += n;
        if (received_ >= busy_bytes) on_pong(now);
    }
    /// A ping of ours was answered.
    void on_pong(time_point now) noexcept {
        out_.begin(now);
        received_ = 0;
    }
    /// Nothing is read, by our own choice: the peer's silence says nothing until resume().
    void pause() noexcept { paused_ = true; }
    void resume(time_point now) noexcept {
        paused_ = false;
        in_.begin(now);
        on_pong(now);
    }
    /// There are bytes to write that the transport did not take. Repeating it does not restart the clock.
    void on_write_blocked(time_point now) noexcept {
        if (blocked_since_ == never) blocked_since_ = now;
    }
    /// The transport took some bytes; more wait.
    void on_write_progress(time_point now) noexcept { blocked_since_ = now; }
    /// Nothing waits to be written any more.
    void on_write_done(time_point now) noexcept {
        // What was asked behind a backlog can be answered only from now on.
        if (blocked_since_ != never && now > blocked_since_) on_pong(now);
        blocked_since_ = never;
    }

    /// What is due at `now`. Call it when next_deadline() has come; calling it at other times is harmless.
    [[nodiscard]] liveness_verdict on_time(time_point now) noexcept;
    /// When on_time will have something to say if nothing happens until then; `never` when stopped.
    [[nodiscard]] time_point next_deadline() const noexcept {
        // What is mostly so, with one deadline instead of three: this is asked in each turn.
        if (running_ && (in_.asked | out_.asked) == 0 && watches_out() && !paused_) [[likely]]
            return deadline_after(std::min(in_.since, out_.since), options_.ping_interval);
        return first_deadline();
    }
    [[nodiscard]] unsigned pings_out() const noexcept { return in_.asked; }

    static constexpr std::size_t busy_bytes = std::size_t{256} * 1024;

private:
    /// A way that must show that it is open: since when it has not, and the pings sent since.
    struct way {
        time_point since{};
        unsigned asked = 0;
        void begin(time_point now) noexcept {
            since = now;
            asked = 0;
        }
    };

    /// Of each turn: overflow is found without a division.
    [[nodiscard]] time_point after_intervals(const way& w, std::int64_t n) const noexcept {
        duration::rep ticks = 0;
        if (__builtin_mul_overflow(options_.ping_interval.count(), n, &ticks)) return never;
        return deadline_after(w.since, duration(ticks));
    }
    [[nodiscard]] time_point first_deadline() const noexcept;
    [[nodiscard]] bool stale(const way& w, time_point now) const noexcept;
    [[nodiscard]] bool ask(way& w, time_point now) const noexcept;
    [[nodiscard]] bool watches_out() const noexcept { return blocked_since_ == never; }

    liveness_options options_;
    bool running_ = false;
    bool paused_ = false;
    way in_;
    way out_;
    std::size_t received_ = 0;  // bytes, since the way out was proved
    time_point blocked_since_ = never;
};

}  // namespace slipstream::session
