// An operation that is itself the handler of its requests: one object from the call to the end, in memory that the thread of the event
// loop keeps for the next one. When memory ends inside it, it ends with not_enough_memory.
#pragma once

#include <memory>
#include <new>
#include <optional>
#include <system_error>
#include <utility>

#include <asio/post.hpp>
#include <asio/recycling_allocator.hpp>

#include <slipstream/detail/any_handler.hpp>

namespace slipstream::kv {

/// `Operation` derives from it and is its friend. It has a constructor that does not throw, `get_executor()`, `slot`, and
///   on_reply(ec, Reply&&, Result&)   how it ends; nothing when it has begun another request, which must be the last thing it does
///   take_done()                      noexcept: what is called with a code and a Result, when the operation itself is gone
template <class Operation, class Reply, class Result>
class own_handler : public slipstream::detail::handler_base<std::error_code, Reply> {
public:
    using request_handler = slipstream::detail::any_handler<void(std::error_code, Reply)>;

    // What the context calls.
    void complete(std::error_code ec, slipstream::detail::passed<Reply> reply) final {
        Result result{};
        std::optional<std::error_code> end;
        in_step_ = true;
        try {
            end = self().on_reply(ec, std::move(reply), result);
        } catch (const std::bad_alloc&) {
            end = std::make_error_code(std::errc::not_enough_memory);
        }
        const bool is_pending = !end && in_step_;
        in_step_ = false;
        if (is_pending) return;
        if (end)
            tell(*end, std::move(result));
        else
            destroy();  // nothing runs on the event loop any more
    }
    void post(std::error_code ec, slipstream::detail::passed<Reply> reply) final {
        asio::post(self().get_executor(),
                   [me = request_handler(this), ec, late = std::move(reply)]() mutable { me.complete(ec, std::move(late)); });
    }
    void destroy() noexcept final {
        // A request that could not begin gives its handler back to the step.
        if (std::exchange(in_step_, false)) return;
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

    /// The end: this object is gone before anybody hears of it.
    void tell(std::error_code ec, Result&& result) {
        auto done = self().take_done();
        destroy();
        if (ec) result = Result();
        done(ec, std::move(result));
    }

private:
    using memory = asio::recycling_allocator<Operation>;

    Operation& self() noexcept { return static_cast<Operation&>(*this); }

    bool in_step_ = false;
};

}  // namespace slipstream::kv
