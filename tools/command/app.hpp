// One run of the command: the event loop, the connection, how it stops, what it exits with.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include <slipstream/client.hpp>
#include <slipstream/jetstream/context.hpp>

#include "tools/command/global_options.hpp"
#include "tools/command/output.hpp"

namespace command {

class app;
/// A command's work once connected; returns the exit code. It is cancelled by SIGINT, SIGTERM and --for; operations then end
/// with operation_aborted and the command prints its `done` as usual.
using work = std::function<asio::awaitable<int>(app&)>;

class app {
public:
    explicit app(global_options options);

    /// Connects, does the work, closes. Returns the exit code.
    int run(const work& what);

    [[nodiscard]] slipstream::client& client() noexcept { return *client_; }
    [[nodiscard]] slipstream::jetstream::context jetstream() const;
    [[nodiscard]] output& out() noexcept { return output_; }
    [[nodiscard]] const global_options& options() const noexcept { return options_; }
    [[nodiscard]] asio::io_context& io() noexcept { return io_; }

    /// SIGINT, SIGTERM or --for has been seen.
    [[nodiscard]] bool stopping() const noexcept { return stopping_; }
    /// Whether `ec` only means that the command was told to stop.
    [[nodiscard]] bool stopped_by(const std::error_code& ec) const noexcept;
    /// Prints the error and gives its exit code; done when the command was told to stop.
    int fail(const std::error_code& ec, std::string_view context, std::string_view detail = {});
    /// Waits, or returns early when told to stop.
    asio::awaitable<void> pause(std::chrono::nanoseconds d);

private:
    asio::awaitable<int> connect_and_do(const work& what);
    void stop();

    global_options options_;
    output output_;
    asio::io_context io_{1};
    std::optional<slipstream::client> client_;
    asio::cancellation_signal stop_signal_;
    bool stopping_ = false;
    bool interrupted_ = false;
    bool finished_ = false;
};

/// PAYLOAD or `-`: the argument's bytes, or standard input to its end.
std::string read_payload(const std::string& argument);

}  // namespace command
