// What goes wrong: does one step of a plan to the network and the servers, and ends it when its time is over.
#pragma once

#include "tests/sim/plan.hpp"

namespace slipstream::sim {

class world;
struct link;

class fault_injector {
public:
    explicit fault_injector(world& w) : world_(w) {}
    void strike(const step& s);
    /// Ends everything that goes on.
    void heal();

private:
    void on_connection(const step& s, link& l);
    void on_server(const step& s);
    void restart(std::size_t server, bool lame_duck);
    void end_rotation();
    void spread(std::uint64_t which);

    world& world_;
};

}  // namespace slipstream::sim
