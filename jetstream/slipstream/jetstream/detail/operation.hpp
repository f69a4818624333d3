// One operation over the JetStream API: a request, its repeats and whatever must follow it, under one deadline. The context's
// operations are such, and those of layers above that read the replies themselves.
//
// It is itself the handler of its requests (no further allocation for each), completed on the client's executor. It owns itself from
// its start to its end, or gives itself to whatever it waits for, and is there until its result has been told: the few blocks of memory
// that the event loop's thread keeps then suffice for an operation that begins in the handler of another one. The user's cancellation
// slot is connected once for the whole operation: a cancellation that arrives between two requests is not lost.
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
#include <slipstream/jetstream/detail/prepared_request.hpp>
#include <slipstream/jetstream/detail/request_kind.hpp>

namespace slipstream::jetstream {

class operation : public detail::handler_base<std::error_code, message> {
public:
    operation(const client& nc, detail::prepared_request&& request, request_kind kind);
    operation(const operation&) = delete;
    operation& operator=(const operation&) = delete;
    virtual ~operation() = default;

    /// Once. When it throws, nothing has begun.
    static void start(std::shared_ptr<operation> made);

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
    /// Another request, of another kind.
    void replace_request(detail::request_arguments&& request, request_kind kind) noexcept {
        request_.request = std::move(request);
        kind_ = kind;
    }
    [[nodiscard]] error_info* info() const noexcept { return request_.info; }
    /// Whether a reply to an earlier request of this operation was lost with the connection.
    [[nodiscard]] bool reply_lost() const noexcept { return reply_lost_; }
    [[nodiscard]] std::chrono::milliseconds remaining() const noexcept;

private:
    using clock = std::chrono::steady_clock;

    /// How a step ends the operation; nothing when it has begun something that goes on, which may have ended this object too.
    using outcome = std::optional<std::error_code>;

    void connect_cancellation();
    void cancel(asio::cancellation_type type);
    template <class Step>
    void take_step(Step&& step);
    void on_request_end(std::error_code ec, message&& reply);
    outcome advance(std::error_code ec, message&& reply);
    outcome send();
    outcome wait(std::chrono::milliseconds delay);
    void end(std::error_code ec, bool now);
    void let_go() noexcept { const std::shared_ptr<operation> last = std::move(self_); }

    client client_;
    detail::prepared_request request_;
    request_kind kind_;
    clock::time_point deadline_;
    unsigned attempts_ = 0;
    bool cancelled_ = false;
    bool cancellable_ = false;
    bool reply_lost_ = false;
    bool sending_ = false;  // inside the client's start_request
    std::error_code last_error_;
    std::shared_ptr<operation> self_;
    mutable asio::cancellation_signal inner_;  // to the pending request; offering its slot changes nothing here
    std::optional<asio::steady_timer> timer_;
    event_listener closing_;  // while waiting: the client may be closed meanwhile
};

/// Makes an operation in memory that the thread of the event loop keeps for the next one, and starts it.
template <class Operation, class... Args>
void start_operation(Args&&... args) {
    operation::start(std::allocate_shared<Operation>(asio::recycling_allocator<Operation>(), std::forward<Args>(args)...));
}

/// The part that knows the type of the result.
template <class... Results>
class operation_for;

template <>
class operation_for<> : public operation {
public:
    operation_for(const client& nc, detail::prepared_request&& request, request_kind kind, detail::any_handler<void(std::error_code)> done)
        : operation(nc, std::move(request), kind), done_(std::move(done)) {}

protected:
    void finish(std::error_code ec, bool now) final { now ? done_.complete(ec) : done_.post(ec); }
    asio::cancellation_slot user_slot() const noexcept final { return done_.slot(); }

private:
    detail::any_handler<void(std::error_code)> done_;
};

template <class Result>
class operation_for<Result> : public operation {
public:
    operation_for(const client& nc, detail::prepared_request&& request, request_kind kind,
                  detail::any_handler<void(std::error_code, Result)> done)
        : operation(nc, std::move(request), kind), done_(std::move(done)) {}

protected:
    void finish(std::error_code ec, bool now) final {
        if (ec) result_ = Result();
        now ? done_.complete(ec, std::move(result_)) : done_.post(ec, std::move(result_));
    }
    asio::cancellation_slot user_slot() const noexcept final { return done_.slot(); }

    Result result_{};

private:
    detail::any_handler<void(std::error_code, Result)> done_;
};

}  // namespace slipstream::jetstream
