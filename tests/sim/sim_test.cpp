// A fixed budget of simulated lives, in a few seconds. tests/sim/run has no budget.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include "tests/sim/shrink.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

namespace {

constexpr std::uint64_t budget = 90;

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    return std::move(text).str();
}

}  // namespace

TEST_CASE("I1 I2 I3 I4 I5 I6 I7 I8 I9 I10 I11 I12 I13 I14: a fixed budget of seeds over all profiles") {
    std::set<profile> seen;
    for (std::uint64_t seed = 1; seed <= budget; ++seed) {
        const plan p = make_plan(seed);
        seen.insert(p.what);
        const run_result r = world(p).run();
        CAPTURE(seed);
        CAPTURE(r.what);
        CHECK(r.violated == "");
        CHECK(r.events > 100);
    }
    CHECK(seen.size() == 9);
}

TEST_CASE("failure-modes 3.5: one seed gives one trace, also by way of its script") {
    for (std::uint64_t seed = 1; seed <= 9; ++seed) {
        const plan p = make_plan(seed);
        const run_result r = world(p).run();
        CHECK(world(p).run().hash == r.hash);
        CHECK(world(plan::from_text(p.to_text())).run().hash == r.hash);
        CHECK(world(make_plan(seed + 1)).run().hash != r.hash);
    }
}

TEST_CASE("failure-modes 3.5: scripts of past failures") {
    std::size_t scripts = 0;
    for (const auto& file : std::filesystem::directory_iterator(SLIPSTREAM_SIM_REGRESSIONS)) {
        ++scripts;
        CAPTURE(file.path().string());
        const run_result r = world(plan::from_text(text_of(file.path()))).run();
        CAPTURE(r.what);
        CHECK(r.violated == "");
    }
    CHECK(scripts != 0);
}

TEST_CASE("failure-modes 3.5: a failing script is made smaller, to what makes it fail") {
    const plan p = make_plan(4, profile::lossy, mode::safety);
    const auto has = [](const plan& s, step_kind k) {
        return std::any_of(s.steps.begin(), s.steps.end(), [k](const step& each) { return each.kind == k; });
    };
    REQUIRE(has(p, step_kind::cut_rst));
    const auto fails = [&](const plan& s) { return has(s, step_kind::cut_rst) && has(s, step_kind::request); };
    const shrunk small = shrink(p, fails, 1'000);
    CHECK(small.script.steps.size() == 2);
    CHECK(fails(small.script));
}

}  // namespace slipstream::sim
