// Ends: close with everything pending, handles and loops that end in every order.
#include <asio/bind_executor.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

#include "tests/io/fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

struct greeted : io_fixture {
    greeted() { start(options()); }
    void start(connect_options o) {
        nc.emplace(context.get_executor(), std::move(o));
        auto server = [this]() -> asio::awaitable<void> {
            held.emplace(co_await peer.accept());
            co_await held->handshake();
        };
        auto user = [this]() -> asio::awaitable<void> { co_await nc->async_connect(); };
        play(context, server, user);
    }
    std::optional<client> nc;
    std::optional<peer_connection> held;
};

/// Everything that can be pending at once.
struct pending_operations {
    explicit pending_operations(client& nc) : in(nc.subscribe("in")), leaving(nc.subscribe("leaving")) {
        nc.async_request("silent.x", "", {}, request.with_message());
        nc.async_flush({}, flush.plain());
        in.async_next(next.with_message());
        leaving.async_drain(leave.plain());
    }
    [[nodiscard]] bool done() const { return request.calls + flush.calls + next.calls + leave.calls == 4; }
    void check_each_once(std::error_code ec) const {
        for (const outcome* o : {&request, &flush, &next, &leave}) {
            CHECK(o->calls == 1);
            CHECK(o->ec == ec);
        }
    }
    subscription in;
    subscription leaving;
    outcome request;
    outcome flush;
    outcome next;
    outcome leave;
};

}  // namespace

TEST_CASE_FIXTURE(greeted, "I1 H4: close ends everything pending exactly once, later than close, and leaves nothing on the loop") {
    auto pending = std::make_unique<pending_operations>(*nc);
    SUBCASE("not yet written") {}
    SUBCASE("written and waiting") {
        for (int i = 0; i < 10; ++i) static_cast<void>(context.poll());
    }
    CHECK_FALSE(nc->publish("a", "x"));
    nc->close();
    CHECK(nc->state() == client_state::closed);
    CHECK_FALSE(pending->done());
    REQUIRE(runs_out());
    pending->check_each_once(errc::closed);
    CHECK(events.back().kind == event_kind::closed);
    CHECK(count(event_kind::closed) == 1);

    nc->close();  // again
    REQUIRE(runs_out());
    CHECK(count(event_kind::closed) == 1);
    CHECK(nc->publish("a", "x") == errc::closed);
    outcome late;
    nc->async_request("a", "x", {}, late.with_message());
    REQUIRE(runs_out());
    CHECK(late.ec == errc::closed);
    message m;
    CHECK_FALSE(pending->in.try_next(m));
    CHECK(pending->in.is_closed());
}

TEST_CASE_FIXTURE(greeted, "W16 H11: the last handle closes, and a subscription is one") {
    outcome next;
    SUBCASE("the client is the last") {
        outcome flush;
        nc->async_flush({}, flush.plain());
        nc.reset();
        REQUIRE(runs_out());
        CHECK(flush.calls == 1);
        CHECK(flush.ec == errc::closed);
    }
    SUBCASE("a subscription is the last") {
        std::optional<subscription> in = nc->subscribe("in");
        in->async_next(next.with_message());
        nc.reset();
        for (int i = 0; i < 10; ++i) static_cast<void>(context.poll());
        CHECK(next.calls == 0);
        CHECK(count(event_kind::closed) == 0);
        in.reset();
        REQUIRE(runs_out());
        CHECK(next.calls == 1);
        CHECK(next.ec == errc::subscription_closed);
    }
    SUBCASE("copies") {
        std::optional<client> copy = *nc;
        nc.reset();
        for (int i = 0; i < 10; ++i) static_cast<void>(context.poll());
        CHECK(copy->healthy());
        copy.reset();
        REQUIRE(runs_out());
    }
    CHECK(count(event_kind::closed) == 1);
    CHECK(events.back().kind == event_kind::closed);
}

TEST_CASE_FIXTURE(io_fixture, "H1: a client that is destroyed on the way to its connection leaves nothing behind") {
    connect_options o = options();
    o.retry_on_failed_connect = true;
    outcome up;
    SUBCASE("never used") { client nc(context.get_executor(), o); }
    SUBCASE("dial not begun") {
        client nc(context.get_executor(), o);
        nc.async_connect(up.plain());
    }
    SUBCASE("waiting for INFO") {
        client nc(context.get_executor(), o);
        nc.async_connect(up.plain());
        auto server = [&]() -> asio::awaitable<void> { co_await peer.accept(); };
        play(context, server);
    }
    SUBCASE("in backoff") {
        o.reconnect_wait = 60s;
        o.reconnect_max_wait = 60s;
        o.servers = {"127.0.0.1:1"};
        client nc(context.get_executor(), o);
        nc.async_connect(up.plain());
        REQUIRE(run_until(context, [&] { return count(event_kind::connect_failed) >= 1; }));
    }
    SUBCASE("resolving") {
        o.servers = {"localhost:1"};
        client nc(context.get_executor(), o);
        nc.async_connect(up.plain());
        static_cast<void>(context.poll());
    }
    REQUIRE(runs_out());
    CHECK(up.calls <= 1);
    if (up.calls == 1) CHECK(up.ec == errc::closed);
    CHECK(count(event_kind::closed) == 1);
}

