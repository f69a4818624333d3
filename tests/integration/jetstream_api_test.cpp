// The context as a whole on a real server: account, prefixes, absence, deadlines, cancellation, tokens, lifetime.
#include "tests/integration/jetstream_support.hpp"

#include <future>
#include <optional>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

using namespace slipstream;
using namespace slipstream::test;
using jetstream::context;
using jetstream::publish_ack;
using jetstream::stream_info;
using js_errc = jetstream::errc;

TEST_CASE("spec/jetstream.md 1, 2: the account, and the API level of the server") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        const jetstream::account_info empty = co_await f.js.async_account_info();
        CHECK(empty.streams == 0);
        CHECK(empty.consumers == 0);
        co_await f.make("S", "s");
        co_await f.js.async_publish("s", "x");
        jetstream::consumer_config c;
        c.durable_name = "d";
        co_await f.js.async_create_consumer("S", c);
        const jetstream::account_info info = co_await f.js.async_account_info();
        CHECK(info.streams == 1);
        CHECK(info.consumers == 1);
        CHECK(info.memory > 0);
        CHECK(info.limits.max_streams == -1);
        CHECK(info.api_total >= 3);
        CHECK(info.domain.empty());
        CHECK((info.api_level >= 1) == f.at_least(11));
        if (f.at_least(15)) CHECK(info.api_level >= 5);
    };
    f.run(user);
}

TEST_CASE("spec/jetstream.md 2, F21: a domain is in every subject") {
    nats_server_options o = without_jetstream();
    o.config = "jetstream: { domain: hub }";
    jetstream_fixture f(o, {.domain = "hub"});
    CHECK(f.js.api_prefix() == "$JS.hub.API");
    auto user = [&]() -> asio::awaitable<void> {
        jetstream::stream_config config = f.in_memory("S", {"s"});
        config.allow_direct = true;
        co_await f.js.async_create_stream(config);
        const publish_ack ack = co_await f.js.async_publish("s", "x");
        CHECK(ack.domain == "hub");
        const jetstream::account_info account = co_await f.js.async_account_info();
        CHECK(account.domain == "hub");
        jetstream::consumer_config c;
        c.durable_name = "d";
        co_await f.js.async_create_consumer("S", c);
        const auto consumer = co_await f.js.async_consumer_info("S", "d");
        CHECK(consumer.num_pending == 1);
        const auto consumers = co_await f.js.async_list_consumers("S");
        CHECK(consumers.size() == 1);
        for (const bool direct : {false, true}) {
            const auto m = co_await f.js.async_get_message("S", {.last_by_subject = "s", .direct = direct});
            CHECK(m.payload() == "x");
        }
        const auto names = co_await f.js.async_list_stream_names();
        CHECK(names.size() == 1);
        const auto streams = co_await f.js.async_list_streams();
        CHECK(streams.size() == 1);
        config.description = "changed";
        co_await f.js.async_update_stream(config);
        const auto info = co_await f.js.async_stream_info("S");
        CHECK(info.config.description == "changed");
        CHECK(info.domain == "hub");
        const auto purged = co_await f.js.async_purge_stream("S");
        CHECK(purged == 1);
        co_await f.js.async_delete_consumer("S", "d");
        co_await f.js.async_delete_stream("S");

        const context nowhere(f.nc, {.domain = "elsewhere"});
        auto [ec, none] = co_await nowhere.async_account_info({}, use_tuple);
        CHECK(ec == errc::no_responders);
    };
    f.run(user);
}

TEST_CASE("spec/jetstream.md 1: no JetStream on the server, or none for the account") {
    SUBCASE("none on the server") {
        jetstream_fixture f(without_jetstream());
        auto user = [&]() -> asio::awaitable<void> {
            auto [ec, none] = co_await f.js.async_stream_info("S", {}, use_tuple);
            CHECK(ec == errc::no_responders);
        };
        f.run(user);
    }
    SUBCASE("none for the account") {
        jetstream_fixture f(configured(R"(accounts: { A: { users: [ { user: a, password: a } ] } }
no_auth_user: a)"));
        auto user = [&]() -> asio::awaitable<void> {
            auto [ec, none] = co_await f.js.async_account_info({}, use_tuple);
            // Servers differ in whether they answer at all.
            CHECK((ec == js_errc::not_enabled_for_account || ec == errc::no_responders));
        };
        f.run(user);
    }
}

TEST_CASE("F21: bad context options are the result of every operation, and nothing is sent") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        const auto sent = f.nc.stats().socket_out_bytes;
        for (const auto& [domain, prefix, timeout] : {std::tuple("a", "b", 1000), std::tuple("a b", "", 1000), std::tuple("", "a..b", 1000),
                                                      std::tuple("", "", 0), std::tuple("", "", -5)}) {
            jetstream::context_options o;
            o.domain = domain;
            o.api_prefix = prefix;
            o.timeout = std::chrono::milliseconds(timeout);
            const context js(f.nc, o);
            auto [a, a_] = co_await js.async_account_info({}, use_tuple);
            CHECK(a == js_errc::invalid_config);
            auto [b, b_] = co_await js.async_publish("s", "x", {}, use_tuple);
            CHECK(b == js_errc::invalid_config);
        }
        CHECK(f.nc.stats().socket_out_bytes == sent);
    };
    f.run(user);
}

