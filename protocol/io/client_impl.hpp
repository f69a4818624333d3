// The Asio half of a client: carries bytes and time between one pure state machine (session::core) and the outside.
//
// Everything happens in turns. A turn begins with facts (dialled, readable, writable, time) or wishes (calls on the handles) and
// always ends the same way: actions, events, finished operations, one write of everything queued, then the next read and the timer
// are armed. Calls outside a turn only mark work and post one turn; calls inside one (from handlers) post nothing.
// Invariants: a completion never runs inside its initiating function; user code runs in event callbacks, completions and message
// handlers only, and may call anything, also close() and the end of any handle; after `closed` is told there are no more events and
// messages, and what was pending completes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/steady_timer.hpp>

#include <slipstream/client.hpp>

#include "protocol/io/context_registry.hpp"
#include "protocol/io/event_hub.hpp"
#include "protocol/io/tls_context.hpp"
#include "protocol/io/transport.hpp"
#include "protocol/io/tripwire.hpp"
#include "protocol/session/core.hpp"

namespace slipstream::io {

class handoff;
class login_mailbox;

class client_impl final : public std::enable_shared_from_this<client_impl>, public transport_owner, public context_user {
public:
    /// What the handles own together: with the last copy the client closes.
    static std::shared_ptr<client_impl> make_handle(asio::any_io_executor executor, connect_options&& options);

    client_impl(asio::any_io_executor executor, connect_options&& options);
    client_impl(const client_impl&) = delete;
    client_impl& operator=(const client_impl&) = delete;
    ~client_impl();

    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] const session::core& core() const noexcept { return core_; }
    [[nodiscard]] statistics stats() const noexcept;
    [[nodiscard]] const slipstream::tls_state& tls_state() const noexcept;
    [[nodiscard]] std::string new_inbox() { return core_.new_inbox(); }
    [[nodiscard]] std::shared_ptr<void> listen(event_hub::callback listener) { return events_.add(std::move(listener)); }

    /// What all thread_safe_publishers of this client share.
    [[nodiscard]] std::shared_ptr<handoff> share_handoff();
    /// Another thread has handed something over.
    void on_handed_over() { enter(); }
    /// Messages were taken from a queue that reading waits for.
    void on_queue_taken() { wake(); }

    // --- calls that return at once ---
    std::error_code publish(std::string_view subject, std::string_view payload, const publish_options& options) {
        const entry_check check(wire_);
        if ((in_turn_ || turn_posted_) && options.headers == nullptr && options.reply_to.empty()) [[likely]] {
            if (core_.publish_plain(subject, payload)) [[likely]]
                return no_error_;
        }
        return publish_any(subject, payload, options);
    }
    std::error_code subscribe(std::string_view subject, const subscribe_options& options, message_handler handler,
                              std::shared_ptr<session::subscription_state>& out);
    std::error_code unsubscribe(session::subscription_state& state, std::uint64_t max_messages);
    std::error_code reconnect();
    std::error_code set_servers(const std::vector<std::string>& servers);
    void close() noexcept;

    // --- operations ---
    void start_connect(detail::any_handler<void(std::error_code)> handler);
    void start_request(const detail::request_parts& arguments, std::chrono::milliseconds timeout,
                       detail::any_handler<void(std::error_code, message)> handler);
    void start_flush(const flush_options& options, detail::any_handler<void(std::error_code)> handler);
    void start_writable(const writable_options& options, detail::any_handler<void(std::error_code)> handler);
    void start_drain(detail::any_handler<void(std::error_code)> handler);
    void start_next(const std::shared_ptr<session::subscription_state>& state, detail::any_handler<void(std::error_code, message)> handler);
    void start_drain(const std::shared_ptr<session::subscription_state>& state, detail::any_handler<void(std::error_code)> handler);

    /// From a cancellation slot, that is on any executor.
    void cancel_later(detail::operation_id id, bool terminal);

    // --- from the mailbox, on the client's executor (client_login.cpp) ---
    void on_login_reply(std::uint64_t id, std::error_code ec, login answer);
    void on_login_reply(std::uint64_t id, std::error_code ec, secret signature);

private:
    friend class handle_guard;
    class turn_scope;

    // transport_owner
    void on_dialed(transport& from, std::error_code ec) override;
    void on_readable(transport& from) override;
    void on_writable(transport& from) override;
    void on_secured(transport& from, std::error_code ec) override;
    // context_user
    void on_context_shutdown() noexcept override;

