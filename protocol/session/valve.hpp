// Publishers that wait until less is queued: what keeps one that is faster than its server from filling the outbox.
//
// Told: who waits and until when, that bytes have left, the time. Decides: who goes on. Emits: finished operations. Invariants: a wait
// ends once; it ends well only when little is queued, and not before half of that is left, so that nobody is woken for each frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <system_error>
#include <vector>

#include <slipstream/detail/completion.hpp>

#include "protocol/session/context.hpp"
#include "protocol/session/time.hpp"

namespace slipstream::session {

class valve {
public:
    explicit valve(context& shared) noexcept;

    /// So little is queued that it leaves in the next writes.
    [[nodiscard]] bool open() const noexcept { return context_.box.size() <= much_; }
    void wait(std::uint64_t number, detail::plain_completion done, time_point deadline);
    /// Finishes the wait with operation_aborted. False when there is none of this number.
    bool cancel(std::uint64_t number);

    /// Bytes have left the outbox.
    void on_less() {
        if (!all_.empty() && context_.box.size() <= much_ / 2) finish_all({});
    }
    void on_time(time_point now);
    void finish_all(std::error_code ec) noexcept;

    [[nodiscard]] time_point next_deadline() const noexcept { return first_deadline_; }

private:
    struct waiter {
        std::uint64_t number = 0;
        time_point deadline = never;
        detail::plain_completion done;
    };

    void find_first_deadline() noexcept;

    context& context_;
    const std::size_t much_;
    std::vector<waiter> all_;  // in the order of their begin
    time_point first_deadline_ = never;
};

}  // namespace slipstream::session
