// The client: one connection to a NATS system.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <slipstream/client_state.hpp>
#include <slipstream/connect_options.hpp>
#include <slipstream/detail/any_handler.hpp>
#include <slipstream/detail/request_arguments.hpp>
#include <slipstream/error.hpp>
#include <slipstream/event.hpp>
#include <slipstream/message.hpp>
#include <slipstream/options.hpp>
#include <slipstream/payload_view.hpp>
#include <slipstream/reconnect.hpp>
#include <slipstream/server_info.hpp>
#include <slipstream/statistics.hpp>
#include <slipstream/subject.hpp>
#include <slipstream/subscription.hpp>
#include <slipstream/tls_options.hpp>
#include <slipstream/tokens.hpp>

namespace slipstream {

/// Called in place for each message, with a view of the read buffer: the fastest way to receive.
using message_handler = std::function<void(const message_view&)>;

/// Stops a listener when destroyed.
class event_listener {
public:
    event_listener() noexcept = default;
    event_listener(event_listener&&) noexcept = default;
    event_listener& operator=(event_listener&&) noexcept = default;
    explicit event_listener(std::shared_ptr<void> registration) noexcept : registration_(std::move(registration)) {}

private:
    std::shared_ptr<void> registration_;
};

/// A handle on one shared connection: cheap to copy; the connection is closed by close(), by async_drain, or with the last
/// handle (subscriptions and the objects of the JetStream and key-value layers hold one).
///
/// Thread safety: distinct clients are independent. One client and everything made from it is used on its executor only: a
/// single-threaded io_context, or a strand and calls made on that strand; from elsewhere, asio::post to get_executor(). Only
/// healthy(), state() and get_executor() may be called from any thread, and the last copy of a client may be destroyed on any. To
/// publish from other threads, make a thread_safe_publisher.
/// Builds with assertions notice when two threads are inside one client at once. The library has no threads of its own (Asio's
/// resolver starts one for host names; numeric addresses need none).
///
/// Lifetime: handles may outlive the io_context. Operations pending when it ends are destroyed without being completed, as Asio does
/// with its own, and the client is closed. While connected, the client has work on the io_context, so that run() goes on; after
/// close() has taken effect it has none. Completions and callbacks must not run the event loop themselves.
class client {
public:
    using executor_type = asio::any_io_executor;

    /// Does no I/O. Bad options are reported by the first operation that needs them.
    explicit client(executor_type executor);
    client(executor_type executor, connect_options options);  // no default argument: it would be an aggregate temporary inside co_await

    [[nodiscard]] executor_type get_executor() const noexcept;

    // --- Calls that return at once ---------------------------------------------------------------------------------------

    /// Queues a message. It is copied; everything queued in one turn of the event loop leaves in one write, or in writes of some 48 KiB
    /// already before its end. A payload from 32 KiB on leaves at once, from where it lies, as far as the peer takes it (not with TLS,
    /// and not from inside a message handler); only the rest is copied. While the client is down or not yet connected, messages are
    /// kept up to connect_options::outbox_bytes and sent in order later. Whoever publishes without end waits for async_writable when
    /// writable() is false.
    /// Errors, nothing queued: errc::invalid_subject, errc::invalid_reply_subject, errc::max_control_line, errc::max_payload,
    /// errc::headers_unsupported, errc::buffer_full (async_writable is the valve), errc::not_connected (fail_fast), errc::draining,
    /// errc::closed, and what the options are invalid for. No error means queued, not delivered: see async_flush.
    std::error_code publish(std::string_view subject, payload_view payload, publish_options options = {});

    /// Subscribes; messages are queued in the subscription. Also possible before the client is connected.
    /// Errors: errc::invalid_subject, errc::invalid_queue_group, errc::max_control_line, errc::draining, errc::closed; then the handle is
    /// empty.
    subscription subscribe(std::string_view subject, subscribe_options options, std::error_code& ec);
    /// As above; throws std::system_error.
    subscription subscribe(std::string_view subject, subscribe_options options = {});
    /// Subscribes; `on_message` is called in place for each message. It may call this client and the subscription, also
    /// unsubscribe and destroy it. An exception it throws is caught and told as event_kind::handler_failed.
    subscription subscribe(std::string_view subject, message_handler on_message, subscribe_options options, std::error_code& ec);
    subscription subscribe(std::string_view subject, message_handler on_message, subscribe_options options = {});

