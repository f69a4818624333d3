// A handler for a request inside an operation: it offers the cancellation slot of the operation's own handler, so that cancelling
// the operation cancels the request that is pending at the time. It runs on the client's executor.
#pragma once

#include <system_error>
#include <utility>

#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>

#include <slipstream/error.hpp>

namespace slipstream::kv {

/// The slot's owner must live inside `Function`.
template <class Function>
class with_slot {
public:
    using cancellation_slot_type = asio::cancellation_slot;

    with_slot(asio::cancellation_slot slot, Function function) : slot_(slot), function_(std::move(function)) {}

    [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept { return slot_; }

    template <class... Args>
    void operator()(Args&&... args) {
        function_(std::forward<Args>(args)...);
    }

private:
    asio::cancellation_slot slot_;
    Function function_;
};

/// Nothing that follows could change this: the operation was cancelled, or the client has ended.
inline bool is_final(std::error_code ec) noexcept { return ec == asio::error::operation_aborted || ec == condition::closed; }

}  // namespace slipstream::kv
