// What else users do: replace the list of servers, and choose of reconnects.
#include <algorithm>
#include <stdexcept>

#include <slipstream/error.hpp>

#include "protocol/wire/encoder.hpp"
#include "protocol/wire/write_buffer.hpp"
#include "tests/sim/alloc_meter.hpp"
#include "tests/sim/client.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

// --- servers ---------------------------------------------------------------------------------------------------------------------

void sim_client::set_servers(std::uint64_t which, std::uint64_t how) {
    std::vector<std::string> servers;
    for (std::size_t i = 0; i < world_.node_count; ++i) {
        if ((which >> i & 1U) != 0) servers.push_back("nats://s" + std::to_string(i) + ".sim:4222");
    }
    if (servers.empty()) servers.push_back("nats://s0.sim:4222");
    if (how == 1) servers.insert(servers.begin(), "nats://nowhere.sim:4222");
    if (how == 2) servers.push_back("ws://s0.sim:4222");
    static_cast<void>(pull_actions());  // an attempt that was decided upon before is not touched
    std::error_code ec;
    {
        const metered in_core;
        ec = core_->set_servers(servers, world_.time.now());
    }
    world_.note("set servers", slot, which, ec ? ec.message() : "");
    if (ec) return;
    world_.hit(probe::servers_replaced);
    if (up && std::none_of(servers.begin(), servers.end(), [&](const std::string& s) { return s.ends_with(core_->connected_server()); }))
        world_.hit(probe::current_server_removed);
    listed = servers;
    chosen.clear();
}

// --- hooks -----------------------------------------------------------------------------------------------------------------------

void sim_client::add_hooks(connect_options& o) {
    random_stream rng = rng_.split("hooks");
    if (one_in(rng, 5)) o.choose_server = [this](const reconnect_plan& p) { return choose_server(p); };
    if (one_in(rng, 5)) o.reconnect_delay = [this](const reconnect_plan& p) { return choose_delay(p); };
    chooses_delay = static_cast<bool>(o.reconnect_delay);
}

/// What users do in a hook, of which nothing may come for the attempt.
void sim_client::meddle() {
    if (one_in(rng_, 6)) publish("t.3", 10, 0);
    if (one_in(rng_, 12)) {
        world_.hit(probe::hook_called_client);
        reconnect_wished = true;
        static_cast<void>(core_->reconnect(world_.time.now()));
    }
    if (!world_.lively() && one_in(rng_, 60)) {
        world_.hit(probe::hook_closed_client);
        close();
    }
    if (one_in(rng_, 10)) throw std::runtime_error("a hook's own trouble");
}

std::size_t sim_client::choose_server(const reconnect_plan& p) {
    const unmetered mine;
    chosen.clear();
    world_.note("choose server", slot, p.servers.size(), p.servers[p.next].address);
    world_.hit(probe::hook_chose_server);
    meddle();
    if (one_in(rng_, 10)) {
        world_.hit(probe::hook_out_of_range);
        return p.servers.size() + static_cast<std::size_t>(rng_.below(3));
    }
    const std::size_t n = static_cast<std::size_t>(rng_.below(p.servers.size()));
    chosen = p.servers[n].address;
    return n;
}

std::chrono::milliseconds sim_client::choose_delay(const reconnect_plan& p) {
    const unmetered mine;
    not_before = {};
    world_.note("choose delay", slot, p.failed);
    world_.hit(probe::hook_chose_delay);
    meddle();
    if (one_in(rng_, 10)) {
        world_.hit(probe::hook_out_of_range);
        return std::chrono::milliseconds(-1);
    }
    const std::chrono::milliseconds delay(rng_.below(one_in(rng_, 3) ? 2'000 : 60));
    not_before = world_.time.now() + delay;
    return delay;
}

}  // namespace slipstream::sim
