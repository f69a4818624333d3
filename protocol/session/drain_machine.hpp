// The orderly end of a client: nothing that the server has sent, and nothing that was queued here, is lost.
//
// Told: when to begin, that the connection is up or lost, that something may have moved on. Decides: what comes next. Emits: UNSUB and
// PING frames. In order: every subscription is unsubscribed, and a PING behind shows that nothing more comes; consumers that wait in
// async_next, and requests, get to their ends, while handlers may still publish replies (D7); a last PING shows that the server has
// everything. Invariant: it never waits for what nobody works on; its owner bounds it by a deadline.
#pragma once

#include <cstdint>

#include "protocol/session/barriers.hpp"
#include "protocol/session/context.hpp"
#include "protocol/session/requests.hpp"
#include "protocol/session/subscriptions.hpp"

namespace slipstream::session {

class drain_machine {
public:
    drain_machine(context& shared, subscriptions& subs, requests& reqs, barriers& fences) noexcept
        : context_(shared), subscriptions_(subs), requests_(reqs), barriers_(fences) {}

    void begin();
    /// Goes on as far as it can. True when all is done. Call it after each read, when a connection is up, and when everything
    /// finished has been handed out.
    [[nodiscard]] bool advance();

    [[nodiscard]] bool active() const noexcept { return stage_ != stage::none; }
    /// Publishing is over.
    [[nodiscard]] bool flushing() const noexcept { return stage_ >= stage::flushing; }

private:
    enum class stage { none, subscriptions, consumers, flushing, done };

    void end_subscriptions();

    context& context_;
    subscriptions& subscriptions_;
    requests& requests_;
    barriers& barriers_;
    stage stage_ = stage::none;
    std::uint64_t fence_ = 0;
};

}  // namespace slipstream::session
