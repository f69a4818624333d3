// The client against a small model of a server, with wishes and faults drawn from a seed: what no script has thought of. The model and
// what it checks are those of the fuzz target `session`; a broken promise ends the program, and doctest tells the seed.
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "fuzz/session_world.hpp"
#include "protocol/session/random.hpp"

using namespace slipstream;

TEST_CASE("I1 I2 I3 I4 I5 I6 I7 I8 I9 I10 I14: random lives against a model of a server") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        session::random_stream random(seed);
        std::vector<std::uint8_t> bytes(200 + random.below(1800));
        for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.below(256));
        CHECK_NOTHROW(fuzz::session_world(bytes.data(), bytes.size()).run());
    }
}
