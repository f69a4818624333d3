#include <slipstream/kv/revision.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

using slipstream::kv::cursor;
using slipstream::kv::revision;
using namespace std::string_literals;

namespace {

constexpr std::uint64_t max = std::numeric_limits<std::uint64_t>::max();

}  // namespace

TEST_CASE("R1: a revision is 8 bytes big-endian, an unknown one none") {
    CHECK(revision(1).to_bytes() == "\0\0\0\0\0\0\0\1"s);
    CHECK(revision(0x0102030405060708).to_bytes() == "\1\2\3\4\5\6\7\x08"s);
    CHECK(revision(max).to_bytes() == std::string(8, '\xff'));
    CHECK(revision().to_bytes().empty());
    for (const std::uint64_t n : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{255}, std::uint64_t{256}, max - 1, max}) {
        CHECK(revision::from_bytes(revision(n).to_bytes()) == revision(n));
    }
    CHECK(revision::from_bytes("") == revision());
    for (const std::size_t size : {1U, 7U, 9U, 10U, 16U}) CHECK_FALSE(revision::from_bytes(std::string(size, '\0')).has_value());
}

TEST_CASE("R1 R24: unknown is a value of its own, below all and never 0") {
    CHECK_FALSE(revision().is_known());
    CHECK(revision(0).is_known());
    CHECK(revision() != revision(0));
    CHECK(revision() < revision(0));
    CHECK(revision(1) < revision(2));
    CHECK(revision() == revision());
    CHECK(revision(7).value() == 7);
}

TEST_CASE("R2 W2: a cursor is a sequence and the bucket's identity") {
    CHECK(cursor().is_none());
    CHECK(cursor(revision()).is_none());
    CHECK(cursor(revision(0)).is_none());
    CHECK_FALSE(cursor(revision(1)).is_none());
    const cursor c(5, 1'795'423'381'713'141'837);
    CHECK(c.sequence() == 5);
    CHECK(c.bucket_created_ns() == 1'795'423'381'713'141'837);
    CHECK(c != cursor(5, 0));
}

TEST_CASE("R2: cursors as bytes; 8 bytes of other programs are read") {
    CHECK(cursor().to_bytes().empty());
    CHECK(cursor::from_bytes("") == cursor());
    CHECK(cursor::from_bytes("\0\0\0\0\0\0\0\x2a"s) == cursor(42, 0));
    CHECK(cursor::from_bytes(std::string(8, '\0')) == cursor());
    CHECK(cursor(42, 0).to_bytes() == "\0\0\0\0\0\0\0\x2a"s);
    CHECK(cursor(42, 258).to_bytes() == "\0\0\0\0\0\0\0\x2a\0\0\0\0\0\0\1\2"s);
    for (const cursor& c : {cursor(1, 0), cursor(max, 1), cursor(42, std::numeric_limits<std::int64_t>::max()), cursor(3, -5)}) {
        CHECK(cursor::from_bytes(c.to_bytes()) == c);
        CHECK(cursor::from_string(c.to_string()) == c);
    }
    for (const std::size_t size : {1U, 7U, 9U, 15U, 17U, 24U}) CHECK_FALSE(cursor::from_bytes(std::string(size, '\1')).has_value());
}

TEST_CASE("R2: cursors as text") {
    CHECK(cursor().to_string() == "0");
    CHECK(cursor(42, 0).to_string() == "42");
    CHECK(cursor(42, 17).to_string() == "42@17");
    CHECK(cursor::from_string("0") == cursor());
    CHECK(cursor::from_string("0@17") == cursor());
    CHECK(cursor::from_string("18446744073709551615") == cursor(max, 0));
    const cursor earliest(5, std::numeric_limits<std::int64_t>::min());
    CHECK(cursor::from_string(earliest.to_string()) == earliest);
    CHECK_FALSE(cursor::from_string("5@-9223372036854775809"));
    CHECK_FALSE(cursor::from_string("5@--1"));
    CHECK_FALSE(cursor::from_string("5@-"));
    for (const std::string_view bad : {"", "@", "42@", "@17", "+42", "-1", "4 2", " 42", "42 ", "42@+1", "42@1@2", "18446744073709551616",
                                       "42@9223372036854775808", "0x10", "42@--1", "42@-"}) {
        CAPTURE(bad);
        CHECK_FALSE(cursor::from_string(bad).has_value());
    }
    CHECK_FALSE(cursor::from_string("42\0"s).has_value());
}
