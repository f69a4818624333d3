// What an operation says when its result is lost: the truth, once, in time.
#include "tests/integration/kv_bucket_support.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>

using namespace slipstream;
using namespace std::chrono_literals;
using test::kv_world;
using test::result;

namespace {

constexpr auto short_time = 300ms;

/// What would hold if the timeout of a call did not: longer than these tests wait.
constexpr kv::open_options patient{.operation_timeout = 120s};

template <class Options>
Options within(std::chrono::milliseconds timeout) {
    Options options;
    options.timeout = timeout;
    return options;
}

}  // namespace

TEST_CASE("W13 E1: a write to a server that went silent ends in time, and its outcome is unknown") {
    kv_world w;
    kv::bucket b = w.make("b", patient);
    w.put(b, "k", "0");
    w.server.suspend();
    const auto start = std::chrono::steady_clock::now();
    auto put = b.async_put("k", "1", within<kv::put_options>(short_time), result);
    auto create = b.async_create("new", "1", within<kv::create_options>(short_time), result);
    auto update = b.async_update("k", "2", kv::revision(1), within<kv::update_options>(short_time), result);
    auto erase = b.async_erase("k", within<kv::erase_options>(short_time), result);
    auto purge = b.async_purge("k", within<kv::purge_options>(short_time), result);
    for (auto* pending : {&put, &create, &update, &erase, &purge}) {
        auto [ec, revision] = w.wait(std::move(*pending));
        CHECK(ec == errc::outcome_unknown);
        CHECK(ec == condition::outcome_unknown);
        CHECK(ec != condition::transient);
        CHECK_FALSE(revision.is_known());
    }
    const auto took = std::chrono::steady_clock::now() - start;
    CHECK(took >= short_time - 10ms);
    w.server.resume();
    // And unknown it was: the server had them in its socket all the time.
    CHECK(w.run_until([&] { return w.value(b, "new") == "1"; }, 20s));
}

TEST_CASE("W12 E1: a read from a server that went silent ends in time") {
    kv_world w;
    kv::bucket b = w.make("b", patient);
    w.server.suspend();
    auto get = b.async_get("k", within<kv::get_options>(short_time), result);
    auto status = b.async_status(within<kv::read_options>(short_time), result);
    auto open = kv::async_open_bucket(w.js, "b", within<kv::open_options>(short_time), result);
    auto list = kv::async_list_buckets(w.js, within<kv::manage_options>(short_time), result);
    CHECK(std::get<0>(w.wait(std::move(get))) == condition::timed_out);
    CHECK(std::get<0>(w.wait(std::move(status))) == condition::timed_out);
    CHECK(std::get<0>(w.wait(std::move(open))) == condition::timed_out);
    CHECK(std::get<0>(w.wait(std::move(list))) == condition::timed_out);
    w.server.resume();
}

TEST_CASE("W12 R22: get-or-create on a silent server has one total deadline, and its create is tried too") {
    kv_world w;
    w.server.suspend();
    kv::bucket_config config;
    config.bucket = "b";
    auto pending = kv::async_get_or_create_bucket(w.js, config, within<kv::open_options>(900ms), result);
    auto [ec, none] = w.wait(std::move(pending));
    CHECK(ec == condition::timed_out);
    w.server.resume();
    // The request to make it had left.
    CHECK(w.run_until([&] { return !std::get<0>(w.wait(kv::async_open_bucket(w.js, "b", {}, result))); }, 20s));
}

TEST_CASE("S1 W12: without a timeout of its own an operation takes the bucket's") {
    kv_world w;
    w.make("b");
    kv::open_options options;
    options.operation_timeout = short_time;
    kv::bucket b = w.open("b", options);
    w.server.suspend();
    auto get = b.async_get("k", {}, result);
    auto put = b.async_put("k", "v", {}, result);
    CHECK(std::get<0>(w.wait(std::move(get))) == condition::timed_out);
    CHECK(std::get<0>(w.wait(std::move(put))) == errc::outcome_unknown);
    w.server.resume();
}

TEST_CASE("W13: what never left this process is told so, and nothing was stored") {
    kv_world w;
    kv::bucket b = w.make("b");
    w.server.kill();
    REQUIRE(w.run_until([&] { return !w.nc.healthy(); }));
    auto put = b.async_put("k", "1", within<kv::put_options>(short_time), result);
    auto create = b.async_create("k", "1", within<kv::create_options>(short_time), result);
    auto get = b.async_get("k", within<kv::get_options>(short_time), result);
    CHECK(std::get<0>(w.wait(std::move(put))) == errc::timeout_unsent);
    CHECK(std::get<0>(w.wait(std::move(create))) == errc::timeout_unsent);
    CHECK(std::get<0>(w.wait(std::move(get))) == errc::timeout_unsent);
    w.server.start();
    REQUIRE(w.run_until([&] { return w.nc.healthy(); }));
    CHECK(w.value(b, "k") == "(none)");
}

