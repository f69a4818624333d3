#include <doctest/doctest.h>

#include <cstdint>
#include <deque>
#include <string>

#include "protocol/session/message_queue.hpp"
#include "protocol/session/random.hpp"
#include "tests/support/alloc_counter.hpp"

namespace slipstream::session {
namespace {

constexpr std::size_t plenty = std::size_t{1} << 40;
constexpr std::string_view headers = "NATS/1.0\r\nA: b\r\n\r\n";

TEST_CASE("D13: every part of a message comes out as it went in, empty parts too") {
    message_queue queue(10, plenty);
    message out;
    CHECK_FALSE(queue.pop(out));
    REQUIRE(queue.push({"s.t", "_INBOX.1", headers, "payload"}));
    REQUIRE(queue.push({"s", "", "", ""}));
    REQUIRE(queue.push({"s", "", headers, ""}));
    REQUIRE(queue.push({"s", "r", "", std::string_view("a\0\r\n", 4)}));
    REQUIRE(queue.pop(out));
    CHECK(out.subject() == "s.t");
    CHECK(out.reply_to() == "_INBOX.1");
    CHECK(out.header_block() == headers);
    CHECK(out.payload() == "payload");
    REQUIRE(queue.pop(out));
    CHECK(out.subject() == "s");
    CHECK(out.reply_to().empty());
    CHECK(out.header_block().empty());
    CHECK(out.payload().empty());
    REQUIRE(queue.pop(out));
    CHECK(out.headers().get("A") == "b");
    CHECK(out.payload().empty());
    REQUIRE(queue.pop(out));
    CHECK(out.reply_to() == "r");
    CHECK(out.payload() == std::string_view("a\0\r\n", 4));
    CHECK(queue.empty());
    CHECK_FALSE(queue.pop(out));
}

TEST_CASE("D4: both limits hold, and bytes are headers and payload") {
    message out;
    SUBCASE("messages") {
        message_queue queue(2, plenty);
        CHECK(queue.push({"a", "", "", "1"}));
        CHECK(queue.push({"a", "", "", "2"}));
        CHECK_FALSE(queue.push({"a", "", "", ""}));
        CHECK(queue.messages() == 2);
        CHECK(queue.bytes() == 2);
        CHECK(queue.pop(out));
        CHECK(queue.push({"a", "", "", "3"}));
        CHECK_FALSE(queue.push({"a", "", "", "4"}));
    }
    SUBCASE("bytes") {
        message_queue queue(100, headers.size() + 10);
        CHECK(queue.push({"a.long.subject.that.does.not.count", "nor.does.this", headers, "12345"}));
        CHECK(queue.bytes() == headers.size() + 5);
        CHECK_FALSE(queue.push({"a", "", "", "123456"}));
        CHECK(queue.push({"a", "", "", "12345"}));
        CHECK(queue.bytes() == headers.size() + 10);
        CHECK(queue.push({"a", "", "", ""}));
        CHECK_FALSE(queue.push({"a", "", "", "1"}));
        CHECK(queue.pop(out));
        CHECK(queue.bytes() == 5);
        CHECK(queue.messages() == 2);
    }
    SUBCASE("a message larger than the limit never fits, and size arithmetic does not wrap") {
        message_queue queue(100, 4);
        CHECK_FALSE(queue.push({"a", "", "", "12345"}));
        CHECK(queue.push({"a", "", "", "1234"}));
        CHECK_FALSE(queue.push({"a", "", "", "1"}));
        message_queue nothing(0, 0);
        CHECK_FALSE(nothing.push({"a", "", "", ""}));
        CHECK(nothing.capacity() == 0);
    }
}

TEST_CASE("D3: status messages have a bounded reserve beyond both limits; ordinary ones wait until there is room again") {
    constexpr std::string_view heartbeat = "NATS/1.0 100 Idle Heartbeat\r\n\r\n";
    message out;
    message_queue queue(2, 10);
    CHECK(queue.push({"a", "", "", "12345"}));
    CHECK(queue.push({"a", "", "", "12345"}));
    CHECK_FALSE(queue.push({"a", "", heartbeat, ""}));
    std::size_t beyond = 0;
    while (queue.push_status({"a", "", heartbeat, ""})) ++beyond;
    CHECK(beyond == message_queue::status_messages);
    CHECK(queue.messages() == 2 + message_queue::status_messages);
    for (std::size_t i = 0; i <= message_queue::status_messages; ++i) {
        CHECK_FALSE(queue.push({"a", "", "", ""}));
        CHECK(queue.pop(out));
    }
    CHECK(out.status() == 100);
    CHECK_FALSE(queue.push({"a", "", "", ""}));  // one message is left, but its bytes are beyond the limit
    CHECK(queue.pop(out));
    CHECK(queue.push({"a", "", "", "1234567890"}));

    message_queue small(plenty, 10);
    const std::string large(message_queue::status_bytes + 10, 'x');
    CHECK_FALSE(small.push_status({"a", "", large, "x"}));
    CHECK(small.push_status({"a", "", large, ""}));
    CHECK_FALSE(small.push_status({"a", "", "x", ""}));
    CHECK_FALSE(small.push({"a", "", "x", ""}));
    message_queue unlimited(SIZE_MAX, SIZE_MAX);
    CHECK(unlimited.push_status({"a", "", heartbeat, ""}));
}

TEST_CASE("I11: order holds over any mixture of sizes, and sizes are exact") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        random_stream rng(seed);
        message_queue queue(plenty, plenty);
        std::deque<std::string> expected;
        std::size_t bytes = 0;
        message out;
        for (int step = 0; step < 2000; ++step) {
            if (rng.below(100) < 55) {
                const std::size_t size = rng.below(20) == 0 ? rng.below(70'000) : rng.below(700);
                std::string payload(size, static_cast<char>('a' + rng.below(26)));
                REQUIRE(queue.push({"subject", "", "", payload}));
                bytes += size;
                expected.push_back(std::move(payload));
            } else if (!expected.empty()) {
                REQUIRE(queue.pop(out));
                REQUIRE(out.payload() == expected.front());
                bytes -= expected.front().size();
                expected.pop_front();
            }
            REQUIRE(queue.messages() == expected.size());
            REQUIRE(queue.bytes() == bytes);
        }
        while (queue.pop(out)) {
            REQUIRE(out.payload() == expected.front());
            expected.pop_front();
        }
        REQUIRE(expected.empty());
        REQUIRE(queue.bytes() == 0);
    }
}

TEST_CASE("D1: no allocation per message in steady state, whatever the depth") {
    const std::string payload(128, 'x');
    for (const std::size_t depth : {std::size_t{1}, std::size_t{50}, std::size_t{400}}) {
        CAPTURE(depth);
        message_queue queue(plenty, plenty);
        message out;
        const auto fill = [&] {
            for (std::size_t i = 0; i < depth; ++i) {
                if (!queue.push({"some.subject", "", headers, payload})) FAIL("refused");
            }
        };
        const auto empty = [&] {
            while (queue.pop(out)) {}
        };
        for (int i = 0; i < 3; ++i) {
            fill();
            empty();
        }
        {
            const test::allocation_counter counter;
            for (int i = 0; i < 200; ++i) {  // filled and emptied
                fill();
                empty();
            }
            CHECK(counter.count() == 0);
        }
        fill();
        for (int i = 0; i < 1000; ++i) {  // one in, one out, through all blocks once
            if (!queue.push({"some.subject", "", headers, payload}) || !queue.pop(out)) FAIL("refused");
        }
        const test::allocation_counter counter;
        for (int i = 0; i < 5000; ++i) {
            if (!queue.push({"some.subject", "", headers, payload}) || !queue.pop(out)) FAIL("refused");
        }
        CHECK(counter.count() == 0);
        CHECK(queue.messages() == depth);
    }
}

TEST_CASE("I5: memory goes back after a burst and after a large message, and a quiet queue is small") {
    message_queue queue(plenty, plenty);
    message out;
    CHECK(queue.capacity() == 0);
    REQUIRE(queue.push({"s", "", "", "x"}));
    REQUIRE(queue.pop(out));
    CHECK(queue.capacity() < 2048);

    for (int i = 0; i < 10'000; ++i) REQUIRE(queue.push({"s", "", "", std::string(500, 'x')}));
    CHECK(queue.capacity() > 5'000'000);
    while (queue.pop(out)) {}
    CHECK(queue.capacity() < 200'000);
    for (int i = 0; i < 100; ++i) {
        REQUIRE(queue.push({"s", "", "", "x"}));
        REQUIRE(queue.pop(out));
    }
    CHECK(queue.capacity() < 2048);

    REQUIRE(queue.push({"s", "", "", std::string(8'000'000, 'x')}));
    REQUIRE(queue.pop(out));
    CHECK(queue.capacity() < 200'000);
    REQUIRE(queue.push({"s", "", "", "x"}));
    queue.clear();
    CHECK(queue.capacity() == 0);
    CHECK(queue.empty());
    CHECK(queue.bytes() == 0);
    REQUIRE(queue.push({"s", "", "", "after"}));
    REQUIRE(queue.pop(out));
    CHECK(out.payload() == "after");
}

TEST_CASE("I1: running out of memory loses no message that was accepted") {
    message_queue queue(plenty, plenty);
    message out;
    {
        const test::failing_allocation fails(1);
        CHECK_THROWS_AS(static_cast<void>(queue.push({"s", "", "", "x"})), std::bad_alloc);
    }
    CHECK(queue.empty());
    REQUIRE(queue.push({"s", "", "", "first"}));
    const std::string large(5000, 'x');
    {
        const test::failing_allocation fails(1);
        CHECK_THROWS_AS(static_cast<void>(queue.push({"s", "", "", large})), std::bad_alloc);
    }
    CHECK(queue.messages() == 1);
    CHECK(queue.bytes() == 5);
    {
        const test::failing_allocation fails(1);
        CHECK_THROWS_AS(static_cast<void>(queue.pop(out)), std::bad_alloc);
    }
    CHECK(queue.messages() == 1);
    REQUIRE(queue.push({"s", "", "", large}));
    REQUIRE(queue.pop(out));
    CHECK(out.payload() == "first");
    REQUIRE(queue.pop(out));
    CHECK(out.payload() == large);
}

}  // namespace
}  // namespace slipstream::session
