// The user of a simulated client: does what the plan says, and what users do in their callbacks.
#include <algorithm>
#include <stdexcept>

#include <slipstream/error.hpp>

#include "tests/sim/alloc_meter.hpp"
#include "tests/sim/client.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

namespace {

constexpr std::array topics{"t.0", "t.1", "t.2", "t.3", "t.4", "t.5", "void.x", "t.1.deep"};
constexpr std::array patterns{"t.0", "t.1", "t.2", "t.3", "t.4", "t.5", "t.*", "t.>", "deny.s", "t.1", ">"};
constexpr std::array services{"svc.echo", "svc.slow", "svc.twice", "svc.silent", "nobody.home", "deny.p", "svc.big", "svc.late"};

template <class Table>
const char* of(const Table& table, std::uint64_t n) {
    return table[static_cast<std::size_t>(n % table.size())];
}

}  // namespace

connect_options draw_options(random_stream rng, const world& w, std::size_t slot) {
    connect_options o;
    o.servers.clear();
    for (std::size_t i = 0; i < w.node_count; ++i) {
        if (i == 0 || !one_in(rng, 3)) o.servers.push_back("nats://s" + std::to_string(i) + ".sim:4222");
    }
    switch (rng.below(9)) {
        case 2: o.auth = creds_file{std::string(creds_path)}; break;
        case 3:
        case 6: o.auth = creds_file{std::string(jwt_path), std::string(key_path)}; break;
        case 4: o.auth = nkey_file{std::string(key_path)}; break;
        case 5: {
            const login_book::user& fixed = w.logins.number(0);
            if (one_in(rng, 2))
                o.auth = jwt_seed{secret(fixed.jwt), secret(fixed.seed)};
            else
                o.auth = creds_text{secret(fixed.document())};
            break;
        }
        case 0: o.auth = nkey_signer{w.keys.public_key(), [](const std::string&, const signature_reply&) {}}; break;  // done by the shell
        case 1: o.auth = credential_provider{[](const login_request&, const login_reply&) {}}; break;
        default: o.auth = user_password{"user", secret("sim-password")}; break;
    }
    o.name = "client " + std::to_string(slot);
    o.no_echo = one_in(rng, 5);
    o.randomize_servers = !one_in(rng, 3);
    o.ignore_discovered_servers = one_in(rng, 5);
    o.connect_timeout = std::chrono::milliseconds(between(rng, 200, 5'000));
    o.request_timeout = std::chrono::milliseconds(between(rng, 500, 5'000));
    o.drain_timeout = std::chrono::milliseconds(between(rng, 1'000, 10'000));
    o.ping_interval = std::chrono::milliseconds(between(rng, 300, 4'000));
    o.max_pings_out = static_cast<unsigned>(between(rng, 1, 3));
    o.write_timeout = std::chrono::milliseconds(between(rng, 300, 6'000));
    o.retry_on_failed_connect = one_in(rng, 2);
    o.fail_fast = one_in(rng, 5);
    o.reconnect_wait = std::chrono::milliseconds(one_in(rng, 2) ? 100 : between(rng, 10, 500));
    o.reconnect_max_wait = std::chrono::milliseconds(between(rng, 2'000, 5'000));
    o.reconnect_stable = std::chrono::milliseconds(between(rng, 500, 5'000));
    o.outbox_bytes = static_cast<std::size_t>(one_in(rng, 2) ? between(rng, 1'000, 50'000) : 8 * 1024 * 1024);
    o.lame_duck_leave.reset();
    if (!one_in(rng, 4)) o.lame_duck_leave = std::chrono::milliseconds(between(rng, 1, one_in(rng, 2) ? 200 : 6'000));
    if (!w.lively() && one_in(rng, 4)) o.max_reconnects = static_cast<unsigned>(between(rng, 0, 5));
    if (!w.lively() && one_in(rng, 10)) o.reconnect = false;
    return o;
}

// --- operations ------------------------------------------------------------------------------------------------------------------

operation& sim_client::begin(operation_kind kind, duration limit) {
    operation& op = operations.emplace_back();
    op.client = this;
    op.kind = kind;
    op.index = operations.size() - 1;
    op.started = world_.time.now();
    op.deadline = session::deadline_after(op.started, limit);
    op.messages_before = messages;
    op.link_at_start = up && transport_open ? attempt->id : 0;
    op.losses_at_start = losses;
    op.turn_at_start = turns;
    world_.note("begin", slot, static_cast<std::uint64_t>(kind));
    world_.tell([&](invariant& i) { i.on_operation_started(*this, op); });
    return op;
}

void operation::complete(std::error_code e) {
    ++ended;
    ec = e;
    client->on_operation_ended(*this);
}
void operation::complete(std::error_code e, message&& m) {
    reply = std::move(m);
    complete(e);
}

void sim_client::on_operation_ended(operation& op) {
    op.ended_at = world_.time.now();
    world_.note("end", slot, op.index, op.ec ? op.ec.message() : "");
    if (op.ended == 1) world_.count_operation(op);
    if (op.kind == operation_kind::next) {
        app_subscription& s = subscriptions[op.subscription];
        if (!op.ec) deliver(s, op.reply.view());
        if (op.ec == errc::subscription_closed) s.ended = true;
        if (op.consumes) {
            s.consuming = false;
            if (!op.ec)
                world_.time.after(s.pause, [this, &s] {
                    if (destroyed() || s.consuming) return;
                    consume_on(s);
                    settle();
                });
        }
    }
    world_.tell([&](invariant& i) { i.on_operation_ended(*this, op); });
    if (op.kind == operation_kind::writable && !op.ec) {
        world_.time.after(duration::zero(), [this, &op] {
            if (destroyed()) return;
            flood(op.flood);
            settle();
        });
    }
}

void sim_client::wish(const step& s) {
    if (destroyed()) return;
    if (paused()) return world_.time.at(resumes_at, [this, s] { wish(s); });  // nobody wishes anything in a process that is stopped
    now_doing = doing::wish;
    const auto& w = s.with;
    switch (s.kind) {
        case step_kind::connect: connect(); break;
        case step_kind::publish:
            for (std::uint64_t n = 0; n <= w[4]; ++n) publish(of(topics, w[1] + n), static_cast<std::size_t>(w[2]), w[3]);
            break;
        case step_kind::hand_over:
            for (std::uint64_t n = 0; n <= w[4]; ++n)
                hand_over(of(topics, w[1] + n), static_cast<std::size_t>(w[2]), (w[3] & publish_with_headers) != 0);
            break;
        case step_kind::flood: flood({of(topics, w[1]), static_cast<std::size_t>(w[2]), w[3], std::chrono::milliseconds(w[4])}); break;
        case step_kind::set_servers: set_servers(w[1], w[2]); break;
        case step_kind::subscribe: subscribe(s); break;
        case step_kind::unsubscribe:
            if (app_subscription* const a = pick(w[1])) {
                a->touched_on = attempt != nullptr ? attempt->id : 0;
                const std::uint64_t max = w[2] == 0 ? 0 : a->state->received + w[2];
                if (max > a->state->received && a->state->sid != 0) a->max = a->max == 0 ? max : std::min(a->max, max);  // never raised
                if (max == 0) a->ended = true;
                const metered in_core;
                static_cast<void>(core_->unsubscribe(*a->state, max));
            }
            break;
        case step_kind::release:
            if (app_subscription* const a = pick(w[1])) {
                a->touched_on = attempt != nullptr ? attempt->id : 0;
                a->released = a->ended = true;
                const metered in_core;
                static_cast<void>(core_->unsubscribe(*a->state, 0));
            }
            break;
        case step_kind::next:
            if (app_subscription* const a = pick(w[1])) next(*a, false);
            break;
        case step_kind::consume:
            if (app_subscription* const a = pick(w[1]); a != nullptr && !a->consuming && (a->how & subscribe_with_handler) == 0) {
                a->pause = std::chrono::milliseconds(w[2]);
                consume_on(*a);
            }
            break;
        case step_kind::request: request(s); break;
        case step_kind::flush: static_cast<void>(flush(std::chrono::milliseconds(w[1]))); break;
        case step_kind::drain_sub:
            if (app_subscription* const a = pick(w[1])) {
                a->touched_on = attempt != nullptr ? attempt->id : 0;
                operation& op = begin(operation_kind::drain_sub, options().drain_timeout);
                op.subscription = a->index;
                op.too_late = a->state->sid == 0;
                const metered in_core;
                op.id = core_->drain(a->state, detail::plain_completion(&op), world_.time.now());
            }
            break;
        case step_kind::cancel: cancel(w[1], w[2] != 0); break;
        case step_kind::drain: drain(); break;
        case step_kind::close: close(); break;
        case step_kind::reconnect: {
            reconnect_wished = true;
            not_before = {};
            const metered in_core;
            static_cast<void>(core_->reconnect(world_.time.now()));
            static_cast<void>(pull_actions());  // what comes on the connection that was left is not looked at
            break;
        }
        default: break;
    }
    // What is wished meanwhile leaves in the same write.
    if (s.kind == step_kind::reconnect || one_in(rng_, 3)) return settle();
    unsettled = true;
    world_.time.after(duration::zero(), [this] {
        unsettled = false;
        settle();
    });
}

void sim_client::connect() {
    if (core_->state() == client_state::connecting || core_->state() == client_state::reconnecting) world_.hit(probe::joined_connect);
    if (core_->state() == client_state::idle) {  // a pass over all servers, of which no hook is told
        chosen.clear();
        not_before = {};
    }
    operation& op = begin(operation_kind::connect, duration::max());
    const metered in_core;
    op.id = core_->connect(detail::plain_completion(&op), world_.time.now());
}

operation& sim_client::flush(std::chrono::milliseconds timeout) {
    if (!up) world_.hit(probe::flush_while_down);
    take_handed_over(false);
    operation& op = begin(operation_kind::flush, timeout);
    const metered in_core;
    op.id = core_->flush(timeout, detail::plain_completion(&op), world_.time.now());
    return op;
}

void sim_client::drain() {
    close_wished = true;
    for (app_subscription& s : subscriptions) s.touched_on = attempt != nullptr ? attempt->id : 0;
    if (take_handed_over(true)) world_.hit(probe::handed_over_on_drain);
    drain_deadline = std::min(drain_deadline, session::deadline_after(world_.time.now(), options().drain_timeout));
    operation& op = begin(operation_kind::drain, drain_deadline - world_.time.now());
    const metered in_core;
    op.id = core_->drain(detail::plain_completion(&op), world_.time.now());
}

void sim_client::close() {
    close_wished = true;
    const metered in_core;
    core_->close(world_.time.now());
}

void sim_client::request(const step& s) {
    const auto size = static_cast<std::size_t>(s.with[2]);
    const std::chrono::milliseconds timeout(s.with[3]);
    message_truth& m = world_.new_message(this, of(services, s.with[1]), size);
    operation& op = begin(operation_kind::request, timeout);
    op.number = m.number;
    m.with_headers = size % 3 == 0;
    m.accepted = true;
    const std::string payload = payload_of(m.number, size);
    ++messages;
    const metered in_core;
    op.id =
        core_->request(m.subject, m.with_headers ? header_block : "", payload, timeout, detail::message_completion(&op), world_.time.now());
    if (!op.id) {
        m.accepted = false;
        --messages;
    }
}

void sim_client::subscribe(const step& s) {
    const std::uint64_t how = s.with[2];
    const std::size_t index = subscriptions.size();
    const std::string queue = s.with[5] == 0 ? "" : "q" + std::to_string(s.with[5]);
    subscribe_options o;
    o.queue_group = queue;
    o.max_messages = s.with[3];
    o.pending_messages = static_cast<std::size_t>(std::max<std::uint64_t>(s.with[4], 1));
    if ((how & subscribe_pauses) != 0) {
        o.when_full = slow_consumer_policy::pause_reading;
        o.pause_limit = std::chrono::milliseconds(how >> pause_limit_shift);
        o.pending_messages = std::min<std::size_t>(o.pending_messages, 16);
    }
    std::function<void(const message_view&)> handler;
    if ((how & subscribe_with_handler) != 0) handler = [this, index](const message_view& m) { on_message(index, m); };
    std::shared_ptr<session::subscription_state> state;
    std::error_code ec;
    {
        const metered in_core;
        ec = core_->subscribe(of(patterns, s.with[1]), o, std::move(handler), state);
    }
    world_.count_operation(!ec);
    world_.note("subscribe", slot, index, ec ? ec.message() : of(patterns, s.with[1]));
    if (ec) return;
    app_subscription& a = subscriptions.emplace_back();
    a.index = index;
    a.sid = state->sid;
    a.subject = state->subject;
    a.queue = queue;
    a.how = how;
    a.max = s.with[3];
    if ((how & subscribe_pauses) != 0) a.pause_limit = o.pause_limit;
    a.state = std::move(state);
    a.unsure = lied_to;
    a.touched_on = attempt != nullptr ? attempt->id : 0;
}

void sim_client::next(app_subscription& s, bool consumes) {
    operation& op = begin(operation_kind::next, duration::max());
    op.subscription = s.index;
    op.consumes = consumes;
    const metered in_core;
    op.id = core_->next(s.state, detail::message_completion(&op));
}

void sim_client::consume_on(app_subscription& s) {
    if (s.consuming || s.released) return;
    s.consuming = true;
    next(s, true);
}

/// Those that are alive before those that have ended.
app_subscription* sim_client::pick(std::uint64_t which) {
    std::vector<app_subscription*> live;
    for (app_subscription& s : subscriptions) {
        if (s.state->sid != 0) live.push_back(&s);
    }
    if (!live.empty() && which % 16 != 15) return live[static_cast<std::size_t>(which % live.size())];
    return subscriptions.empty() ? nullptr : &subscriptions[static_cast<std::size_t>(which % subscriptions.size())];
}

void sim_client::cancel(std::uint64_t which, bool terminal) {
    if (which % 4 == 0 && !operations.empty()) {  // one whose end the user has not heard of yet, on another thread perhaps
        const operation& op = operations[operations.size() - 1 - static_cast<std::size_t>(which / 4 % operations.size())];
        if (op.ended != 0) {
            world_.hit(probe::cancelled_too_late);
            world_.note("cancel, too late", slot, op.index);
            const metered in_core;
            return core_->cancel(op.id, terminal, world_.time.now());
        }
    }
    std::vector<operation*> pending;
    for (operation& op : operations) {
        if (op.ended == 0) pending.push_back(&op);
    }
    if (pending.empty()) return;
    operation& op = *pending[static_cast<std::size_t>(which % pending.size())];
    op.cancelled = true;
    switch (op.kind) {
        case operation_kind::request: world_.hit(probe::cancelled_request); break;
        case operation_kind::next: world_.hit(probe::cancelled_next); break;
        case operation_kind::flush: world_.hit(probe::cancelled_flush); break;
        case operation_kind::connect: world_.hit(probe::cancelled_connect); break;
        case operation_kind::drain: world_.hit(probe::cancelled_drain); break;
        case operation_kind::writable: world_.hit(probe::cancelled_writable); break;
        case operation_kind::drain_sub: break;
    }
    world_.note("cancel", slot, op.index);
    const metered in_core;
    core_->cancel(op.id, terminal, world_.time.now());
}

// --- messages --------------------------------------------------------------------------------------------------------------------

void sim_client::deliver(app_subscription& s, const message_view& m) {
    ++s.delivered;
    world_.tell([&](invariant& i) { i.on_delivered(*this, s, m); });
}

/// In place, inside on_read: does what users do there.
void sim_client::on_message(std::size_t index, const message_view& m) {
    const unmetered mine;
    app_subscription& s = subscriptions[index];
    deliver(s, m);
    if ((s.how & handler_publishes) != 0 && m.subject() != "t.5") {
        world_.hit(probe::handler_published);
        publish("t.5", 20, 0);
    }
    if ((s.how & handler_unsubscribes) != 0 && s.delivered == 2) {
        world_.hit(probe::handler_ended_itself);
        s.touched_on = attempt->id;
        s.ended = true;
        static_cast<void>(core_->unsubscribe(*s.state, 0));
    }
    if ((s.how & handler_ends_other) != 0 && s.delivered == 1) {
        if (app_subscription* const other = pick(s.index + 1)) {
            world_.hit(probe::handler_ended_other);
            other->touched_on = attempt->id;
            other->ended = true;
            static_cast<void>(core_->unsubscribe(*other->state, 0));
        }
    }
    if ((s.how & handler_closes) != 0 && s.delivered == 3) {
        world_.hit(probe::handler_closed_client);
        close();
    }
    if ((s.how & handler_throws) != 0) throw std::runtime_error("a handler's own trouble");
}

}  // namespace slipstream::sim
