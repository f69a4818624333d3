// The transport's side of a simulated client: what protocol/io does, in the same order.
#include <algorithm>
#include <cstring>

#include <slipstream/error.hpp>

#include "tests/sim/alloc_meter.hpp"
#include "tests/sim/client.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

namespace {

std::string words_of(const session::transport_action& a) {
    using kind = session::transport_action::kind;
    switch (a.what) {
        case kind::dial: return "dial " + a.host;
        case kind::start_tls: return "start TLS";
        case kind::close: return "close";
        case kind::leave: return "leave";
        case kind::shut_down: return "shut down";
        case kind::none: break;
    }
    return {};
}

}  // namespace

sim_client::sim_client(world& w, std::size_t at_slot, std::size_t at_life)
    : slot(at_slot), life(at_life), world_(w), rng_(w.stream("client." + std::to_string(at_slot) + '.' + std::to_string(at_life))) {
    connect_options options = draw_options(rng_.split("options"), w, slot);
    add_hooks(options);
    listed = options.servers;
    const metered in_core;
    core_ = std::make_unique<session::core>(std::move(options), rng_.split("core").next(),
                                            "sim0123456789abcdefg" + std::to_string(slot) + std::to_string(life % 10));
    outgoing.headers = true;
}

sim_client::~sim_client() = default;

void sim_client::destroy() { core_.reset(); }

bool sim_client::paused() const { return world_.time.now() < resumes_at; }

// --- facts -----------------------------------------------------------------------------------------------------------------------

void sim_client::on_dial_answer(link& l, std::error_code ec) {
    if (&l != attempt || !transport_open || destroyed()) return;
    dial_waits_ = true;
    dial_result_ = ec;
    if (!paused()) settle();
}

void sim_client::on_readable(link& l) {
    if (&l != attempt || !transport_open || destroyed()) return;
    readable_ = true;
    if (!paused()) settle();
}

void sim_client::on_writable(link& l) {
    if (&l != attempt || !transport_open || destroyed() || paused()) return;
    settle();
}

void sim_client::pause(duration d) {
    if (destroyed()) return;
    world_.hit(probe::client_paused);
    resumes_at = std::max(resumes_at, world_.time.now() + d);
    world_.time.at(resumes_at, [this] {
        if (destroyed() || paused()) return;
        readable_ = true;
        settle();  // what has arrived comes before the timers that are due
        if (!destroyed() && core_->next_deadline() <= world_.time.now()) on_time();
    });
}

/// Completions of a transport that is gone: they come late, and must do nothing.
void sim_client::tell_stale_fact(std::uint64_t which) {
    if (destroyed() || generation < 2 || paused()) return;
    world_.hit(probe::stale_fact_told);
    const metered in_core;
    const std::uint64_t old = generation - 1;
    const time_point now = world_.time.now();
    switch (which) {
        case 0: core_->on_dialed(old, {}, now); break;
        case 1: core_->on_transport_down(old, std::make_error_code(std::errc::connection_reset), now); break;
        case 2: core_->on_dialed(old, std::make_error_code(std::errc::timed_out), now); break;
        default: core_->on_written(old, 0, now); break;
    }
}

/// What was not parsed because a queue was full goes on.
void sim_client::resume_reading() {
    if (!core_->reading_may_resume(world_.time.now())) return;
    link& l = *attempt;
    world_.note("resume", slot, l.id);
    world_.hit(probe::reading_resumed);
    now_doing = doing::read;
    read_on_since = world_.time.now();
    paused_reading_ = false;
    end_pauses();  // also where the next one follows at once
    in_read_ = true;
    {
        const metered in_core;
        core_->resume_reading(world_.time.now());
    }
    in_read_ = false;
    note_pause();
    while (pull_actions() || pull_login_actions() || pull_events() || pull_finished()) {}
    if (!world_.failed()) world_.tell([&](invariant& i) { i.on_after_read(*this, l); });
}

