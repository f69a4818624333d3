// Which PONG answers which PING of the current connection (spec/protocol.md 8): the server answers in order.
//
// Told: PINGs queued, PONGs received. Emits: what each PONG proves. Invariant: a PONG nobody asked for changes nothing (A16).
#pragma once

#include <cstddef>
#include <cstdint>

#include "protocol/session/fifo.hpp"

namespace slipstream::session {

class pong_queue {
public:
    struct ping {
        std::uint64_t fence = 0;     ///< What waits for it; 0 = a keepalive.
        std::uint64_t sequence = 0;  ///< Place among the SUBs and PINGs of this client: the PONG confirms what came before.
    };

    void expect(ping p) { pings_.push(p); }
    /// The oldest unanswered PING. False when there is none.
    bool on_pong(ping& out) { return pings_.pop(out); }
    void clear() noexcept { pings_.clear(); }
    [[nodiscard]] std::size_t size() const noexcept { return pings_.size(); }

private:
    fifo<ping> pings_;
};

}  // namespace slipstream::session
