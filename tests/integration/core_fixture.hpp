// What the core integration tests begin with: a real server, an event loop, and options for clients of that server.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <slipstream/client.hpp>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include "tests/support/nats_server.hpp"
#include "tests/support/scripted_peer.hpp"

namespace slipstream::test {

using namespace std::chrono_literals;

struct core_fixture {
    explicit core_fixture(std::string config = {}) : server(configured(std::move(config))) {}
    explicit core_fixture(nats_server_options how) : server(std::move(how)) {}

    nats_server server;
    asio::io_context context{1};
    std::vector<event> events;

    connect_options options() {
        connect_options out;
        out.servers = {server.url()};
        out.reconnect_wait = 20ms;
        out.reconnect_max_wait = 100ms;
        out.on_event = [this](const event& e) { events.push_back(e); };
        return out;
    }
    [[nodiscard]] std::size_t count(event_kind kind) const {
        std::size_t out = 0;
        for (const event& e : events) out += e.kind == kind ? 1 : 0;
        return out;
    }
    [[nodiscard]] const event& first(event_kind kind) const {
        for (const event& e : events) {
            if (e.kind == kind) return e;
        }
        FAIL("no such event");
        throw std::logic_error("unreachable");
    }
    /// Plays one script to its end.
    template <class Story>
    void run(Story& story) {
        play(context, std::vector<script>{script(std::ref(story))}, 60s);
    }
    bool until(const std::function<bool()>& done, std::chrono::milliseconds limit = 30s) { return run_until(context, done, limit); }
    asio::awaitable<void> pause(std::chrono::milliseconds time) {
        asio::steady_timer timer(context, time);
        co_await timer.async_wait(asio::use_awaitable);
    }

private:
    static nats_server_options configured(std::string config) {
        nats_server_options out;
        out.jetstream = false;
        out.config = std::move(config);
        return out;
    }
};

}  // namespace slipstream::test
