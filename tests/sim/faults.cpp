#include "tests/sim/faults.hpp"

#include <algorithm>

#include "tests/sim/world.hpp"

namespace slipstream::sim {

namespace {

constexpr std::chrono::milliseconds ms(std::uint64_t n) { return std::chrono::milliseconds(n); }
// A simulated wire has always been a little slow.
const path usual{};

}  // namespace

void fault_injector::strike(const step& s) {
    using enum step_kind;
    world_.note("fault", static_cast<std::uint64_t>(s.kind), s.with[0]);
    ++world_.result_.faults;
    ++world_.result_.faults_by_kind[static_cast<std::size_t>(s.kind)];
    if (s.kind == refuse || s.kind == hang || s.kind == mute || (s.kind >= pause_server && s.kind <= rotate_login) || s.kind == full ||
        s.kind == tls_trouble || s.kind == shrink_payload || s.kind == no_headers) {
        on_server(s);
        return;
    }
    sim_client& c = world_.current(s.with[0] % 2);
    path& p = world_.net.path_of(c.slot);
    switch (s.kind) {
        case slow_link:
            p.rate = s.with[2];
            world_.time.after(ms(s.with[1]), [&p] { p.rate = usual.rate; });
            return;
        case delay:
            p.latency = ms(s.with[2]);
            world_.time.after(ms(s.with[1]), [&p] { p.latency = usual.latency; });
            return;
        case pause_client: c.pause(std::min<duration>(ms(s.with[1]), std::chrono::seconds(20))); return;
        case stale_fact:
            c.tell_stale_fact(s.with[2]);
            c.settle();
            return;
        default: break;
    }
    if (c.attempt != nullptr && c.transport_open) on_connection(s, *c.attempt);
}

void fault_injector::on_connection(const step& s, link& l) {
    using enum step_kind;
    network& net = world_.net;
    model_connection* const c = world_.connection_of(l);
    const auto hold = [&](bool in, bool out) {
        net.hold(l, in, out, true);
        world_.time.after(ms(s.with[1]), [this, &l, in, out] { world_.net.hold(l, in, out, false); });
    };
    switch (s.kind) {
        case cut_fin:
            if (c != nullptr) c->end({});
            break;
        case cut_half:
            if (!l.accepted) break;
            world_.hit(probe::half_closed);
            net.server_closes(l, true);
            break;
        case cut_rst:
            if (l.accepted) world_.cut(l);
            break;
        case cut_in_write: l.cut_in_write = l.accepted; break;
        case drop_in: hold(true, false); break;
        case drop_out: hold(false, true); break;
        case drop_both: hold(true, true); break;
        case zero_window:
            net.stop_server_reading(l, true);
            world_.time.after(ms(s.with[1]), [this, &l] { world_.net.stop_server_reading(l, false); });
            break;
        case expire_login:
            if (c != nullptr && c->logged_in()) c->end("User Authentication Expired");
            break;
        case deny:
            if (c != nullptr) c->revoke("t." + std::to_string(s.with[2]));
            break;
        case say_error:
            if (c == nullptr || !c->logged_in()) break;
            switch (s.with[2]) {
                case 0: c->end("Stale Connection"); break;
                case 1: c->say_error(""); break;
                case 2: c->say_error("Something new"); break;
                case 3: c->end("User Authentication Revoked"); break;
                case 4: c->end("maximum account active connections exceeded"); break;
                default: c->say_error("Permissions Violation for Publish to \"t.0\""); break;
            }
            break;
        case slow_consumer:
            if (c == nullptr) break;
            c->out.clear();
            c->end({});
            break;
        default: break;
    }
    world_.flush_servers();
}

void fault_injector::on_server(const step& s) {
    using enum step_kind;
    const auto index = static_cast<std::size_t>(s.with[0] % world_.node_count);
    world::node& n = world_.nodes[index];
    server_settings& settings = world_.servers.servers()[index].settings;
    const auto later = [&](auto what) { world_.time.after(ms(s.with[1]), what); };
    switch (s.kind) {
        case refuse:
            n.refuses = true;
            later([&n] { n.refuses = false; });
            break;
        case hang:
            n.hangs = true;
            later([&n] { n.hangs = false; });
            break;
        case mute:
            n.mute = true;
            later([this, &n] {
                n.mute = false;
                for (const std::uint64_t id : std::exchange(n.waiting, {})) world_.greet(world_.net.links()[id - 1]);
            });
            break;
        case pause_server:
            n.paused = true;
            later([this, &n] {
                n.paused = false;
                for (const std::uint64_t id : std::exchange(n.waiting, {})) world_.greet(world_.net.links()[id - 1]);
                for (link& l : world_.net.links()) {
                    if (&world_.nodes[l.server] == &n) world_.on_server_readable(l);
                }
            });
            break;
        case kill_server:
            restart(index, false);
            later([this, &n] {
                n.refuses = false;
                world_.hit(probe::server_restarted);
            });
            break;
        case lame_duck: {
            model_server& server = world_.servers.servers()[index];
            if (server.lame_duck) break;
            server.lame_duck = true;
            std::vector<std::string> others;
            for (std::size_t i = 0; i < world_.node_count; ++i) {
                if (i != index) others.push_back("s" + std::to_string(i) + ".sim:4222");
            }
            for (model_connection& c : world_.servers.connections()) {
                if (&c.server() == &server && c.logged_in()) c.send_info(false, true, others.empty() ? nullptr : &others);
            }
            later([this, index, &n] {
                restart(index, true);
                world_.time.after(std::chrono::seconds(1), [&n] { n.refuses = false; });
            });
            break;
        }
        case gossip: spread(s.with[2]); break;
        case refuse_login:
            settings.pass = "another";
            settings.nkey = "another";
            n.refuses_logins = true;
            later([this, &settings, &n] {
                settings.pass = "sim-password";
                settings.nkey = world_.keys.public_key();
                n.refuses_logins = false;
            });
            break;
        case rotate_login:
            for (model_connection& c : world_.servers.connections()) {
                if (s.with[2] != 0 && c.logged_in() && !c.ended() && !c.gone && c.user() == world_.logins.newest())
                    c.end("User Authentication Expired");
            }
            world_.logins.begin_rotation();
            later([this] { end_rotation(); });
            break;
        case tls_trouble:
            n.tls_trouble = 1 + s.with[2];
            later([&n] { n.tls_trouble = 0; });
            break;
        case full:
            settings.max_connections = 0;
            later([&settings] { settings.max_connections = 65536; });
            break;
        case shrink_payload:
            settings.max_payload = s.with[2];
            later([&settings] { settings.max_payload = 1048576; });
            restart(index, false);
            n.refuses = false;
            break;
        case no_headers:
            settings.headers = false;
            later([&settings] { settings.headers = true; });
            restart(index, false);
            n.refuses = false;
            break;
        default: break;
    }
    world_.flush_servers();
}

/// Every connection of the server ends. It refuses new ones until somebody says otherwise.
void fault_injector::restart(std::size_t server, bool orderly) {
    model_server& s = world_.servers.servers()[server];
    s.lame_duck = false;
    world_.nodes[server].refuses = true;
    for (link& l : world_.net.links()) {
        if (l.server != server || !l.accepted) continue;
        model_connection* const c = world_.connection_of(l);
        if (c == nullptr || c->ended() || c->gone) continue;
        if (orderly) {
            c->end({});
        } else {
            c->gone = true;
            world_.net.reset(l);
        }
    }
}

/// Who is logged in as somebody that the servers know no more is sent away.
void fault_injector::end_rotation() {
    world_.logins.end_rotation();
    world_.hit(probe::login_rotated);
    for (model_connection& c : world_.servers.connections()) {
        if (!c.logged_in() || c.ended() || c.gone || !c.user() || world_.logins.known(*c.user())) continue;
        c.end("User Authentication Expired");
    }
    world_.flush_servers();
}

void fault_injector::spread(std::uint64_t which) {
    std::vector<std::string> urls;
    for (std::size_t i = 0; i < world_.node_count; ++i) {
        if ((which >> i & 1U) == 0) urls.push_back("s" + std::to_string(i) + ".sim:4222");
    }
    if (which == 5) urls.push_back("gone.sim:4222");
    if (urls.empty()) return;
    for (model_server& s : world_.servers.servers()) s.settings.connect_urls = urls;
    for (model_connection& c : world_.servers.connections()) {
        if (c.logged_in()) c.send_info(false, false);
    }
    world_.hit(probe::gossip_learnt);
}

void fault_injector::heal() {
    world_.note("heal");
    end_rotation();
    for (std::size_t i = 0; i < world_.node_count; ++i) {
        world::node& n = world_.nodes[i];
        n.refuses = n.hangs = n.mute = n.paused = n.refuses_logins = false;
        n.tls_trouble = 0;
        for (const std::uint64_t id : std::exchange(n.waiting, {})) world_.greet(world_.net.links()[id - 1]);
        model_server& s = world_.servers.servers()[i];
        s.settings.pass = "sim-password";
        s.settings.nkey = world_.keys.public_key();
        s.settings.max_connections = 65536;
        s.settings.max_payload = 1048576;
        s.settings.headers = true;
    }
    for (std::size_t slot = 0; slot < 2; ++slot) {
        world_.net.path_of(slot).rate = usual.rate;
        world_.net.path_of(slot).latency = usual.latency;
        world_.net.path_of(slot).stingy = usual.stingy;
    }
    for (link& l : world_.net.links()) {
        l.cut_in_write = false;
        world_.net.hold(l, true, true, false);
        world_.net.stop_server_reading(l, false);
        world_.on_server_readable(l);
    }
    world_.flush_servers();
}

}  // namespace slipstream::sim