    /// Ends everything: pending operations complete with errc::closed, subscriptions end, the connection is cut. What was
    /// queued and not yet written is discarded (async_flush or async_drain first). Idempotent.
    void close() noexcept;

    /// Leaves the connection and makes another one at once, to the next server of the pool. Bytes that the operating system has taken
    /// still arrive; requests that wait for their reply end with errc::connection_lost; everything else goes on as after any loss.
    /// While reconnecting it ends the wait before the next attempt; it joins an attempt in progress. Idempotent. Two dials of one server
    /// stay connect_options::reconnect_wait apart.
    /// Errors: errc::not_connected (never connected and not trying), errc::invalid_option (connect_options::reconnect is false),
    /// errc::draining, errc::closed, and what the options are invalid for.
    std::error_code reconnect();

    /// Replaces the servers that may be dialled, also those learnt from the cluster (which are learnt again from the next INFO). The
    /// connection stays, also when its server is not among them. Servers that were known keep their count of failures.
    /// Each entry as in connect_options::servers. Errors: as for that option; then nothing has changed. And errc::closed.
    std::error_code set_servers(const std::vector<std::string>& servers);

    // --- Operations --------------------------------------------------------------------------------------------------------

    /// Connects, or joins the attempt in progress; completes at once when connected.
    /// Each server is tried once (for ever with retry_on_failed_connect).
    /// Errors: errc::invalid_url, errc::invalid_option, the last attempt's error, errc::closed.
    /// Cancellation: terminal, partial; the attempt is given up when nobody else waits for it.
    template <asio::completion_token_for<void(std::error_code)> Token = default_token>
    auto async_connect(Token&& token = Token()) {
        return asio::async_initiate<Token, void(std::error_code)>(
            [](auto handler, client self) {
                self.start_connect(detail::make_any_handler<void(std::error_code)>(std::move(handler), self.get_executor()));
            },
            token, *this);
    }

    /// Publishes with a reply subject and waits for the first reply. The arguments are copied before this returns.
    /// Completes with: the reply.
    /// Errors: as publish, and errc::invalid_option (a negative timeout), errc::no_responders, errc::timeout, errc::timeout_unsent,
    /// errc::connection_lost (the connection broke after the request was written), errc::not_connected (also when the first
    /// connect was given up; it was not sent), errc::permission_denied, errc::closed.
    /// Cancellation: terminal, partial; a late reply is swallowed.
    template <asio::completion_token_for<void(std::error_code, message)> Token = default_token>
    auto async_request(std::string_view subject, payload_view payload, request_options options = {}, Token&& token = Token()) {
        return asio::async_initiate<Token, void(std::error_code, message)>(
            [](auto handler, auto&& self, const detail::lent_request& arguments) {
                self.start_request(arguments.parts(), arguments.timeout(),
                                   detail::make_any_handler<void(std::error_code, message)>(std::move(handler), self.own_executor()));
            },
            token, *this, detail::lent_request(subject, payload, options));
    }

    /// Waits until the server has handled everything queued before (a PING and its PONG).
    /// Errors: errc::connection_lost (what was queued may be lost), errc::timeout, errc::not_connected (the first connect was given
    /// up), errc::invalid_option (a timeout that is not positive), errc::closed. Cancellation: all types.
    template <asio::completion_token_for<void(std::error_code)> Token = default_token>
    auto async_flush(flush_options options = {}, Token&& token = Token()) {
        return asio::async_initiate<Token, void(std::error_code)>(
            [](auto handler, client self, flush_options o) {
                self.start_flush(o, detail::make_any_handler<void(std::error_code)>(std::move(handler), self.get_executor()));
            },
            token, *this, options);
    }

