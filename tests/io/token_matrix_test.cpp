// Every operation with every kind of completion token.
#include <cstddef>
#include <future>
#include <memory>
#include <tuple>
#include <type_traits>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/strand.hpp>
#include <asio/use_future.hpp>

#include "tests/io/fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

// One operation each, on a connected client; `start` takes any token.
struct connect_again {
    using result = std::tuple<std::error_code>;
    explicit connect_again(client& c) : nc(c) {}
    client& nc;
    template <class Token>
    auto start(Token&& token) {
        return nc.async_connect(std::forward<Token>(token));
    }
};
struct request {
    using result = std::tuple<std::error_code, message>;
    explicit request(client& c) : nc(c) {}
    client& nc;
    template <class Token>
    auto start(Token&& token) {
        return nc.async_request("echo.a", "payload", {}, std::forward<Token>(token));
    }
};
struct flush {
    using result = std::tuple<std::error_code>;
    explicit flush(client& c) : nc(c) {}
    client& nc;
    template <class Token>
    auto start(Token&& token) {
        return nc.async_flush({}, std::forward<Token>(token));
    }
};
struct wait_writable {
    using result = std::tuple<std::error_code>;
    explicit wait_writable(client& c) : nc(c) {}
    client& nc;
    template <class Token>
    auto start(Token&& token) {
        return nc.async_writable({}, std::forward<Token>(token));
    }
};
struct drain {
    using result = std::tuple<std::error_code>;
    explicit drain(client& c) : nc(c) {}
    client& nc;
    template <class Token>
    auto start(Token&& token) {
        return nc.async_drain(std::forward<Token>(token));
    }
};
struct next_message {
    using result = std::tuple<std::error_code, message>;
    explicit next_message(client& c) : sub(c.subscribe("in")) { CHECK_FALSE(c.publish("in", "payload")); }
    subscription sub;
    template <class Token>
    auto start(Token&& token) {
        return sub.async_next(std::forward<Token>(token));
    }
};
struct drain_subscription {
    using result = std::tuple<std::error_code>;
    explicit drain_subscription(client& c) : sub(c.subscribe("in")) {}
    subscription sub;
    template <class Token>
    auto start(Token&& token) {
        return sub.async_drain(std::forward<Token>(token));
    }
};

void check(const std::tuple<std::error_code>& r) { CHECK_FALSE(std::get<0>(r)); }
void check(const std::tuple<std::error_code, message>& r) {
    CHECK_FALSE(std::get<0>(r));
    CHECK(std::get<1>(r).payload() == "payload");
}

/// A completion handler that stores what it got.
template <class Result>
class storing {
public:
    explicit storing(std::optional<Result>& out) : out_(&out) {}
    template <class... Args>
    void operator()(Args... args) {
        REQUIRE_FALSE(out_->has_value());
        out_->emplace(std::move(args)...);
    }

private:
    std::optional<Result>* out_;
};

/// Counts what the operation allocates through the handler's allocator.
struct memory_use {
    std::size_t allocations = 0;
    std::size_t live = 0;
    std::size_t live_at_completion = 0;
};
template <class T>
struct counting_allocator {
    using value_type = T;
    explicit counting_allocator(memory_use& u) : use(&u) {}
    template <class U>
    counting_allocator(const counting_allocator<U>& other) : use(other.use) {}
    T* allocate(std::size_t n) {
        ++use->allocations;
        ++use->live;
        return std::allocator<T>().allocate(n);
    }
    void deallocate(T* p, std::size_t n) {
        --use->live;
        std::allocator<T>().deallocate(p, n);
    }
    template <class U>
    bool operator==(const counting_allocator<U>& other) const {
        return use == other.use;
    }
    memory_use* use;
};
template <class Result>
class allocating {
public:
    using allocator_type = counting_allocator<void>;
    allocating(std::optional<Result>& out, memory_use& use) : store_(out), use_(&use) {}
    [[nodiscard]] allocator_type get_allocator() const { return allocator_type(*use_); }
    template <class... Args>
    void operator()(Args... args) {
        use_->live_at_completion = use_->live;
        store_(std::move(args)...);
    }

private:
    storing<Result> store_;
    memory_use* use_;
};

/// A connected client and the small server it talks to, played by the test's own loop.
struct connected : io_fixture {
    connected() : nc(context.get_executor(), options()) {
        server = [this] { return serve_one(peer); };
        asio::co_spawn(context, server(), [](std::exception_ptr e) {
            if (e) std::rethrow_exception(e);
        });
        outcome up;
        nc.async_connect(up.plain());
        REQUIRE(run_until(context, [&] { return up.calls == 1; }));
        REQUIRE_FALSE(up.ec);
    }
    ~connected() {
        nc.close();
        CHECK(runs_out());
    }
    client nc;
    script server;
};

}  // namespace

