#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include "protocol/session/deadline_queue.hpp"
#include "protocol/session/random.hpp"
#include "protocol/session/time.hpp"
#include "tests/support/alloc_counter.hpp"

namespace slipstream::session {
namespace {

using namespace std::chrono_literals;

constexpr time_point at(std::chrono::milliseconds ms) { return time_point(ms); }

TEST_CASE("E13: deadlines saturate instead of overflowing") {
    using std::chrono::milliseconds;
    const time_point now = at(1h);
    CHECK(deadline_after(now, 5s) == at(1h + 5s));
    CHECK(deadline_after(now, 0ms) == now);
    CHECK(deadline_after(now, -5s) == now);
    CHECK(deadline_after(now, milliseconds::min()) == now);
    CHECK(deadline_after(now, milliseconds::max()) == never);
    CHECK(deadline_after(now, std::chrono::hours::max()) == never);
    CHECK(deadline_after(now, duration::max()) == never);
    CHECK(deadline_after(never, 1ns) == never);
    CHECK(deadline_after(now, duration::max() - 1h - 1ns) < never);
    CHECK(to_duration(milliseconds::max()) == duration::max());
    CHECK(to_duration(1500us) == 1500us);
    CHECK(to_duration(-1ms) == duration::zero());
}

TEST_CASE("I1: entries come out by deadline, and in the order of arming where deadlines are equal") {
    deadline_queue queue;
    std::array<deadline_entry, 5> e;
    CHECK(queue.next() == never);
    CHECK(queue.pop_due(never) == nullptr);
    queue.arm(e[0], at(30ms));
    queue.arm(e[1], at(10ms));
    queue.arm(e[2], at(20ms));
    queue.arm(e[3], at(10ms));
    queue.arm(e[4], at(10ms));
    CHECK(queue.next() == at(10ms));
    CHECK(queue.pop_due(at(9ms)) == nullptr);
    CHECK(queue.pop_due(at(10ms)) == &e[1]);
    CHECK(queue.pop_due(at(10ms)) == &e[3]);
    CHECK(queue.pop_due(at(10ms)) == &e[4]);
    CHECK(queue.pop_due(at(10ms)) == nullptr);
    CHECK(queue.next() == at(20ms));
    CHECK(queue.pop_due(at(100ms)) == &e[2]);
    CHECK(queue.pop_due(at(100ms)) == &e[0]);
    CHECK(queue.size() == 0);
    CHECK_FALSE(e[0].armed());
    CHECK(e[0].deadline == never);
}

TEST_CASE("I2: an entry that ends early leaves nothing behind; arming again moves it; never disarms it") {
    deadline_queue queue;
    deadline_entry a;
    deadline_entry b;
    queue.disarm(a);
    queue.arm(a, at(1ms));
    queue.arm(b, at(2ms));
    queue.arm(a, at(3ms));
    CHECK(queue.size() == 2);
    CHECK(queue.next() == at(2ms));
    queue.disarm(b);
    CHECK(queue.next() == at(3ms));
    queue.arm(a, at(1ms));
    CHECK(queue.next() == at(1ms));
    queue.arm(a, never);
    CHECK_FALSE(a.armed());
    CHECK(queue.size() == 0);
    CHECK(queue.next() == never);
}

TEST_CASE("I1: random arming, moving and disarming agrees with sorting") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        random_stream rng(seed);
        deadline_queue queue;
        std::vector<deadline_entry> entries(40);
        for (int step = 0; step < 400; ++step) {
            deadline_entry& e = entries[rng.below(entries.size())];
            queue.arm(e, rng.below(3) == 0 ? never : at(std::chrono::milliseconds(rng.below(20))));
            const auto armed = std::count_if(entries.begin(), entries.end(), [](const deadline_entry& x) { return x.armed(); });
            REQUIRE(queue.size() == static_cast<std::size_t>(armed));
        }
        std::vector<const deadline_entry*> expected;
        for (const deadline_entry& e : entries) {
            if (e.armed()) expected.push_back(&e);
        }
        std::sort(expected.begin(), expected.end(), [](const deadline_entry* x, const deadline_entry* y) {
            return x->deadline != y->deadline ? x->deadline < y->deadline : x->order < y->order;
        });
        for (const deadline_entry* e : expected) REQUIRE(queue.pop_due(at(20ms)) == e);
        REQUIRE(queue.size() == 0);
    }
}