void sim_client::read_in() {
    while (readable_ && transport_open && attempt->established && !securing) {
        link& l = *attempt;
        if (core_->reading_paused()) {
            // A shell that sees the end of the connection by other means than reading says so at once.
            if (!l.reset_for_client || !one_in(rng_, 2)) return;
            world_.hit(probe::cut_while_paused);
            for (app_subscription& s : subscriptions) s.cut_in_pause = s.cut_in_pause || s.state->awaited;
            l.to_client.read(l.to_client.unread().size());
            paused_reading_ = false;  // what had been read is queued or counted
        }
        const std::string_view unread = l.to_client.unread();
        if (unread.empty()) {
            readable_ = false;
            if (!l.to_client.closed && !l.reset_for_client) return;
            if (generation == 0) return;
            const bool reset = l.reset_for_client;
            const std::error_code ec = reset ? std::make_error_code(std::errc::connection_reset) : std::error_code();
            now_doing = reset ? doing::down_reset : doing::down_eof;
            world_.note("down", slot, l.id, reset ? "reset" : "eof");
            drop_transport(false);
            world_.tell([&](invariant& i) { i.on_down(*this, l, ec); });
            std::vector<std::uint64_t> dropped;
            for (const app_subscription& s : subscriptions) dropped.push_back(s.state->dropped);
            in_read_ = true;  // what had been read is looked at now, and nothing is waited for any more
            {
                const metered in_core;
                core_->on_transport_down(l.generation, ec, world_.time.now());
            }
            in_read_ = false;
            for (std::size_t i = 0; i < dropped.size(); ++i) {
                if (subscriptions[i].state->dropped != dropped[i]) subscriptions[i].cut_in_pause = true;
            }
            note_pause();
            return;
        }
        std::span<char> space;
        {
            const metered in_core;
            space = core_->read_space();
        }
        std::size_t n = std::min(space.size(), unread.size());
        if (one_in(rng_, 8)) n = 1 + static_cast<std::size_t>(rng_.below(n));
        if (n == 1) world_.hit(probe::split_to_one_byte);
        if (unread[n - 1] == '\r') world_.hit(probe::split_in_line_end);
        std::memcpy(space.data(), unread.data(), n);
        const std::string bytes(unread.substr(0, n));
        if (l.blocked_since != never) world_.hit(probe::answered_while_blocked);
        now_doing = doing::read;
        world_.note("read", slot, l.id, bytes);
        world_.net.client_reads(l, n);
        account(l, n);
        world_.tell([&](invariant& i) { i.on_before_read(*this, l, bytes); });
        const std::size_t enough = one_in(rng_, 2) ? 1 + static_cast<std::size_t>(rng_.below(4)) : SIZE_MAX;
        for (bool first = true; first || core_->read_unfinished(); first = false) {
            in_read_ = true;
            {
                const metered in_core;
                if (first)
                    core_->on_read(l.generation, n, world_.time.now(), enough);
                else
                    core_->read_on(world_.time.now(), enough);
            }
            in_read_ = false;
            note_pause();
            while (pull_actions() || pull_login_actions() || pull_events() || pull_finished()) {}
        }
        world_.tell([&](invariant& i) { i.on_after_read(*this, l); });
        if (world_.failed()) return;
    }
}

void sim_client::on_time() {
    if (destroyed()) return;
    ++timer_calls;
    const time_point now = world_.time.now();
    calls_at_once_ = now == last_time_call_ ? calls_at_once_ + 1 : 0;
    last_time_call_ = now;
    if (calls_at_once_ > 200) return world_.fail("liveness", "a timer spins");
    if (core_->reading_paused()) resume_reading();
    if (world_.failed()) return;
    now_doing = doing::time;
    {
        const metered in_core;
        core_->on_time(now);
    }
    while (pull_actions() || pull_login_actions() || pull_events() || pull_finished()) {}
    settle();
}

// --- outputs ---------------------------------------------------------------------------------------------------------------------

void sim_client::settle() {
    if (settling_ || in_read_ || destroyed() || paused()) return;
    settling_ = true;
    do {
        if (std::exchange(dial_waits_, false) && transport_open) {
            if (dial_result_) drop_transport(false);
            now_doing = doing::dial;
            world_.note("dialed", slot, attempt->id, dial_result_ ? "failed" : "");
            const metered in_core;
            core_->on_dialed(generation, dial_result_, world_.time.now());
        }
        if (core_->reading_paused()) resume_reading();
        read_in();
        take_handed_over(false);
        while (pull_actions() || pull_login_actions() || pull_events() || pull_finished()) {}
    } while (!world_.failed() && (write_out() || dial_waits_ || wants_to_read()));
    note_pause();
    arm_timer();
    settling_ = false;
    world_.tell([&](invariant& i) { i.on_settled(*this); });
    now_doing = doing::nothing;
}

bool sim_client::wants_to_read() const {
    if (core_->reading_paused()) return core_->reading_may_resume(world_.time.now());
    return readable_ && transport_open && attempt->established && !securing;
}

bool sim_client::pull_actions() {
    bool some = false;
    for (session::transport_action a; core_->next_action(a); some = true) {
        using kind = session::transport_action::kind;
        world_.note("action", slot, a.generation, words_of(a));
        world_.tell([&](invariant& i) { i.on_action(*this, a); });
        if (a.what == kind::dial) {
            generation = a.generation;
            transport_open = true;
            readable_ = dial_waits_ = false;
            securing = secured = leaving_ = false;
            frames_seen = 0;
            outgoing = model_parser();
            outgoing.headers = true;
            outgoing.max_payload = std::uint64_t{1} << 40;
            outgoing.max_control_line = std::size_t{1} << 30;
            for (app_subscription& s : subscriptions) s.arrived_on_link = 0;
            chosen.clear();
            attempt = world_.dial(*this, a);
            if (attempt == nullptr) {
                attempt = &world_.net.dial(slot, 0, a.generation, network::dial_answer::refuse);
            }
        } else if (a.what == kind::start_tls) {
            start_tls(a.generation);
        } else if (a.generation == generation && transport_open) {
            leaving_ = attempt->left = a.what == kind::leave;
            drop_transport(a.what != kind::close);
        }
    }
    return some;
}

