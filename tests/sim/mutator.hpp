// A server that means harm: changes the frames of the model server so that they are nearly right (failure-modes A).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/clock.hpp"

namespace slipstream::sim {

class mutator {
public:
    explicit mutator(random_stream rng) : rng_(rng) {}

    /// One frame in about `rarity` is changed; 0 = none. `in_handshake`: it is the first of its connection.
    bool change(std::string& frame, std::uint64_t rarity, bool in_handshake);

private:
    void change_number(std::string& frame);
    void change_info(std::string& frame);
    void insert(std::string& frame);
    [[nodiscard]] std::string odd_number();

    random_stream rng_;
    std::vector<std::string> recorded_;  // frames of this run, to splice
};

}  // namespace slipstream::sim
