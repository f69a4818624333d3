#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include "protocol/session/deadline_heap.hpp"
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
    deadline_heap heap;
    std::array<deadline_entry, 5> e;
    CHECK(heap.next() == never);
    CHECK(heap.pop_due(never) == nullptr);
    heap.arm(e[0], at(30ms));
    heap.arm(e[1], at(10ms));
    heap.arm(e[2], at(20ms));
    heap.arm(e[3], at(10ms));
    heap.arm(e[4], at(10ms));
    CHECK(heap.next() == at(10ms));
    CHECK(heap.pop_due(at(9ms)) == nullptr);
    CHECK(heap.pop_due(at(10ms)) == &e[1]);
    CHECK(heap.pop_due(at(10ms)) == &e[3]);
    CHECK(heap.pop_due(at(10ms)) == &e[4]);
    CHECK(heap.pop_due(at(10ms)) == nullptr);
    CHECK(heap.next() == at(20ms));
    CHECK(heap.pop_due(at(100ms)) == &e[2]);
    CHECK(heap.pop_due(at(100ms)) == &e[0]);
    CHECK(heap.size() == 0);
    CHECK_FALSE(e[0].armed());
    CHECK(e[0].deadline == never);
}

TEST_CASE("I2: an entry that ends early leaves nothing behind; arming again moves it; never disarms it") {
    deadline_heap heap;
    deadline_entry a;
    deadline_entry b;
    heap.disarm(a);
    heap.arm(a, at(1ms));
    heap.arm(b, at(2ms));
    heap.arm(a, at(3ms));
    CHECK(heap.size() == 2);
    CHECK(heap.next() == at(2ms));
    heap.disarm(b);
    CHECK(heap.next() == at(3ms));
    heap.arm(a, at(1ms));
    CHECK(heap.next() == at(1ms));
    heap.arm(a, never);
    CHECK_FALSE(a.armed());
    CHECK(heap.size() == 0);
    CHECK(heap.next() == never);
}

TEST_CASE("I1: random arming, moving and disarming agrees with sorting") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        random_stream rng(seed);
        deadline_heap heap;
        std::vector<deadline_entry> entries(40);
        for (int step = 0; step < 400; ++step) {
            deadline_entry& e = entries[rng.below(entries.size())];
            heap.arm(e, rng.below(3) == 0 ? never : at(std::chrono::milliseconds(rng.below(20))));
            const auto armed = std::count_if(entries.begin(), entries.end(), [](const deadline_entry& x) { return x.armed(); });
            REQUIRE(heap.size() == static_cast<std::size_t>(armed));
        }
        std::vector<const deadline_entry*> expected;
        for (const deadline_entry& e : entries) {
            if (e.armed()) expected.push_back(&e);
        }
        std::sort(expected.begin(), expected.end(), [](const deadline_entry* x, const deadline_entry* y) {
            return x->deadline != y->deadline ? x->deadline < y->deadline : x->order < y->order;
        });
        for (const deadline_entry* e : expected) REQUIRE(heap.pop_due(at(20ms)) == e);
        REQUIRE(heap.size() == 0);
    }
}

TEST_CASE("I2: arming and disarming allocates nothing in steady state") {
    deadline_heap heap;
    std::vector<deadline_entry> entries(64);
    const auto cycle = [&] {
        for (std::size_t i = 0; i < entries.size(); ++i) heap.arm(entries[i], at(std::chrono::milliseconds(i * 7 % 64)));
        for (std::size_t i = 0; i < entries.size(); i += 2) heap.disarm(entries[i]);
        while (heap.pop_due(at(1s)) != nullptr) {}
    };
    cycle();
    const test::allocation_counter counter;
    for (int i = 0; i < 100; ++i) cycle();
    CHECK(counter.count() == 0);
}

TEST_CASE("I1: arming that runs out of memory changes nothing") {
    deadline_heap heap;
    deadline_entry e;
    {
        const test::failing_allocation fails(1);
        CHECK_THROWS_AS(heap.arm(e, at(1ms)), std::bad_alloc);
    }
    CHECK_FALSE(e.armed());
    CHECK(heap.size() == 0);
    heap.arm(e, at(1ms));
    CHECK(heap.next() == at(1ms));
    heap.disarm(e);
}

}  // namespace
}  // namespace slipstream::session
