// A subscription: a handle on interest in a subject.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include <slipstream/detail/any_handler.hpp>
#include <slipstream/message.hpp>
#include <slipstream/tokens.hpp>

namespace slipstream {

class client;
namespace io {
class client_impl;
}  // namespace io
namespace session {
struct subscription_state;
}  // namespace session

/// Owns interest in a subject; made by client::subscribe. Survives reconnects. Destroying it unsubscribes at once.
///
/// Without a message handler the subscription queues what arrives; take it with async_next and try_next. The usual loop
/// suspends once per batch:
///
///     for (;;) {
///         slipstream::message m = co_await sub.async_next();
///         do handle(m); while (sub.try_next(m));
///     }
///
/// An empty handle (default-constructed, moved-from) has no subject and no messages; its operations throw std::system_error
/// (errc::subscription_closed) when they are started.
///
/// Thread safety: as its client, and to be used (also destroyed) on its client's executor only.
class subscription {
public:
    using executor_type = asio::any_io_executor;

    subscription() noexcept = default;
    subscription(subscription&&) noexcept = default;
    subscription& operator=(subscription&&) noexcept;
    ~subscription();

    /// Throws on an empty handle.
    [[nodiscard]] executor_type get_executor() const { return executor_of(client_); }
    /// False for a default-constructed or moved-from handle.
    explicit operator bool() const noexcept { return static_cast<bool>(state_); }

    /// Takes the oldest queued message; reuses the memory of `out`. False when the queue is empty.
    bool try_next(message& out);

    /// Tells the server to stop: now, or (`max_messages` > 0) after that many messages counted since the subscription began. A number
    /// given before can be lowered, not raised.
    /// What is queued can still be taken. After the end no handler is called. Errors: errc::closed.
    std::error_code unsubscribe(std::uint64_t max_messages = 0);

    /// Waits for the next message. One at a time.
    /// Completes with: the message.
    /// Errors: errc::subscription_closed after the end and the last queued message; errc::closed when the client was closed;
    /// errc::permission_denied or errc::max_subscriptions when the server refused the subscription;
    /// errc::operation_in_progress (another one waits, or a handler takes the messages). Cancellation: all types; no message is
    /// lost.
    template <asio::completion_token_for<void(std::error_code, message)> Token = default_token>
    auto async_next(Token&& token = Token()) {
        return asio::async_initiate<Token, void(std::error_code, message)>(
            [](auto handler, const client_pointer& client, const state_pointer& state) {
                start_next(client, state,
                           detail::make_any_handler<void(std::error_code, message)>(std::move(handler), executor_of(client)));
            },
            token, client_, state_);
    }

    /// Unsubscribes, then waits until everything the server had sent before it handled that has been queued (or handled).
    /// What is queued can then still be taken. Errors: errc::connection_lost, errc::timeout (connect_options::drain_timeout).
    /// Cancellation: all types; the subscription stays unsubscribed.
    template <asio::completion_token_for<void(std::error_code)> Token = default_token>
    auto async_drain(Token&& token = Token()) {
        return asio::async_initiate<Token, void(std::error_code)>(
            [](auto handler, const client_pointer& client, const state_pointer& state) {
                start_drain(client, state, detail::make_any_handler<void(std::error_code)>(std::move(handler), executor_of(client)));
            },
            token, client_, state_);
    }

    [[nodiscard]] std::string_view subject() const noexcept;
    [[nodiscard]] bool is_closed() const noexcept;              ///< Ended; the queue may still hold messages.
    [[nodiscard]] std::uint64_t received() const noexcept;      ///< Since the beginning, dropped ones included.
    [[nodiscard]] std::uint64_t dropped() const noexcept;
    [[nodiscard]] std::size_t pending_messages() const noexcept;
    [[nodiscard]] std::size_t pending_bytes() const noexcept;

private:
    friend class client;
    using client_pointer = std::shared_ptr<io::client_impl>;
    using state_pointer = std::shared_ptr<session::subscription_state>;

    subscription(client_pointer client, state_pointer state) noexcept : client_(std::move(client)), state_(std::move(state)) {}
    static asio::any_io_executor executor_of(const client_pointer& client);
    static void start_next(const client_pointer& client, const state_pointer& state,
                           detail::any_handler<void(std::error_code, message)> handler);
    static void start_drain(const client_pointer& client, const state_pointer& state, detail::any_handler<void(std::error_code)> handler);
    void release() noexcept;

    client_pointer client_;
    state_pointer state_;
};

}  // namespace slipstream
