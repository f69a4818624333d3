#include "tests/sim/world.hpp"

#include <algorithm>
#include <utility>

#include <slipstream/error.hpp>

#include "tests/sim/faults.hpp"

namespace slipstream::sim {

namespace {

constexpr duration recovery_bound = std::chrono::seconds(60);
constexpr duration idle_time = std::chrono::seconds(20);

std::array<unsigned char, auth::key_size> bytes_of_key(random_stream rng) {
    std::array<unsigned char, auth::key_size> bytes{};
    for (unsigned char& each : bytes) each = static_cast<unsigned char>(rng.below(256));
    return bytes;
}

}  // namespace

world::world(const plan& p, bool keep_text)
    : time(random_stream(p.seed).split("ties")),
      net(time, random_stream(p.seed).split("net"), *this),
      servers(time, random_stream(p.seed).split("servers"), *this),
      keys(auth::nkey_kind::user, bytes_of_key(random_stream(p.seed).split("keys"))),
      logins(random_stream(p.seed).split("logins")),
      plan_(p),
      seed_(p.seed),
      server_rng_(seed_.split("world")),
      mutator_(seed_.split("mutator")) {
    trace_.keep_text = keep_text;
    make_servers();
    make_services();
    for (std::size_t slot = 0; slot < 2; ++slot) {
        if (one_in(server_rng_, 3)) net.path_of(slot).capacity = static_cast<std::size_t>(between(server_rng_, 500, 8'000));
        if (one_in(server_rng_, 2)) net.path_of(slot).stingy = between(server_rng_, 2, 8);
    }
    invariants_ = make_invariants(*this);
    for (std::size_t slot = 0; slot < 2; ++slot) {
        current_[slot] = &clients_.emplace_back(*this, slot, 0);
        tell([&](invariant& i) { i.on_client(*current_[slot]); });
    }
}

world::~world() = default;

void world::fail(std::string_view id, std::string what) {
    if (failed()) return;
    result_.violated = id;
    result_.what = std::move(what);
    note("violated", 0, 0, result_.violated + ": " + result_.what);
}

message_truth& world::new_message(sim_client* from, std::string subject, std::size_t size) {
    message_truth& m = truths_.emplace_back();
    m.number = truths_.size();
    m.from = from;
    m.subject = std::move(subject);
    m.size = std::max(size, payload_of(m.number, 0).size());
    return m;
}

void world::reopen(std::size_t slot) {
    if (!current_[slot]->ended) return;
    const std::size_t life = current_[slot]->life + 1;
    current_[slot] = &clients_.emplace_back(*this, slot, life);
    tell([&](invariant& i) { i.on_client(*current_[slot]); });
    current_[slot]->connect();
    current_[slot]->settle();
}

// --- one run ---------------------------------------------------------------------------------------------------------------------

void world::count_operation(const operation& op) {
    count_operation(!op.ec);
    const bool sent_perhaps = op.kind == operation_kind::request || op.kind == operation_kind::flush;
    if (sent_perhaps && (op.ec == errc::timeout || op.ec == errc::connection_lost)) ++result_.operations_unknown;
}

run_result world::run() {
    fault_injector faults(*this);
    for (const step& s : plan_.steps) {
        time.at(clock::start + std::chrono::microseconds(s.at_us), [this, &s, &faults] {
            if (is_fault(s.kind))
                faults.strike(s);
            else
                do_step(s);
        });
    }
    server_tick();
    run_until(clock::start + std::chrono::microseconds(plan_.fault_us));
    if (lively() && !failed()) {
        healed_ = true;
        faults.heal();
        live_on();
    }
    if (!failed()) end_all();
    result_.hash = trace_.hash();
    result_.events = time.events();
    result_.simulated = time.elapsed();
    result_.lines = trace_.lines();
    return result_;
}

void world::run_until(time_point end) {
    while (!failed() && time.step(end)) {
        for (const auto& i : invariants_) i->on_moment();
    }
}

void world::do_step(const step& s) {
    const auto slot = static_cast<std::size_t>(s.with[0] % 2);
    if (s.kind == step_kind::peer_publish)
        peer_publish(s);
    else if (s.kind == step_kind::reopen)
        reopen(slot);
    else
        current_[slot]->wish(s);
}

void world::peer_publish(const step& s) {
    for (std::uint64_t n = s.with[3]; n != 0; --n) {
        message_truth& m = new_message(nullptr, "t." + std::to_string(s.with[1]), static_cast<std::size_t>(s.with[2]));
        client_op op;
        op.what = client_op::kind::pub;
        op.subject = m.subject;
        op.payload = payload_of(m.number, m.size);
        servers.route(nullptr, op, m.number);
    }
    flush_servers();
}

/// Everything has been healed: within a bound all is well.
void world::live_on() {
    const time_point bound = time.now() + recovery_bound;
    while (!failed() && time.now() < bound) {
        for (sim_client* c : current_) {
            const client_state state = c->ended ? client_state::closed : c->core().state();
            if (state == client_state::idle) {  // the first connect may have been given up, or nobody asked
                c->connect();
                c->settle();
            }
        }
        run_until(std::min(bound, time.now() + std::chrono::seconds(5)));
    }
    if (failed()) return;
    std::array<operation*, 2> flushes{};
    for (sim_client* c : current_) {
        if (c->ended) continue;
        if (!c->up && !c->close_wished)
            return fail("liveness", "client " + std::to_string(c->slot) + " is " + std::string(to_string(c->core().state())) +
                                        " though everything is well for 60 s");
        if (c->close_wished) continue;
        flushes[c->slot] = &c->flush(std::chrono::seconds(5));
        c->settle();
    }
    run_until(time.now() + std::chrono::seconds(6));
    if (failed()) return;
    for (const operation* op : flushes) {
        if (op != nullptr && !op->client->ended && (op->ended != 1 || op->ec))
            return fail("liveness", "a flush failed though everything is well: " + op->ec.message());
    }
    tell([](invariant& i) { i.on_healthy(); });
    // With nothing to do, timers are for pings alone.
    std::array<std::uint64_t, 2> calls{};
    for (sim_client* c : current_) calls[c->slot] = c->timer_calls;
    run_until(time.now() + idle_time);
    for (sim_client* c : current_) {
        const auto most = static_cast<std::uint64_t>(idle_time / c->options().ping_interval) * 2 + 20;
        if (!c->ended && c->timer_calls - calls[c->slot] > most) fail("liveness", "timers spin while there is nothing to do");
    }
}

void world::end_all() {
    for (sim_client* c : current_) {
        if (c->ended) continue;
        if (lively() && one_in(server_rng_, 2))
            c->drain();
        else
            c->close();
        c->settle();
    }
    run_until(time.now() + std::chrono::seconds(45));  // a process that was stopped goes on first
    for (sim_client* c : current_) {
        if (failed()) return;
        if (!c->ended) fail("I1", "the client has not ended, its state is " + std::string(to_string(c->core().state())));
    }
    run_until(time.now() + std::chrono::seconds(1));
    for (const auto& i : invariants_) i->on_end();
    for (sim_client& c : clients_) c.destroy();
    for (sim_client& c : clients_) {
        for (const operation& op : c.operations) {
            if (op.ended + op.destroyed != 1) fail("I1", "an operation has ended " + std::to_string(op.ended + op.destroyed) + " times");
        }
    }
    ticking_ = false;
}

}  // namespace slipstream::sim
