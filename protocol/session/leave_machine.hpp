// Leaving a server that is about to shut down, before it cuts the connection (C18).
//
// Told: that the server said so, the time, and that something may have moved on. Decides: when to stop sending, and when to go. Emits: a
// PING. In order: a wait, so that not all clients of a server go at once; then what the user sends is held, and a PING behind what was
// sent shows that the server has handled all of it; requests and drains on their way get to their ends, for a bounded time. Then the
// connection can be left without losing what was sent. Invariants: without another server to go to it stays; it never begins while
// the client drains, and never outlasts the connection.
#pragma once

#include <chrono>
#include <cstdint>

#include "protocol/session/barriers.hpp"
#include "protocol/session/context.hpp"
#include "protocol/session/requests.hpp"
#include "protocol/session/server_pool.hpp"
#include "protocol/session/time.hpp"

namespace slipstream::session {

class leave_machine {
public:
    /// How long requests that wait for their replies are waited for.
    static constexpr std::chrono::seconds grace{2};

    leave_machine(context& shared, requests& reqs, barriers& fences) noexcept : context_(shared), requests_(reqs), barriers_(fences) {}

    /// The server said that it shuts down: to be left in `wait`.
    void begin(duration wait, time_point now) noexcept;
    /// The connection is gone, or a drain begins.
    void stop() noexcept;
    /// Goes on as far as it can. True when the connection is to be left. Call it after each read and at next_deadline().
    [[nodiscard]] bool advance(const server_pool& pool, time_point now);

    [[nodiscard]] bool active() const noexcept { return stage_ != stage::none; }
    [[nodiscard]] time_point next_deadline() const noexcept { return until_; }

private:
    enum class stage { none, waiting, emptying };

    context& context_;
    requests& requests_;
    barriers& barriers_;
    stage stage_ = stage::none;
    bool due_ = false;           // the wait is over
    time_point until_ = never;   // the end of the wait, or of the grace
    std::uint64_t fence_ = 0;
};

}  // namespace slipstream::session
