// What the run machine decides, done: the client and its connections begin and end here, for all parts together.
#include <new>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/session/connect_message.hpp"
#include "protocol/session/core_parts.hpp"
#include "protocol/session/option_check.hpp"
#include "protocol/wire/encoder.hpp"

namespace slipstream::session {

namespace {

failure overheard_before_tls() { return {errc::tls_failed, disconnect_reason::tls, "the server sent plain text where TLS begins"}; }

}  // namespace

core::parts::parts(connect_options&& o, std::uint64_t seed, std::string id)
    : hooks(o),
      options(std::move(o)),
      shared(options),
      inbox_id(std::move(id)),
      subs(shared),
      reqs(shared, subs, options.inbox_prefix + "." + inbox_id),
      fences(shared, subs),
      room(shared),
      wire_side(shared, subs, reqs, fences),
      drain(shared, subs, reqs, fences),
      leaving(shared, reqs, fences),
      alive({to_duration(options.ping_interval), options.max_pings_out, to_duration(options.write_timeout)}) {
    std::vector<server_url> servers;
    options_error = check_options(options, servers).ec;
    if (!options_error) machine.emplace(options, std::move(servers), random_stream(seed));
}

core::core(connect_options options, std::uint64_t seed, std::string inbox_id)
    : parts_(std::make_unique<parts>(std::move(options), seed, std::move(inbox_id))) {}

core::~core() { parts_->shut({}, errc::closed, transport_action::kind::close); }

// --- facts ---

void core::on_dialed(std::uint64_t generation, std::error_code ec, time_point now) {
    parts& p = *parts_;
    if (!p.engaged(generation)) return;
    if (ec) {
        p.transport_open = false;
        p.fail({ec, ec == std::errc::timed_out ? disconnect_reason::timeout : disconnect_reason::refused, {}}, now);
        return;
    }
    p.wire_side.begin(p.machine->pool());
    p.machine->on_dialed();
    p.run(now);
}

void core::on_secured(std::uint64_t generation, std::error_code ec, std::string_view detail, time_point now) {
    parts& p = *parts_;
    if (!p.engaged(generation) || !p.machine->securing()) return;
    if (ec) {
        p.fail({ec, disconnect_reason::tls, std::string(detail)}, now);
        return;
    }
    p.wire_side.secured();
    p.machine->on_secured();
    p.run(now);
}

void core::on_transport_down(std::uint64_t generation, std::error_code ec, time_point now, std::string_view detail) {
    parts& p = *parts_;
    if (!p.engaged(generation)) return;
    while (p.pause.on()) {  // there is nothing to wait for any more: what had arrived is queued, or counted as dropped
        if (subscription_state* const s = p.subs.find(p.pause.sid)) s->pause_left = duration::zero();
        p.end_pause(now);
        p.read(now);
        if (!p.engaged(generation)) return;
    }
    p.fail(p.wire_side.why_down(ec, detail), now);
}

void core::on_login_answer(std::uint64_t id, std::error_code ec, login answer, time_point now) {
    parts_->login.on_answer(id, ec, std::move(answer));
    parts_->on_login(now);
}

void core::on_login_file(std::uint64_t id, std::error_code ec, secret contents, time_point now) {
    parts_->login.on_file(id, ec, std::move(contents));
    parts_->on_login(now);
}

void core::on_login_signature(std::uint64_t id, std::error_code ec, secret signature, time_point now) {
    parts_->login.on_signature(id, ec, std::move(signature));
    parts_->on_login(now);
}

// --- outputs ---

bool core::next_action(transport_action& out) { return parts_->shared.out.actions.pop(out); }

bool core::next_login_action(login_action& out) { return parts_->login.next(out); }

bool core::next_event(event& out) { return parts_->shared.out.events.pop(out); }

// --- steps ---

void core::parts::run(time_point now) {
    if (!machine || asking) return;  // a hook may call the client: what it did is taken up when it has returned
    for (;;) {
        switch (machine->resume(now)) {
            case run_action::wait:
                // Nobody tries to connect any more: a drain would wait for nothing.
                if (drain.active() && machine->idle()) shut(errc::not_connected, errc::not_connected, transport_action::kind::close);
                update_state();
                return;
            case run_action::ask: ask(); break;
            case run_action::announce_attempt: announce(event_kind::reconnecting, {}); break;
            case run_action::prepare_login: prepare_login(); break;
            case run_action::dial: dial(); break;
            case run_action::secure: secure(); break;
            case run_action::log_in: log_in(); break;
            case run_action::greet: greet(); break;
            case run_action::restore: come_up(now); break;
            case run_action::cut: let_go(); break;
            case run_action::announce_failure: announce(event_kind::connect_failed, machine->reason()); break;
            case run_action::announce_loss: announce(event_kind::disconnected, machine->reason()); break;
            case run_action::give_up: give_up(); break;
            case run_action::end: shut(machine->reason().error, errc::connection_lost, transport_action::kind::close); return;
        }
    }
}

void core::parts::dial() {
    ++shared.counters.dials;
    shared.attempt = machine->generation();
    shared.out.actions.push({transport_action::kind::dial, machine->generation(), machine->server().host, machine->server().port});
    transport_open = true;
}

void core::parts::secure() {
    if (wire_side.overheard()) {
        machine->on_failure(overheard_before_tls());
        return;
    }
    const tls_names_of_server names = machine->tls_names();
    shared.out.actions.push({transport_action::kind::start_tls, machine->generation(), names.first, 0, names.other});
}

void core::parts::refuse_overheard(time_point now) { fail(overheard_before_tls(), now); }

void core::parts::prepare_login() {
    const authentication& how = machine->login();
    login_request request;
    if (std::holds_alternative<credential_provider>(how)) request = {machine->server().display(), machine->reason().error};
    login.begin(how, std::move(request));
    if (login.now() == login_machine::state::known) machine->on_login_known();
}

void core::parts::log_in() {
    wire_side.logs_in();
    login.prove(wire_side.info().nonce);
    if (login.now() == login_machine::state::ready) machine->on_login_made();
    if (login.now() == login_machine::state::failed) machine->on_failure(login.why());
}

void core::parts::on_login(time_point now) {
    switch (login.now()) {
        case login_machine::state::known: machine->on_login_known(); break;
        case login_machine::state::ready: machine->on_login_made(); break;
        case login_machine::state::failed: machine->on_failure(login.why()); break;
        default: return;
    }
    run(now);
}

void core::parts::greet() {
    connect_fields fields;
    fields.name = options.name;
    fields.echo = !options.no_echo;
    fields.headers = wire_side.info().headers;
    fields.login = login.fields();
    wire::write_buffer& out = shared.box.protocol_frames();
    append_connect(out, fields);
    wire::encode_ping(out);
    shared.box.wipe_when_written();
    login.end();
    wire_side.greeted();
}

void core::parts::come_up(time_point now) {
    const bool again = shared.info_known;
    shared.generation = machine->generation();
    shared.info = wire_side.take_info();
    shared.info_known = true;
    last_server = machine->server().display();
    if (again) ++shared.counters.reconnects;

    // The order that the server must see: what we want to hear, then what was held, then the PINGs of waiting flushes (C15, I7).
    subs.restore();
    release_held(now);
    room.on_less();
    shared.up = true;
    fences.on_up();
    alive.start(now);

    announce(event_kind::connected, {});
    wire_side.came_up();
    connects.finish_all(shared.out, {});
    advance_drain();
    advance_leave(now);
}

void core::parts::release_held(time_point now) {
    std::size_t too_large = 0;
    std::size_t with_headers = 0;
    shared.box.release([&](const wire::frame& f, std::uint64_t position) {
        // What this server cannot take would end the connection, and again after every reconnect (C17).
        const std::error_code ec = unfit(f);
        if (!ec) return reqs.place(f, position);
        ++(ec == errc::max_payload ? too_large : with_headers);
        reqs.refuse_frame(f, ec);
        return false;
    });
    tell_unfit(too_large, with_headers, now);
}

std::error_code core::parts::unfit(const wire::frame& f) const noexcept {
    if (f.header_block.size() + f.payload.size() > static_cast<std::size_t>(shared.info.max_payload)) return errc::max_payload;
    if (!f.header_block.empty() && shared.info_known && !shared.info.headers) return errc::headers_unsupported;
    return {};
}

void core::parts::tell_unfit(std::size_t too_large, std::size_t with_headers, time_point now) {
    const auto tell = [&](errc code, std::size_t count, const char* why) {
        if (count != 0) shared.tell_server_error(code, std::to_string(count) + " held messages were dropped: " + why, {}, now);
    };
    tell(errc::max_payload, too_large, "they exceed the server's max_payload");
    tell(errc::headers_unsupported, with_headers, "the server does not support headers");
}

void core::parts::let_go() noexcept {
    if (std::exchange(transport_open, false)) {
        const auto how = machine->leaving() ? transport_action::kind::leave : transport_action::kind::close;
        shared.out.actions.push({how, machine->generation(), {}, 0});
    }
    shared.up = false;
    login.end();
    leaving.stop();
    if (subscription_state* const s = subs.find(pause.sid)) s->awaited = false;
    pause = {};
    wire_side.end();
    alive.stop();
    write_clock_unknown = false;
    try {
        shared.box.on_connection_lost([this](const wire::frame& f) { return reqs.keep_after_loss(f); });
    } catch (const std::bad_alloc&) {
        shared.box.clear();  // what cannot be kept is not sent later; no byte of it may get into another connection
    }
    reqs.on_lost();
    fences.on_lost();
    room.on_less();
    subs.on_lost();
}

void core::parts::announce(event_kind kind, const failure& why) noexcept {
    // Exactly one for each `connected`; a connection that broke while it was being restored has not been told.
    if (kind == event_kind::disconnected && !std::exchange(told_connected, false)) kind = event_kind::connect_failed;
    if (kind == event_kind::connected) told_connected = true;
    if (kind == event_kind::connect_failed) ++shared.counters.failed_dials;
    event e;
    e.kind = kind;
    e.reason = why.reason;
    e.error = why.error;
    e.generation = machine->generation();
    e.reconnects = shared.counters.reconnects;
    e.attempt = machine->attempt();
    if (kind == event_kind::reconnecting) {
        ++e.generation;
        e.delay = std::chrono::duration_cast<std::chrono::milliseconds>(machine->delay());
    }
    try {
        e.server = machine->server().display();
        e.detail = why.detail;
    } catch (const std::bad_alloc&) {  // what happened matters more than its words
    }
    shared.out.tell(std::move(e));
}

void core::parts::give_up() noexcept {
    reqs.finish_held(errc::not_connected);
    fences.finish_held(errc::not_connected);
    room.finish_all(errc::not_connected);
    connects.finish_all(shared.out, machine->reason().error);
}

void core::parts::fail(failure why, time_point now) {
    // A drain that is cut off ends with that (D8); what was not sent is gone with the client.
    const bool interrupts = drain.active() && shared.up;
    machine->on_failure(std::move(why));
    if (!interrupts) {
        run(now);
        return;
    }
    const failure cause = machine->reason();
    let_go();
    announce(event_kind::disconnected, cause);
    shut(errc::connection_lost, errc::connection_lost, transport_action::kind::close);
}

void core::parts::shut(std::error_code why, std::error_code drained, transport_action::kind how) noexcept {
    if (std::exchange(shared.closed, true)) return;
    if (std::exchange(transport_open, false)) shared.out.actions.push({how, machine->generation(), {}, 0});
    if (machine) {
        if (std::exchange(shared.up, false)) announce(event_kind::disconnected, {errc::closed, disconnect_reason::closed, {}});
        machine->close();
    }
    login.end();
    leaving.stop();
    pause = {};
    wire_side.end();
    alive.stop();
    write_clock_unknown = false;
    drain_deadline = never;
    shared.box.clear();
    reqs.finish_all(errc::closed);
    fences.finish_all(errc::closed);
    room.finish_all(errc::closed);
    connects.finish_all(shared.out, errc::closed);
    drains.finish_all(shared.out, drained);
    update_state();
    event e;
    e.kind = event_kind::closed;
    e.error = why;
    e.generation = machine ? machine->generation() : 0;
    e.reconnects = shared.counters.reconnects;
    shared.out.tell(std::move(e));
    // Last: handlers, hooks and login callbacks are destroyed, so user code may run.
    subs.end_all(errc::closed);
    const reconnect_hooks ended = std::exchange(hooks, {});
    const authentication ended_login = std::exchange(options.auth, no_auth{});
}

void core::parts::update_state() noexcept {
    client_state now = client_state::connecting;
    if (shared.closed)
        now = client_state::closed;
    else if (drain.active())
        now = client_state::draining;
    else if (shared.up)
        now = client_state::connected;
    else if (!machine || machine->idle())
        now = client_state::idle;
    else if (machine->ever_up())
        now = client_state::reconnecting;
    if (state.load(std::memory_order_relaxed) != now) state.store(now, std::memory_order_release);
}

}  // namespace slipstream::session