TEST_CASE("H10: the loop ends first: handlers are destroyed uncalled, and the handles find a closed client") {
    int called = 0;
    const auto token = std::make_shared<int>(0);
    std::vector<event> events;
    std::optional<client> nc;
    std::optional<subscription> in;
    std::optional<event_listener> listener;
    {
        asio::io_context context{1};
        scripted_peer peer(context);
        connect_options o;
        o.servers = {peer.url()};
        o.on_event = [&, token](const event& e) { events.push_back(e); };
        SUBCASE("plain") { nc.emplace(context.get_executor(), o); }
        SUBCASE("on a strand") { nc.emplace(asio::make_strand(context), o); }
        o.on_event = nullptr;
        listener.emplace(nc->listen([](const event&) {}));
        auto server = [&]() -> asio::awaitable<void> { co_await serve_one(peer); };
        asio::co_spawn(context, server(), [](std::exception_ptr) {});
        // Calls outside the strand, but nothing runs meanwhile.
        outcome up;
        nc->async_connect(up.plain());
        REQUIRE(run_until(context, [&] { return up.calls == 1; }));
        in.emplace(nc->subscribe("in"));
        in->async_next([&called, token](std::error_code, message) { ++called; });
        nc->async_request("silent.x", "", {}, [&called, token](std::error_code, message) { ++called; });
        // A handler that holds a handle on the client it waits for.
        nc->async_flush({}, [&called, token, copy = *nc](std::error_code) { ++called; });
        CHECK_FALSE(nc->publish("a", "x"));
        CHECK(token.use_count() == 5);
    }
    CHECK(called == 0);
    CHECK(token.use_count() == 1);
    CHECK(nc->state() == client_state::closed);
    CHECK(nc->publish("a", "x") == errc::closed);
    CHECK(in->unsubscribe() == errc::closed);
    message m;
    CHECK_FALSE(in->try_next(m));
    std::error_code ec;
    CHECK_FALSE(nc->subscribe("b", subscribe_options{}, ec));
    CHECK(ec == errc::closed);
    nc->close();
    listener.reset();
    in.reset();
    nc.reset();
}

TEST_CASE("H10: a stopped loop: handles go first, then the loop, and nothing is called") {
    int called = 0;
    asio::io_context context{1};
    scripted_peer peer(context);
    connect_options o;
    o.servers = {peer.url()};
    {
        client nc(context.get_executor(), o);
        auto server = [&]() -> asio::awaitable<void> { co_await serve_one(peer); };
        asio::co_spawn(context, server(), [](std::exception_ptr) {});
        outcome up;
        nc.async_connect(up.plain());
        REQUIRE(run_until(context, [&] { return up.calls == 1; }));
        subscription in = nc.subscribe("in");
        in.async_next([&](std::error_code, message) { ++called; });
        context.stop();
    }
    CHECK(called == 0);
}

TEST_CASE_FIXTURE(greeted, "D6 H2: a message handler may end its subscription, its client and its own handle") {
    int received = 0;
    std::optional<subscription> in;
    std::function<void()> act;
    SUBCASE("unsubscribe") { act = [&] { CHECK_FALSE(in->unsubscribe()); }; }
    SUBCASE("destroy the subscription") { act = [&] { in.reset(); }; }
    SUBCASE("close") { act = [&] { nc->close(); }; }
    SUBCASE("destroy the client") { act = [&] { nc.reset(); in.reset(); }; }
    SUBCASE("drain") { act = [&] { nc->async_drain([](std::error_code) {}); in->unsubscribe(); }; }
    in.emplace(nc->subscribe("in", [&](const message_view& m) {
        ++received;
        const std::string before(m.payload());
        act();
        CHECK(m.payload() == before);  // the view lives as long as the call
    }));
    auto server = [&]() -> asio::awaitable<void> {
        co_await held->expect("SUB in 1\r\n");
        co_await held->send("MSG in 1 1\r\na\r\nMSG in 1 1\r\nb\r\nMSG in 1 1\r\nc\r\n");
        co_await serve(*held);
    };
    auto user = [&]() -> asio::awaitable<void> {
        while (received == 0) co_await asio::post(context, asio::use_awaitable);
        for (int i = 0; i < 20; ++i) co_await asio::post(context, asio::use_awaitable);
        nc.reset();
        in.reset();
    };
    play(context, server, user);
    CHECK(received == 1);
    REQUIRE(runs_out());
    CHECK(events.back().kind == event_kind::closed);
}

