// What clients write, to compare the model server with the real one (failure-modes 3.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace slipstream::sim {

struct client_script {
    struct part {
        std::size_t connection = 0;
        std::string bytes;
    };
    enum class server : std::uint8_t { plain, permissions, login, limits };

    std::string name;
    server on = server::plain;
    std::vector<part> parts;
};

/// The edges of spec/protocol.md 1 to 8 and 12.
std::vector<client_script> written_scripts();
/// Operations drawn from a seed.
client_script drawn_script(std::uint64_t seed);

}  // namespace slipstream::sim