    /// In a turn of its own, on the client's executor; what comes of it is told in the same turn.
    void later(std::function<void(client_impl&)> what);
    /// The last handle is gone: closes in a turn of its own, wherever that was.
    void abandon() noexcept;
    void end() noexcept;
    void watch(asio::cancellation_slot slot, detail::operation_id id, asio::cancellation_type accepted) {
        if (id && slot.is_connected()) connect_canceller(slot, id, accepted);
    }
    void connect_canceller(asio::cancellation_slot slot, detail::operation_id id, asio::cancellation_type accepted);

    // --- the turn (client_turn.cpp) ---
    void enter();
    void wake() {
        if (!in_turn_ && !turn_posted_) post_turn();
    }
    void post_turn();
    void run_turn();
    [[nodiscard]] bool apply_facts();
    template <class Work>
    [[nodiscard]] bool parse(Work work);
    [[nodiscard]] bool read_in();
    void resume_reading();
    /// So many bytes of what other threads have published, up to the end of a block; unless `beyond_limit`, what the outbox has room for.
    void take_handed_over(std::size_t most, bool beyond_limit, session::time_point now);
    void tell_handoff() noexcept;
    [[nodiscard]] bool finish_read();
    void transport_down(std::error_code ec);
    void pull_outputs();
    void pull_actions();
    void pull_login_actions();
    void pull_events();
    void complete_operations();
    void dial(const session::transport_action& action);
    void drop_transport() noexcept { forget_transport(false); }
    void forget_transport(bool leave) noexcept;
    void start_tls(const session::transport_action& action);  // client_tls.cpp
    void apply_secured();
    bool write_out() { return transport_ && transport_->writable() && write_some(); }
    bool write_some();
    [[nodiscard]] bool may_write_early() const noexcept;
    void begin_early_write() noexcept;
    void write_early();
    std::error_code publish_large(const wire::outgoing& m);
    [[nodiscard]] bool goes_on(const transfer_result& result);
    void arm_timer();

    // --- logins (client_login.cpp) ---
    void read_login_file(const session::login_action& action);
    void ask_provider(session::login_action& action);
    void ask_signer(session::login_action& action);
    void wipe_login_traces() noexcept;
    [[nodiscard]] const std::shared_ptr<login_mailbox>& mailbox();

    std::error_code publish_any(std::string_view subject, std::string_view payload, const publish_options& options);

    struct facts {
        bool dialed = false;
        bool secured = false;
        bool readable = false;
        bool time = false;
        [[nodiscard]] bool any() const noexcept { return dialed || secured || readable || time; }
    };

    asio::any_io_executor executor_;        // empty once the context is gone
    context_registry* registry_ = nullptr;  // null likewise
    context_registry::place registered_;
    std::shared_ptr<handoff> handoff_;      // null until it is asked for
    event_hub events_;
    session::core core_;

    std::shared_ptr<transport> transport_;  // null while there is no attempt
    std::uint64_t generation_ = 0;          // of transport_
    std::error_code dial_result_;
    std::error_code secured_result_;
    std::string endpoint_;                  // of transport_
    std::optional<tls_context> tls_;        // none before it is needed
    slipstream::tls_state tls_state_;       // of transport_
    std::error_code write_error_;           // told when everything that had arrived is read
    session::time_point finish_by_ = session::never;  // set: closes when everything is written, or then

    std::shared_ptr<login_mailbox> mailbox_;  // null until a callback is called

    std::optional<asio::steady_timer> timer_;
    session::time_point timer_at_ = session::never;
    session::time_point postpone_from_{};  // a timer that is due too early may be set anew from then on
    std::uint64_t timer_generation_ = 0;

    facts facts_;
    session::time_point now_{};  // of the turn
    bool in_turn_ = false;
    bool in_core_ = false;       // message handlers are being called
    bool turn_posted_ = false;
    bool wants_turn_ = false;    // a budget was used up
    std::size_t completions_left_ = 0;
    std::size_t bytes_left_ = 0;
    const std::error_code no_error_{};  // to make one is to call the standard library, which shows in each publish
    std::uint64_t socket_reads_ = 0;
    std::uint64_t socket_writes_ = 0;
    tripwire wire_;
};

}  // namespace slipstream::io