TEST_CASE("W13 G7: a connection that breaks under a write leaves its outcome unknown, and is made up for under a read") {
    kv_world w;
    kv::bucket b = w.make("b");
    w.server.suspend();
    auto put = b.async_put("k", "1", {}, result);
    auto create = b.async_create("n", "1", {}, result);
    auto get = b.async_get("k", {}, result);
    // Lets the requests leave before the server dies.
    w.run_until([&] { return w.nc.stats().outbox_bytes == 0 && w.nc.stats().pending_requests == 3; });
    w.server.kill();
    CHECK(std::get<0>(w.wait(std::move(put))) == errc::outcome_unknown);
    CHECK(std::get<0>(w.wait(std::move(create))) == errc::outcome_unknown);
    // A read may be repeated, and is, once there is a server again.
    w.server.start();
    CHECK_FALSE(std::get<0>(w.wait(std::move(get))));
}

TEST_CASE("design.md: operations started while the server is away are done when it is back") {
    kv_world w;
    kv::bucket b = w.make("b");
    w.put(b, "k", "0");
    w.server.kill();
    REQUIRE(w.run_until([&] { return !w.nc.healthy(); }));
    auto put = b.async_put("k", "1", {}, result);
    auto create = b.async_create("n", "1", {}, result);
    auto get = b.async_get("k", {}, result);
    w.server.start();
    CHECK_FALSE(std::get<0>(w.wait(std::move(put))));
    CHECK_FALSE(std::get<0>(w.wait(std::move(create))));
    auto [ec, found] = w.wait(std::move(get));
    CHECK_FALSE(ec);
    CHECK(found.has_value());
    CHECK(w.value(b, "k") == "1");
}

TEST_CASE("W16 H1: closing the client ends every pending operation with closed") {
    kv_world w;
    kv::bucket b = w.make("b");
    w.server.suspend();
    kv::bucket_config config;
    config.bucket = "c";
    auto put = b.async_put("k", "1", {}, result);
    auto create = b.async_create("k", "1", {}, result);
    auto get = b.async_get("k", {}, result);
    auto made = kv::async_get_or_create_bucket(w.js, config, {}, result);
    w.io.restart();
    w.io.poll();
    w.nc.close();
    CHECK(std::get<0>(w.wait(std::move(put))) == condition::closed);
    CHECK(std::get<0>(w.wait(std::move(create))) == condition::closed);
    CHECK(std::get<0>(w.wait(std::move(get))) == condition::closed);
    CHECK(std::get<0>(w.wait(std::move(made))) == condition::closed);
    CHECK(std::get<0>(w.wait(b.async_get("k", {}, result))) == condition::closed);
    w.server.resume();
}

TEST_CASE("S45 S46 S47 S54 S57 S58 W14 W15 W16: a bucket borrows its client: one connection, one health, one end") {
    kv_world w;
    std::vector<kv::bucket> kept;
    kept.push_back(w.make("b"));
    {
        // Made from a client whose own handle goes: the bucket keeps the connection.
        client other = w.another_client();
        jetstream::context js(other);
        auto [ec, opened] = w.wait(kv::async_open_bucket(js, "b", {}, result));
        REQUIRE_FALSE(ec);
        kept.push_back(std::move(opened));
    }
    for (kv::bucket& b : kept) {
        w.put(b, "k", "1");
        CHECK(w.value(b, "k") == "1");
    }
    // Connecting what is connected does nothing, and healthy() is the state of the one connection.
    CHECK(w.nc.healthy());
    CHECK_FALSE(std::get<0>(w.wait(w.nc.async_connect(result))));
    CHECK(w.nc.stats().dials == 1);

    w.server.kill();
    CHECK(w.run_until([&] { return !w.nc.healthy(); }));
    auto joined = w.nc.async_connect(result);
    w.server.start();
    CHECK_FALSE(std::get<0>(w.wait(std::move(joined))));
    CHECK(w.nc.healthy());
    CHECK(w.value(kept[0], "k") == "1");

    // After the end everything says so, at once and for ever; nothing dials.
    w.nc.close();
    CHECK_FALSE(w.nc.healthy());
    CHECK(w.nc.state() == client_state::closed);
    const std::uint64_t dials = w.nc.stats().dials;
    CHECK(std::get<0>(w.wait(w.nc.async_connect(result))) == errc::closed);
    CHECK(std::get<0>(w.wait(kept[0].async_put("k", "2", {}, result))) == errc::closed);
    CHECK(std::get<0>(w.wait(kv::async_open_bucket(w.js, "b", {}, result))) == errc::closed);
    CHECK(w.nc.stats().dials == dials);
    CHECK(w.value(kept[1], "k") == "1");  // another client's
}

