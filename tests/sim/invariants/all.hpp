// One function for each invariant: makes its checker.
#pragma once

#include <memory>

#include "tests/sim/invariant.hpp"

namespace slipstream::sim {

std::unique_ptr<invariant> make_i01(world& w);
std::unique_ptr<invariant> make_i02(world& w);
std::unique_ptr<invariant> make_i03(world& w);
std::unique_ptr<invariant> make_i04(world& w);
std::unique_ptr<invariant> make_i05(world& w);
std::unique_ptr<invariant> make_i06(world& w);
std::unique_ptr<invariant> make_i07(world& w);
std::unique_ptr<invariant> make_i08(world& w);
std::unique_ptr<invariant> make_i09(world& w);
std::unique_ptr<invariant> make_i10(world& w);
std::unique_ptr<invariant> make_i11(world& w);
std::unique_ptr<invariant> make_i12(world& w);
std::unique_ptr<invariant> make_i13(world& w);
std::unique_ptr<invariant> make_i14(world& w);

}  // namespace slipstream::sim
