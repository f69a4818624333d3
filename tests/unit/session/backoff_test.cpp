#include <doctest/doctest.h>

#include <chrono>
#include <vector>

#include "protocol/session/backoff.hpp"
#include "protocol/session/random.hpp"

namespace slipstream::session {
namespace {

using namespace std::chrono_literals;

constexpr backoff_options usual{.base = 100ms, .max = 5s, .stable = 5s};
constexpr time_point start{1h};

TEST_CASE("C8: the ceiling doubles each round up to the maximum and never overflows") {
    CHECK(backoff_ceiling(100ms, 5s, 0) == 100ms);
    CHECK(backoff_ceiling(100ms, 5s, 1) == 200ms);
    CHECK(backoff_ceiling(100ms, 5s, 5) == 3200ms);
    CHECK(backoff_ceiling(100ms, 5s, 6) == 5s);
    for (const std::uint64_t round :
         {std::uint64_t{7}, std::uint64_t{40}, std::uint64_t{62}, std::uint64_t{63}, std::uint64_t{64}, UINT64_MAX}) {
        CHECK(backoff_ceiling(100ms, 5s, round) == 5s);
        CHECK(backoff_ceiling(1ns, duration::max(), round) > 0ns);
        CHECK(backoff_ceiling(0ms, 5s, round) == 0ns);
        CHECK(backoff_ceiling(-1s, 5s, round) == 0ns);
    }
    CHECK(backoff_ceiling(duration::max(), duration::max(), 5) == duration::max());
    CHECK(backoff_ceiling(10s, 5s, 0) == 5s);
}

TEST_CASE("C8: the first retry is immediate, later ones are spread over all of the time below the ceiling") {
    random_stream rng(42);
    for (int attempt = 1; attempt < 10; ++attempt) {
        const duration ceiling = backoff_ceiling(usual.base, usual.max, static_cast<std::uint64_t>(attempt - 1));
        duration sum{};
        int low = 0;
        int high = 0;
        for (int i = 0; i < 2000; ++i) {
            backoff b(usual);
            REQUIRE(b.next_delay(1, rng) == 0ns);
            for (int k = 1; k < attempt; ++k) static_cast<void>(b.next_delay(1, rng));
            const duration d = b.next_delay(1, rng);
            REQUIRE(d >= 0ns);
            REQUIRE(d <= ceiling);
            sum += d;
            low += d < ceiling / 10 ? 1 : 0;
            high += d > ceiling * 9 / 10 ? 1 : 0;
            REQUIRE(b.attempts() == static_cast<std::uint64_t>(attempt) + 1);
        }
        CHECK(sum / 2000 > ceiling * 47 / 100);
        CHECK(sum / 2000 < ceiling * 53 / 100);
        CHECK(low > 130);
        CHECK(high > 130);
    }
}

TEST_CASE("C8: with several servers the ceiling doubles when all had a turn") {
    const auto longest = [](std::size_t servers, int attempt) {
        duration most{};
        random_stream rng(7);
        for (int i = 0; i < 3000; ++i) {
            backoff b(usual);
            for (int k = 0; k < attempt; ++k) static_cast<void>(b.next_delay(servers, rng));
            most = std::max(most, b.next_delay(servers, rng));
        }
        return most;
    };
    CHECK(longest(3, 0) == 0ns);
    for (const int attempt : {1, 2, 3}) {
        CHECK(longest(3, attempt) <= 100ms);
        CHECK(longest(3, attempt) > 95ms);
    }
    CHECK(longest(3, 4) > 190ms);
    CHECK(longest(3, 4) <= 200ms);
    CHECK(longest(0, 2) > 190ms);  // no server is as good as one
}

TEST_CASE("C9 I6: the ceiling falls back only after a stable connection, so a flapping server is not hammered") {
    random_stream rng(1);
    backoff b(usual);
    time_point now = start;
    std::vector<time_point> dials;
    while (now < start + 60s) {  // accept, PONG, cut, again and again
        now += b.next_delay(1, rng);
        dials.push_back(now);
        b.on_connected(now);
        now += 1ms;
        CHECK_FALSE(b.on_lost(now));
    }
    std::size_t in_last_half = 0;
    for (const time_point t : dials) in_last_half += t > start + 30s ? 1U : 0U;
    CHECK(dials.size() < 50);
    CHECK(in_last_half < 25);  // the mean wait is half of the maximum, 2.5 s
    CHECK(b.attempts() == dials.size());

    b.on_connected(now);
    CHECK_FALSE(b.on_lost(now + 5s - 1ns));
    CHECK(b.attempts() != 0);
    b.on_connected(now);
    CHECK(b.on_lost(now + 5s));
    CHECK(b.attempts() == 0);
    CHECK(b.next_delay(1, rng) == 0ns);
}

TEST_CASE("C9: losing what never was up changes nothing; an explicit reset begins anew") {
    random_stream rng(1);
    backoff b(usual);
    CHECK_FALSE(b.on_lost(start + 1h));
    static_cast<void>(b.next_delay(1, rng));
    CHECK_FALSE(b.on_lost(start + 2h));
    CHECK(b.attempts() == 1);
    b.on_connected(start);
    CHECK(b.on_lost(start + 1h));
    CHECK_FALSE(b.on_lost(start + 2h));  // counted once
    static_cast<void>(b.next_delay(1, rng));
    static_cast<void>(b.next_delay(1, rng));
    b.reset();
    CHECK(b.attempts() == 0);
    CHECK(b.next_delay(1, rng) == 0ns);
}

TEST_CASE("E11: the same seed gives the same numbers, on every compiler, and streams split by name differ") {
    random_stream rng(0);
    CHECK(rng.next() == 0xe220a8397b1dcdafU);  // splitmix64's published sequence
    CHECK(rng.next() == 0x6e789e6aa1b965f4U);
    CHECK(rng.next() == 0x06c45d188009454fU);
    const random_stream root(99);
    CHECK(root.split("jitter").next() == root.split("jitter").next());
    CHECK(root.split("jitter").next() != root.split("servers").next());
    CHECK(root.split("jitter").next() != random_stream(98).split("jitter").next());
    std::vector<int> hits(7);
    for (int i = 0; i < 70'000; ++i) ++hits[rng.below(7)];
    for (const int n : hits) CHECK((n > 9600 && n < 10'400));
    // A bound that does not divide the range would favour its lower part if nothing was done about it.
    const std::uint64_t third = std::uint64_t{1} << 62;
    int low = 0;
    for (int i = 0; i < 30'000; ++i) low += rng.below(3 * third) < third ? 1 : 0;
    CHECK((low > 9600 && low < 10'400));
    CHECK(rng.below(0) == 0);
    CHECK(rng.below(1) == 0);
    for (int i = 0; i < 100; ++i) CHECK(rng.below(UINT64_MAX) != UINT64_MAX);
}

}  // namespace
}  // namespace slipstream::session
