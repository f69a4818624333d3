// What every operation of the store does when memory ends inside it: it ends with not_enough_memory, like for any other reason, and
// its handler is told once (failure mode H9). Whoever starts one while there is no memory gets the exception, and nothing begins.
#pragma once

#include <concepts>
#include <new>
#include <system_error>
#include <utility>

#include <asio/cancellation_signal.hpp>

#include <slipstream/detail/any_handler.hpp>

#include "kv/with_slot.hpp"

namespace slipstream::kv {

/// How `step` went: not_enough_memory, else what it returns if that is a code. It must not run code of the user's: what that throws is
/// for the event loop.
template <class Step>
std::error_code unless_out_of_memory(Step&& step) {
    try {
        if constexpr (std::same_as<decltype(step()), std::error_code>)
            return step();
        else
            step();
    } catch (const std::bad_alloc&) {
        return std::make_error_code(std::errc::not_enough_memory);
    }
    return {};
}

/// The handler of the only request of an operation whose own handler is `handler`. `read(ec, reply, result)` makes its result of what
/// the request brought, and says how it ends.
template <class Result, class Read>
[[nodiscard]] auto ends_with(slipstream::detail::any_handler<void(std::error_code, Result)> handler, Read read) {
    const asio::cancellation_slot slot = handler.slot();
    return with_slot(slot, [handler = std::move(handler), read = std::move(read)](std::error_code ec, const auto& reply) mutable {
        Result result{};
        ec = unless_out_of_memory([&] { return read(ec, reply, result); });
        handler.complete(ec, ec ? Result() : std::move(result));
    });
}

}  // namespace slipstream::kv