TEST_CASE("W12 E1: one deadline over everything, given by the call or else by the context") {
    jetstream_fixture f;
    f.server.suspend();
    auto user = [&]() -> asio::awaitable<void> {
        const context patient(f.nc, {.timeout = 120s});
        const stopwatch clock;
        auto [ec, none] = co_await patient.async_stream_info("S", {.timeout = 100ms}, use_tuple);
        CHECK(ec == errc::timeout);
        CHECK(ec == condition::timed_out);
        CHECK(clock.elapsed() >= 100ms);
        const context hasty(f.nc, {.timeout = 50ms});
        CHECK(hasty.default_timeout() == 50ms);
        const stopwatch again;
        auto [ec2, none2] = co_await hasty.async_list_streams({}, {}, use_tuple);
        CHECK(ec2 == errc::timeout);
        CHECK(again.elapsed() >= 50ms);
        auto [ec3, none3] = co_await f.js.async_get_message("S", {.sequence = 1, .timeout = 50ms}, use_tuple);
        CHECK(ec3 == errc::timeout);
    };
    f.run(user);
    f.server.resume();
}

TEST_CASE("E13: a timeout near the end of the number range is as good as none") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        auto [ec, none] = co_await f.js.async_stream_info("S", {.timeout = std::chrono::milliseconds::max()}, use_tuple);
        CHECK(ec == js_errc::stream_not_found);
    };
    f.run(user);
}

TEST_CASE("G1: a read goes on over a restart of the server, within its deadline") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        jetstream::stream_config c = f.in_memory("S", {"s"});
        c.storage = jetstream::storage_type::file;
        co_await f.js.async_create_stream(c);
        co_await f.js.async_publish("s", "x");
        f.server.suspend();  // so that the request is sent and its reply lost
        std::optional<std::error_code> result;
        std::string payload;
        f.js.async_get_message("S", {.sequence = 1, .timeout = 20s}, [&](std::error_code ec, const jetstream::stored_message& m) {
            result = ec;
            payload = m.payload();
        });
        co_await f.pause(50ms);
        f.server.kill();
        f.server.start();
        while (!result) co_await f.pause(5ms);
        CHECK_FALSE(*result);
        CHECK(payload == "x");
    };
    f.run(user);
}

TEST_CASE("E9: cancellation ends an operation with operation_aborted, while it waits for a reply and between two attempts") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        asio::cancellation_signal signal;
        std::optional<std::error_code> result;
        const auto wait_and_cancel = [&](asio::cancellation_type type, std::chrono::milliseconds before) -> asio::awaitable<void> {
            co_await f.pause(before);
            CHECK_FALSE(result);
            signal.emit(type);
            CHECK_FALSE(result);  // never from inside emit
            const stopwatch clock;
            while (!result && clock.elapsed() < 5s) co_await f.pause(1ms);
        };
        f.server.suspend();
        f.js.async_stream_info("S", {.timeout = 30s},
                               asio::bind_cancellation_slot(signal.slot(), [&](std::error_code ec, const stream_info&) { result = ec; }));
        co_await wait_and_cancel(asio::cancellation_type::terminal, 20ms);
        REQUIRE(result);
        CHECK(*result == asio::error::operation_aborted);
        f.server.resume();

        result.reset();
        f.js.async_publish("nobody", "x", {.timeout = 30s},
                           asio::bind_cancellation_slot(signal.slot(), [&](std::error_code ec, const publish_ack&) { result = ec; }));
        co_await wait_and_cancel(asio::cancellation_type::partial, 100ms);  // in the wait of 250 ms
        REQUIRE(result);
        CHECK(*result == asio::error::operation_aborted);

        result.reset();  // total is not offered: the operation goes on to its end
        f.js.async_stream_info("S", {},
                               asio::bind_cancellation_slot(signal.slot(), [&](std::error_code ec, const stream_info&) { result = ec; }));
        signal.emit(asio::cancellation_type::total);
        while (!result) co_await f.pause(1ms);
        CHECK(*result == js_errc::stream_not_found);
        signal.emit(asio::cancellation_type::terminal);  // after the end: nothing to find
        co_await f.pause(5ms);
    };
    f.run(user);
}

