// Go's times and durations.
#include "jetstream/api/time.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

using namespace slipstream::jetstream;
using namespace slipstream::jetstream::api;
using namespace std::chrono_literals;

namespace {

std::int64_t ns(std::string_view text) {
    const auto time = parse_time(text);
    REQUIRE(time);
    return time->time_since_epoch().count();
}

}  // namespace

TEST_CASE("spec/jetstream.md 1: RFC 3339 with 0 to 9 fraction digits") {
    CHECK(ns("1970-01-01T00:00:00Z") == 0);
    CHECK(ns("1970-01-01T00:00:00.1Z") == 100'000'000);
    CHECK(ns("1970-01-01T00:00:00.000000001Z") == 1);
    CHECK(ns("1970-01-01T00:00:01.010Z") == 1'010'000'000);
    CHECK(ns("2026-11-23T08:53:09.108184488Z") == 1795423989108184488);
    CHECK(ns("2026-11-23T08:55:04.07610357Z") == 1795424104076103570);
    CHECK(ns("2024-02-29T23:59:59Z") == 1709251199000000000);
    CHECK(ns("1969-12-31T23:59:59.5Z") == -500'000'000);
}

TEST_CASE("spec/jetstream.md 1: zones") {
    CHECK(ns("1970-01-01T01:00:00+01:00") == 0);
    CHECK(ns("1969-12-31T18:30:00.25-05:30") == 250'000'000);
    CHECK(ns("1970-01-01t00:00:00+00:00") == 0);
}

TEST_CASE("spec/jetstream.md 1: the zero time of Go is the zero of wall_time, and what is out of range is clamped") {
    CHECK(ns("0001-01-01T00:00:00Z") == 0);
    CHECK(ns("1677-12-31T23:59:59Z") == 0);
    CHECK(ns("1678-01-01T00:00:00Z") < 0);
    CHECK(parse_time("9999-12-31T23:59:59Z") == wall_time::max());
    CHECK(parse_time("2262-01-01T00:00:00Z") == wall_time::max());
    CHECK(parse_time("2261-12-31T23:59:59.999999999-23:59").has_value());
}

TEST_CASE("A18: what is not a time gives nothing") {
    for (const std::string_view bad : {"",
                                       "2026",
                                       "2026-11-23",
                                       "2026-11-23T08:53:09",
                                       "2026-11-23 08:53:09Z",
                                       "2026-11-23T08:53:09.Z",
                                       "2026-11-23T08:53:09.1234567890Z",
                                       "2026-11-23T08:53:09Zx",
                                       "2026-13-23T08:53:09Z",
                                       "2026-02-30T08:53:09Z",
                                       "2026-00-10T08:53:09Z",
                                       "2026-11-23T24:53:09Z",
                                       "2026-11-23T08:60:09Z",
                                       "2026-11-23T08:53:60Z",
                                       "2026-11-23T08:53:09+1:00",
                                       "2026-11-23T08:53:09+24:00",
                                       "2026-11-23T08:53:09+01:60",
                                       "2026-11-23T08:53:09+0100",
                                       "+026-11-23T08:53:09Z",
                                       "2026-11-23T-8:53:09Z",
                                       "2023-02-29T00:00:00Z",
                                       "2026-11-23T08:53:09.1",
                                       "xxxx-11-23T08:53:09Z"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_time(bad));
    }
}

TEST_CASE("A18: whatever byte stands where, the quick reading and the general one agree") {
    for (const std::string_view usual : {"2026-11-23T08:53:09Z", "2026-11-23T08:53:09.1Z", "2026-11-23T08:53:09.9876543Z",
                                         "2026-11-23T08:53:09.98765432Z", "2026-11-23T08:53:09.987654321Z"}) {
        for (std::size_t i = 0; i < usual.size(); ++i) {
            if (i == 10) continue;  // the T: a small one is what makes it not the usual
            for (int byte = 0; byte < 256; ++byte) {
                std::string quick(usual);
                quick[i] = static_cast<char>(byte);
                std::string general = quick;
                general[10] = 't';
                REQUIRE(parse_time(quick) == parse_time(general));
            }
        }
    }
}

TEST_CASE("spec/jetstream.md 1: a formatted time reads back, without trailing zeros") {
    CHECK(format_time(wall_time{}) == "1970-01-01T00:00:00Z");
    CHECK(format_time(wall_time(1795424104076103570ns)) == "2026-11-23T08:55:04.07610357Z");
    CHECK(format_time(wall_time(1ns)) == "1970-01-01T00:00:00.000000001Z");
    CHECK(format_time(wall_time(-500ms)) == "1969-12-31T23:59:59.5Z");
    for (std::int64_t count : {std::int64_t{0}, std::int64_t{1}, std::int64_t{1'000'000'000}, std::int64_t{-1},
                               std::int64_t{1709251199000000000}, std::int64_t{4102444800123456789}}) {
        CAPTURE(count);
        CHECK(parse_time(format_time(wall_time(std::chrono::nanoseconds(count)))) == wall_time(std::chrono::nanoseconds(count)));
    }
    // The ends of the range are written, too.
    CHECK(format_time(wall_time::min()) == "1677-09-21T00:12:43.145224192Z");
    CHECK(format_time(wall_time::max()) == "2262-04-11T23:47:16.854775807Z");
}

TEST_CASE("spec/kv.md 7: durations as Go writes them, and whole seconds") {
    CHECK(parse_duration("2s") == 2s);
    CHECK(parse_duration("1m0s") == 60s);
    CHECK(parse_duration("1h30m") == 90min);
    CHECK(parse_duration("1.5s") == 1500ms);
    CHECK(parse_duration("1h0m0.5s") == 1h + 500ms);
    CHECK(parse_duration("1.25h") == 75min);
    CHECK(parse_duration("800ms") == 800ms);
    CHECK(parse_duration("3us") == 3us);
    CHECK(parse_duration("3\xC2\xB5s") == 3us);
    CHECK(parse_duration("7ns") == 7ns);
    CHECK(parse_duration("-2s") == -2s);
    CHECK(parse_duration("0") == 0s);
    CHECK(parse_duration("120") == 120s);
    CHECK(parse_duration(".5s") == 500ms);
    CHECK(parse_duration("2562047h") == 2562047h);
}

TEST_CASE("spec/kv.md 7: what is no duration, or does not fit") {
    for (const std::string_view bad : {"", "s", "never", "1d", "1.5", "1s2", "1 s", "1..5s", "1.s", "2562048h", "9223372036854775808ns",
                                       "99999999999999999999", "1h9223372036854775807ns", "--1s", "1.0000000001s", "+", "-", "ms"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_duration(bad));
    }
}
