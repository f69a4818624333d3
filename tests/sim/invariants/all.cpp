#include "tests/sim/invariants/all.hpp"

#include "tests/sim/world.hpp"

namespace slipstream::sim {

void invariant::violated(const std::string& what) { world_.fail(id_, what); }
time_point invariant::now() const { return world_.time.now(); }

std::vector<std::unique_ptr<invariant>> make_invariants(world& w) {
    std::vector<std::unique_ptr<invariant>> all;
    for (const auto make : {make_i01, make_i02, make_i03, make_i04, make_i05, make_i06, make_i07, make_i08, make_i09, make_i10, make_i11,
                            make_i12, make_i13, make_i14}) {
        all.push_back(make(w));
    }
    return all;
}

}  // namespace slipstream::sim
