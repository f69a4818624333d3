// What the io tests begin with: an event loop, a scripted peer in it, and options for a client of that peer.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <slipstream/client.hpp>

#include <asio/io_context.hpp>

#include "tests/support/scripted_peer.hpp"

namespace slipstream::test {

using namespace std::chrono_literals;

struct io_fixture {
    asio::io_context context{1};
    scripted_peer peer{context};
    std::vector<event> events;

    /// Reconnects quickly, pings never (the scripts say when), records events.
    connect_options options() {
        connect_options out;
        out.servers = {peer.url()};
        out.ping_interval = 60s;
        out.reconnect_wait = 1ms;
        out.reconnect_max_wait = 5ms;
        out.on_event = [this](const event& e) { events.push_back(e); };
        return out;
    }
    [[nodiscard]] std::size_t count(event_kind kind) const {
        std::size_t out = 0;
        for (const event& e : events) out += e.kind == kind ? 1 : 0;
        return out;
    }
    [[nodiscard]] const event& last(event_kind kind) const {
        const event* found = nullptr;
        for (const event& e : events) {
            if (e.kind == kind) found = &e;
        }
        REQUIRE(found != nullptr);
        return *found;
    }
    /// True when the event loop runs out of work: nothing of the client is left on it.
    bool runs_out() { return test::runs_out(context); }
};

/// How often and with what a completion handler was called.
struct outcome {
    int calls = 0;
    std::error_code ec;
    message reply;

    [[nodiscard]] auto plain() {
        return [this](std::error_code error) {
            ++calls;
            ec = error;
        };
    }
    [[nodiscard]] auto with_message() {
        return [this](std::error_code error, message m) {
            ++calls;
            ec = error;
            reply = std::move(m);
        };
    }
};

}  // namespace slipstream::test
