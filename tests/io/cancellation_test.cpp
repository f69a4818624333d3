// Cancellation: each operation with each type, from slots, signals and `||`.
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include "tests/io/fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;
using asio::cancellation_type;

namespace {

/// A peer that greets and then never says anything again, so that every operation stays pending.
struct silent_peer : io_fixture {
    silent_peer() : nc(context.get_executor(), options()) {
        auto server = [this]() -> asio::awaitable<void> {
            held.emplace(co_await peer.accept());
            co_await held->handshake();
        };
        auto user = [this]() -> asio::awaitable<void> { co_await nc.async_connect(); };
        play(context, server, user);
    }
    ~silent_peer() {
        nc.close();
        CHECK(runs_out());
    }
    client nc;
    std::optional<peer_connection> held;
};

/// Emits `type` while the operation is pending. True when it was cancelled, false when it went on.
template <class Start>
bool cancelled(silent_peer& f, cancellation_type type, Start start) {
    asio::cancellation_signal signal;
    int calls = 0;
    std::error_code ec;
    start(asio::bind_cancellation_slot(signal.slot(), [&](std::error_code e, auto&&...) {
        ++calls;
        ec = e;
    }));
    static_cast<void>(f.context.poll());
    REQUIRE(calls == 0);
    signal.emit(type);
    CHECK(calls == 0);  // never inside emit
    for (int i = 0; i < 10; ++i) static_cast<void>(f.context.poll());
    REQUIRE(calls <= 1);
    if (calls == 0) {
        f.nc.close();
        REQUIRE(run_until(f.context, [&] { return calls == 1; }));
        CHECK(ec == errc::closed);
        return false;
    }
    CHECK(ec == asio::error::operation_aborted);
    signal.emit(type);  // idempotent
    for (int i = 0; i < 10; ++i) static_cast<void>(f.context.poll());
    CHECK(calls == 1);
    return true;
}

}  // namespace

TEST_CASE_FIXTURE(silent_peer, "E9: cancelling a request, terminal and partial; total would be a lie once it is queued") {
    const auto start = [this](auto token) { nc.async_request("silent.x", "", {}, std::move(token)); };
    SUBCASE("terminal") { CHECK(cancelled(*this, cancellation_type::terminal, start)); }
    SUBCASE("partial") { CHECK(cancelled(*this, cancellation_type::partial, start)); }
    SUBCASE("total") { CHECK_FALSE(cancelled(*this, cancellation_type::total, start)); }
    CHECK(nc.stats().pending_requests == 0);
}

TEST_CASE_FIXTURE(silent_peer, "E9: cancelling a flush, all types") {
    const auto start = [this](auto token) { nc.async_flush({}, std::move(token)); };
    SUBCASE("terminal") { CHECK(cancelled(*this, cancellation_type::terminal, start)); }
    SUBCASE("partial") { CHECK(cancelled(*this, cancellation_type::partial, start)); }
    SUBCASE("total") { CHECK(cancelled(*this, cancellation_type::total, start)); }
}

TEST_CASE_FIXTURE(silent_peer, "E9: cancelling async_next, all types; no message is lost") {
    subscription in = nc.subscribe("in");
    const auto start = [&](auto token) { in.async_next(std::move(token)); };
    SUBCASE("terminal") { CHECK(cancelled(*this, cancellation_type::terminal, start)); }
    SUBCASE("partial") { CHECK(cancelled(*this, cancellation_type::partial, start)); }
    SUBCASE("total") { CHECK(cancelled(*this, cancellation_type::total, start)); }
    auto server = [&]() -> asio::awaitable<void> { co_await held->send("MSG in 1 1\r\nx\r\n"); };
    auto user = [&]() -> asio::awaitable<void> { CHECK((co_await in.async_next()).payload() == "x"); };
    play(context, server, user);
}

TEST_CASE_FIXTURE(silent_peer, "E9: cancelling the drain of a subscription, all types; it stays unsubscribed") {
    subscription in = nc.subscribe("in");
    static_cast<void>(context.poll());
    const auto start = [&](auto token) { in.async_drain(std::move(token)); };
    SUBCASE("terminal") { CHECK(cancelled(*this, cancellation_type::terminal, start)); }
    SUBCASE("partial") { CHECK(cancelled(*this, cancellation_type::partial, start)); }
    SUBCASE("total") { CHECK(cancelled(*this, cancellation_type::total, start)); }
    auto server = [&]() -> asio::awaitable<void> { co_await held->expect("SUB in 1\r\nUNSUB 1\r\nPING\r\n"); };
    play(context, server);
}

TEST_CASE_FIXTURE(silent_peer, "E9 D8: cancelling the drain of the client, terminal only, closes it at once") {
    const subscription in = nc.subscribe("in");
    static_cast<void>(context.poll());
    const auto start = [this](auto token) { nc.async_drain(std::move(token)); };
    SUBCASE("terminal") {
        CHECK(cancelled(*this, cancellation_type::terminal, start));
        CHECK(nc.state() == client_state::closed);
    }
    SUBCASE("partial") { CHECK_FALSE(cancelled(*this, cancellation_type::partial, start)); }
    SUBCASE("total") { CHECK_FALSE(cancelled(*this, cancellation_type::total, start)); }
}

