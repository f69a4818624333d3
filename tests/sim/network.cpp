#include "tests/sim/network.hpp"

#include <algorithm>

namespace slipstream::sim {

duration network::draw_latency(const link& l) {
    const path& p = paths_[l.client];
    return p.latency + duration(static_cast<duration::rep>(rng_.below(static_cast<std::uint64_t>(p.jitter.count()) + 1)));
}

link& network::dial(std::size_t client, std::size_t server, std::uint64_t generation, dial_answer answer) {
    link& l = links_.emplace_back();
    l.id = links_.size();
    l.client = client;
    l.server = server;
    l.generation = generation;
    if (answer == dial_answer::silence) return l;
    time_.after(draw_latency(l), [this, &l, answer] {
        if (answer == dial_answer::refuse) {
            time_.after(draw_latency(l), [this, &l] { told_.on_dial_answer(l, std::make_error_code(std::errc::connection_refused)); });
            return;
        }
        l.accepted = true;
        told_.on_accept(l);
        time_.after(draw_latency(l), [this, &l] {
            l.established = true;
            told_.on_dial_answer(l, {});
            // What came before the client was told it is connected.
            if (l.client_open && (!l.to_client.unread().empty() || l.to_client.closed || l.reset_for_client)) told_.on_client_readable(l);
        });
    });
    return l;
}

void network::send(link& l, direction& d, std::string_view bytes) {
    while (!bytes.empty()) {
        // Segments of any size: often the whole, sometimes one byte, sometimes a cut inside a CRLF.
        std::size_t n = std::min<std::size_t>(bytes.size(), 1460 * 8);
        switch (rng_.below(10)) {
            case 0: n = 1; break;
            case 1: n = 1 + static_cast<std::size_t>(rng_.below(n)); break;
            case 2:
                if (const std::size_t cr = bytes.substr(0, n).rfind('\r'); cr != std::string_view::npos) n = cr + 1;
                break;
            default: break;
        }
        time_point due = std::max(d.last_due, time_.now() + draw_latency(l));
        if (const std::uint64_t rate = paths_[l.client].rate; rate != 0) due += std::chrono::nanoseconds(n * 1'000'000'000 / rate);
        d.last_due = due;
        d.flying.push_back({due, std::string(bytes.substr(0, n))});
        d.under_way += n;
        bytes.remove_prefix(n);
        schedule(l, d, due);
    }
}

void network::schedule(link& l, direction& d, time_point due) {
    time_.at(due, [this, &l, &d] { arrive(l, d); });
}

void network::arrive(link& l, direction& d) {
    const bool to_client = &d == &l.to_client;
    if (d.held || (to_client ? !l.client_open : false)) return;
    bool some = false;
    while (!d.flying.empty() && d.flying.front().due <= time_.now()) {
        d.arrived += d.flying.front().bytes;
        d.flying.pop_front();
        some = true;
    }
    if (d.flying.empty() && d.closed_flying && d.fin_due <= time_.now() && !d.closed) d.closed = some = true;
    if (!some) return;
    if (to_client) {
        if (l.established) told_.on_client_readable(l);
    } else if (l.server_open || !l.to_server.closed_flying) {
        told_.on_server_readable(l);
    }
}

constexpr std::size_t least_cut = 40;

/// Where a write is cut: inside a line end, behind the first bytes of a frame, before its last ones, anywhere.
std::size_t network::part_of(std::string_view bytes) {
    const std::size_t some = 1 + static_cast<std::size_t>(rng_.below(bytes.size()));
    std::size_t n = some;
    switch (rng_.below(5)) {
        case 0: n = bytes.size() - 1; break;
        case 1: n = bytes.substr(0, some).rfind('\r') + 1; break;  // 0 when there is none
        case 2:
        case 3: n = bytes.substr(0, some).rfind('\n') + 2 + static_cast<std::size_t>(rng_.below(4)); break;
        default: break;
    }
    return std::clamp<std::size_t>(n, 1, bytes.size());
}

std::size_t network::client_writes(link& l, std::string_view bytes) {
    if (!l.client_open || l.reset_for_client) return bytes.size();  // the system takes them, and they are lost
    if (time_.now() < l.full_until) return 0;
    const std::size_t capacity = paths_[l.client].capacity;
    const std::size_t room = capacity - std::min(capacity, l.to_server.under_way);
    std::size_t n = std::min(room, bytes.size());
    if (n == 0) return 0;
    const std::uint64_t stingy = paths_[l.client].stingy;
    if (l.cut_in_write && n >= least_cut) l.last_written = true;
    if (l.last_written || (stingy != 0 && one_in(rng_, stingy))) {
        n = part_of(bytes.substr(0, n));
        l.full_until = time_.now() + std::chrono::microseconds(rng_.below(one_in(rng_, 4) ? 250'000 : 5'000) + 1);
        time_.at(l.full_until, [this, &l] {
            if (l.client_open && l.established && !l.to_server.held) told_.on_client_writable(l);
        });
    }
    send(l, l.to_server, bytes.substr(0, n));
    l.written += n;
    return n;
}

std::size_t network::server_writes(link& l, std::string_view bytes) {
    if (!l.server_open || !l.client_open || l.to_client.closed_flying) return bytes.size();
    const std::size_t capacity = paths_[l.client].capacity;
    const std::size_t room = capacity - std::min(capacity, l.to_client.under_way);
    const std::size_t n = std::min(room, bytes.size());
    send(l, l.to_client, bytes.substr(0, n));
    return n;
}

void network::client_reads(link& l, std::size_t n) {
    l.to_client.read(n);
    l.fed += n;
    l.last_fed = time_.now();
    if (l.server_open) time_.after(draw_latency(l), [this, &l] { told_.on_server_writable(l); });
}

void network::server_reads(link& l, std::size_t n) {
    l.to_server.read(n);
    if (l.client_open)
        time_.after(draw_latency(l), [this, &l] {
            if (l.client_open && l.established && !l.to_server.held) told_.on_client_writable(l);
        });
}

void network::finish(link& l, direction& d) {
    if (d.closed_flying) return;
    d.closed_flying = true;
    d.fin_due = std::max(d.last_due, time_.now() + draw_latency(l));
    schedule(l, d, d.fin_due);
}

void network::client_closes(link& l) {
    if (!l.client_open) return;
    l.client_open = false;
    l.to_client.flying.clear();
    finish(l, l.to_server);
}

void network::server_closes(link& l, bool reads_on) {
    l.troubled = true;
    finish(l, l.to_client);
    if (!reads_on) l.server_open = false;
}

void network::reset(link& l) {
    if (!l.client_open || l.reset_for_client) return;
    direction& d = l.to_client;
    const std::size_t kept = static_cast<std::size_t>(rng_.below(d.flying.size() + 1));
    while (d.flying.size() > kept) {
        d.under_way -= d.flying.back().bytes.size();
        d.flying.pop_back();
    }
    l.server_open = false;
    l.troubled = true;
    l.to_server.flying.clear();
    const time_point due = std::max(d.flying.empty() ? time_.now() : d.flying.back().due, time_.now() + draw_latency(l));
    d.closed_flying = true;
    d.fin_due = never;
    time_.at(due, [this, &l] {
        if (!l.client_open || l.to_client.held) return;
        l.reset_for_client = true;
        if (l.established) told_.on_client_readable(l);
    });
}

void network::hold(link& l, bool to_client, bool to_server, bool on) {
    const auto set = [&](direction& d) {
        d.held = on;
        l.troubled = l.troubled || on;
        if (on) return;
        // Sent again: everything that was held comes now, in its order.
        for (direction::packet& p : d.flying) p.due = std::max(p.due, time_.now());
        if (d.closed_flying && d.fin_due != never) d.fin_due = std::max(d.fin_due, time_.now());
        schedule(l, d, time_.now());
        if (!d.flying.empty()) schedule(l, d, d.flying.back().due);
        if (d.closed_flying && d.fin_due != never) schedule(l, d, d.fin_due);
        if (&d == &l.to_server && l.client_open)
            time_.after(draw_latency(l), [this, &l] {
                if (l.client_open && l.established) told_.on_client_writable(l);
            });
    };
    if (to_client) set(l.to_client);
    if (to_server) set(l.to_server);
}

void network::stop_server_reading(link& l, bool stopped) {
    l.server_reads = !stopped;
    l.troubled = l.troubled || stopped;
    if (!stopped) told_.on_server_readable(l);
}

}  // namespace slipstream::sim
