// A move-only, type-erased completion handler: Asio 1.22 has none.
//
// It keeps work outstanding on the handler's associated executor, allocates with the associated allocator, frees its memory before the
// handler runs, and offers the associated cancellation slot, whose handler may come late: it names the operation by an id that is never
// used again. A handler of another executor is lost, uncalled, when that one finds no memory to queue it: std::bad_alloc leaves complete.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/dispatch.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <asio/recycling_allocator.hpp>

#include <slipstream/detail/completion.hpp>

namespace slipstream::detail {

template <class... Args>
class handler_base : public completion<Args...> {
public:
    /// As complete, but never runs the handler before returning.
    virtual void post(passed<Args>... args) = 0;
    virtual asio::cancellation_slot slot() const noexcept = 0;

protected:
    ~handler_base() = default;
};

template <class Signature>
class any_handler;

/// Handlers without an associated executor run on the client's.
template <class... Args>
class any_handler<void(Args...)> {
public:
    any_handler() noexcept = default;
    explicit any_handler(handler_base<Args...>* box) noexcept : box_(box) {}

    explicit operator bool() const noexcept { return static_cast<bool>(box_); }

    /// Runs the handler on its associated executor; at once when that is the client's, on which this must be called.
    void complete(passed<Args>... args) { box_.release()->complete(std::forward<passed<Args>>(args)...); }
    /// Runs the handler on its associated executor, never before this returns.
    void post(passed<Args>... args) { box_.release()->post(std::forward<passed<Args>>(args)...); }
    [[nodiscard]] asio::cancellation_slot slot() const noexcept { return box_->slot(); }

    /// Gives the handler to a state machine.
    [[nodiscard]] completion_ptr<Args...> release() noexcept { return completion_ptr<Args...>(box_.release()); }

private:
    std::unique_ptr<handler_base<Args...>, completion_destroyer> box_;
};

/// A handler and its arguments on their way to the handler's executor.
template <class Handler, class... Args>
class bound_handler {
public:
    using allocator_type = asio::associated_allocator_t<Handler, asio::recycling_allocator<void>>;

    bound_handler(Handler&& handler, Args&&... args) : handler_(std::move(handler)), arguments_(std::move(args)...) {}

    [[nodiscard]] allocator_type get_allocator() const noexcept {
        return asio::get_associated_allocator(handler_, asio::recycling_allocator<void>());
    }
    void operator()() { std::apply(std::move(handler_), std::move(arguments_)); }

private:
    Handler handler_;
    std::tuple<Args...> arguments_;
};

template <class Handler, class... Args>
class handler_box final : public handler_base<Args...> {
public:
    static handler_box* make(Handler handler, const asio::any_io_executor& fallback) {
        allocator_type allocator(asio::get_associated_allocator(handler, asio::recycling_allocator<void>()));
        handler_box* box = traits::allocate(allocator, 1);
        try {
            return ::new (static_cast<void*>(box)) handler_box(std::move(handler), fallback);
        } catch (...) {
            traits::deallocate(allocator, box, 1);
            throw;
        }
    }

    void complete(passed<Args>... args) override {
        if (on_clients_executor_) {
            Handler handler = take_handler();
            std::move(handler)(std::move(args)...);
        } else {
            auto [handler, executor] = take();
            asio::dispatch(executor, bound_handler<Handler, Args...>(std::move(handler), std::move(args)...));
        }
    }
    void post(passed<Args>... args) override {
        auto [handler, executor] = take();
        asio::post(executor, bound_handler<Handler, Args...>(std::move(handler), std::move(args)...));
    }
    void destroy() noexcept override { static_cast<void>(take_handler()); }
    asio::cancellation_slot slot() const noexcept override { return asio::get_associated_cancellation_slot(handler_); }

private:
    using allocator_type = typename std::allocator_traits<
        asio::associated_allocator_t<Handler, asio::recycling_allocator<void>>>::template rebind_alloc<handler_box>;
    using traits = std::allocator_traits<allocator_type>;
    using associated = asio::associated_executor_t<Handler, asio::any_io_executor>;
    using tracked = std::decay_t<decltype(asio::prefer(std::declval<associated>(), asio::execution::outstanding_work.tracked))>;

    /// The handler says nothing about executors, so that there is nothing to ask it.
    static constexpr bool has_none =
        requires { typename asio::associated_executor<Handler, asio::any_io_executor>::asio_associated_executor_is_unspecialised; };

    static tracked tracked_executor(const Handler& handler, const asio::any_io_executor& fallback) {
        if constexpr (has_none) return asio::prefer(fallback, asio::execution::outstanding_work.tracked);
        else return asio::prefer(asio::get_associated_executor(handler, fallback), asio::execution::outstanding_work.tracked);
    }

    handler_box(Handler&& handler, const asio::any_io_executor& fallback)
        : handler_(std::move(handler)), executor_(tracked_executor(handler_, fallback)), on_clients_executor_(has_none) {
        if constexpr (!has_none && std::same_as<std::decay_t<associated>, asio::any_io_executor>) {
            on_clients_executor_ = asio::get_associated_executor(handler_, fallback) == fallback;
        }
    }

    std::pair<Handler, tracked> take() noexcept {
        tracked executor(std::move(executor_));
        return {take_handler(), std::move(executor)};
    }
    Handler take_handler() noexcept {
        Handler out(std::move(handler_));
        allocator_type allocator(asio::get_associated_allocator(out, asio::recycling_allocator<void>()));
        this->~handler_box();
        traits::deallocate(allocator, this, 1);
        return out;
    }

    Handler handler_;
    tracked executor_;
    bool on_clients_executor_;  // the handler may run where complete() is called: one dispatch less per operation
};

template <class Signature, class Handler>
any_handler<Signature> make_any_handler(Handler handler, const asio::any_io_executor& fallback) {
    return [&fallback]<class... Args>(std::type_identity<void(Args...)>, Handler&& h) {
        return any_handler<void(Args...)>(handler_box<Handler, Args...>::make(std::move(h), fallback));
    }(std::type_identity<Signature>{}, std::move(handler));
}

}  // namespace slipstream::detail
