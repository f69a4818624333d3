// What else users do: hand messages over from other threads, replace the list of servers, and choose of reconnects.
#include <algorithm>
#include <stdexcept>

#include <slipstream/error.hpp>

#include "protocol/wire/encoder.hpp"
#include "protocol/wire/write_buffer.hpp"
#include "tests/sim/alloc_meter.hpp"
#include "tests/sim/client.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

// --- messages of other threads ---------------------------------------------------------------------------------------------------

/// What protocol/io's hand-off does: checks what it can by what it was told last, and keeps the frame.
void sim_client::hand_over(const std::string& subject, std::size_t size, bool with_headers) {
    message_truth& m = world_.new_message(this, subject, size);
    m.with_headers = with_headers;
    m.handed_over = true;
    const std::string payload = payload_of(m.number, size);
    const wire::outgoing out{subject, "", with_headers ? header_block : std::string_view(), payload};
    const slipstream::server_info& info = core_->server_info();
    const std::size_t frame = wire::publish_size(out);
    m.accepted = !ended && !close_wished && !(options().fail_fast && !up) &&
                 out.payload.size() + out.header_block.size() <= static_cast<std::size_t>(info.max_payload) &&
                 (!with_headers || info.headers || info.server_id.empty()) &&
                 (handed_over_.empty() || handed_over_.size() + frame <= handoff_limit);
    world_.count_operation(m.accepted);
    world_.note("hand over", slot, m.number, m.accepted ? "" : "refused");
    if (!m.accepted) return;
    ++messages;
    wire::write_buffer encoded;
    wire::encode_publish(encoded, frame, out);
    handed_over_ += encoded.view();
    handed_over_ends_.emplace_back(handed_over_.size(), m.number);
}

/// True when something was taken.
bool sim_client::take_handed_over(bool all) {
    if (handed_over_.empty()) return false;
    const std::size_t before = core_->stats().outbox_bytes;
    std::size_t n = 0;
    {
        const metered in_core;
        n = core_->take_frames(handed_over_, all, world_.time.now());
    }
    if (n == 0) {
        world_.hit(probe::handed_over_waits);
        return false;
    }
    world_.note("taken over", slot, n);
    world_.hit(probe::handed_over);
    handed_over_.erase(0, n);
    ++turns;
    std::size_t frames = 0;
    for (auto& [end, number] : handed_over_ends_) {
        if (end <= n) {
            world_.truth(number)->taken = turns;
            ++frames;
        } else {
            end -= n;
        }
    }
    handed_over_ends_.erase(handed_over_ends_.begin(), handed_over_ends_.begin() + static_cast<std::ptrdiff_t>(frames));
    if (all) taken_beyond += n;
    world_.tell([&](invariant& i) { i.on_taken_over(*this, before, frames, all); });
    return true;
}

// --- servers ---------------------------------------------------------------------------------------------------------------------

void sim_client::set_servers(std::uint64_t which, std::uint64_t how) {
    std::vector<std::string> servers;
    for (std::size_t i = 0; i < world_.node_count; ++i) {
        if ((which >> i & 1U) != 0) servers.push_back("nats://s" + std::to_string(i) + ".sim:4222");
    }
    if (servers.empty()) servers.push_back("nats://s0.sim:4222");
    if (how == 1) servers.insert(servers.begin(), "nats://nowhere.sim:4222");
    if (how == 2) servers.push_back("ws://s0.sim:4222");
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
