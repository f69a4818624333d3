// From a seed to a plan: first the profile, then its rates, then the steps.
#include <algorithm>

#include "tests/sim/clock.hpp"
#include "tests/sim/plan.hpp"

namespace slipstream::sim {

namespace {

struct weighted {
    step_kind kind;
    std::uint64_t weight;
};

step_kind pick(random_stream& rng, const std::vector<weighted>& from) {
    std::uint64_t sum = 0;
    for (const weighted& w : from) sum += w.weight;
    std::uint64_t n = rng.below(sum);
    for (const weighted& w : from) {
        if (n < w.weight) return w.kind;
        n -= w.weight;
    }
    return from.back().kind;
}

std::vector<weighted> wishes_of(profile p) {
    using enum step_kind;
    std::vector<weighted> w{{connect, 2},    {publish, 30}, {subscribe, 12},  {unsubscribe, 6}, {release, 2},      {next, 6},  {consume, 8},
                            {request, 18},   {flush, 8},    {drain_sub, 4},   {cancel, 6},      {drain, 1},        {close, 1}, {reopen, 3},
                            {hand_over, 14}, {flood, 5},    {set_servers, 2}, {reconnect, 1},   {peer_publish, 24}};
    if (p == profile::slow_app) w.insert(w.end(), {{peer_publish, 60}, {consume, 10}, {subscribe, 8}});
    return w;
}

std::vector<weighted> faults_of(profile p) {
    using enum step_kind;
    switch (p) {
        case profile::calm: return {{delay, 1}, {slow_link, 1}};
        case profile::lossy:
            return {{cut_fin, 4},  {cut_half, 4},    {cut_rst, 6},     {cut_in_write, 6}, {drop_in, 3},
                    {drop_out, 3}, {zero_window, 3}, {slow_link, 2},   {delay, 2},        {refuse, 2},
                    {hang, 1},     {mute, 1},        {tls_trouble, 1}, {stale_fact, 4},   {say_error, 1}};
        case profile::partition:
            return {{drop_in, 4}, {drop_out, 4},     {drop_both, 6}, {zero_window, 2},
                    {hang, 3},    {pause_server, 3}, {delay, 1},     {stale_fact, 2}};
        case profile::flapping:
            return {{cut_fin, 8}, {cut_rst, 8},   {cut_in_write, 8}, {cut_half, 2}, {refuse, 4},
                    {mute, 2},    {say_error, 2}, {stale_fact, 4},   {full, 2}};
        case profile::slow_app:
            return {{pause_client, 5}, {slow_link, 3}, {slow_consumer, 2}, {zero_window, 2}, {cut_rst, 1}, {cut_in_write, 2}, {delay, 2}};
        case profile::hostile_server: return {{cut_rst, 1}, {say_error, 3}, {slow_link, 1}};
        case profile::rolling_restart:
            return {{kill_server, 6}, {lame_duck, 5}, {gossip, 4},  {shrink_payload, 2},
                    {no_headers, 2},  {refuse, 2},    {cut_rst, 1}, {cut_in_write, 1}};
        case profile::auth_churn:
            return {{refuse_login, 4}, {rotate_login, 8}, {expire_login, 5}, {tls_trouble, 2}, {full, 3},
                    {deny, 6},         {say_error, 3},    {cut_fin, 2},      {kill_server, 1}};
        case profile::swizzle_clog: return {{drop_both, 3}, {drop_in, 1}, {drop_out, 1}, {pause_client, 1}, {stale_fact, 1}};
    }
    return {};
}

/// Mostly short, sometimes longer than every timeout.
std::uint64_t period(random_stream& rng) {
    switch (rng.below(6)) {
        case 0: return between(rng, 1, 20);
        case 1:
        case 2: return between(rng, 20, 500);
        case 3:
        case 4: return between(rng, 500, 5'000);
        default: return between(rng, 5'000, 40'000);
    }
}

std::uint64_t size_of_message(random_stream& rng) {
    switch (rng.below(12)) {
        case 0: return between(rng, 1'000, 20'000);
        case 1: return between(rng, 200, 1'000);
        case 2: return one_in(rng, 6) ? between(rng, 100'000, 300'000) : 0;
        default: return rng.below(200);
    }
}

void draw_wish(random_stream& rng, step& s) {
    auto& [client, b, c, d, e, f] = s.with;
    client = rng.below(2);
    switch (s.kind) {
        case step_kind::publish:
            b = rng.below(8);
            c = size_of_message(rng);
            d = rng.below(4);
            e = one_in(rng, 4) ? between(rng, 1, 10) : 0;
            break;
        case step_kind::subscribe:
            b = rng.below(11);
            c = one_in(rng, 2) ? subscribe_with_handler : 0;
            if (c != 0 && one_in(rng, 3)) c |= std::uint64_t{2} << rng.below(5);
            if ((c & handler_closes) != 0 && !one_in(rng, 4)) c &= ~handler_closes;
            if (c == 0 && one_in(rng, 4)) c = subscribe_pauses | between(rng, 1, one_in(rng, 2) ? 100 : 5'000) << pause_limit_shift;
            d = one_in(rng, 3) ? between(rng, 1, 12) : 0;
            e = one_in(rng, 2) ? between(rng, 1, 16) : 65'536;
            f = one_in(rng, 4) ? between(rng, 1, 2) : 0;
            break;
        case step_kind::hand_over:
            b = rng.below(8);
            c = size_of_message(rng);
            d = one_in(rng, 4) ? publish_with_headers : 0;
            e = one_in(rng, 3) ? between(rng, 1, 10) : 0;
            break;
        case step_kind::flood:
            b = rng.below(8);
            c = one_in(rng, 2) ? rng.below(500) : between(rng, 500, 20'000);
            d = between(rng, 3, 60);
            e = one_in(rng, 3) ? between(rng, 1, 60) : between(rng, 60, 8'000);
            break;
        case step_kind::set_servers:
            b = rng.below(8);
            c = one_in(rng, 3) ? between(rng, 1, 2) : 0;
            break;
        case step_kind::unsubscribe:
            b = rng.next() % 64;
            c = one_in(rng, 2) ? rng.below(6) : 0;
            break;
        case step_kind::release:
        case step_kind::next:
        case step_kind::drain_sub: b = rng.next() % 64; break;
        case step_kind::consume:
            b = rng.next() % 64;
            c = one_in(rng, 3) ? rng.below(400) : rng.below(4);
            break;
        case step_kind::request:
            b = rng.below(8);
            c = rng.below(300);
            d = one_in(rng, 3) ? between(rng, 1, 60) : between(rng, 60, 6'000);
            break;
        case step_kind::flush: b = one_in(rng, 4) ? between(rng, 1, 40) : between(rng, 40, 8'000); break;
        case step_kind::cancel:
            b = rng.next() % 64;
            c = rng.below(2);
            break;
        case step_kind::peer_publish:
            b = rng.below(6);
            c = size_of_message(rng);
            d = one_in(rng, 4) ? between(rng, 5, 60) : between(rng, 1, 4);
            break;
        default: break;
    }
}

void draw_fault(random_stream& rng, profile p, step& s) {
    auto& [target, b, c, d, e, f] = s.with;
    const bool of_client = s.kind <= step_kind::delay || s.kind == step_kind::say_error || s.kind == step_kind::slow_consumer ||
                           s.kind == step_kind::pause_client || s.kind == step_kind::stale_fact || s.kind == step_kind::expire_login ||
                           s.kind == step_kind::deny;
    target = of_client ? rng.below(2) : rng.below(3);
    b = p == profile::flapping ? between(rng, 1, 800) : period(rng);
    switch (s.kind) {
        case step_kind::slow_link: c = between(rng, 200, 100'000); break;
        case step_kind::delay: c = between(rng, 1, 1'500); break;
        case step_kind::rotate_login: c = rng.below(2); break;
        case step_kind::say_error: c = rng.below(6); break;
        case step_kind::deny: c = rng.below(6); break;
        case step_kind::tls_trouble: c = rng.below(2); break;
        case step_kind::shrink_payload: c = between(rng, 64, 2'000); break;
        case step_kind::stale_fact: c = rng.below(4); break;
        case step_kind::gossip: c = rng.below(8); break;
        default: break;
    }
}

/// All connections stop one after the other in a random order, and come back in another one.
void swizzle(random_stream& rng, std::int64_t at, std::vector<step>& steps) {
    std::array<std::uint64_t, 2> order{0, 1};
    rng.shuffle(order);
    const std::int64_t end = at + static_cast<std::int64_t>(between(rng, 2'000'000, 12'000'000));
    for (const std::uint64_t client : order) {
        at += static_cast<std::int64_t>(rng.below(1'500'000));
        const auto back = static_cast<std::uint64_t>((end - at) / 1000) + rng.below(3'000);
        const step_kind kind = one_in(rng, 3) ? step_kind::drop_out : step_kind::drop_both;
        steps.push_back({at, kind, {client, back}});
    }
}

constexpr std::uint64_t slow_service = 1;    // of the table in client_user.cpp
constexpr std::uint64_t silent_service = 3;

/// Requests that are given up before their reply comes, each with another one that waits when it does.
void be_impatient(random_stream& rng, std::int64_t until_us, std::vector<step>& steps) {
    for (std::uint64_t left = between(rng, 2, 12); left != 0; --left) {
        const auto at = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(until_us)));
        const std::uint64_t client = rng.below(2);
        const std::uint64_t patience = between(rng, 1, 60);
        const std::uint64_t service = one_in(rng, 2) ? slow_service : rng.below(8);
        steps.push_back({at, step_kind::request, {client, service, rng.below(200), patience}});
        const auto next = at + static_cast<std::int64_t>(1000 * patience + between(rng, 1, 20'000));
        steps.push_back({next, step_kind::request, {client, silent_service, rng.below(200), between(rng, 500, 5'000)}});
    }
}

/// What a server that begins to leave finds unanswered.
void be_busy(random_stream& rng, std::int64_t at, std::vector<step>& steps) {
    for (std::uint64_t client = 0; client < 2; ++client) {
        const auto before = static_cast<std::int64_t>(rng.below(40'000));
        const step_kind kind = one_in(rng, 3) ? step_kind::flush : step_kind::request;
        const std::uint64_t patience = between(rng, 2'000, 6'000);
        if (kind == step_kind::flush)
            steps.push_back({std::max<std::int64_t>(at - before, 0), kind, {client, patience}});
        else
            steps.push_back({std::max<std::int64_t>(at - before, 0), kind, {client, slow_service, rng.below(200), patience}});
    }
}

}  // namespace

plan make_plan(std::uint64_t seed, std::optional<profile> p, std::optional<mode> m) {
    random_stream rng = random_stream(seed).split("plan");
    plan out;
    out.seed = seed;
    const auto drawn_profile = static_cast<profile>(rng.below(9));
    const auto drawn_mode = rng.below(3) == 0 ? mode::safety : mode::liveness;
    out.what = p.value_or(m == mode::hostile ? profile::hostile_server : drawn_profile);
    out.how = m.value_or(out.what == profile::hostile_server ? mode::hostile : drawn_mode);
    const auto seconds = static_cast<std::int64_t>(one_in(rng, 5) ? between(rng, 40, 120) : between(rng, 5, 40));
    out.fault_us = seconds * 1'000'000;

    const std::vector<weighted> wishes = wishes_of(out.what);
    const std::vector<weighted> faults = faults_of(out.what);
    for (std::uint64_t client = 0; client < 2; ++client) {
        const auto at = static_cast<std::int64_t>(rng.below(200'000));
        out.steps.push_back({at, step_kind::connect, {client}});
        for (int i = 0; i < 2; ++i) {  // somebody listens from the beginning
            step s{at + 1'000, step_kind::subscribe, {}};
            draw_wish(rng, s);
            s.with[0] = client;
            out.steps.push_back(s);
        }
    }
    const std::uint64_t number_of_wishes = between(rng, 60, 400);
    for (std::uint64_t i = 0; i < number_of_wishes; ++i) {
        step s{static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(out.fault_us))), pick(rng, wishes), {}};
        draw_wish(rng, s);
        out.steps.push_back(s);
        // Bursts: several wishes at one time find each other.
        for (std::uint64_t more = one_in(rng, 6) ? rng.below(5) : 0; more != 0; --more) {
            s.kind = pick(rng, wishes);
            const std::uint64_t client = s.with[0];
            s.with = {};
            draw_wish(rng, s);
            s.with[0] = client;
            out.steps.push_back(s);
        }
    }
    const std::uint64_t number_of_faults = out.what == profile::flapping ? between(rng, 20, 90) : between(rng, 2, 24);
    for (std::uint64_t i = 0; i < number_of_faults; ++i) {
        step s{static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(out.fault_us))), pick(rng, faults), {}};
        draw_fault(rng, out.what, s);
        out.steps.push_back(s);
        if (s.kind == step_kind::lame_duck) be_busy(rng, s.at_us, out.steps);
    }
    if (one_in(rng, 3)) be_impatient(rng, out.fault_us, out.steps);
    if (out.what == profile::swizzle_clog) {
        for (std::int64_t at = 1'000'000; at < out.fault_us; at += 15'000'000) swizzle(rng, at, out.steps);
    }
    sort_by_time(out.steps);
    return out;
}

}  // namespace slipstream::sim
