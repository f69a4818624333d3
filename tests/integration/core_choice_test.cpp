// Leaving a server on purpose: by lame duck mode in a cluster, by reconnect(), and reading on a bound.
#include "tests/integration/core_fixture.hpp"
#include "tests/support/nats_cluster.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE("C18 C13 E4: a node that shuts down is left early, and nothing that was published or asked is lost") {
    nats_cluster cluster("lame_duck_grace_period: \"60s\"");  // who leaves, leaves by itself
    asio::io_context context{1};
    std::vector<event> events;
    connect_options o;
    o.servers = cluster.urls();
    o.randomize_servers = false;
    o.lame_duck_leave = 500ms;
    o.on_event = [&events](const event& e) { events.push_back(e); };
    client nc(context.get_executor(), o);
    o.servers = {cluster.node(2).url()};
    o.on_event = nullptr;
    client service(context.get_executor(), o);
    int received = 0;
    const subscription sink = service.subscribe("sink", [&received](const message_view&) { ++received; });
    const subscription answers =
        service.subscribe("svc", [&service](const message_view& m) { CHECK_FALSE(service.publish(m.reply_to(), m.payload())); });
    const auto times = [&events](event_kind kind) {
        return std::count_if(events.begin(), events.end(), [kind](const event& e) { return e.kind == kind; });
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await service.async_connect();
        co_await nc.async_connect();
        co_await service.async_flush();
        CHECK(nc.connected_server() == cluster.node(0).address());
        while ((co_await nc.async_request("svc", "?", {.timeout = 10s}, use_tuple), received) == 0) {  // until interest has spread
            CHECK_FALSE(nc.publish("sink", "x"));
            co_await nc.async_flush();
        }
        received = 0;
        cluster.node(0).lame_duck();
        int published = 0;
        while (times(event_kind::connected) < 2) {
            CHECK_FALSE(nc.publish("sink", "x"));
            ++published;
            const auto [ec, reply] = co_await nc.async_request("svc", "y", {.timeout = 10s}, use_tuple);
            CHECK_FALSE(ec);
        }
        CHECK(nc.connected_server() != cluster.node(0).address());
        co_await nc.async_flush();
        while (received < published) co_await asio::post(context, asio::use_awaitable);
        CHECK(received == published);
        nc.close();
        service.close();
    };
    play(context, std::vector<script>{script(std::ref(user))}, 60s);
    for (const event& e : events) {
        if (e.kind != event_kind::disconnected) continue;
        CHECK(e.reason == disconnect_reason::lame_duck);
        CHECK(e.error == errc::connection_left);
        break;
    }
    CHECK(times(event_kind::lame_duck) == 1);
}

TEST_CASE("C19 C13 C16: reconnect() to the same server: subscriptions are back, what was written had arrived") {
    core_fixture f;
    client nc(f.context.get_executor(), f.options());
    client other(f.context.get_executor(), f.options());
    subscription in = nc.subscribe("in");
    subscription audit = other.subscribe("audit");
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        co_await other.async_connect();
        co_await other.async_flush();
        for (int i = 0; i < 100; ++i) CHECK_FALSE(nc.publish("audit", std::to_string(i)));
        co_await asio::post(f.context, asio::use_awaitable);
        for (int i = 0; i < 5; ++i) CHECK_FALSE(nc.reconnect());
        CHECK_FALSE(nc.healthy());
        co_await nc.async_connect();  // joins
        for (int i = 0; i < 100; ++i) CHECK((co_await audit.async_next()).payload() == std::to_string(i));
        co_await nc.async_flush();
        CHECK_FALSE(other.publish("in", "x"));
        CHECK((co_await in.async_next()).payload() == "x");
        CHECK(nc.stats().reconnects == 1);
        nc.close();
        other.close();
    };
    f.run(user);
}

TEST_CASE("D1 D2: a subscription that is waited for loses nothing while its consumer catches up") {
    core_fixture f;
    client nc(f.context.get_executor(), f.options());
    client other(f.context.get_executor(), f.options());
    subscription in = nc.subscribe("in", {.pending_messages = 10, .when_full = slow_consumer_policy::pause_reading, .pause_limit = 5s});
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        co_await other.async_connect();
        co_await nc.async_flush();
        constexpr int messages = 20'000;
        for (int i = 0; i < messages; ++i) CHECK_FALSE(other.publish("in", std::to_string(i)));
        co_await other.async_flush();
        message m;
        for (int i = 0; i < messages; ++i) {
            if (!in.try_next(m)) m = co_await in.async_next();
            CHECK(m.payload() == std::to_string(i));
        }
        CHECK(in.dropped() == 0);
        CHECK(nc.stats().dropped_msgs == 0);
        CHECK(nc.stats().most_queued_msgs == 10);
        nc.close();
        other.close();
    };
    f.run(user);
    CHECK(f.count(event_kind::slow_consumer) >= 1);
}
