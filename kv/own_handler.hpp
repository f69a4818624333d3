// An operation that is itself the handler of its requests: one object from the call to the end, in memory that the thread of the event
// loop keeps for the next one.
#pragma once

#include <memory>
#include <new>
#include <system_error>
#include <utility>

#include <asio/post.hpp>
#include <asio/recycling_allocator.hpp>

#include <slipstream/detail/any_handler.hpp>

namespace slipstream::kv {

/// `Operation` derives from it and is its friend; it has `get_executor()`, `complete`, `slot`, and a constructor that does not throw.
template <class Operation, class Reply>
class own_handler : public slipstream::detail::handler_base<std::error_code, Reply> {
public:
    using request_handler = slipstream::detail::any_handler<void(std::error_code, Reply)>;

    void post(std::error_code ec, slipstream::detail::passed<Reply> reply) final {
        asio::post(self().get_executor(),
                   [me = request_handler(this), ec, late = std::move(reply)]() mutable { me.complete(ec, std::move(late)); });
    }
    void destroy() noexcept final {
        memory from_where;
        Operation* const place = &self();
        place->~Operation();
        std::allocator_traits<memory>::deallocate(from_where, place, 1);
    }

protected:
    ~own_handler() = default;

    template <class... Args>
    [[nodiscard]] static Operation* make(Args&&... args) {
        memory from_where;
        Operation* const place = std::allocator_traits<memory>::allocate(from_where, 1);
        static_assert(noexcept(Operation(std::forward<Args>(args)...)));
        return ::new (static_cast<void*>(place)) Operation(std::forward<Args>(args)...);
    }

private:
    using memory = asio::recycling_allocator<Operation>;

    Operation& self() noexcept { return static_cast<Operation&>(*this); }
};

}  // namespace slipstream::kv
