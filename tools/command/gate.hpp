// Waits until several loops of one command have ended, or the command is told to stop.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>

#include <slipstream/tokens.hpp>

namespace command {

class gate {
public:
    explicit gate(const asio::any_io_executor& executor) : timer_(executor, asio::steady_timer::time_point::max()) {}

    void open() {
        open_ = true;
        timer_.cancel();
    }
    /// Returns when the gate is open, or early when the waiting coroutine is cancelled.
    asio::awaitable<void> wait() {
        if (!open_) co_await timer_.async_wait(slipstream::use_tuple);
    }

private:
    asio::steady_timer timer_;
    bool open_ = false;
};

}  // namespace command