TEST_CASE("S57 S46: a bucket of a client that is not connected: its calls wait for the connection, or fail at once when told to") {
    kv_world w;
    kv::bucket made = w.make("b");
    w.put(made, "k", "1");
    client idle(w.io.get_executor(), test::options_for(w.server));
    CHECK_FALSE(idle.healthy());
    jetstream::context js(idle);
    auto opened = kv::async_open_bucket(js, "b", {}, result);
    static_cast<void>(w.run_until([&] { return idle.stats().outbox_bytes > 0; }));
    CHECK(idle.stats().dials == 0);
    auto first = idle.async_connect(result);
    auto second = idle.async_connect(result);  // one connection for all who ask
    CHECK_FALSE(std::get<0>(w.wait(std::move(first))));
    CHECK_FALSE(std::get<0>(w.wait(std::move(second))));
    CHECK(idle.stats().dials == 1);
    auto [ec, b] = w.wait(std::move(opened));
    REQUIRE_FALSE(ec);
    CHECK(w.value(b, "k") == "1");
    idle.close();

    connect_options options = test::options_for(w.server);
    options.fail_fast = true;
    client never(w.io.get_executor(), std::move(options));
    jetstream::context refused(never);
    CHECK(std::get<0>(w.wait(kv::async_open_bucket(refused, "b", {}, result))) == errc::not_connected);
    CHECK(never.stats().dials == 0);
    never.close();
}

TEST_CASE("E9 W41: every operation can be cancelled, and says so") {
    kv_world w;
    kv::bucket b = w.make("b");
    kv::bucket_config config;
    config.bucket = "c";
    w.server.suspend();
    asio::cancellation_signal signals[7];
    std::error_code results[7];
    int done = 0;
    const auto into = [&](int i) {
        results[i] = errc::protocol_error;
        return asio::bind_cancellation_slot(signals[i].slot(), [&, i](std::error_code ec, auto&&...) {
            results[i] = ec;
            ++done;
        });
    };
    b.async_get("k", {}, into(0));
    b.async_put("k", "v", {}, into(1));
    b.async_create("k", "v", {}, into(2));
    b.async_status({}, into(3));
    kv::async_open_bucket(w.js, "b", {}, into(4));
    kv::async_get_or_create_bucket(w.js, config, {}, into(5));
    kv::async_delete_bucket(w.js, "c", {}, into(6));
    w.run_until([&] { return w.nc.stats().outbox_bytes == 0 && w.nc.stats().pending_requests == 7; });
    CHECK(done == 0);
    for (asio::cancellation_signal& signal : signals) signal.emit(asio::cancellation_type::terminal);
    CHECK(w.run_until([&] { return done == 7; }, 5s));
    for (int i = 0; i < 7; ++i) {
        CAPTURE(i);
        CHECK(results[i] == asio::error::operation_aborted);
    }
    w.server.resume();
    CHECK_FALSE(w.get(b, "nothing").has_value());  // the client is well
}

TEST_CASE("H10 I1: handles and operations survive the io_context that ran them") {
    auto io = std::make_unique<asio::io_context>();
    test::nats_server server;
    int completions = 0;
    kv::bucket b;
    {
        client nc(io->get_executor(), test::options_for(server));
        jetstream::context js(nc);
        kv::bucket_config config;
        config.bucket = "b";
        nc.async_connect([](std::error_code ec) { CHECK_FALSE(ec); });
        kv::async_create_bucket(js, config, {}, [&](std::error_code ec, kv::bucket made) {
            CHECK_FALSE(ec);
            b = std::move(made);
        });
        for (int i = 0; !b && i < 1000; ++i) io->run_one_for(50ms);
        REQUIRE(static_cast<bool>(b));
        server.suspend();
        b.async_get("k", {}, [&](std::error_code, std::optional<kv::entry>) { ++completions; });
        b.async_create("k", "v", {}, [&](std::error_code, kv::revision) { ++completions; });
        kv::async_get_or_create_bucket(js, config, {}, [&](std::error_code, kv::bucket) { ++completions; });
        io->poll();
    }
    io.reset();
    b = kv::bucket();
    CHECK(completions == 0);
}
