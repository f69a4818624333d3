// The wall clock of this program is ours: every look at it is counted, and while a test says so it jumps back and forth by days.
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#include "tests/io/fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

std::atomic<bool> jumping = false;
std::atomic<int> looks = 0;

/// One day forth, two back, three forth ...
time_t jump() {
    const int n = ++looks;
    return static_cast<time_t>(n) * (n % 2 == 0 ? -86'400 : 86'400);
}

}  // namespace

// In place of the C library's, for the whole program and the libraries below it.
extern "C" int clock_gettime(clockid_t id, timespec* out) noexcept {
    const long result = ::syscall(SYS_clock_gettime, id, out);
    if (result == 0 && jumping && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) out->tv_sec += jump();
    return static_cast<int>(result);
}

TEST_CASE_FIXTURE(io_fixture,
                  "C21: pings, timeouts, backoff and reconnecting do not look at the wall clock, and do not care where it jumps") {
    // That it is ours: two looks are days apart.
    jumping = true;
    const auto first = std::chrono::system_clock::now();
    const auto second = std::chrono::system_clock::now();
    CHECK(std::chrono::abs(second - first) > 24h);
    looks = 0;

    connect_options o = options();
    o.ping_interval = 5ms;
    o.max_pings_out = 100;
    client nc(context.get_executor(), o);
    auto server = [&]() -> asio::awaitable<void> {
        {
            peer_connection c = co_await peer.accept();
            co_await c.handshake();
            co_await c.expect("SUB in 1\r\n");
            for (int i = 0; i < 5; ++i) {
                co_await c.expect("PING\r\n");
                co_await c.send("PONG\r\n");
            }
            c.reset();
        }
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        co_await c.expect("SUB in 1\r\n");
        co_await serve(c);
    };
    auto user = [&]() -> asio::awaitable<void> {
        const subscription in = nc.subscribe("in");
        co_await nc.async_connect();
        while (nc.stats().reconnects == 0) co_await asio::post(context, asio::use_awaitable);
        auto [ec, reply] = co_await nc.async_request("silent.a", "x", {.timeout = 20ms}, use_tuple);
        CHECK(ec == errc::timeout);
        co_await nc.async_flush({.timeout = 10s});
        nc.close();
    };
    play(context, server, user);
    const int looked = looks;
    jumping = false;
    CHECK(looked == 0);
    CHECK(count(event_kind::disconnected) == 2);  // the peer's reset, and close
    CHECK(count(event_kind::connected) == 2);
}
