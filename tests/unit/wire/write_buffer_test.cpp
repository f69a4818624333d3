#include "protocol/wire/write_buffer.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "tests/support/alloc_counter.hpp"

using slipstream::wire::write_buffer;

TEST_CASE("C13: contents are what was appended and not cut off, through growth") {
    write_buffer buffer;
    std::string expected;
    for (unsigned round = 0; round < 2000; ++round) {
        const std::string piece((round * 37) % 101, static_cast<char>('a' + round % 26));
        buffer.append(piece);
        expected += piece;
        if (round % 5 == 0) {
            const std::size_t kept = (round * 53) % (expected.size() + 1);
            buffer.truncate(kept);
            expected.resize(kept);
        }
        REQUIRE(buffer.view() == expected);
        REQUIRE(buffer.empty() == expected.empty());
        REQUIRE(buffer.size() <= buffer.capacity());
    }
}

TEST_CASE("C13: only committed bytes are contents") {
    write_buffer buffer;
    CHECK(buffer.empty());
    CHECK(buffer.view().empty());
    std::memcpy(buffer.reserve(10), "0123456789", 10);
    CHECK(buffer.empty());
    buffer.commit(4);
    CHECK(buffer.view() == "0123");
    std::memset(buffer.reserve(100'000), 'x', 100'000);
    CHECK(buffer.view() == "0123");
    buffer.append({});
    CHECK(buffer.view() == "0123");
}

TEST_CASE("I5: memory is kept for the next round and given back on request") {
    write_buffer buffer;
    buffer.append(std::string(1'000'000, 'x'));
    buffer.shrink(1000);  // not empty: nothing happens
    CHECK(buffer.size() == 1'000'000);
    buffer.clear();
    CHECK(buffer.capacity() >= 1'000'000);
    buffer.shrink(2'000'000);
    CHECK(buffer.capacity() >= 1'000'000);
    buffer.shrink(1000);
    CHECK(buffer.capacity() == 0);
    buffer.append("again");
    CHECK(buffer.view() == "again");
}

TEST_CASE("H11: a moved-from buffer is empty and usable") {
    write_buffer a;
    a.append("one");
    write_buffer b(std::move(a));
    CHECK(b.view() == "one");
    CHECK(a.empty());  // NOLINT(bugprone-use-after-move): that is the point
    a.append("two");
    b = std::move(a);
    CHECK(b.view() == "two");
    CHECK(a.capacity() == 0);
    a.swap(b);
    CHECK(a.view() == "two");
}

TEST_CASE("H9: a failed allocation changes nothing") {
    const std::string large(100'000, 'x');
    write_buffer buffer;
    buffer.append("kept");
    {
        const slipstream::test::failing_allocation failing(1);
        CHECK_THROWS_AS(buffer.append(large), std::bad_alloc);
    }
    CHECK(buffer.view() == "kept");
    buffer.append(large);
    CHECK(buffer.size() == 4 + large.size());
}