TEST_CASE_FIXTURE(io_fixture, "E9 H1: cancelling a connect gives the attempt up when nobody else waits for it") {
    client nc(context.get_executor(), options());
    asio::cancellation_signal first_signal;
    asio::cancellation_signal second_signal;
    outcome first;
    outcome second;
    nc.async_connect(asio::bind_cancellation_slot(first_signal.slot(), first.plain()));
    nc.async_connect(asio::bind_cancellation_slot(second_signal.slot(), second.plain()));
    std::optional<peer_connection> held;
    auto server = [&]() -> asio::awaitable<void> { held.emplace(co_await peer.accept()); };
    play(context, server);

    first_signal.emit(cancellation_type::total);  // not one of its types
    static_cast<void>(context.poll());
    CHECK(first.calls == 0);
    first_signal.emit(cancellation_type::terminal);
    REQUIRE(run_until(context, [&] { return first.calls == 1; }));
    CHECK(first.ec == asio::error::operation_aborted);
    CHECK(nc.state() == client_state::connecting);
    CHECK(second.calls == 0);

    second_signal.emit(cancellation_type::partial);
    REQUIRE(run_until(context, [&] { return second.calls == 1; }));
    CHECK(second.ec == asio::error::operation_aborted);
    CHECK(nc.state() == client_state::idle);
    auto closed = [&]() -> asio::awaitable<void> { CHECK((co_await held->rest()).empty()); };
    play(context, closed);
    CHECK(runs_out());

    // And it may be asked for again.
    auto again = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
    };
    auto user = [&]() -> asio::awaitable<void> { co_await nc.async_connect(); };
    play(context, again, user);
    CHECK(nc.healthy());
    nc.close();
    CHECK(runs_out());
}

TEST_CASE_FIXTURE(silent_peer, "E9: operator|| with a timer cancels the operation that lost, and the client works on") {
    using namespace asio::experimental::awaitable_operators;
    subscription in = nc.subscribe("in");
    auto user = [&]() -> asio::awaitable<void> {
        asio::steady_timer timer(context, 5ms);
        auto first = co_await (in.async_next(asio::use_awaitable) || timer.async_wait(asio::use_awaitable));
        CHECK(first.index() == 1);
        timer.expires_after(5ms);
        auto second = co_await (nc.async_request("silent.x", "", {}, asio::use_awaitable) || timer.async_wait(asio::use_awaitable));
        CHECK(second.index() == 1);
        CHECK(nc.stats().pending_requests == 0);
        co_await held->send("MSG in 1 1\r\nx\r\n");
        timer.expires_after(10s);
        auto third = co_await (in.async_next(asio::use_awaitable) || timer.async_wait(asio::use_awaitable));
        REQUIRE(third.index() == 0);
        CHECK(std::get<0>(third).payload() == "x");
    };
    play(context, user);
}

TEST_CASE_FIXTURE(silent_peer, "E3 E9: completed and cancelled in the same moment is one completion") {
    asio::cancellation_signal signal;
    outcome next;
    subscription in = nc.subscribe("in");
    static_cast<void>(context.poll());
    in.async_next(asio::bind_cancellation_slot(signal.slot(), next.with_message()));
    const std::string text = "MSG in 1 1\r\nx\r\n";
    CHECK(held->socket().send(asio::buffer(text)) == text.size());
    SUBCASE("cancelled first") {
        signal.emit(cancellation_type::all);
        REQUIRE(run_until(context, [&] { return next.calls == 1 && in.received() == 1; }));
    }
    SUBCASE("message first") {
        REQUIRE(run_until(context, [&] { return in.received() == 1; }));
        signal.emit(cancellation_type::all);
    }
    for (int i = 0; i < 10; ++i) static_cast<void>(context.poll());
    REQUIRE(next.calls == 1);
    message left;
    if (next.ec) {
        CHECK(next.ec == asio::error::operation_aborted);
        CHECK(in.try_next(left));
    } else {
        CHECK(next.reply.payload() == "x");
        CHECK_FALSE(in.try_next(left));
    }
}

TEST_CASE_FIXTURE(silent_peer, "H4: a signal emitted after the client has gone finds nothing") {
    asio::cancellation_signal signal;
    outcome reply;
    {
        client copy(context.get_executor(), options());
        copy.async_request("a", "", {}, asio::bind_cancellation_slot(signal.slot(), reply.with_message()));
        copy.close();
    }
    REQUIRE(run_until(context, [&] { return reply.calls == 1; }));
    CHECK(reply.ec == errc::closed);
    for (int i = 0; i < 10; ++i) static_cast<void>(context.poll());
    signal.emit(cancellation_type::all);
    for (int i = 0; i < 10; ++i) static_cast<void>(context.poll());
    CHECK(reply.calls == 1);
}