TEST_CASE("I2: arming and disarming allocates nothing in steady state") {
    deadline_queue queue;
    std::vector<deadline_entry> entries(64);
    const auto cycle = [&] {
        for (std::size_t i = 0; i < entries.size(); ++i) queue.arm(entries[i], at(std::chrono::milliseconds(i * 7 % 64)));
        for (std::size_t i = 0; i < entries.size(); i += 2) queue.disarm(entries[i]);
        while (queue.pop_due(at(1s)) != nullptr) {}
    };
    cycle();
    const test::allocation_counter counter;
    for (int i = 0; i < 100; ++i) cycle();
    CHECK(counter.count() == 0);
}

TEST_CASE("I2: a few timeouts, mixed, need no memory, however many operations are pending and in whatever order they end") {
    random_stream rng(7);
    deadline_queue queue;
    std::vector<deadline_entry> entries(1000);
    const test::allocation_counter counter;
    for (std::int64_t now = 0; now < 20'000; ++now) {
        constexpr std::array<std::chrono::milliseconds, deadline_queue::runs> timeouts{500ms, 20ms, 2000ms, 100ms};
        const time_point at_ms = at(std::chrono::milliseconds(now));
        while (deadline_entry* const due = queue.pop_due(at_ms)) REQUIRE_FALSE(due->armed());
        queue.disarm(entries[rng.below(entries.size())]);
        deadline_entry& e = entries[rng.below(entries.size())];
        if (!e.armed()) queue.arm(e, deadline_after(at_ms, timeouts[rng.below(timeouts.size())]));
        REQUIRE(queue.unordered() == 0);
        REQUIRE(queue.next() > at_ms);
    }
    CHECK(queue.size() > 0);
    CHECK(counter.count() == 0);
}

TEST_CASE("I1: deadlines that fit no run go to the heap, and come out in order with the others") {
    deadline_queue queue;
    std::array<deadline_entry, 2 * deadline_queue::runs> e;
    for (std::size_t i = 0; i < e.size(); ++i) queue.arm(e[i], at(std::chrono::milliseconds(100 - i)));
    CHECK(queue.unordered() == e.size() - deadline_queue::runs);
    CHECK(queue.size() == e.size());
    queue.arm(e[e.size() - 1], at(100ms));  // in the heap it was the first: now it is the last of the first run
    CHECK(queue.unordered() == e.size() - deadline_queue::runs - 1);
    queue.disarm(e[deadline_queue::runs]);
    CHECK(queue.unordered() == e.size() - deadline_queue::runs - 2);
    for (std::size_t i = e.size() - 1; i-- > 0;) {
        if (i != deadline_queue::runs) REQUIRE(queue.pop_due(at(1s)) == &e[i]);
    }
    CHECK(queue.pop_due(at(1s)) == &e[e.size() - 1]);
    CHECK(queue.size() == 0);
}

TEST_CASE("I1: arming that runs out of memory changes nothing") {
    deadline_queue queue;
    std::array<deadline_entry, deadline_queue::runs> others;
    for (std::size_t i = 0; i < others.size(); ++i) queue.arm(others[i], at(std::chrono::milliseconds(100 - i)));
    deadline_entry e;
    {
        const test::failing_allocation fails(1);
        CHECK_THROWS_AS(queue.arm(e, at(1ms)), std::bad_alloc);
    }
    CHECK_FALSE(e.armed());
    CHECK(queue.size() == others.size());
    queue.arm(e, at(1ms));
    CHECK(queue.next() == at(1ms));
    queue.disarm(e);
}

}  // namespace
}  // namespace slipstream::session
