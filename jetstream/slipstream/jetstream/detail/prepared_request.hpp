// A JetStream request whose arguments are owned: initiation may happen long after the call (use_awaitable, deferred).
#pragma once

#include <system_error>

#include <slipstream/detail/request_arguments.hpp>
#include <slipstream/jetstream/error.hpp>

namespace slipstream::detail {

/// Made by context::prepare_*, used up by context::start_*. Move-only.
struct prepared_request {
    std::error_code refused;                ///< Set: nothing is to be sent, this is the result.
    request_arguments request;              ///< Its timeout is the operation's total.
    jetstream::error_info* info = nullptr;
};

}  // namespace slipstream::detail
