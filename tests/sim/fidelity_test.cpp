// The model server against the real one: the same bytes are written to both, and what comes back must be equal but for ids.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/sim/fidelity_scripts.hpp"
#include "tests/sim/model_server.hpp"
#include "tests/support/nats_server.hpp"

namespace slipstream::sim {

namespace {

/// What a server has said on one connection, frame by frame.
struct transcript {
    std::string rest;
    std::vector<std::string> frames;
    std::size_t pongs = 0;
    bool closed = false;

    void add(std::string_view bytes) {
        rest += bytes;
        for (;;) {
            const std::size_t end = rest.find("\r\n");
            if (end == std::string::npos) return;
            std::size_t size = end + 2;
            if (rest.starts_with("MSG ") || rest.starts_with("HMSG ")) {
                const std::size_t last = rest.rfind(' ', end);
                size += std::stoul(rest.substr(last + 1, end - last - 1)) + 2;
            }
            if (rest.size() < size) return;
            take(rest.substr(0, size));
            rest.erase(0, size);
        }
    }

private:
    void take(const std::string& frame) {
        if (frame == "PING\r\n") return;  // by the server's own clock
        if (frame == "PONG\r\n") ++pongs;
        frames.push_back(frame.starts_with("INFO ") ? shape_of(frame) : frame.starts_with("HMSG ") ? without_choice(frame) : frame);
    }
    /// Which of several matching subscriptions is told that nobody responds is the server's choice.
    static std::string without_choice(const std::string& frame) {
        if (frame.find("\r\nNATS/1.0 503\r\nNats-Subject: ") == std::string::npos) return frame;
        const std::size_t subject = frame.find(' ') + 1;
        const std::size_t sid = frame.find(' ', subject) + 1;
        return frame.substr(0, sid) + '*' + frame.substr(frame.find(' ', sid));
    }
    /// Of an INFO what does not depend on the server's name, address and age.
    static std::string shape_of(const std::string& info) {
        std::string out = "INFO";
        for (const char* const field : {"\"headers\":true", "\"auth_required\":true", "\"connect_info\":true", "\"remote_account\":\"$G\"",
                                        "\"proto\":1", "\"nonce\"", "\"ldm\""}) {
            if (info.find(field) != std::string::npos) out += std::string(" ") + field;
        }
        const std::size_t at = info.find("\"max_payload\":");
        return out + ' ' + (at == std::string::npos ? "" : info.substr(at, info.find_first_of(",}", at) - at)) + "\r\n";
    }
};

/// Copies of one message to several subscriptions come in no particular order.
void normalise(std::vector<std::string>& frames) {
    const auto message = [](const std::string& f) {
        const bool is = f.starts_with("MSG ") || f.starts_with("HMSG ");
        if (!is) return std::string();
        const std::size_t subject = f.find(' ') + 1;
        const std::size_t sid = f.find(' ', subject) + 1;
        return f.substr(0, sid) + f.substr(f.find(' ', sid));
    };
    for (std::size_t i = 0; i < frames.size();) {
        std::size_t end = i + 1;
        const std::string same = message(frames[i]);
        while (!same.empty() && end < frames.size() && message(frames[end]) == same) ++end;
        std::sort(frames.begin() + static_cast<std::ptrdiff_t>(i), frames.begin() + static_cast<std::ptrdiff_t>(end));
        i = end;
    }
}

class raw_connection {
public:
    explicit raw_connection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(socket_ >= 0);
        REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
        const int on = 1;
        REQUIRE(::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    }
    ~raw_connection() { ::close(socket_); }
    raw_connection(const raw_connection&) = delete;
    raw_connection& operator=(const raw_connection&) = delete;

