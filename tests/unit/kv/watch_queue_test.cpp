// The queue of updates.
#include <doctest/doctest.h>

#include <deque>
#include <random>
#include <string>

#include "kv/machine/update_queue.hpp"
#include "tests/support/alloc_counter.hpp"

using slipstream::kv::update;
using slipstream::kv::update_kind;
using slipstream::kv::update_view;
using slipstream::kv::machine::update_queue;

namespace {

update_view make(std::string_view key, std::string_view value, std::uint64_t sequence) {
    update_view u;
    u.key = key;
    u.value = value;
    u.value_size = value.size();
    u.revision = slipstream::kv::revision(sequence);
    u.delta = sequence * 2;
    u.count = sequence * 3;
    u.initial = sequence % 2 == 0;
    return u;
}

}  // namespace

TEST_CASE("S91: updates come out as they went in, with their positions, whatever their sizes") {
    std::mt19937_64 random(7);
    update_queue q(1'000'000, 1'000'000'000);
    std::deque<std::pair<std::string, std::string>> model;
    std::uint64_t in = 0;
    std::uint64_t out = 0;
    update u;
    for (int i = 0; i < 20'000; ++i) {
        if (random() % 100 < 55) {
            const std::size_t size = random() % 50 == 0 ? random() % 200'000 : random() % 300;
            model.emplace_back(std::string(1 + random() % 60, 'k'), std::string(size, static_cast<char>('a' + in % 26)));
            ++in;
            q.push(make(model.back().first, model.back().second, in), in);
        } else if (std::uint64_t position = 0; q.pop(u, position)) {
            ++out;
            REQUIRE(position == out);
            REQUIRE(u.key() == model.front().first);
            REQUIRE(u.value() == model.front().second);
            REQUIRE(u.revision().value() == out);
            REQUIRE(u.delta() == out * 2);
            REQUIRE(u.count() == out * 3);
            REQUIRE(u.initial() == (out % 2 == 0));
            model.pop_front();
        } else {
            REQUIRE(model.empty());
        }
        REQUIRE(q.updates() == model.size());
        REQUIRE(q.empty() == model.empty());
    }
    q.clear();
    CHECK(q.empty());
    CHECK(q.bytes() == 0);
    q.push(make("a", "b", 1), 5);
    std::uint64_t position = 0;
    CHECK(q.pop(u, position));
    CHECK(position == 5);
}

TEST_CASE("D4: limits count updates and bytes; the first one always fits") {
    update_queue q(3, 1'000);
    CHECK(q.has_room(make("k", std::string(5'000, 'x'), 1)));
    q.push(make("k", std::string(5'000, 'x'), 1), 1);
    CHECK_FALSE(q.has_room(make("k", "", 2)));
    update u;
    std::uint64_t position = 0;
    REQUIRE(q.pop(u, position));
    CHECK(q.bytes() == 0);
    for (std::uint64_t i = 0; i < 3; ++i) {
        CHECK(q.has_room(make("k", "v", i)));
        q.push(make("k", "v", i), i);
    }
    CHECK_FALSE(q.has_room(make("k", "v", 9)));
}

TEST_CASE("I24: the last record carries what needs no record of its own") {
    update_queue q(10, 1'000);
    q.push(make("a", "", 1), 1);
    q.push(make("b", "", 2), 2);
    q.extend(9);
    q.extend(5);  // never backwards
    update u;
    std::uint64_t position = 0;
    REQUIRE(q.pop(u, position));
    CHECK(position == 1);
    REQUIRE(q.pop(u, position));
    CHECK(position == 9);
}

TEST_CASE("row 14: no allocation for each update in steady state") {
    update_queue q(1'000'000, 1'000'000'000);
    update u;
    std::uint64_t position = 0;
    const std::string value(128, 'v');
    const auto round = [&] {
        for (int i = 0; i < 700; ++i) q.push(make("some.key.of.ours", value, 1), 1);
        for (int i = 0; i < 700; ++i) REQUIRE(q.pop(u, position));
    };
    round();
    const std::uint64_t before = slipstream::test::allocations();
    for (int i = 0; i < 50; ++i) round();
    // A burst that fills several blocks gives all but one back.
    CHECK(slipstream::test::allocations() - before <= 50 * 4);
    q.push(make("k", value, 1), 1);
    REQUIRE(q.pop(u, position));
    const std::uint64_t steady = slipstream::test::allocations();
    for (int i = 0; i < 10'000; ++i) {
        q.push(make("some.key.of.ours", value, 1), 1);
        REQUIRE(q.pop(u, position));
    }
    CHECK(slipstream::test::allocations() == steady);
}
