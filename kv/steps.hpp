// Base of operations made of several requests. Each reply is one step; one that memory ends in ends the operation. A cancellation is
// remembered, so that one that comes while a request is just ending stops the next one instead of being lost with the last.
#pragma once

#include <memory>
#include <new>
#include <system_error>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/dispatch.hpp>

#include <slipstream/detail/any_handler.hpp>

#include "kv/with_slot.hpp"

namespace slipstream::kv {

/// `Operation` derives from it.
template <class Operation, class Result>
class steps : public std::enable_shared_from_this<Operation> {
public:
    using handler_type = slipstream::detail::any_handler<void(std::error_code, Result)>;

    steps(const steps&) = delete;
    steps& operator=(const steps&) = delete;

protected:
    explicit steps(handler_type handler) noexcept : handler_(std::move(handler)) {}
    ~steps() = default;

    /// Once, before the first request; `executor` is the client's.
    void connect(const asio::any_io_executor& executor) {
        asio::cancellation_slot slot = handler_.slot();
        if (!slot.is_connected()) return;
        connected_ = true;
        slot.assign([weak = this->weak_from_this(), executor](asio::cancellation_type type) {
            using asio::cancellation_type;
            if ((type & (cancellation_type::terminal | cancellation_type::partial)) == cancellation_type::none) return;
            if (weak.expired()) return;  // the executor may be gone as well
            asio::dispatch(executor, [weak, type] {
                if (const auto self = weak.lock()) self->cancel(type);
            });
        });
    }

    /// The handler of a request, whose reply is for `on_reply`. Nothing may be left to do in a step once its request has begun.
    template <class Reply>
    [[nodiscard]] auto then(void (Operation::*on_reply)(std::error_code, const Reply&)) {
        return with_slot(request_slot(), [self = this->shared_from_this(), on_reply](std::error_code ec, const Reply& reply) {
            try {
                (self.get()->*on_reply)(ec, reply);
            } catch (const std::bad_alloc&) {
                if (!self->handler_) throw;  // by the user's handler: for the event loop
                self->finish(std::make_error_code(std::errc::not_enough_memory));
            }
        });
    }
    [[nodiscard]] asio::cancellation_slot request_slot() noexcept { return connected_ ? request_.slot() : asio::cancellation_slot(); }
    [[nodiscard]] bool is_cancelled() const noexcept { return cancelled_; }

    void finish(std::error_code ec, Result result = Result()) { handler_.complete(ec, std::move(result)); }

private:
    void cancel(asio::cancellation_type type) {
        cancelled_ = true;
        request_.emit(type);
    }

    handler_type handler_;  // none once it has been told
    asio::cancellation_signal request_;
    bool connected_ = false;
    bool cancelled_ = false;
};

}  // namespace slipstream::kv
