// One operation of the context: a request, its repeats and whatever must follow it, under one deadline.
//
// It is itself the handler of its requests (no further allocation for each), completed on the client's executor. It keeps itself
// alive while a request or a wait is pending. The user's cancellation slot is connected once for the whole operation: a
// cancellation that arrives between two requests is not lost.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include <asio/cancellation_signal.hpp>
#include <asio/recycling_allocator.hpp>
#include <asio/steady_timer.hpp>

#include <slipstream/client.hpp>
#include <slipstream/detail/any_handler.hpp>
#include <slipstream/jetstream/context.hpp>
#include <slipstream/jetstream/detail/prepared_request.hpp>

#include "jetstream/api/retry.hpp"

namespace slipstream::jetstream {

class operation : public detail::handler_base<std::error_code, message>, public std::enable_shared_from_this<operation> {
public:
    operation(client nc, detail::prepared_request&& request, api::request_kind kind);
    operation(const operation&) = delete;
    operation& operator=(const operation&) = delete;
    virtual ~operation() = default;

    void start();

    // What the client calls.
    void complete(std::error_code ec, message&& reply) final;
    void post(std::error_code ec, message&& reply) final;
    void destroy() noexcept final;
    asio::cancellation_slot slot() const noexcept final;

protected:
    /// Reads a reply into the result.
    virtual std::error_code on_reply(message&& reply) = 0;
    /// After a reply without error: whether another request is needed; then it is in request().
    virtual bool wants_more() { return false; }
    /// After a failure that is not repeated: whether another request, then in request(), can tell what really happened.
    virtual bool wants_to_verify(std::error_code) { return false; }
    /// The final word on a failure.
    virtual std::error_code result_of(std::error_code ec) const { return ec; }
    /// Hands the result to the user's handler; `now` is false while the initiating function runs. Called once.
    virtual void finish(std::error_code ec, bool now) = 0;
    virtual asio::cancellation_slot user_slot() const noexcept = 0;

    detail::request_arguments& request() noexcept { return request_.request; }
    [[nodiscard]] error_info* info() const noexcept { return request_.info; }
    /// Whether a reply to an earlier request of this operation was lost with the connection.
    [[nodiscard]] bool reply_lost() const noexcept { return reply_lost_; }

private:
    using clock = std::chrono::steady_clock;

    void connect_cancellation();
    void cancel(asio::cancellation_type type);
    void step(std::error_code ec, message&& reply);
    void advance(std::error_code ec, message&& reply);
    template <class Step>
    void unless_out_of_memory(Step&& step);
    void send();
    void wait(std::chrono::milliseconds delay);
    void end(std::error_code ec);
    [[nodiscard]] std::chrono::milliseconds remaining() const noexcept;

    client client_;
    detail::prepared_request request_;
    api::request_kind kind_;
    clock::time_point deadline_;
    unsigned attempts_ = 0;
    bool cancelled_ = false;
    bool reply_lost_ = false;
    bool ended_ = false;
    bool starting_ = false;  // inside the initiating function
    std::error_code last_error_;
    std::shared_ptr<operation> self_;  // while a request is pending
    mutable asio::cancellation_signal inner_;  // to the pending request; offering its slot changes nothing here
    std::optional<asio::steady_timer> timer_;
    event_listener closing_;  // while waiting: the client may be closed meanwhile
};

/// Makes an operation in memory that the thread of the event loop keeps for the next one.
template <class Operation, class... Args>
std::shared_ptr<Operation> make_operation(Args&&... args) {
    return std::allocate_shared<Operation>(asio::recycling_allocator<Operation>(), std::forward<Args>(args)...);
}

/// The part that knows the type of the result.
template <class... Results>
class operation_for;

template <>
class operation_for<> : public operation {
public:
    operation_for(client nc, detail::prepared_request&& request, api::request_kind kind, detail::any_handler<void(std::error_code)> done)
        : operation(std::move(nc), std::move(request), kind), done_(std::move(done)) {}

protected:
    void finish(std::error_code ec, bool now) final { now ? done_.complete(ec) : done_.post(ec); }
    asio::cancellation_slot user_slot() const noexcept final { return done_.slot(); }

private:
    detail::any_handler<void(std::error_code)> done_;
};

template <class Result>
class operation_for<Result> : public operation {
public:
    operation_for(client nc, detail::prepared_request&& request, api::request_kind kind,
                  detail::any_handler<void(std::error_code, Result)> done)
        : operation(std::move(nc), std::move(request), kind), done_(std::move(done)) {}

protected:
    void finish(std::error_code ec, bool now) final {
        Result result = ec ? Result() : std::move(result_);
        now ? done_.complete(ec, std::move(result)) : done_.post(ec, std::move(result));
    }
    asio::cancellation_slot user_slot() const noexcept final { return done_.slot(); }

    Result result_{};

private:
    detail::any_handler<void(std::error_code, Result)> done_;
};

/// One request and its reply.
template <class Result>
class call final : public operation_for<Result> {
public:
    using decoder = std::error_code (*)(message&& reply, Result& out, error_info* info);

    call(client nc, detail::prepared_request&& request, api::request_kind kind, detail::any_handler<void(std::error_code, Result)> done,
         decoder decode)
        : operation_for<Result>(std::move(nc), std::move(request), kind, std::move(done)), decode_(decode) {}

private:
    std::error_code on_reply(message&& reply) override { return decode_(std::move(reply), this->result_, this->info()); }

    decoder decode_;
};

}  // namespace slipstream::jetstream
