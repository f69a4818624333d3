// Makes a failing script smaller: fewer faults, then fewer operations, then less time, as long as the same invariant is broken.
#pragma once

#include <cstdint>
#include <functional>

#include "tests/sim/plan.hpp"

namespace slipstream::sim {

struct shrunk {
    plan script;
    std::uint64_t runs = 0;
};

/// `fails` says whether a script still fails in the same way.
shrunk shrink(const plan& failing, const std::function<bool(const plan&)>& fails, std::uint64_t most_runs);

}  // namespace slipstream::sim
