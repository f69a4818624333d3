// Servers that die, hang and leave.
#include "tests/integration/core_fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

/// A second client that sees what the first one sends; it does not live on the server that is killed while it matters.
struct killed : core_fixture {
    client nc{context.get_executor(), options()};
    ~killed() {
        nc.close();
        CHECK(runs_out(context));
    }
    void connect() {
        auto user = [&]() -> asio::awaitable<void> { co_await nc.async_connect(); };
        run(user);
    }
};

}  // namespace

TEST_CASE_FIXTURE(killed, "C13 C14 C15 I7: after SIGKILL and restart subscriptions are restored and held publishes arrive in order") {
    subscription in = nc.subscribe("in");
    subscription wild = nc.subscribe("in.>");
    connect();
    const subscription service = nc.subscribe("svc", [this](const message_view& m) { CHECK_FALSE(nc.publish(m.reply_to(), m.payload())); });
    auto before = [&]() -> asio::awaitable<void> {
        co_await nc.async_request("svc", "warm");  // the reply inbox exists
        CHECK_FALSE(nc.publish("in", "before"));
        CHECK((co_await in.async_next()).payload() == "before");
    };
    run(before);

    server.kill();
    REQUIRE(until([&] { return count(event_kind::disconnected) == 1; }));
    CHECK_FALSE(nc.healthy());
    CHECK(nc.state() == client_state::reconnecting);
    CHECK(first(event_kind::disconnected).server == server.address());
    for (int i = 0; i < 500; ++i) CHECK_FALSE(nc.publish("in", std::to_string(i)));
    std::error_code flushed = errc::closed;
    bool flush_done = false;
    nc.async_flush({.timeout = 30s}, [&](std::error_code ec) {
        flushed = ec;
        flush_done = true;
    });
    REQUIRE(until([&] { return count(event_kind::connect_failed) >= 2; }));
    CHECK_FALSE(flush_done);
    server.start();

    auto after = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 500; ++i) {
            const message m = co_await in.async_next();
            CHECK(m.payload() == std::to_string(i));
        }
        CHECK_FALSE(nc.publish("in.deep", "x"));
        CHECK((co_await wild.async_next()).subject() == "in.deep");
        CHECK((co_await nc.async_request("svc", "again")).payload() == "again");
        co_await nc.async_flush();
        CHECK(in.pending_messages() == 0);
    };
    run(after);
    CHECK(flush_done);
    CHECK_FALSE(flushed);
    CHECK(nc.stats().reconnects == 1);
    CHECK(count(event_kind::connected) == 2);
    CHECK(count(event_kind::disconnected) == 1);
}

TEST_CASE_FIXTURE(killed, "E4 C14: what was under way when the server died ends at once, and says what is known") {
    connect();
    const subscription mute = nc.subscribe("mute", [](const message_view&) {});
    std::error_code request;
    std::error_code flush;
    int done = 0;
    auto start = [&]() -> asio::awaitable<void> {
        co_await nc.async_flush();
        server.suspend();
        nc.async_request("mute", "x", {.timeout = 60s}, [&](std::error_code ec, message) {
            request = ec;
            ++done;
        });
        nc.async_flush({.timeout = 60s}, [&](std::error_code ec) {
            flush = ec;
            ++done;
        });
        while (nc.stats().outbox_bytes != 0) co_await asio::post(context, asio::use_awaitable);
        server.kill();
    };
    run(start);
    REQUIRE(until([&] { return done == 2; }));
    CHECK(request == errc::connection_lost);
    CHECK(request == condition::outcome_unknown);
    CHECK(flush == errc::connection_lost);
    server.start();
    REQUIRE(until([&] { return nc.healthy(); }));
}

TEST_CASE_FIXTURE(killed, "E1: a request made while the server is down is sent when it is back, or times out unsent") {
    connect();
    server.kill();
    REQUIRE(until([&] { return count(event_kind::disconnected) == 1; }));
    auto unsent = [&]() -> asio::awaitable<void> {
        auto [ec, m] = co_await nc.async_request("svc", "x", {.timeout = 50ms}, use_tuple);
        CHECK(ec == errc::timeout_unsent);
    };
    run(unsent);
    const subscription service = nc.subscribe("svc", [this](const message_view& m) { CHECK_FALSE(nc.publish(m.reply_to(), m.payload())); });
    std::string answer;
    nc.async_request("svc", "patience", {.timeout = 30s}, [&](std::error_code ec, message m) {
        CHECK_FALSE(ec);
        answer = m.payload();
    });
    server.start();
    REQUIRE(until([&] { return !answer.empty(); }));
    CHECK(answer == "patience");
}

