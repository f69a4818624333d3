// Steady state costs no allocation: counted on the client's thread, the server has its own.
#include <cstddef>
#include <memory>
#include <new>

#include <asio/bind_executor.hpp>
#include <asio/post.hpp>

#include "tests/io/fixture.hpp"
#include "tests/io/server_thread.hpp"
#include "tests/support/alloc_counter.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

struct with_server {
    with_server() : nc(context.get_executor(), options()) {
        outcome up;
        nc.async_connect(up.plain());
        REQUIRE(run_until(context, [&] { return up.calls == 1; }));
        REQUIRE_FALSE(up.ec);
    }
    ~with_server() {
        nc.close();
        if (context.stopped()) context.restart();
        context.run();
    }
    [[nodiscard]] connect_options options() const {
        connect_options o;
        o.servers = {server.url()};
        o.ping_interval = 60s;
        return o;
    }
    server_thread server;
    asio::io_context context{1};
    client nc;
};

/// Counts between the end of the warm-up and the last round. Everything happens inside the event loop, as in a program: calls from
/// outside it cannot use Asio's recycled memory.
class measured_rounds {
public:
    static constexpr int warm_up = 100;
    static constexpr int measured = 200;

    void next() {
        ++rounds_;
        if (rounds_ == warm_up) counter_.emplace();
        if (rounds_ == warm_up + measured) count_ = counter_->count();
    }
    [[nodiscard]] bool over() const { return rounds_ >= warm_up + measured; }
    [[nodiscard]] std::uint64_t count() const { return count_; }

private:
    int rounds_ = 0;
    std::uint64_t count_ = 0;
    std::optional<allocation_counter> counter_;
};

/// Of operator new each time, which is counted and can be made to fail: what Asio keeps for the next operation is not.
template <class T>
struct plain_allocator {
    using value_type = T;

    plain_allocator() = default;
    template <class U>
    explicit plain_allocator(const plain_allocator<U>&) noexcept {}
    T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T))); }
    void deallocate(T* p, std::size_t) noexcept { ::operator delete(p); }
    friend bool operator==(const plain_allocator&, const plain_allocator&) = default;
};

struct counting_handler {
    using allocator_type = plain_allocator<char>;

    [[nodiscard]] allocator_type get_allocator() const noexcept { return {}; }
    void operator()(std::error_code, const message&) const { ++*calls; }

    std::shared_ptr<int> calls;
};

}  // namespace

TEST_CASE_FIXTURE(with_server, "performance.md: publishing and receiving by a handler allocate nothing") {
    measured_rounds rounds;
    const std::string payload(128, 'p');
    bool failed = false;
    const auto publish = [&] {
        for (int i = 0; i < 100; ++i) failed = failed || nc.publish("in", payload);
    };
    int received = 0;
    const subscription in = nc.subscribe("in", [&](const message_view&) {
        if (++received % 100 != 0) return;
        rounds.next();
        if (!rounds.over()) publish();
    });
    publish();
    REQUIRE(run_until(context, [&] { return rounds.over(); }));
    CHECK_FALSE(failed);
    CHECK(rounds.count() == 0);
}

TEST_CASE_FIXTURE(with_server, "performance.md: try_next reuses its message; async_next costs the message it gives away") {
    measured_rounds rounds;
    subscription in = nc.subscribe("in");
    const auto publish = [&] {
        for (int i = 0; i < 100; ++i) static_cast<void>(nc.publish("in", "payload"));
    };
    message m;
    int taken = 0;
    std::uint64_t completed = 0;
    std::uint64_t completed_in_warm_up = 0;
    std::function<void()> take;
    const auto woken = [&](std::error_code ec, message first) {
        REQUIRE_FALSE(ec);
        m = std::move(first);
        ++completed;
        do {
            if (++taken % 100 != 0) continue;
            rounds.next();
            if (taken == 100 * measured_rounds::warm_up) completed_in_warm_up = completed;
            if (rounds.over()) return;
            publish();
        } while (in.try_next(m));
        take();
    };
    take = [&] { in.async_next(std::ref(woken)); };
    publish();
    take();
    REQUIRE(run_until(context, [&] { return rounds.over(); }));
    CHECK(rounds.count() <= completed - completed_in_warm_up);
}

TEST_CASE_FIXTURE(with_server, "performance.md: a request allocates its reply, and nothing else") {
    measured_rounds rounds;
    std::function<void()> request;
    const auto answered = [&](std::error_code ec, message) {
        REQUIRE_FALSE(ec);
        rounds.next();
        if (!rounds.over()) request();
    };
    request = [&] { nc.async_request("echo.a", "payload", {}, std::ref(answered)); };
    SUBCASE("one at a time") { request(); }
    SUBCASE("eight at a time") {
        for (int i = 0; i < 8; ++i) request();
    }
    // All have been answered before what they refer to goes.
    REQUIRE(run_until(context, [&] { return rounds.over() && nc.stats().pending_requests == 0; }));
    for (int i = 0; i < 10; ++i) static_cast<void>(context.poll());
    CHECK(rounds.count() <= measured_rounds::measured);
}