TEST_CASE_FIXTURE(io_fixture, "H2: every callback may close the client or let go of its last handle") {
    bool drop = false;
    SUBCASE("close") { drop = false; }
    SUBCASE("last handle") { drop = true; }
    for (const event_kind when : {event_kind::connected, event_kind::disconnected, event_kind::reconnecting, event_kind::server_error,
                                  event_kind::lame_duck, event_kind::closed}) {
        CAPTURE(static_cast<int>(when));
        scripted_peer fresh(context);  // no dial of an earlier round waits there
        std::optional<client> nc;
        events.clear();
        connect_options o = options();
        o.servers = {fresh.url()};
        bool acted = false;
        o.on_event = [&](const event& e) {
            events.push_back(e);
            if (e.kind != when) return;
            acted = true;
            if (drop) nc.reset();
            else nc->close();
        };
        nc.emplace(context.get_executor(), o);
        outcome up;
        nc->async_connect(up.plain());
        auto server = [&]() -> asio::awaitable<void> {
            peer_connection c = co_await fresh.accept();
            co_await c.handshake();
            co_await c.send("-ERR 'Permissions Violation for Publish to \"x\"'\r\n" + peer_connection::info(R"("ldm":true)"));
            for (int i = 0; i < 10; ++i) co_await asio::post(context, asio::use_awaitable);
            c.close();
            for (int i = 0; i < 10; ++i) co_await asio::post(context, asio::use_awaitable);
            if (nc && when == event_kind::closed) nc->close();
        };
        play(context, server);
        REQUIRE(run_until(context, [&] { return acted; }));
        nc.reset();
        // What is left of earlier rounds' peers does not matter; this client must be gone.
        REQUIRE(runs_out());
        CHECK(up.calls == 1);
        CHECK(count(event_kind::closed) == 1);
        CHECK(events.back().kind == event_kind::closed);
        CHECK(count(event_kind::connected) == count(event_kind::disconnected));
    }
}

TEST_CASE_FIXTURE(greeted, "H2: completions may close and start anew") {
    outcome late;
    nc->async_flush({}, [&](std::error_code ec) {
        CHECK_FALSE(ec);
        nc->close();
        nc->async_flush({}, late.plain());
        CHECK(late.calls == 0);
    });
    auto server = [&]() -> asio::awaitable<void> { co_await serve(*held); };
    play(context, server);
    REQUIRE(runs_out());
    CHECK(late.calls == 1);
    CHECK(late.ec == errc::closed);
}

TEST_CASE_FIXTURE(io_fixture, "I2: what event callbacks and handlers hold is let go of when the client has closed") {
    const auto token = std::make_shared<int>(0);
    connect_options o = options();
    auto server = [&]() -> asio::awaitable<void> { co_await serve_one(peer); };
    asio::co_spawn(context, server(), [](std::exception_ptr) {});
    std::optional<client> nc;
    o.on_event = [token](const event&) {};
    nc.emplace(context.get_executor(), o);
    o.on_event = nullptr;
    // A cycle: the handler keeps the client and the client the handler.
    const subscription in = nc->subscribe("in", [token, copy = *nc](const message_view&) {});
    outcome up;
    nc->async_connect(up.plain());
    REQUIRE(run_until(context, [&] { return up.calls == 1; }));
    CHECK(token.use_count() == 3);
    nc->close();
    REQUIRE(runs_out());
    CHECK(token.use_count() == 1);
}

TEST_CASE_FIXTURE(greeted, "H11: handles move; what was moved from is empty") {
    subscription a = nc->subscribe("a");
    subscription b = std::move(a);
    CHECK_FALSE(a);  // NOLINT(bugprone-use-after-move): that is the test
    CHECK(b);
    CHECK(b.subject() == "a");
    CHECK(a.subject().empty());
    CHECK(a.is_closed());
    CHECK(a.unsubscribe() == errc::subscription_closed);
    message m;
    CHECK_FALSE(a.try_next(m));
    CHECK_THROWS_AS(a.async_next([](std::error_code, message) {}), std::system_error);
    subscription c = nc->subscribe("c");
    c = std::move(b);  // ends the subscription to c
    subscription* const self = &c;
    c = std::move(*self);
    CHECK(c.subject() == "a");
    auto server = [&]() -> asio::awaitable<void> { co_await held->expect("SUB a 1\r\nSUB c 2\r\nUNSUB 2\r\n"); };
    play(context, server);
    nc->close();
    REQUIRE(runs_out());
}
