#include <doctest/doctest.h>

#include <chrono>
#include <climits>

#include "protocol/session/liveness.hpp"
#include "protocol/session/random.hpp"

namespace slipstream::session {
namespace {

using namespace std::chrono_literals;

constexpr liveness_options usual{.ping_interval = 5s, .max_pings_out = 2, .write_timeout = 10s};
constexpr time_point t0{1h};

liveness started(const liveness_options& options = usual) {
    liveness l(options);
    l.start(t0);
    return l;
}

TEST_CASE("C3 I5: a silent peer is pinged each interval and given up after one more") {
    liveness l = started();
    CHECK(l.next_deadline() == t0 + 5s);
    CHECK(l.on_time(t0 + 5s - 1ns) == liveness_verdict::alive);
    CHECK(l.on_time(t0 + 5s) == liveness_verdict::send_ping);
    CHECK(l.pings_out() == 1);
    CHECK(l.on_time(t0 + 5s) == liveness_verdict::alive);
    CHECK(l.next_deadline() == t0 + 10s);
    CHECK(l.on_time(t0 + 10s) == liveness_verdict::send_ping);
    CHECK(l.on_time(t0 + 10s) == liveness_verdict::alive);
    CHECK(l.next_deadline() == t0 + 15s);
    CHECK(l.on_time(t0 + 15s - 1ns) == liveness_verdict::alive);
    CHECK(l.on_time(t0 + 15s) == liveness_verdict::stale);
}

TEST_CASE("I5: a dead inbound path is noticed within ping_interval * (max_pings_out + 1), for any options") {
    for (const unsigned pings : {1U, 2U, 5U, 100U}) {
        for (const duration interval : {duration(1ms), duration(5s), duration(24h * 30)}) {
            liveness l = started({.ping_interval = interval, .max_pings_out = pings, .write_timeout = 10s});
            time_point now = t0;
            unsigned sent = 0;
            for (;;) {
                REQUIRE(l.next_deadline() > now);
                now = l.next_deadline();
                const liveness_verdict v = l.on_time(now);
                if (v == liveness_verdict::stale) break;
                REQUIRE(v == liveness_verdict::send_ping);
                ++sent;
            }
            CHECK(sent == pings);
            CHECK(now == t0 + interval * (pings + 1));
        }
    }
}

TEST_CASE("C4: only bytes from the peer count, however much is written") {
    liveness l = started();
    time_point now = t0;
    liveness_verdict v = liveness_verdict::alive;
    int pings = 0;
    while (v != liveness_verdict::stale) {
        now += 100ms;
        l.on_write_blocked(now);
        l.on_write_progress(now);
        l.on_write_done(now);
        v = l.on_time(now);
        pings += v == liveness_verdict::send_ping ? 1 : 0;
        REQUIRE(now < t0 + 16s);
    }
    CHECK(now == t0 + 15s);
    CHECK(pings == 2);
}

TEST_CASE("C3 I5: a peer that talks and never answers is given up as well: the way out is dead") {
    liveness l = started();
    time_point now = t0;
    int pings = 0;
    for (liveness_verdict v = liveness_verdict::alive; v != liveness_verdict::stale; v = l.on_time(now)) {
        pings += v == liveness_verdict::send_ping ? 1 : 0;
        now += 100ms;
        l.on_received(now, 1000);
        REQUIRE(now <= t0 + 15s);
    }
    CHECK(now == t0 + 15s);
    CHECK(pings == 2);
}

TEST_CASE("C3 C7: a PONG may be late behind our own backlog, or behind what the peer sends") {
    liveness l = started();
    l.on_received(t0 + 1s);
    CHECK(l.on_time(t0 + 5s) == liveness_verdict::send_ping);
    l.on_write_blocked(t0 + 6s);
    for (int i = 7; i < 60; ++i) {
        l.on_received(t0 + i * 1s);
        l.on_write_progress(t0 + i * 1s);
        CHECK(l.on_time(t0 + i * 1s) == liveness_verdict::alive);
    }
    l.on_write_done(t0 + 60s);
    l.on_received(t0 + 60s);
    CHECK(l.next_deadline() == t0 + 65s);
    CHECK(l.on_time(t0 + 65s) == liveness_verdict::send_ping);
    for (int i = 61; i < 100; ++i) {  // a flood
        l.on_received(t0 + i * 1s, 100'000);
        CHECK(l.on_time(t0 + i * 1s) != liveness_verdict::stale);
    }
    l.on_pong(t0 + 100s);
    CHECK(l.next_deadline() == t0 + 104s);  // the last byte was at 99 s
}

TEST_CASE("C3 D1: while nothing is read by our own choice, the silence says nothing") {
    liveness l = started();
    l.on_write_blocked(t0);
    l.pause();
    CHECK(l.next_deadline() == t0 + 10s);  // writing goes on, and so does its clock
    l.on_write_done(t0 + 1s);
    CHECK(l.next_deadline() == never);
    CHECK(l.on_time(t0 + 1h) == liveness_verdict::alive);
    l.resume(t0 + 1h);
    CHECK(l.next_deadline() == t0 + 1h + 5s);
    l.pause();
    l.stop();
    l.start(t0 + 2h);
    CHECK(l.next_deadline() == t0 + 2h + 5s);
}

TEST_CASE("C3: any byte is proof that the way in is open, and while answers come too there is no ping for it") {
    liveness l = started();
    for (int i = 1; i <= 100; ++i) {
        const time_point now = t0 + i * 4900ms;
        CHECK(l.on_time(now) == liveness_verdict::alive);
        l.on_received(now);
        l.on_pong(now);
    }
    const time_point last = t0 + 100 * 4900ms;
    CHECK(l.next_deadline() == last + 5s);
    CHECK(l.on_time(last + 5s) == liveness_verdict::send_ping);
    l.on_received(last + 6s);  // no PONG: the way out is still to be shown
    CHECK(l.pings_out() == 0);
    CHECK(l.next_deadline() == last + 10s);
}

TEST_CASE("C5: a new connection begins with clean counts, and without one there is no deadline") {
    liveness l(usual);
    CHECK(l.next_deadline() == never);
    CHECK(l.on_time(t0 + 1h) == liveness_verdict::alive);
    l.start(t0);
    l.on_write_blocked(t0);
    CHECK(l.on_time(t0 + 5s) == liveness_verdict::send_ping);
    CHECK(l.on_time(t0 + 15s) == liveness_verdict::stale);
    l.stop();
    CHECK(l.next_deadline() == never);
    CHECK(l.on_time(t0 + 1h) == liveness_verdict::alive);
    l.start(t0 + 1h);
    CHECK(l.pings_out() == 0);
    CHECK(l.next_deadline() == t0 + 1h + 5s);
    CHECK(l.on_time(t0 + 1h + 11s) == liveness_verdict::send_ping);
    CHECK(l.on_time(t0 + 1h + 14s) == liveness_verdict::alive);
}

TEST_CASE("C22: a look at the clock that comes late yields one ping or one end, no burst") {
    liveness l = started();
    CHECK(l.on_time(t0 + 12s) == liveness_verdict::send_ping);
    CHECK(l.pings_out() == 2);
    CHECK(l.on_time(t0 + 12s) == liveness_verdict::alive);
    CHECK(l.next_deadline() == t0 + 15s);
    liveness slept = started();
    CHECK(slept.on_time(t0 + 60s) == liveness_verdict::stale);
}

TEST_CASE("C7: a peer that takes no byte for the write timeout is given up, one that takes some is not") {
    liveness l = started({.ping_interval = 1h, .max_pings_out = 2, .write_timeout = 10s});
    CHECK(l.next_deadline() == t0 + 1h);
    l.on_write_blocked(t0 + 1s);
    CHECK(l.next_deadline() == t0 + 11s);
    l.on_write_blocked(t0 + 8s);  // still the same stall
    CHECK(l.next_deadline() == t0 + 11s);
    l.on_received(t0 + 9s);  // it talks, but it does not listen
    CHECK(l.next_deadline() == t0 + 11s);
    l.on_write_progress(t0 + 10s);
    CHECK(l.on_time(t0 + 11s) == liveness_verdict::alive);
    CHECK(l.next_deadline() == t0 + 20s);
    CHECK(l.on_time(t0 + 20s - 1ns) == liveness_verdict::alive);
    CHECK(l.on_time(t0 + 20s) == liveness_verdict::write_stalled);
    l.on_write_done(t0 + 20s);
    CHECK(l.on_time(t0 + 20s) == liveness_verdict::alive);
    CHECK(l.next_deadline() == t0 + 9s + 1h);
}

TEST_CASE("C3 C7: when both are over, the silence is the reason") {
    liveness l = started({.ping_interval = 5s, .max_pings_out = 1, .write_timeout = 10s});
    l.on_write_blocked(t0);
    CHECK(l.on_time(t0 + 5s) == liveness_verdict::send_ping);
    CHECK(l.next_deadline() == t0 + 10s);
    CHECK(l.on_time(t0 + 10s) == liveness_verdict::stale);
}

TEST_CASE("E13: huge options saturate") {
    liveness l = started({.ping_interval = duration::max(), .max_pings_out = UINT_MAX, .write_timeout = duration::max()});
    l.on_write_blocked(t0);
    CHECK(l.next_deadline() == never);
    CHECK(l.on_time(t0 + 1h) == liveness_verdict::alive);
}

TEST_CASE("C3: stepping by next_deadline never stands still") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        random_stream rng(seed);
        liveness l = started();
        time_point now = t0;
        for (int step = 0; step < 200; ++step) {
            switch (rng.below(7)) {
                case 0: l.on_received(now); break;
                case 1: l.on_write_blocked(now); break;
                case 2: l.on_write_progress(now); break;
                case 3: l.on_write_done(now); break;
                case 4: l.on_pong(now); break;
                case 5: l.on_received(now, 100'000); break;
                default: break;
            }
            const liveness_verdict v = l.on_time(now);
            if (v == liveness_verdict::stale || v == liveness_verdict::write_stalled) l.start(now);
            const bool ahead = l.next_deadline() > now;
            REQUIRE(ahead);
            now = rng.below(2) == 0 ? l.next_deadline() : now + std::chrono::milliseconds(rng.below(3000));
        }
    }
}

}  // namespace
}  // namespace slipstream::session