TEST_CASE_FIXTURE(with_server, "H9: an allocation that fails at any point of a round trip ends in an error or a reply, never in less") {
    int received = 0;
    const subscription in = nc.subscribe("in", [&](const message_view&) { ++received; });
    int completed = 0;
    int started = 0;
    for (std::uint64_t nth = 1; nth <= 25; ++nth) {
        CAPTURE(nth);
        {
            const failing_allocation fails(nth);
            try {
                ++started;
                nc.async_request("echo.a", "payload", {}, [&](std::error_code, message) { ++completed; });
            } catch (const std::bad_alloc&) {
                --started;  // refused to its caller: then its handler is never called
            }
            try {
                static_cast<void>(nc.publish("in", "x"));
                for (int i = 0; i < 50; ++i) static_cast<void>(context.poll());
            } catch (const std::bad_alloc&) {
            }
        }
        outcome alive;
        REQUIRE(run_until(context, [&] { return nc.healthy(); }));
        nc.async_request("echo.b", "still here", {}, alive.with_message());
        REQUIRE(run_until(context, [&] { return alive.calls == 1 && completed >= started; }));
        CHECK((alive.ec ? alive.ec == errc::connection_lost : alive.reply.payload() == "still here"));
    }
    CHECK(completed == started);
}

TEST_CASE_FIXTURE(with_server, "H9: a handler of another executor is called once, or lost when that has no memory; the client lives on") {
    bool hit = true;
    std::uint64_t nth = 0;
    while (hit && nth < 1'000) {
        ++nth;
        CAPTURE(nth);
        asio::io_context other{1};
        const auto held = std::make_shared<int>(0);
        int thrown = 0;
        const std::uint64_t reconnects = nc.stats().reconnects;
        const auto ended = [&] {
            other.restart();
            static_cast<void>(other.poll());
            return held.use_count() == 1;
        };
        {
            const allocation_counter counter;
            const failing_allocation fails(nth);
            try {
                nc.async_request("echo.a", "payload", {}, asio::bind_executor(other.get_executor(), counting_handler{held}));
            } catch (const std::bad_alloc&) {  // refused to its caller
                ++thrown;
            }
            while (!ended() && counter.count() < nth) {
                try {
                    static_cast<void>(context.run_one_for(1s));
                } catch (const std::bad_alloc&) {
                    ++thrown;
                }
            }
            hit = counter.count() >= nth;
        }
        REQUIRE(run_until(context, ended));
        outcome alive;
        REQUIRE(run_until(context, [&] { return nc.healthy(); }));
        // In a read it costs the connection, as any memory that ends there; else whoever runs the event loop hears of it.
        const bool lost = thrown == 1 || nc.stats().reconnects == reconnects + 1;
        CHECK((*held == 1 || (*held == 0 && lost)));
        nc.async_request("echo.b", "still here", {}, alive.with_message());
        REQUIRE(run_until(context, [&] { return alive.calls == 1; }));
        CHECK((alive.ec ? alive.ec == errc::connection_lost : alive.reply.payload() == "still here"));
    }
    CHECK_FALSE(hit);
    CHECK((nth > 2 || !allocations_are_counted()));
}

TEST_CASE("H9: memory ends at any point of making a client, connecting and subscribing: the connect ends once, and nothing is left") {
    server_thread server;
    connect_options options;
    options.servers = {server.url()};
    options.ping_interval = 60s;
    bool hit = true;
    std::uint64_t nth = 0;
    while (hit && nth < 1'000) {
        ++nth;
        CAPTURE(nth);
        asio::io_context context{1};
        outcome up;
        bool started = false;
        {
            std::optional<client> nc;
            subscription in;
            {
                const allocation_counter counter;
                const failing_allocation fails(nth);
                try {
                    nc.emplace(context.get_executor(), options);
                    nc->async_connect(up.plain());
                    started = true;
                    in = nc->subscribe("in", [](const message_view&) {});
                } catch (const std::bad_alloc&) {  // refused to the caller
                }
                try {
                    static_cast<void>(run_until(context, [&] { return !started || up.calls == 1; }));
                } catch (const std::bad_alloc&) {  // of the event loop itself
                }
                hit = counter.count() >= nth;
            }
            if (started) REQUIRE(run_until(context, [&] { return up.calls == 1; }));
            if (nc) nc->close();
        }
        CHECK(runs_out(context));
        CHECK(up.calls == (started ? 1 : 0));
    }
    CHECK_FALSE(hit);
    CHECK((nth > 20 || !allocations_are_counted()));
}