TEST_CASE_TEMPLATE("design.md: each operation takes each completion token", Operation, connect_again, request, flush, wait_writable, drain,
                   next_message, drain_subscription) {
    using result = typename Operation::result;
    connected fixture;
    asio::io_context& context = fixture.context;
    Operation operation(fixture.nc);
    std::optional<result> got;
    const auto completed = [&] { return got.has_value(); };

    SUBCASE("callback") {
        operation.start(storing<result>(got));
        CHECK_FALSE(completed());  // never inside the initiating function
        REQUIRE(run_until(context, completed));
        check(*got);
    }
    SUBCASE("use_future") {
        auto future = operation.start(asio::use_future);
        REQUIRE(run_until(context, [&] { return future.wait_for(0s) == std::future_status::ready; }));
        if constexpr (std::tuple_size_v<result> == 1) {
            CHECK_NOTHROW(future.get());
        } else {
            CHECK(future.get().payload() == "payload");
        }
    }
    SUBCASE("use_awaitable") {
        auto user = [&]() -> asio::awaitable<void> {
            if constexpr (std::tuple_size_v<result> == 1) {
                co_await operation.start(asio::use_awaitable);
                got.emplace(std::error_code());
            } else {
                message m = co_await operation.start(asio::use_awaitable);
                got.emplace(std::error_code(), std::move(m));
            }
        };
        play(context, user);
        check(*got);
    }
    SUBCASE("the default token") {
        auto user = [&]() -> asio::awaitable<void> {
            if constexpr (std::tuple_size_v<result> == 1) {
                co_await operation.start(default_token());
                got.emplace(std::error_code());
            } else {
                message m = co_await operation.start(default_token());
                got.emplace(std::error_code(), std::move(m));
            }
        };
        play(context, user);
        check(*got);
    }
    SUBCASE("use_tuple") {
        auto user = [&]() -> asio::awaitable<void> {
            result r = co_await operation.start(use_tuple);
            got.emplace(std::move(r));
        };
        play(context, user);
        check(*got);
    }
    SUBCASE("deferred") {
        auto later = operation.start(deferred);
        CHECK_FALSE(completed());
        std::move(later)(storing<result>(got));
        CHECK_FALSE(completed());
        REQUIRE(run_until(context, completed));
        check(*got);
    }
    SUBCASE("bound executor") {
        auto strand = asio::make_strand(context);
        bool on_strand = false;
        operation.start(asio::bind_executor(strand, [&, store = storing<result>(got)](auto... args) mutable {
            on_strand = strand.running_in_this_thread();
            store(std::move(args)...);
        }));
        REQUIRE(run_until(context, completed));
        CHECK(on_strand);
        check(*got);
    }
    SUBCASE("bound executor of another context") {
        asio::io_context other;
        operation.start(asio::bind_executor(other, storing<result>(got)));
        // Outstanding work on the other context, until the operation has handed it its result.
        while (!completed()) {
            REQUIRE_FALSE(other.stopped());
            static_cast<void>(context.poll());
            if (context.stopped()) context.restart();
            static_cast<void>(other.poll());
        }
        check(*got);
    }
    SUBCASE("bound cancellation slot, unused") {
        asio::cancellation_signal signal;
        operation.start(asio::bind_cancellation_slot(signal.slot(), storing<result>(got)));
        REQUIRE(run_until(context, completed));
        check(*got);
        signal.emit(asio::cancellation_type::all);  // too late: finds nothing
        static_cast<void>(context.poll());
    }
    SUBCASE("bound allocator") {
        memory_use use;
        operation.start(allocating<result>(got, use));
        REQUIRE(run_until(context, completed));
        check(*got);
        CHECK(use.allocations > 0);
        CHECK(use.live_at_completion == 0);
        CHECK(use.live == 0);
    }
}

TEST_CASE("design.md: an error is thrown by use_awaitable and use_future, and given by use_tuple") {
    connected fixture;
    client& nc = fixture.nc;
    auto user = [&]() -> asio::awaitable<void> {
        try {
            co_await nc.async_request("nobody", "x");
            FAIL("a request nobody answers has succeeded");
        } catch (const std::system_error& e) {
            CHECK(e.code() == errc::no_responders);
        }
        auto [ec, reply] = co_await nc.async_request("nobody", "x", {}, use_tuple);
        CHECK(ec == errc::no_responders);
        CHECK(reply.payload().empty());
    };
    play(fixture.context, user);
    auto future = nc.async_request("nobody", "x", {}, asio::use_future);
    REQUIRE(run_until(fixture.context, [&] { return future.wait_for(0s) == std::future_status::ready; }));
    CHECK_THROWS_AS(future.get(), std::system_error);
}

TEST_CASE("design.md: arguments are copied when a request is made, not when it is started") {
    connected fixture;
    for (const std::size_t size : {std::size_t{5}, detail::packed_text::inline_size * 3}) {
        auto make = [&] {
            const std::string subject = "echo." + std::string(8, 's');
            const std::string payload(size, 'p');
            header_map headers;
            REQUIRE_FALSE(headers.append("Name", "value"));
            return fixture.nc.async_request(subject, payload, {.headers = &headers}, deferred);
        };
        auto later = make();  // what it was made of is gone
        outcome reply;
        std::move(later)(reply.with_message());
        REQUIRE(run_until(fixture.context, [&] { return reply.calls == 1; }));
        CHECK_FALSE(reply.ec);
        CHECK(reply.reply.payload() == std::string(size, 'p'));
        CHECK(reply.reply.headers().get("Name") == "value");
    }
}