TEST_CASE("E12 W16: close ends what is pending with closed, in a wait too, and refuses what comes after") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        std::vector<std::error_code> results;
        f.js.async_publish("nobody", "x", {.timeout = 30s}, [&](std::error_code ec, const publish_ack&) { results.push_back(ec); });
        co_await f.pause(100ms);  // now it waits for its next attempt
        f.server.suspend();
        f.js.async_stream_info("S", {.timeout = 30s}, [&](std::error_code ec, const stream_info&) { results.push_back(ec); });
        co_await f.pause(10ms);
        f.nc.close();
        CHECK(results.empty());
        f.js.async_stream_info("S", {.timeout = 30s}, [&](std::error_code ec, const stream_info&) { results.push_back(ec); });
        // A few turns of the loop; nothing waits for a timer any more.
        for (int turn = 0; turn < 50 && results.size() < 3; ++turn) co_await asio::post(f.io, asio::use_awaitable);
        REQUIRE(results.size() == 3);
        for (const std::error_code ec : results) CHECK(ec == errc::closed);
    };
    f.run(user);
    f.server.resume();
}

TEST_CASE("style-anchors 3.4: callback, future, coroutine, deferred, bound executor; never completed inside the call") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> { co_await f.make("S", "s"); };
    f.run(user);

    std::optional<std::error_code> by_callback;
    f.js.async_stream_info("S", {}, [&](std::error_code ec, const stream_info&) { by_callback = ec; });
    f.js.async_stream_info("a.b", {}, [&](std::error_code ec, const stream_info&) { CHECK(ec == js_errc::invalid_stream_name); });
    CHECK_FALSE(by_callback);
    std::future<stream_info> future = f.js.async_stream_info("S", {}, asio::use_future);
    std::future<void> failing = f.js.async_delete_consumer("S", "none", {}, asio::use_future);

    // The arguments are copied before the call returns, also for tokens that start later.
    std::string name = "S";
    auto deferred_info = f.js.async_stream_info(name, {}, deferred);
    auto deferred_publish = f.js.async_publish(std::string("s"), std::string("temporary"), {}, deferred);
    name = "another and longer name than before";
    std::optional<std::string> by_deferred;
    std::move(deferred_info)([&](std::error_code ec, const stream_info& i) { by_deferred = ec ? ec.message() : i.config.name; });
    std::optional<std::uint64_t> sequence;
    std::move(deferred_publish)([&](std::error_code, const publish_ack& ack) { sequence = ack.sequence; });

    asio::io_context elsewhere;
    bool ran_elsewhere = false;
    f.js.async_stream_info("S", {}, asio::bind_executor(elsewhere.get_executor(), [&](std::error_code ec, const stream_info&) {
        CHECK_FALSE(ec);
        ran_elsewhere = true;
    }));
    REQUIRE(run_until(f.io, [&] { return by_callback && by_deferred && sequence; }));
    CHECK_FALSE(*by_callback);
    CHECK(*by_deferred == "S");
    CHECK(*sequence == 1);
    REQUIRE(run_until(
        f.io, [&] { return future.wait_for(0s) == std::future_status::ready && failing.wait_for(0s) == std::future_status::ready; }));
    CHECK(future.get().config.name == "S");
    try {
        failing.get();
        FAIL("a consumer that is not there was deleted");
    } catch (const std::system_error& e) {
        CHECK(e.code() == js_errc::consumer_not_found);
    }
    CHECK_FALSE(ran_elsewhere);
    CHECK(run_until(f.io, [&] {  // its reply may come last
        elsewhere.restart();
        elsewhere.poll();
        return ran_elsewhere;
    }));
}

TEST_CASE("H10 H11: a context and its client may go while an operation is pending; an event loop that ends takes the handlers with it") {
    nats_server server;
    bool destroyed = false;
    bool called = false;
    struct witness {
        bool* flag;
        explicit witness(bool* f) : flag(f) {}
        witness(witness&& other) noexcept : flag(std::exchange(other.flag, nullptr)) {}
        witness(const witness&) = delete;
        ~witness() {
            if (flag != nullptr) *flag = true;
        }
    };
    {
        asio::io_context io{1};
        connect_options o;
        o.servers = {server.url()};
        std::optional<std::error_code> finished;
        {
            const context js{client(io.get_executor(), o)};
            js.async_stream_info("S", {.timeout = 50ms}, [&](std::error_code ec, const stream_info&) { finished = ec; });
        }
        // Its last handle was the operation's own: it ends with an error or a result, but it ends.
        {
            client nc(io.get_executor(), o);
            auto user = [&]() -> asio::awaitable<void> { co_await nc.async_connect(); };
            play(io, std::vector<script>{script(std::ref(user))}, 60s);
            server.suspend();
            const context js(nc);
            js.async_stream_info("S", {.timeout = 60s},
                                 [&called, w = witness(&destroyed)](std::error_code, const stream_info&) { called = true; });
            run_until(io, [&] { return finished && nc.stats().pending_requests == 1; });
        }
        CHECK(finished);
    }
    server.resume();
    CHECK(destroyed);
    CHECK_FALSE(called);
}