    /// Waits until little is queued: the valve of whoever publishes faster than the server takes it, up or down. Completes at once when
    /// writable(). Costs no round trip and says nothing about what the server has got: that is async_flush.
    /// Errors: errc::timeout, errc::not_connected (the first connect was given up), errc::invalid_option (a timeout that is not
    /// positive), errc::closed. Cancellation: all types.
    template <asio::completion_token_for<void(std::error_code)> Token = default_token>
    auto async_writable(writable_options options = {}, Token&& token = Token()) {
        return asio::async_initiate<Token, void(std::error_code)>(
            [](auto handler, client self, writable_options o) {
                self.start_writable(o, detail::make_any_handler<void(std::error_code)>(std::move(handler), self.get_executor()));
            },
            token, *this, options);
    }

    /// Stops taking new work, ends all subscriptions without losing what the server has sent, lets pending requests finish,
    /// sends what is queued, and closes. Publishing goes on working until subscriptions and requests have ended, so that replies get
    /// out; a consumer that waits in subscription::async_next when the drain begins is heard until it is told the end. Messages
    /// that nobody waits for are not waited for; they can still be taken afterwards.
    /// Errors: errc::timeout (drain_timeout; the client is closed all the same), errc::connection_lost (the drain was cut off),
    /// errc::not_connected (something is queued and no connection is tried), errc::closed.
    /// Cancellation: terminal closes at once.
    template <asio::completion_token_for<void(std::error_code)> Token = default_token>
    auto async_drain(Token&& token = Token()) {
        return asio::async_initiate<Token, void(std::error_code)>(
            [](auto handler, client self) {
                self.start_drain(detail::make_any_handler<void(std::error_code)>(std::move(handler), self.get_executor()));
            },
            token, *this);
    }

    /// async_request for the layers above, which erase handlers themselves and may send the same arguments again. The arguments
    /// are used only during the call. The handler's slot is used as async_request uses it.
    void start_request(const detail::request_parts& arguments, std::chrono::milliseconds timeout,
                       detail::any_handler<void(std::error_code, message)> handler);

    // --- Observers ---------------------------------------------------------------------------------------------------------

    /// Connected right now. Lock-free; any thread.
    [[nodiscard]] bool healthy() const noexcept { return state() == client_state::connected; }
    [[nodiscard]] client_state state() const noexcept;
    /// At most 128 KiB (or half of connect_options::outbox_bytes) are queued and not yet written. False is no error: publish goes on
    /// taking messages, but they only pile up. To ask once for every few KiB that are published is enough.
    [[nodiscard]] bool writable() const noexcept;
    /// Of the last connection; empty before the first.
    [[nodiscard]] const slipstream::server_info& server_info() const noexcept;
    /// The servers that may be dialled, in the order of their turns; empty when the options are invalid.
    [[nodiscard]] std::vector<known_server> servers() const;
    /// `host:port` of the current or last server.
    [[nodiscard]] std::string connected_server() const;
    /// A snapshot, made when it is asked for.
    [[nodiscard]] statistics stats() const noexcept;
    /// The encryption of the current connection; empty without, and while there is none.
    [[nodiscard]] const slipstream::tls_state& tls() const noexcept;
    /// As given to the constructor, without on_event and the hooks.
    [[nodiscard]] const connect_options& options() const noexcept;
    /// A fresh, unguessable subject under the inbox prefix.
    [[nodiscard]] std::string new_inbox();
    /// Adds a listener for connection events beside connect_options::on_event; it runs after it. It stops with the handle. What it
    /// throws is caught and told as event_kind::handler_failed, as with connect_options::on_event.
    [[nodiscard]] event_listener listen(std::function<void(const event&)> listener);

private:
    friend class thread_safe_publisher;
    [[nodiscard]] const executor_type& own_executor() const noexcept;  // to copy one costs as much as to encode a frame
    void start_connect(detail::any_handler<void(std::error_code)> handler);
    void start_flush(flush_options options, detail::any_handler<void(std::error_code)> handler);
    void start_writable(writable_options options, detail::any_handler<void(std::error_code)> handler);
    void start_drain(detail::any_handler<void(std::error_code)> handler);

    std::shared_ptr<io::client_impl> impl_;
};

}  // namespace slipstream
