// What the fault tests share: a real server, the fault proxy before it, clients on either side of the proxy, and one event loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <slipstream/client.hpp>
#include <slipstream/jetstream/context.hpp>
#include <slipstream/kv/bucket.hpp>

#include "tests/integration/kv_bucket_support.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/nats_server.hpp"

namespace slipstream::test {

using namespace std::chrono_literals;

/// Reconnects at once and again and again: a test makes hundreds of connections.
inline connect_options hasty(std::string url) {
    connect_options out;
    out.servers = {std::move(url)};
    out.reconnect_wait = 1ms;
    out.reconnect_max_wait = 5ms;
    return out;
}

/// Connection events, in order and with their promises checked: connected and disconnected alternate (I4, C20).
class event_log {
public:
    void operator()(const event& e) {
        if (e.kind == event_kind::connected) {
            CHECK_FALSE(up_);
            up_ = true;
        } else if (e.kind == event_kind::disconnected) {
            CHECK(up_);
            CHECK(e.reason != disconnect_reason::none);
            up_ = false;
            last_reason = e.reason;
        }
        CHECK(counts_[event_kind::closed] == 0);
        ++counts_[e.kind];
    }
    [[nodiscard]] std::size_t operator[](event_kind kind) { return counts_[kind]; }

    disconnect_reason last_reason = disconnect_reason::none;

private:
    std::map<event_kind, std::size_t> counts_;
    bool up_ = false;
};

inline nats_server_options core_only() {
    nats_server_options out;
    out.jetstream = false;
    return out;
}

/// A server behind a proxy. `truth` is connected to the server itself and sees what really happened.
class fault_world : public kv_loop {
public:
    explicit fault_world(nats_server_options options = {})
        : server(std::move(options)), proxy(server.port()), truth(io.get_executor(), hasty(server.url())) {
        if (auto [ec] = wait(truth.async_connect(result)); ec) throw std::system_error(ec, "connecting");
    }
    ~fault_world() {
        truth.close();
        CHECK(run_out());
    }

    /// For a client behind the proxy.
    connect_options options() {
        connect_options out = hasty(proxy.url());
        out.on_event = [this](const event& e) { events(e); };
        return out;
    }
    void connect(client& nc) {
        if (auto [ec] = wait(nc.async_connect(result)); ec) throw std::system_error(ec, "connecting");
    }
    /// Nothing of any client is left on the loop; clients are closed before.
    bool run_out() {
        return run_until([this] {
            io.restart();
            return io.run_one_for(std::chrono::milliseconds(50)) == 0 && io.stopped();
        });
    }

    nats_server server;
    fault_proxy proxy;
    client truth;
    event_log events;
};

/// Of this process, now.
inline std::size_t open_descriptors() {
    std::size_t n = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++n;
    return n - 1;  // the directory's own
}
inline std::size_t thread_count() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("Threads:")) return std::stoul(line.substr(8));
    }
    return 0;
}

}  // namespace slipstream::test
