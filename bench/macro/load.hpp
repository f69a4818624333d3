// What the jobs of the load generator share: one client on one event loop, the options, and how a run is measured.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <slipstream/client.hpp>
#include <slipstream/jetstream/context.hpp>
#include <slipstream/kv/bucket.hpp>

#include "bench/common/measure.hpp"
#include "tests/support/alloc_counter.hpp"

namespace bench {

inline slipstream::connect_options options_from_environment() {
    slipstream::connect_options options;
    options.tls.ca_file = tls_authority();
    options.servers = {(options.tls.ca_file.empty() ? "nats://" : "tls://") + server_host() + ":" + server_port()};
    return options;
}

/// Ends the program: a job that goes wrong has no figures.
inline void require(const std::error_code& ec, std::string_view what) {
    if (ec) die(std::string(what) + ": " + ec.message());
}

/// A client of its own, on an event loop of its own. Declared before what uses it.
class world {
public:
    /// connect_options::outbox_bytes and handoff_bytes, unless the run says otherwise.
    world(const arguments& a, std::size_t outbox, std::size_t handoff)
        : given(a), nc(io.get_executor(), with_buffers(a.number("outbox", outbox), a.number("handoff", handoff))), js(nc) {}
    ~world() {
        nc.close();
        io.restart();
        io.run();
    }
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    void connect() { connect(nc); }
    void connect(slipstream::client& one) {
        one.async_connect([this](std::error_code ec) {
            require(ec, "connecting");
            stop();
        });
        run();
    }
    /// Runs the event loop until stop() or nothing is left to do.
    void run() {
        io.restart();
        io.run();
    }
    void stop() { io.stop(); }
    /// Runs a coroutine to its end.
    template <class Job>
    void run_job(Job job) {
        asio::co_spawn(io, std::move(job), [this](const std::exception_ptr& e) {
            if (e) std::rethrow_exception(e);
            stop();
        });
        run();
    }

    void begin() {
        allocations_ = slipstream::test::allocations();
        begin_ = mark::now();
    }
    void end(const mark& at = mark::now()) {
        end_ = at;
        allocations_ = slipstream::test::allocations() - allocations_;
    }
    void print(report& out, std::size_t operations) {
        const auto n = static_cast<double>(operations);
        out.number("allocations", static_cast<double>(allocations_) / n, 4);
        out.print(begin_, end_, n);
    }

    const arguments& given;
    asio::io_context io{ASIO_CONCURRENCY_HINT_UNSAFE_IO};
    slipstream::client nc;
    slipstream::jetstream::context js;

private:
    static slipstream::connect_options with_buffers(std::size_t outbox, std::size_t handoff) {
        slipstream::connect_options options = options_from_environment();
        options.outbox_bytes = outbox;
        options.handoff_bytes = handoff;
        return options;
    }

    mark begin_;
    mark end_;
    std::uint64_t allocations_ = 0;
};

/// Keeps `window` operations pending until `total` have ended. `begin(i, done)` begins number `i`, and calls `done(ec)` at its end.
/// With a window of one every latency is kept.
template <class Begin>
class pipeline {
public:
    pipeline(world& w, std::size_t window, std::size_t total, Begin begin)
        : world_(w), window_(window), total_(total), begin_(std::move(begin)) {
        if (window_ == 1) latencies_.reserve(total_);
    }
    void run() {
        started_ = now_ns();
        while (next_ < total_ && next_ < window_) start();
        world_.run();
    }
    [[nodiscard]] std::vector<std::int64_t>& latencies() noexcept { return latencies_; }

private:
    void start() {
        begin_(next_++, [this](const std::error_code& ec) { ended(ec); });
    }
    void ended(const std::error_code& ec) {
        if (ec) die("operation " + std::to_string(ended_) + ": " + ec.message());
        if (window_ == 1) {
            const std::int64_t now = now_ns();
            latencies_.push_back(now - started_);
            started_ = now;
        }
        if (++ended_ == total_) return world_.stop();
        if (next_ < total_) start();
    }

    world& world_;
    std::size_t window_;
    std::size_t total_;
    Begin begin_;
    std::size_t next_ = 0;
    std::size_t ended_ = 0;
    std::int64_t started_ = 0;
    std::vector<std::int64_t> latencies_;
};

/// Warms up, runs and prints a job of pending operations.
template <class Begin>
void run_pipeline(world& w, std::string_view job, std::size_t operations, Begin begin) {
    const std::size_t window = w.given.number("window", 1);
    pipeline(w, window, w.given.number("warm-up", 500), begin).run();
    pipeline measured(w, window, operations, begin);
    w.begin();
    measured.run();
    w.end();
    report out(job, "slipstream");
    out.number("window", window);
    if (window == 1) out.latencies(measured.latencies());
    w.print(out, operations);
}

// --- core_jobs.cpp ---
void publish(world& w);
void publish_from_threads(world& w);
void receive(world& w);
void publish_and_receive(world& w);
void request(world& w);
void connect_often(world& w);
void idle(world& w);
// --- kv_jobs.cpp ---
void jetstream_publish(world& w);
void kv_put(world& w);
void kv_get(world& w);
void kv_fill(world& w);
void kv_watch(world& w);
void kv_keys(world& w);

}  // namespace bench
