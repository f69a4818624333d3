#include "tools/command/latency_histogram.hpp"

#include <doctest/doctest.h>

#include <ostream>

using command::latency_histogram;
using std::chrono::nanoseconds;

TEST_CASE("cli bench: percentiles lie within an eighth above the true ones, and never above the highest") {
    latency_histogram h;
    for (int i = 1; i <= 10'000; ++i) h.add(nanoseconds(i * 100));
    CHECK(h.count() == 10'000);
    CHECK(h.highest() == nanoseconds(1'000'000));
    for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999}) {
        const double truth = share * 1'000'000;
        const auto told = static_cast<double>(h.percentile(share).count());
        CHECK(told >= truth);
        CHECK(told <= truth * 1.13);
    }
    CHECK(h.percentile(1) == nanoseconds(1'000'000));
}

TEST_CASE("cli bench: the histogram takes every latency there is") {
    latency_histogram h;
    CHECK(h.percentile(0.5) == nanoseconds(0));
    CHECK(h.lines().empty());
    for (const auto ns : {nanoseconds(-5), nanoseconds(0), nanoseconds(7), nanoseconds(8), nanoseconds::max()}) h.add(ns);
    CHECK(h.count() == 5);
    CHECK(h.highest() == nanoseconds::max());
    std::uint64_t counted = 0;
    nanoseconds last(0);
    for (const auto& line : h.lines()) {
        CHECK(line.below > last);
        last = line.below;
        counted += line.count;
    }
    CHECK(counted == 5);
}

TEST_CASE("cli bench: one line for each power of two between the first and the last") {
    latency_histogram h;
    h.add(nanoseconds(1'000));
    h.add(nanoseconds(1'100));
    h.add(nanoseconds(5'000));
    const auto lines = h.lines();
    REQUIRE(lines.size() == 4);
    CHECK(lines[0].count == 1);  // 512 to 1023
    CHECK(lines[0].below == nanoseconds(1'024));
    CHECK(lines[1].count == 1);
    CHECK(lines[2].count == 0);
    CHECK(lines[3].count == 1);
    CHECK(lines[3].below == nanoseconds(8'192));
}