void sim_client::drop_transport(bool) {
    if (!std::exchange(transport_open, false)) return;
    ++losses;
    if (!attempt->established) world_.hit(probe::cut_in_handshake);
    if (outgoing.inside()) world_.hit(probe::cut_inside_frame);
    if (attempt->last_written) world_.hit(probe::cut_in_write);
    // What was read and not looked at is gone with the connection.
    if (std::exchange(paused_reading_, false)) {
        world_.hit(probe::cut_while_paused);
        for (app_subscription& s : subscriptions) {
            s.cut_in_pause = s.cut_in_pause || s.paused_since != never;
            for (; s.state->sid != 0 && s.arrived > s.state->received && !s.expected.empty(); --s.arrived) s.expected.pop_back();
        }
    }
    model_connection* const c = world_.connection_of(*attempt);
    if (c != nullptr && c->out_end > attempt->fed) world_.hit(probe::bytes_lost_in_flight);
    world_.net.client_closes(*attempt);
    readable_ = dial_waits_ = false;
}

bool sim_client::pull_events() {
    bool some = false;
    for (event e; core_->next_event(e); some = true) {
        world_.note(
            "event", slot, static_cast<std::uint64_t>(e.kind) << 8 | static_cast<std::uint64_t>(e.reason),
            std::string(to_string(e.kind)) + ' ' + std::string(to_string(e.reason)) + ' ' + e.server + ' ' + e.detail + ' ' + e.subject);
        if (e.kind == event_kind::connected) {
            up = true;
            up_since = world_.time.now();
            if (down_since_ != never) world_.outage_ended(up_since - std::exchange(down_since_, never));
        } else if (e.kind == event_kind::disconnected) {
            up = false;
            down_since_ = world_.time.now();
            if (e.reason == disconnect_reason::lame_duck && leaving_) left_lame_duck_at = world_.time.now();
        } else if (e.kind == event_kind::closed) {
            ended = true;
            if (down_since_ != never) world_.hit(probe::closed_in_outage);
        }
        count_episode(e);
        world_.tell([&](invariant& i) { i.on_event(*this, e); });
    }
    return some;
}

bool sim_client::pull_finished() {
    bool some = false;
    for (session::finished_operation f; core_->next_finished(f); some = true) f.complete();
    return some;
}

bool sim_client::write_out() {
    if (!transport_open || !attempt->established || securing || paused()) return false;
    bool some = false;
    bool more = true;
    for (;;) {
        std::string_view bytes;
        if (more) {
            const metered in_core;
            bytes = core_->pending_write(one_in(rng_, 16) ? never : world_.time.now());
        }
        if (bytes.empty()) {
            attempt->blocked_since = never;
            return some;
        }
        link& l = *attempt;
        const std::size_t size = bytes.size();
        const std::string taken = offer(bytes);
        if (l.last_written) world_.cut(l);
        if (taken.empty()) return some;
        {
            const metered in_core;
            more = core_->on_written(generation, taken.size(), world_.time.now());
        }
        if (taken.size() < size) world_.hit(probe::taken_in_part);
        some = true;
        sent(l, taken);
        if (world_.failed()) return false;
    }
}

/// To the link: what it has taken of the bytes.
std::string sim_client::offer(std::string_view bytes) {
    link& l = *attempt;
    std::size_t most = bytes.size();
    if (one_in(rng_, 16)) most = 1 + static_cast<std::size_t>(rng_.below(most));
    const std::size_t n = world_.net.client_writes(l, bytes.substr(0, most));
    std::string taken(bytes.substr(0, n));
    if (n != 0) {
        world_.note("write", slot, l.id, taken);
        l.blocked_since = n < bytes.size() ? world_.time.now() : never;
    } else if (l.blocked_since == never) {
        l.blocked_since = world_.time.now();
    }
    return taken;
}

void sim_client::sent(link& l, const std::string& taken) {
    world_.tell([&](invariant& i) { i.on_written(*this, l, taken); });
    outgoing.feed(taken);
    client_op op;
    for (bool more = true; more;) {
        switch (outgoing.next(op)) {
            case model_parser::status::op: world_.tell([&](invariant& i) { i.on_client_frame(*this, l, op); }); break;
            case model_parser::status::need_more: more = false; break;
            default:
                world_.tell([&](invariant& i) { i.on_client_nonsense(*this, l, taken); });
                more = false;
                break;
        }
    }
}

void sim_client::arm_timer() {
    const time_point at = core_->next_deadline();
    if (at == timer_at_ && at > world_.time.now()) return;
    timer_at_ = at;
    if (at == never) return;
    world_.time.at(at, [this, number = ++timer_number_] {
        if (number != timer_number_ || destroyed() || paused()) return;
        timer_at_ = never;
        on_time();
    });
}

}  // namespace slipstream::sim