    void send(std::string_view bytes) const { static_cast<void>(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL)); }
    /// False when nothing came in that time.
    bool receive(transcript& into, std::chrono::milliseconds patience) const {
        pollfd p{socket_, POLLIN, 0};
        if (::poll(&p, 1, static_cast<int>(patience.count())) <= 0) return false;
        char buffer[65536];
        const ssize_t n = ::recv(socket_, buffer, sizeof buffer, 0);
        if (n <= 0)
            into.closed = true;
        else
            into.add({buffer, static_cast<std::size_t>(n)});
        return true;
    }

private:
    int socket_;
};

bool ends_in_operation(const std::string& bytes) { return !bytes.ends_with("PING\r\n"); }

/// `expected` decides only how long is waited for the last words: a busy machine's come late.
std::vector<transcript> from_real(const client_script& script, std::uint16_t port, const std::vector<transcript>& expected) {
    std::vector<std::unique_ptr<raw_connection>> connections;
    std::vector<transcript> said;
    std::vector<std::size_t> pings;
    const auto sync = [&](std::size_t c) {
        while (!said[c].closed && said[c].pongs < pings[c]) REQUIRE(connections[c]->receive(said[c], std::chrono::seconds(10)));
    };
    for (const client_script::part& part : script.parts) {
        while (connections.size() <= part.connection) {
            connections.push_back(std::make_unique<raw_connection>(port));
            said.emplace_back();
            pings.push_back(0);
            while (said.back().frames.empty() && !said.back().closed)
                REQUIRE(connections.back()->receive(said.back(), std::chrono::seconds(10)));
        }
        connections[part.connection]->send(part.bytes);
        if (ends_in_operation(part.bytes)) continue;
        // A payload may hold PINGs of its own; those scripts have no part behind.
        if (script.parts.size() == 1) continue;
        ++pings[part.connection];
        sync(part.connection);
        for (std::size_t other = 0; other < connections.size(); ++other) {
            if (other == part.connection || said[other].closed) continue;
            connections[other]->send("PING\r\n");
            ++pings[other];
            sync(other);
        }
    }
    // The last word of each: the answer to one more PING, the end, or silence in the middle of an operation.
    for (std::size_t c = 0; c < connections.size(); ++c) {
        connections[c]->send("PING\r\n");
        while (!said[c].closed) {
            const bool more = said[c].frames.size() < expected[c].frames.size() || expected[c].closed;
            if (!connections[c]->receive(said[c], std::chrono::milliseconds(more ? 10'000 : 40))) break;
        }
    }
    return said;
}

server_settings settings_of(client_script::server on) {
    server_settings s;
    if (on == client_script::server::permissions) {
        s.no_auth_user = true;
        s.deny_publish = {"deny.p"};
        s.deny_subscribe = {"deny.s"};
    } else if (on == client_script::server::login) {
        s.user = "u";
        s.pass = "p";
    } else if (on == client_script::server::limits) {
        s.max_payload = 100;
        s.max_subscriptions = 3;
    }
    return s;
}

std::string config_of(client_script::server on) {
    switch (on) {
        case client_script::server::plain: return "";
        case client_script::server::permissions:
            return "authorization { users = [ { user: u, password: p, permissions: { publish: { deny: [\"deny.p\"] }, subscribe: { deny: "
                   "[\"deny.s\"] } } } ] }\nno_auth_user: u\n";
        case client_script::server::login: return "authorization { user: u, password: p }\n";
        case client_script::server::limits: return "max_payload: 100\nmax_pending: 1000000\nmax_subscriptions: 3\n";
    }
    return "";
}

std::vector<transcript> from_model(const client_script& script) {
    clock time{random_stream(1)};
    server_observer nobody;
    model_cluster cluster(time, random_stream(2), nobody);
    model_server& server = cluster.add(settings_of(script.on));
    std::vector<model_connection*> connections;
    std::vector<transcript> said;
    const auto listen = [&] {
        for (std::size_t c = 0; c < connections.size(); ++c) {
            said[c].add(connections[c]->out);
            connections[c]->out.clear();
            said[c].closed = connections[c]->ended();
        }
    };
    for (const client_script::part& part : script.parts) {
        while (connections.size() <= part.connection) {
            connections.push_back(&server.accept(0));
            connections.back()->begin();
            said.emplace_back();
        }
        connections[part.connection]->feed(part.bytes);
        listen();
        if (ends_in_operation(part.bytes) || script.parts.size() == 1) continue;
        for (std::size_t other = 0; other < connections.size(); ++other) {
            if (other != part.connection) connections[other]->feed("PING\r\n");
        }
        listen();
    }
    for (model_connection* c : connections) c->feed("PING\r\n");
    listen();
    return said;
}

std::string shown(std::vector<transcript>& said) {
    std::string out;
    for (std::size_t c = 0; c < said.size(); ++c) {
        out += "connection " + std::to_string(c) + ":\n";
        normalise(said[c].frames);
        for (const std::string& f : said[c].frames) out += f;
        if (said[c].closed) out += "<closed>\n";
    }
    return out;
}

void compare(const client_script& script, std::uint16_t port) {
    CAPTURE(script.name);
    std::vector<transcript> model = from_model(script);
    std::vector<transcript> real = from_real(script, port, model);
    CHECK(shown(model) == shown(real));
}

}  // namespace

TEST_CASE("protocol 1-8 12: the model server answers as the real one, script by script") {
    for (const auto on :
         {client_script::server::plain, client_script::server::permissions, client_script::server::login, client_script::server::limits}) {
        test::nats_server_options options;
        options.jetstream = false;
        options.config = config_of(on);
        test::nats_server server(options);
        if (server.version() < test::server_version{2, 15, 0}) {
            MESSAGE("the model answers as nats-server 2.15; this one is older and says less after CONNECT");
            return;
        }
        for (const client_script& script : written_scripts()) {
            if (script.on == on) compare(script, server.port());
        }
        if (on != client_script::server::plain) continue;
        for (std::uint64_t seed = 1; seed <= 240; ++seed) compare(drawn_script(seed), server.port());
    }
}

}  // namespace slipstream::sim
