// What the user decides of the way from one connection to the next: when to leave, which servers there are, whose turn it is.
#include <chrono>
#include <exception>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "protocol/session/core_parts.hpp"
#include "protocol/session/option_check.hpp"

namespace slipstream::session {

namespace {

using std::chrono::milliseconds;

known_server shown(const server_pool& pool, const pool_server& s) {
    return {
        .address = s.url.display(), .discovered = s.discovered, .leaving = s.leaving, .current = &s == pool.current(), .failed = s.failed};
}

/// What `call` answers, if `valid`. Else `problem` says what is wrong.
template <class Hook, class Valid>
auto ask_hook(const Hook& hook, const reconnect_plan& plan, std::string& problem, Valid valid) {
    using answer = decltype((*hook)(plan));
    std::optional<answer> out;
    try {
        const answer given = (*hook)(plan);
        if (valid(given))
            out = given;
        else
            problem = "the answer is out of range";
    } catch (const std::exception& e) {
        problem = e.what();
    } catch (...) {
        problem = "not a std::exception";
    }
    return out;
}

}  // namespace

std::error_code core::reconnect(time_point now) {
    parts& p = *parts_;
    if (p.shared.closed) return errc::closed;
    if (p.options_error) return p.options_error;
    if (p.drain.active()) return errc::draining;
    if (!p.options.reconnect) return errc::invalid_option;
    if (p.machine->idle()) return errc::not_connected;
    p.machine->leave({errc::connection_left, disconnect_reason::requested, {}});
    p.run(now);
    return {};
}

std::error_code core::set_servers(const std::vector<std::string>& servers, time_point now) {
    parts& p = *parts_;
    if (p.shared.closed) return errc::closed;
    if (p.options_error) return p.options_error;
    std::vector<server_url> urls;
    if (const option_problem problem = check_servers(servers, urls); problem.ec) return problem.ec;
    p.machine->replace_servers(std::move(urls));
    p.run(now);
    p.advance_leave(now);
    return {};
}

std::vector<known_server> core::servers() const {
    std::vector<known_server> all;
    if (!parts_->machine) return all;
    const server_pool& pool = parts_->machine->pool();
    for (const pool_server& s : pool.servers()) {
        if (!s.removed) all.push_back(shown(pool, s));
    }
    return all;
}

void core::parts::advance_leave(time_point now) {
    if (!shared.up || drain.active() || !wire_side.lame_duck() || !options.lame_duck_leave || !options.reconnect) return;
    if (!leaving.active()) leaving.begin(machine->spread(to_duration(*options.lame_duck_leave)), now);
    if (!leaving.advance(machine->pool(), now)) return;
    machine->leave({errc::connection_left, disconnect_reason::lame_duck, {}});
    run(now);
}

/// The server is not left after all: what was held goes to it.
void core::parts::stay(time_point now) {
    const bool holding = shared.leaving;
    leaving.stop();
    if (!holding) return;
    release_held(now);
    fences.on_up();
}

void core::parts::ask() {
    if (!hooks.choose_server && !hooks.delay) return;
    const reconnect_hooks called = hooks;
    std::vector<known_server> offered;
    std::vector<server_url> addresses;  // of the same servers; host and port suffice
    std::size_t next = 0;
    const server_pool& pool = machine->pool();
    for (const pool_server& s : pool.servers()) {
        if (!pool.may_dial(s)) continue;
        if (&s == pool.current()) next = offered.size();
        offered.push_back(shown(pool, s));
        server_url address;
        address.host = s.url.host;
        address.port = s.url.port;
        addresses.push_back(std::move(address));
    }
    const slipstream::server_info info = shared.info;  // the hook may end the client
    reconnect_plan plan{.servers = offered, .info = info, .next = next, .failed = machine->attempt(), .error = machine->reason().error};
    plan.delay = std::chrono::ceil<milliseconds>(machine->delay());
    const auto tell = [this](const char* hook, const std::string& problem) {
        if (problem.empty()) return;
        ++shared.counters.failed_handlers;
        event e;
        e.kind = event_kind::handler_failed;
        e.generation = machine->generation();
        e.detail = std::string(hook) + ": " + problem;
        shared.out.tell(std::move(e));
    };

    struct guard {
        explicit guard(bool& flag) noexcept : flag_(flag) { flag_ = true; }
        ~guard() { flag_ = false; }
        guard(const guard&) = delete;
        guard& operator=(const guard&) = delete;
        bool& flag_;
    };
    const guard until_end(asking);
    if (called.choose_server) {
        std::string problem;
        const auto in_range = [&](std::size_t i) { return i < offered.size(); };
        if (const auto choice = ask_hook(called.choose_server, plan, problem, in_range)) {
            plan.next = *choice;
            machine->decide(addresses[*choice]);
        }
        tell("choose_server", problem);
    }
    if (called.delay) {
        std::string problem;
        const auto in_range = [](milliseconds d) { return d >= milliseconds::zero() && d <= longest_option; };
        if (const auto delay = ask_hook(called.delay, plan, problem, in_range)) machine->decide(to_duration(*delay));
        tell("reconnect_delay", problem);
    }
}

}  // namespace slipstream::session
