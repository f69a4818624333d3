// The servers of a world, and what lies between them and the network.
#include <algorithm>
#include <utility>

#include "tests/sim/world.hpp"

namespace slipstream::sim {

std::string payload_of(std::uint64_t number, std::size_t size) {
    // What looks like the protocol must pass untouched.
    constexpr std::string_view filler = "\r\nPING\r\n-ERR 'x'\r\nMSG t.0 1 3\r\nabc\r\n0123456789abcdefghijklmnopqrstuvwxyz";
    std::string out = std::to_string(number) + '.';
    while (out.size() < size) out += filler.substr(0, std::min(filler.size(), size - out.size()));
    return out;
}

std::uint64_t number_in(std::string_view payload) noexcept {
    std::uint64_t n = 0;
    for (const char c : payload.substr(0, 12)) {
        if (c == '.') return n;
        if (c < '0' || c > '9') return 0;
        n = n * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return 0;
}

void world::make_servers() {
    node_count = static_cast<std::size_t>(between(server_rng_, 1, 3));
    const bool tls = one_in(server_rng_, 4);
    std::vector<std::string> urls;
    for (std::size_t i = 0; i < node_count; ++i) urls.push_back("s" + std::to_string(i) + ".sim:4222");
    for (std::size_t i = 0; i < node_count; ++i) {
        server_settings s;
        s.id = "N" + std::to_string(i);
        s.name = "s" + std::to_string(i);
        s.address = urls[i];
        if (node_count > 1 && !one_in(server_rng_, 3)) s.connect_urls = urls;
        if (!one_in(server_rng_, 3)) {
            s.user = "user";
            s.pass = "sim-password";
            s.nkey = keys.public_key();
            s.signature_of = [this](std::string_view nonce) { return signature(nonce); };
            s.user_of = [this, i](std::string_view jwt, std::string_view nkey, std::string_view sig, std::string_view nonce) {
                return nodes[i].refuses_logins ? std::nullopt : logins.find(jwt, nkey, sig, nonce);
            };
        }
        s.ping_interval = std::chrono::seconds(between(server_rng_, 2, 30));
        s.max_pending = static_cast<std::size_t>(one_in(server_rng_, 3) ? between(server_rng_, 100'000, 2'000'000) : 64 * 1024 * 1024);
        s.tls = tls;
        s.deny_publish = {"deny.p"};
        s.deny_subscribe = {"deny.s"};
        servers.add(std::move(s));
    }
    servers.number_of = number_in;
    if (!hostile()) return;
    const std::uint64_t rarity = between(server_rng_, 10, 200);
    servers.mutate = [this, rarity](model_connection& c, std::string& frame) { return mutator_.change(frame, rarity, c.frames.empty()); };
}

std::string world::signature(std::string_view nonce) const {
    const auto raw = keys.sign(nonce);
    return std::string(auth::encode_signature({reinterpret_cast<const char*>(raw.data()), raw.size()}).reveal());
}

void world::make_services() {
    const auto add = [this](const char* subject, auto answer) { servers.services.push_back({subject, answer}); };
    add("svc.echo",
        [this](const client_op& op, std::uint64_t n) { answer_later(op, n, std::chrono::microseconds(server_rng_.below(2'000)), 40); });
    add("svc.slow", [this](const client_op& op, std::uint64_t n) {
        answer_later(op, n, std::chrono::milliseconds(between(server_rng_, 50, 3'000)), 10);
    });
    add("svc.twice", [this](const client_op& op, std::uint64_t n) {
        answer_later(op, n, std::chrono::milliseconds(1), 30);
        answer_later(op, n, std::chrono::milliseconds(between(server_rng_, 1, 50)), 30);
    });
    add("svc.silent", [](const client_op&, std::uint64_t) {});
    add("svc.big", [this](const client_op& op, std::uint64_t n) { answer_later(op, n, std::chrono::milliseconds(5), 100'000); });
    add("svc.late", [this](const client_op& op, std::uint64_t n) { answer_later(op, n, std::chrono::milliseconds(6'500), 10); });
}

void world::answer_later(const client_op& request, std::uint64_t number, duration delay, std::size_t size) {
    if (request.reply_to.empty()) return;
    time.after(delay, [this, reply_to = request.reply_to, number, size] {
        message_truth& m = new_message(nullptr, reply_to, size);
        m.answers = number;
        client_op op;
        op.what = client_op::kind::pub;
        op.subject = reply_to;
        op.payload = payload_of(m.number, m.size);
        servers.route(nullptr, op, m.number);
        flush_servers();
    });
}

void world::server_tick() {
    if (!ticking_) return;
    for (model_connection& c : servers.connections()) c.on_time();
    flush_servers();
    time.after(std::chrono::milliseconds(250), [this] { server_tick(); });
}

std::optional<std::size_t> world::resolve(const std::string& host, std::uint16_t port) const {
    if (host.size() != 6 || host.front() != 's' || !host.ends_with(".sim") || port != 4222) return {};
    const std::size_t index = static_cast<std::size_t>(host[1] - '0');
    return index < node_count ? std::optional(index) : std::nullopt;
}

link* world::link_of(const sim_client& c, std::uint64_t generation) {
    auto& all = net.links();
    const auto found =
        std::find_if(all.rbegin(), all.rend(), [&](const link& l) { return l.client == c.slot && l.generation == generation; });
    return found == all.rend() ? nullptr : &*found;
}

link* world::dial(sim_client& c, const session::transport_action& a) {
    const std::optional<std::size_t> where = resolve(a.host, a.port);
    if (!where) return nullptr;
    const node& n = nodes[*where];
    for (const link& old : net.links()) {
        if (old.client == c.slot && !old.client_open && old.accepted && connection_of(old) != nullptr && !connection_of(old)->gone &&
            !connection_of(old)->ended())
            hit(probe::old_connection_alive);
    }
    const auto answer = n.refuses ? network::dial_answer::refuse : n.hangs ? network::dial_answer::silence : network::dial_answer::accept;
    return &net.dial(c.slot, *where, a.generation, answer);
}

void world::cut(link& l) {
    if (model_connection* const c = connection_of(l)) c->gone = true;
    net.reset(l);
}

void world::greet(link& l) {
    if (l.connection != 0 || !l.client_open) return;
    model_connection& c = servers.servers()[l.server].accept(static_cast<int>(l.client));
    l.connection = servers.connections().size();
    c.link = l.id;
    c.begin();
    on_server_readable(l);
}

sim_client* world::client_of(const link& l) {
    sim_client* const c = current_[l.client];
    return c != nullptr && c->attempt == &l && !c->destroyed() ? c : nullptr;
}

void world::flush_servers() {
    for (model_connection& c : servers.connections()) {
        if (c.gone || c.link == 0) continue;
        link& l = net.links()[c.link - 1];
        if (nodes[l.server].paused) continue;
        if (!c.out.empty()) c.out.erase(0, net.server_writes(l, c.out));
        if (!c.ended() || !c.out.empty()) continue;
        c.gone = true;
        // Bytes that it has not read make the system send a RST behind the last word.
        if (one_in(server_rng_, 4))
            net.reset(l);
        else
            net.server_closes(l, false);
    }
}

// --- the network tells -----------------------------------------------------------------------------------------------------------

void world::on_dial_answer(link& l, std::error_code ec) {
    if (sim_client* const c = client_of(l)) c->on_dial_answer(l, ec);
}

void world::on_accept(link& l) {
    node& n = nodes[l.server];
    if (n.mute || n.paused)
        n.waiting.push_back(l.id);
    else
        greet(l);
}

void world::on_client_readable(link& l) {
    if (sim_client* const c = client_of(l)) c->on_readable(l);
}

void world::on_client_writable(link& l) {
    if (sim_client* const c = client_of(l)) c->on_writable(l);
}

void world::on_server_readable(link& l) {
    model_connection* const c = connection_of(l);
    if (c == nullptr || c->gone || !l.server_reads || nodes[l.server].paused || l.to_server.held) return;
    const std::string_view unread = l.to_server.unread();
    if (!unread.empty()) {
        const std::string bytes(unread);
        net.server_reads(l, bytes.size());
        c->feed(bytes);
    }
    if (l.to_server.closed && l.to_server.unread().empty()) c->gone = true;
    flush_servers();
}

void world::on_server_writable(link&) { flush_servers(); }

// --- the servers tell ------------------------------------------------------------------------------------------------------------

void world::on_server_connect(model_connection& c, const std::string& json) {
    tell([&](invariant& i) { i.on_server_connect(c, json); });
}

void world::on_server_publish(model_connection& c, const client_op& op, std::uint64_t number) {
    if (message_truth* const m = truth(number)) ++m->seen;
    tell([&](invariant& i) { i.on_server_publish(c, op, number); });
}

void world::on_server_refusal(model_connection& c, std::string_view text) {
    note("-ERR", c.link, 0, text);
    if (text.starts_with("Permissions Violation for Publish")) hit(probe::publish_denied);
    if (text.find("(sid") != std::string_view::npos)
        hit(probe::subscription_revoked);
    else if (text.starts_with("Permissions Violation for Subscription"))
        hit(probe::subscription_denied);
}

void world::on_server_no_responders(model_connection&, std::uint64_t number) {
    hit(probe::no_responders);
    if (message_truth* const m = truth(number)) m->no_responders = true;
}

void world::on_server_complaint(model_connection& c, std::string_view what) {
    tell([&](invariant& i) { i.on_server_complaint(c, what); });
}

}  // namespace slipstream::sim
