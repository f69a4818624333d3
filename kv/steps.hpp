// Base of operations made of several requests: a cancellation is remembered, so that one that comes while a request is just
// ending stops the next one instead of being lost with the last.
#pragma once

#include <memory>

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/dispatch.hpp>

namespace slipstream::kv {

class steps : public std::enable_shared_from_this<steps> {
public:
    steps(const steps&) = delete;
    steps& operator=(const steps&) = delete;

protected:
    steps() = default;
    ~steps() = default;

    /// Once, before the first request; `slot` is that of the operation's handler, `executor` the client's.
    void connect(asio::cancellation_slot slot, const asio::any_io_executor& executor) {
        if (!slot.is_connected()) return;
        connected_ = true;
        slot.assign([weak = weak_from_this(), executor](asio::cancellation_type type) {
            using asio::cancellation_type;
            if ((type & (cancellation_type::terminal | cancellation_type::partial)) == cancellation_type::none) return;
            if (weak.expired()) return;  // the executor may be gone as well
            asio::dispatch(executor, [weak, type] {
                if (const auto self = weak.lock()) self->cancel(type);
            });
        });
    }

    /// For the handler of a request.
    [[nodiscard]] asio::cancellation_slot request_slot() noexcept { return connected_ ? request_.slot() : asio::cancellation_slot(); }
    [[nodiscard]] bool is_cancelled() const noexcept { return cancelled_; }

private:
    void cancel(asio::cancellation_type type) {
        cancelled_ = true;
        request_.emit(type);
    }

    asio::cancellation_signal request_;
    bool connected_ = false;
    bool cancelled_ = false;
};

}  // namespace slipstream::kv
