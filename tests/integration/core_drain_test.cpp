// Drains lose nothing.
#include "tests/integration/core_fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

/// A publisher that keeps a flood going on a connection of its own until told to stop.
asio::awaitable<void> flood(client& nc, const bool& stop, std::uint64_t& sent) {
    while (!stop) {
        for (int i = 0; i < 50 && !nc.publish("in", "x"); ++i) ++sent;
        co_await asio::post(nc.get_executor(), asio::use_awaitable);
    }
    co_await nc.async_flush();
}

}  // namespace

TEST_CASE("I13: draining a subscription under load delivers everything the server had sent") {
    core_fixture f;
    client publisher(f.context.get_executor(), f.options());
    client nc(f.context.get_executor(), f.options());
    std::uint64_t handled = 0;
    subscription in = nc.subscribe("in", [&](const message_view&) { ++handled; });
    bool stop = false;
    std::uint64_t sent = 0;
    auto user = [&]() -> asio::awaitable<void> {
        co_await publisher.async_connect();
        co_await nc.async_connect();
        co_await nc.async_flush();
        asio::co_spawn(f.context, flood(publisher, stop, sent), [](std::exception_ptr e) { CHECK_FALSE(e); });
        while (handled < 5000) co_await asio::post(f.context, asio::use_awaitable);
        co_await in.async_drain();
        const std::uint64_t at_end = handled;
        stop = true;
        co_await publisher.async_flush();
        co_await nc.async_flush();
        CHECK(handled == at_end);           // nothing after the end
        CHECK(in.received() == handled);
        CHECK(in.is_closed());
        CHECK(nc.stats().orphaned_msgs == 0);  // and nothing was thrown away
        CHECK(handled <= sent);
        publisher.close();
        nc.close();
    };
    f.run(user);
}

TEST_CASE("I13 D7 D9: draining a client answers what was asked, sends what was queued, and closes") {
    core_fixture f;
    client other(f.context.get_executor(), f.options());
    client nc(f.context.get_executor(), f.options());
    subscription seen = other.subscribe("out");
    subscription queued = nc.subscribe("in");
    // Work that is being drained answers, and its answers still go out.
    const subscription work = nc.subscribe("work", [&](const message_view& m) { CHECK_FALSE(nc.publish("out", m.payload())); });
    const subscription slow = other.subscribe("slow", [&](const message_view& m) { CHECK_FALSE(other.publish(m.reply_to(), "answer")); });
    constexpr std::uint64_t messages = 2000;
    auto user = [&]() -> asio::awaitable<void> {
        co_await other.async_connect();
        co_await nc.async_connect();
        co_await nc.async_flush();
        co_await other.async_flush();
        for (std::uint64_t i = 0; i < messages; ++i) {
            CHECK_FALSE(other.publish("work", std::to_string(i)));
            CHECK_FALSE(other.publish("in", "x"));
        }
        co_await other.async_flush();  // the server has sent it all to nc by now
        std::error_code answered = errc::closed;
        nc.async_request("slow", "?", {}, [&](std::error_code ec, message) { answered = ec; });
        CHECK_FALSE(nc.publish("out", "last word"));
        bool refused = false;
        asio::post(f.context, [&] {
            std::error_code ec;
            static_cast<void>(nc.subscribe("late", subscribe_options{}, ec));
            refused = ec == errc::draining || ec == errc::closed;
        });
        co_await nc.async_drain();
        CHECK(refused);
        CHECK_FALSE(answered);
        CHECK(nc.state() == client_state::closed);
        CHECK(queued.received() == messages);
        CHECK(queued.pending_messages() == messages);
        message m;
        REQUIRE(queued.try_next(m));
        co_await other.async_flush();
        CHECK(seen.received() == messages + 1);
        CHECK(other.stats().dropped_msgs == 0);
        other.close();
    };
    f.run(user);
    CHECK(runs_out(f.context));
}

TEST_CASE("D8: a drain that the server does not live to see ends with an error, and the client is closed") {
    core_fixture f;
    connect_options o = f.options();
    o.drain_timeout = 300ms;
    client nc(f.context.get_executor(), o);
    const subscription in = nc.subscribe("in");
    std::error_code wanted;
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        co_await nc.async_flush();
        f.server.suspend();
        if (wanted == errc::connection_lost) asio::post(f.context, [&] { f.server.kill(); });
        auto [ec] = co_await nc.async_drain(use_tuple);
        CHECK(ec == wanted);
        CHECK(nc.state() == client_state::closed);
    };
    SUBCASE("killed") { wanted = errc::connection_lost; }
    SUBCASE("hanging") { wanted = errc::timeout; }
    f.run(user);
    CHECK(runs_out(f.context));
    CHECK(f.events.back().kind == event_kind::closed);
}
