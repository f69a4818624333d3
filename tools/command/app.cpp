#include "tools/command/app.hpp"

#include <csignal>
#include <iostream>
#include <iterator>
#include <utility>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>

#include "tools/command/exit_code.hpp"

namespace command {

app::app(global_options options) : options_(std::move(options)), output_(options_.json, options_.events) {
    slipstream::connect_options connect = options_.connect;
    connect.on_event = [this](const slipstream::event& e) { output_.connection_event(e, *client_); };
    client_.emplace(io_.get_executor(), std::move(connect));
}

slipstream::jetstream::context app::jetstream() const {
    slipstream::jetstream::context_options options;
    options.domain = options_.js_domain;
    if (options_.timeout.count() > 0) options.timeout = options_.timeout;
    return slipstream::jetstream::context(*client_, std::move(options));
}

bool app::stopped_by(const std::error_code& ec) const noexcept { return stopping_ && ec == asio::error::operation_aborted; }

int app::fail(const std::error_code& ec, std::string_view context, std::string_view detail) {
    if (stopped_by(ec)) return done;
    output_.error(ec, context, detail);
    return exit_code_for(ec);
}

asio::awaitable<void> app::pause(std::chrono::nanoseconds d) {
    asio::steady_timer timer(io_, std::chrono::duration_cast<std::chrono::steady_clock::duration>(d));
    co_await timer.async_wait(slipstream::use_tuple);
}

void app::stop() {
    if (finished_ || stopping_) return;
    stopping_ = true;
    stop_signal_.emit(asio::cancellation_type::terminal);
}

asio::awaitable<int> app::connect_and_do(const work& what) {
    // A command that is told to stop finishes its printing: cancellation ends the operation it waits for, not the coroutine.
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto [ec] = co_await client_->async_connect(slipstream::use_tuple);
    if (ec) {
        if (stopped_by(ec)) co_return done;
        output_.error(ec, "connect");
        co_return ec == slipstream::condition::invalid_argument ? bad_usage : not_connected;
    }
    co_return co_await what(*this);
}

int app::run(const work& what) {
    int code = failed;
    asio::signal_set signals(io_, SIGINT, SIGTERM);
    signals.async_wait([this](const std::error_code& ec, int) {
        if (ec) return;
        interrupted_ = true;
        stop();
    });
    asio::steady_timer run_for(io_);
    if (options_.run_for) {
        run_for.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(*options_.run_for));
        run_for.async_wait([this](const std::error_code& ec) {
            if (!ec) stop();
        });
    }
    auto finish = [&](const std::exception_ptr& exception, int result) {
        finished_ = true;
        code = result;
        if (exception) {
            try {
                std::rethrow_exception(exception);
            } catch (const std::exception& e) {
                output_.note(std::string("slipstream: ") + e.what());
                code = failed;
            }
        }
        signals.cancel();
        run_for.cancel();
        client_->close();
    };
    asio::co_spawn(io_, connect_and_do(what), asio::bind_cancellation_slot(stop_signal_.slot(), std::move(finish)));
    io_.run();
    return interrupted_ ? static_cast<int>(interrupted) : code;
}

std::string read_payload(const std::string& argument) {
    if (argument != "-") return argument;
    return std::string{std::istreambuf_iterator<char>(std::cin), {}};
}

}  // namespace command