TEST_CASE_FIXTURE(killed, "C16 I12: the count of an auto-unsubscribe goes on over a reconnect") {
    connect();
    subscription ten = nc.subscribe("in", {.max_messages = 10});
    subscription done = nc.subscribe("in", {.max_messages = 4});
    auto publish = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 4; ++i) CHECK_FALSE(nc.publish("in", "x"));
        co_await nc.async_flush();
    };
    run(publish);
    CHECK(ten.received() == 4);
    CHECK(done.is_closed());
    server.restart();
    REQUIRE(until([&] { return nc.stats().reconnects == 1 && nc.healthy(); }));
    run(publish);
    CHECK(ten.received() == 8);
    run(publish);
    CHECK(ten.received() == 10);
    CHECK(ten.is_closed());
    CHECK(done.received() == 4);
    CHECK(nc.stats().orphaned_msgs == 0);
}

TEST_CASE("C3 I5: a server that hangs is noticed in time, and taken up again when it goes on") {
    core_fixture f;
    connect_options o = f.options();
    o.ping_interval = 100ms;
    o.max_pings_out = 2;
    o.connect_timeout = 500ms;
    client nc(f.context.get_executor(), o);
    subscription in = nc.subscribe("in");
    auto up = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        co_await f.pause(600ms);  // answered pings keep it up
        CHECK(nc.healthy());
        CHECK(f.count(event_kind::disconnected) == 0);
    };
    f.run(up);
    f.server.suspend();
    REQUIRE(f.until([&] { return f.count(event_kind::disconnected) == 1; }));
    CHECK(f.first(event_kind::disconnected).reason == disconnect_reason::stale);
    CHECK(f.first(event_kind::disconnected).error == errc::stale_connection);
    CHECK_FALSE(nc.publish("in", "held"));
    f.server.resume();
    auto again = [&]() -> asio::awaitable<void> {
        CHECK((co_await in.async_next()).payload() == "held");
        nc.close();
    };
    f.run(again);
}

TEST_CASE_FIXTURE(killed, "C18: a server in lame duck mode says so, before it goes") {
    connect();
    server.lame_duck();
    REQUIRE(until([&] { return count(event_kind::lame_duck) == 1; }));
    CHECK(count(event_kind::disconnected) == 0);
    CHECK(nc.server_info().ldm);
}

TEST_CASE_FIXTURE(killed, "C6 C9: an orderly stop is told as the end it is; many restarts leave one connection and no more") {
    subscription in = nc.subscribe("in");
    connect();
    for (int i = 1; i <= 3; ++i) {
        server.stop();
        REQUIRE(until([&] { return count(event_kind::disconnected) == static_cast<std::size_t>(i); }));
        server.start();
        REQUIRE(until([&] { return nc.healthy(); }));
        auto check = [&]() -> asio::awaitable<void> {
            CHECK_FALSE(nc.publish("in", "x"));
            co_await in.async_next();
            co_await nc.async_flush();
            CHECK(in.pending_messages() == 0);
        };
        run(check);
    }
    // A reset when the server had not read everything of ours.
    const disconnect_reason why = first(event_kind::disconnected).reason;
    CHECK((why == disconnect_reason::eof || why == disconnect_reason::reset));
    CHECK(count(event_kind::connected) == 4);
}

TEST_CASE("C24: max_reconnects is counted per server, and its end is the client's") {
    core_fixture f;
    connect_options o = f.options();
    o.max_reconnects = 2;
    client nc(f.context.get_executor(), o);
    auto user = [&]() -> asio::awaitable<void> { co_await nc.async_connect(); };
    f.run(user);
    f.server.kill();
    REQUIRE(f.until([&] { return nc.state() == client_state::closed; }));
    REQUIRE(f.until([&] { return f.count(event_kind::closed) == 1; }));
    CHECK(f.events.back().kind == event_kind::closed);
    CHECK(f.events.back().error == errc::no_servers);
    CHECK(f.count(event_kind::connect_failed) <= 2);
}

TEST_CASE("D11: what does not fit while the server is down is refused, and what was taken is sent") {
    core_fixture f;
    connect_options o = f.options();
    o.outbox_bytes = 10'000;
    client nc(f.context.get_executor(), o);
    subscription in = nc.subscribe("in");
    auto user = [&]() -> asio::awaitable<void> { co_await nc.async_connect(); };
    f.run(user);
    f.server.kill();
    REQUIRE(f.until([&] { return f.count(event_kind::disconnected) == 1; }));
    int taken = 0;
    const std::string payload(100, 'p');
    std::error_code ec;
    while (!(ec = nc.publish("in", payload))) ++taken;
    CHECK(ec == errc::buffer_full);
    CHECK(taken > 50);
    CHECK(taken < 100);
    f.server.start();
    REQUIRE(f.until([&] { return nc.healthy(); }));
    auto all = [&]() -> asio::awaitable<void> {
        co_await nc.async_flush();
        CHECK(in.received() == static_cast<std::uint64_t>(taken));
        nc.close();
    };
    f.run(all);
}
