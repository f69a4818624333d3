#include "protocol/io/client_impl.hpp"

#include <functional>
#include <memory>
#include <utility>

#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/post.hpp>
#include <asio/query.hpp>

#include "protocol/auth/entropy.hpp"
#include "protocol/io/handoff.hpp"
#include "protocol/io/login_mailbox.hpp"

namespace slipstream::io {

namespace {

using session::clock;

constexpr asio::cancellation_type terminal_or_partial = asio::cancellation_type::terminal | asio::cancellation_type::partial;

/// What sits in a handler's cancellation slot. It may stay there after the operation's end and finds nothing then.
class canceller {
public:
    canceller(std::weak_ptr<client_impl> client, detail::operation_id id, asio::cancellation_type accepted) noexcept
        : client_(std::move(client)), id_(id), accepted_(accepted) {}

    void operator()(asio::cancellation_type type) const {
        if ((type & accepted_) == asio::cancellation_type::none) return;
        const bool terminal = (type & asio::cancellation_type::terminal) != asio::cancellation_type::none;
        if (const auto client = client_.lock()) client->cancel_later(id_, terminal);
    }

private:
    std::weak_ptr<client_impl> client_;
    detail::operation_id id_;
    asio::cancellation_type accepted_;
};

}  // namespace

/// Owned by all handles together. The engine is also owned by what it has pending, so the end of the handles must be told.
class handle_guard {
public:
    explicit handle_guard(std::shared_ptr<client_impl> engine) noexcept : engine_(std::move(engine)) {}
    handle_guard(const handle_guard&) = delete;
    handle_guard& operator=(const handle_guard&) = delete;
    ~handle_guard() { engine_->abandon(); }

private:
    std::shared_ptr<client_impl> engine_;
};

std::shared_ptr<client_impl> client_impl::make_handle(asio::any_io_executor executor, connect_options&& options) {
    auto engine = std::make_shared<client_impl>(std::move(executor), std::move(options));
    client_impl* const raw = engine.get();
    return {std::make_shared<handle_guard>(std::move(engine)), raw};
}

// The event callback is kept apart from the options: it may hold a handle and is let go of after the last event.
client_impl::client_impl(asio::any_io_executor executor, connect_options&& options)
    : executor_(std::move(executor)),
      events_(std::exchange(options.on_event, nullptr)),
      core_(std::move(options), auth::random_seed(), auth::make_nuid()) {
    // The timer first: a registry made after the services below it is told of the context's end before them.
    timer_.emplace(executor_);
    auto& registry = asio::use_service<context_registry>(asio::query(executor_, asio::execution::context));
    registered_ = registry.add(*this);
    registry_ = &registry;
}

client_impl::~client_impl() {
    if (registry_ != nullptr) registry_->remove(registered_);
}

statistics client_impl::stats() const noexcept {
    statistics out = core_.stats();
    out.socket_reads = socket_reads_;
    out.socket_writes = socket_writes_;
    return out;
}

std::shared_ptr<handoff> client_impl::share_handoff() {
    const entry_check check(wire_);
    if (!handoff_) {
        handoff_ = std::make_shared<handoff>(executor_, weak_from_this(), core_.options());
        if (const std::error_code ec = core_.options_problem()) handoff_->refuse(ec);
        tell_handoff();
    }
    return handoff_;
}

// --- calls that return at once -----------------------------------------------------------------------------------------------
// Each asks for its turn first: when memory ends there, nothing has been done and nothing will be completed (H9).

std::error_code client_impl::publish_any(std::string_view subject, std::string_view payload, const publish_options& options) {
    if ((in_turn_ || turn_posted_) && options.headers == nullptr && !options.reply_to.empty()) {
        if (core_.publish_plain(subject, options.reply_to, payload)) [[likely]]
            return no_error_;
    }
    wake();
    const std::string_view headers = options.headers != nullptr ? options.headers->block() : std::string_view();
    const wire::outgoing m{subject, options.reply_to, headers, payload};
    if (payload.size() >= session::core::large_payload && may_write_early() && transport_->takes_pieces()) return publish_large(m);
    const std::error_code ec = core_.publish(m);
    if (core_.write_due()) write_early();
    return ec;
}

std::error_code client_impl::subscribe(std::string_view subject, const subscribe_options& options, message_handler handler,
                                       std::shared_ptr<session::subscription_state>& out) {
    const entry_check check(wire_);
    wake();
    return core_.subscribe(subject, options, std::move(handler), out);
}

std::error_code client_impl::unsubscribe(session::subscription_state& state, std::uint64_t max_messages) {
    const entry_check check(wire_);
    wake();
    return core_.unsubscribe(state, max_messages);
}

std::error_code client_impl::reconnect() {
    const entry_check check(wire_);
    wake();
    return core_.reconnect(clock::now());
}

std::error_code client_impl::set_servers(const std::vector<std::string>& servers) {
    const entry_check check(wire_);
    wake();
    return core_.set_servers(servers, clock::now());
}

void client_impl::close() noexcept {
    end();
    try {
        wake();
    } catch (...) {  // out of memory: what the cut connection has pending still brings a turn
    }
}

void client_impl::end() noexcept {
    const entry_check check(wire_);
    core_.close(clock::now());
    drop_transport();
    tell_handoff();
}

void client_impl::abandon() noexcept {
    if (!executor_) return;
    try {
        later([](client_impl& self) { self.end(); });
    } catch (...) {  // out of memory: the connection lives on until the context ends
    }
}

void client_impl::on_context_shutdown() noexcept {
    const std::shared_ptr<client_impl> self = weak_from_this().lock();
    registry_ = nullptr;
    executor_ = asio::any_io_executor();  // first: nothing is posted any more
    end();
    if (mailbox_) mailbox_->close();
    timer_.reset();
    // Handlers are destroyed and not called, as Asio does with its own.
    for (session::finished_operation op; core_.next_finished(op); op = session::finished_operation()) {
    }
    for (event e; core_.next_event(e);) {
    }
    for (session::transport_action action; core_.next_action(action);) {
    }
    events_.clear();
}

// --- operations ----------------------------------------------------------------------------------------------------------------

void client_impl::start_connect(detail::any_handler<void(std::error_code)> handler) {
    const entry_check check(wire_);
    wake();
    const asio::cancellation_slot slot = handler.slot();
    const session::time_point now = clock::now();
    watch(slot, core_.connect(handler.release(), now), terminal_or_partial);
    if (in_turn_ || !executor_) return;
    // Dials at once: the server works while the turn is on its way. Nobody is called from here; what comes of it is told in turns.
    now_ = now;
    pull_actions();
}

void client_impl::start_request(const detail::request_parts& arguments, std::chrono::milliseconds timeout,
                                detail::any_handler<void(std::error_code, message)> handler) {
    const entry_check check(wire_);
    wake();
    const asio::cancellation_slot slot = handler.slot();
    watch(slot, core_.request(arguments.subject, arguments.header_block, arguments.payload, timeout, handler.release(), clock::now()),
          terminal_or_partial);
    if (core_.write_due()) write_early();
}

void client_impl::start_flush(const flush_options& options, detail::any_handler<void(std::error_code)> handler) {
    const entry_check check(wire_);
    wake();
    if (handoff_) take_handed_over(handoff_->waiting(), false, clock::now());
    const asio::cancellation_slot slot = handler.slot();
    watch(slot, core_.flush(options.timeout, handler.release(), clock::now()), asio::cancellation_type::all);
}

void client_impl::start_writable(const writable_options& options, detail::any_handler<void(std::error_code)> handler) {
    const entry_check check(wire_);
    wake();
    const asio::cancellation_slot slot = handler.slot();
    watch(slot, core_.wait_writable(options.timeout, handler.release(), clock::now()), asio::cancellation_type::all);
}

void client_impl::start_drain(detail::any_handler<void(std::error_code)> handler) {
    const entry_check check(wire_);
    wake();
    if (handoff_) {
        handoff_->refuse(errc::draining);
        take_handed_over(handoff_->waiting(), true, clock::now());  // what was accepted is sent, whatever the outbox' limit says
    }
    const asio::cancellation_slot slot = handler.slot();
    watch(slot, core_.drain(handler.release(), clock::now()), asio::cancellation_type::terminal);
}

void client_impl::start_next(const std::shared_ptr<session::subscription_state>& state,
                             detail::any_handler<void(std::error_code, message)> handler) {
    const entry_check check(wire_);
    wake();
    const asio::cancellation_slot slot = handler.slot();
    watch(slot, core_.next(state, handler.release()), asio::cancellation_type::all);
}

void client_impl::start_drain(const std::shared_ptr<session::subscription_state>& state,
                              detail::any_handler<void(std::error_code)> handler) {
    const entry_check check(wire_);
    wake();
    const asio::cancellation_slot slot = handler.slot();
    watch(slot, core_.drain(state, handler.release(), clock::now()), asio::cancellation_type::all);
}

void client_impl::connect_canceller(asio::cancellation_slot slot, detail::operation_id id, asio::cancellation_type accepted) {
    try {
        slot.emplace<canceller>(weak_from_this(), id, accepted);
    } catch (...) {  // an operation that could not be cancelled was not what was asked for
        core_.cancel(id, true, clock::now());
    }
}

void client_impl::cancel_later(detail::operation_id id, bool terminal) {
    if (!executor_) return;
    later([id, terminal](client_impl& self) {
        const entry_check check(self.wire_);
        self.core_.cancel(id, terminal, clock::now());
    });
}

void client_impl::later(std::function<void(client_impl&)> what) {
    asio::post(executor_, [self = shared_from_this(), what = std::move(what)] {
        what(*self);
        self->enter();
    });
}

}  // namespace slipstream::io
