// What the JetStream integration tests begin with: a real server, an event loop, a client and a context.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <ostream>  // doctest prints error codes
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include <slipstream/client.hpp>
#include <slipstream/jetstream/context.hpp>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include "tests/support/nats_server.hpp"
#include "tests/support/scripted_peer.hpp"

namespace slipstream::test {

using namespace std::chrono_literals;

struct jetstream_fixture {
    explicit jetstream_fixture(nats_server_options o = {}, const jetstream::context_options& how = {})
        : server(std::move(o)), nc(connected()), js(nc, how) {}
    jetstream_fixture(const jetstream_fixture&) = delete;
    jetstream_fixture& operator=(const jetstream_fixture&) = delete;
    ~jetstream_fixture() {
        nc.close();
        CHECK(runs_out(io));
    }

    nats_server server;
    asio::io_context io{1};
    client nc;
    jetstream::context js;

    [[nodiscard]] connect_options options() const {
        connect_options out;
        out.servers = {server.url()};
        out.reconnect_wait = 20ms;
        out.reconnect_max_wait = 100ms;
        return out;
    }
    client connected() { return connected(options()); }
    client connected(const connect_options& o) {
        client out(io.get_executor(), o);
        auto user = [&]() -> asio::awaitable<void> { co_await out.async_connect(); };
        run(user);
        return out;
    }
    /// Plays one script to its end.
    template <class Script>
    void run(Script& what) {
        play(io, std::vector<script>{script(std::ref(what))}, 60s);
    }
    asio::awaitable<void> pause(std::chrono::milliseconds time) {
        asio::steady_timer timer(io, time);
        co_await timer.async_wait(asio::use_awaitable);
    }
    [[nodiscard]] bool at_least(int minor) const { return server.version() >= server_version{2, minor, 0}; }

    /// Makes a stream in memory, or throws. (No braced list of strings: g++ 12 cannot have one inside co_await.)
    asio::awaitable<jetstream::stream_info> make(std::string name, std::string subject, std::string another = {}) {
        jetstream::stream_config c = in_memory(std::move(name), {std::move(subject)});
        if (!another.empty()) c.subjects.push_back(std::move(another));
        jetstream::stream_info made = co_await js.async_create_stream(c);
        co_return made;
    }
    static jetstream::stream_config in_memory(std::string name, std::vector<std::string> subjects) {
        jetstream::stream_config c;
        c.name = std::move(name);
        c.subjects = std::move(subjects);
        c.storage = jetstream::storage_type::memory;
        return c;
    }
};

inline nats_server_options without_jetstream() {
    nats_server_options o;
    o.jetstream = false;
    return o;
}
inline nats_server_options configured(std::string config) {
    nats_server_options o;
    o.config = std::move(config);
    return o;
}

class stopwatch {
public:
    [[nodiscard]] std::chrono::milliseconds elapsed() const {
        return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin_);
    }

private:
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace slipstream::test
