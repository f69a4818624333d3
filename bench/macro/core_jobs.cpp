// Publish, receive, request, connect.
#include <atomic>
#include <optional>
#include <thread>

#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <slipstream/thread_safe_publisher.hpp>

#include "bench/macro/load.hpp"

namespace bench {

using slipstream::message;
using slipstream::message_view;
using slipstream::use_tuple;

namespace {

constexpr std::string_view subject = "b";

/// At full speed, but no faster than the messages can be written: asks for that once in a while.
asio::awaitable<void> publish_all(world& w, std::size_t n, std::size_t yield_after) {
    constexpr std::size_t ask_after = std::size_t{16} * 1024;
    const std::string payload(w.given.number("size", 128), 'x');
    std::size_t since_asked = 0;
    std::size_t since_yielded = 0;
    for (std::size_t sent = 0; sent < n; ++sent) {
        if (const std::error_code ec = w.nc.publish(subject, payload); ec) require(ec, "publish");
        since_asked += payload.size() + 16;
        if (since_asked < ask_after) continue;
        since_yielded += std::exchange(since_asked, 0);
        if (!w.nc.writable()) {
            const auto [ec] = co_await w.nc.async_writable({}, use_tuple);
            require(ec, "waiting");
        } else if (since_yielded >= yield_after) {
            since_yielded = 0;
            co_await asio::post(w.io, asio::use_awaitable);
        }
    }
}

}  // namespace

void publish(world& w) {
    const std::size_t n = w.given.number("n", 2'000'000);
    w.run_job([&w, n]() -> asio::awaitable<void> {
        w.begin();
        co_await publish_all(w, n, SIZE_MAX);
        const auto [ec] = co_await w.nc.async_flush({.timeout = std::chrono::minutes(1)}, use_tuple);
        require(ec, "flush");
        w.end();
    });
    report out("pub", "slipstream");
    out.number("size", w.given.number("size", 128)).number("writes", w.nc.stats().socket_writes);
    w.print(out, n);
}

/// Threads publish while the event loop, on the main thread, sends. `caller_cpu_ns` is the CPU of the publishing threads alone.
void publish_from_threads(world& w) {
    const std::size_t threads = w.given.number("threads", 1);
    const std::size_t n = w.given.number("n", 2'000'000) / threads * threads;
    const std::string payload(w.given.number("size", 128), 'x');
    const slipstream::thread_safe_publisher shared(w.nc);
    std::atomic<std::int64_t> caller_cpu{0};
    std::atomic<std::size_t> running{threads};
    std::function<void()> flush = [&] {
        w.nc.async_flush({.timeout = std::chrono::minutes(1)}, [&](std::error_code ec) {
            require(ec, "flush");
            if (w.nc.stats().out_msgs < n) return flush();  // a full outbox had left some with the threads' publisher
            w.end();
            w.stop();
        });
    };
    const auto publish_share = [&] {
        slipstream::thread_safe_publisher mine = shared;
        const std::int64_t began = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        for (std::size_t sent = 0; sent < n / threads;) {
            const std::error_code ec = mine.publish(subject, payload);
            if (!ec) {
                ++sent;
            } else if (ec == slipstream::errc::buffer_full) {
                std::this_thread::sleep_for(std::chrono::microseconds(50));  // as a publisher does that has nothing else to do
            } else {
                require(ec, "publish");
            }
        }
        caller_cpu += clock_ns(CLOCK_THREAD_CPUTIME_ID) - began;
        if (--running == 0) asio::post(w.io, flush);
    };
    w.begin();
    const auto work = asio::make_work_guard(w.io);
    std::vector<std::thread> all;
    for (std::size_t i = 0; i < threads; ++i) all.emplace_back(publish_share);
    w.run();
    for (std::thread& t : all) t.join();
    report out("pub-threads", "slipstream");
    out.number("threads_publishing", threads).number("writes", w.nc.stats().socket_writes);
    out.number("caller_cpu_ns", static_cast<double>(caller_cpu) / static_cast<double>(n), 2);
    w.print(out, n);
}

void receive(world& w) {
    const std::size_t fan = w.given.number("subscriptions", 1);
    const std::size_t connections = w.given.number("connections", 1);
    const std::size_t n = w.given.number("n", 1'000'000) / (fan * connections) * (fan * connections);
    std::optional<companion> load = load_from(w.given);
    std::vector<slipstream::client> clients{w.nc};
    while (clients.size() < connections) clients.emplace_back(w.io.get_executor(), options_from_environment());
    for (slipstream::client& nc : clients) w.connect(nc);
    std::size_t seen = 0;
    std::size_t bytes = 0;
    const auto count = [&](const message_view& m) {
        if (seen == 0) w.begin();
        bytes += m.payload().size();
        if (++seen != n) return;
        w.end();
        w.stop();
    };
    std::vector<slipstream::subscription> subscriptions;
    std::size_t unready = clients.size();
    for (slipstream::client& nc : clients) {
        for (std::size_t i = 0; i < fan; ++i) subscriptions.push_back(nc.subscribe(subject, std::ref(count)));
        nc.async_flush({}, [&](std::error_code ec) {
            require(ec, "flush");
            if (--unready == 0 && load) load->go();
        });
    }
    w.run();
    report out("recv", "slipstream");
    out.number("size", w.given.number("size", 128)).number("connections", connections).number("subscriptions", fan);
    out.number("reads", w.nc.stats().socket_reads);
    out.number("bytes", bytes);
    w.print(out, n);
}

void publish_and_receive(world& w) {
    const std::size_t n = w.given.number("n", 300'000);
    std::size_t seen = 0;
    const slipstream::subscription in = w.nc.subscribe(subject, [&](const message_view&) {
        if (++seen != n) return;
        w.end();
        w.stop();
    });
    asio::co_spawn(
        w.io,
        [&w, n]() -> asio::awaitable<void> {
            const auto [ec] = co_await w.nc.async_flush({}, use_tuple);
            require(ec, "flush");
            w.begin();
            co_await publish_all(w, n, std::size_t{32} * 1024);
        },
        [](const std::exception_ptr& e) {
            if (e) std::rethrow_exception(e);
        });
    w.run();
    report out("pubsub", "slipstream");
    out.number("size", w.given.number("size", 128)).number("disconnects", w.nc.stats().reconnects);
    w.print(out, n);
}

namespace {

/// Without timeouts: a wildcard inbox of its own, whose handler sends the next request for each reply.
void request_by_hand(world& w, const std::string& payload) {
    const std::size_t n = w.given.number("n", 20'000);
    const std::size_t window = std::min(w.given.number("window", 64), n);
    std::string reply_to = w.nc.new_inbox() + ".00000000";
    std::size_t sent = 0;
    std::size_t seen = 0;
    const auto send = [&] {
        auto digit = reply_to.end() - 1;
        for (; *digit == '9'; --digit) *digit = '0';
        ++*digit;
        if (const std::error_code ec = w.nc.publish("req", payload, {.reply_to = reply_to}); ec) require(ec, "request");
        ++sent;
    };
    const slipstream::subscription in = w.nc.subscribe(reply_to.substr(0, reply_to.size() - 8) + '*', [&](const message_view&) {
        if (sent < n) send();
        if (++seen != n) return;
        w.end();
        w.stop();
    });
    w.begin();
    while (sent < window) send();
    w.run();
    report out("request", "slipstream");
    out.number("window", window);
    w.print(out, n);
}

}  // namespace

void request(world& w) {
    const std::string payload(w.given.number("size", 128), 'x');
    std::optional<companion> load = load_from(w.given);
    w.connect();
    if (load) load->go();
    // The responder is another process: until it is there, the server says that nobody answers.
    w.run_job([&]() -> asio::awaitable<void> {
        for (asio::steady_timer pause(w.io);;) {
            const auto [ec, reply] = co_await w.nc.async_request("req", payload, {}, use_tuple);
            if (!ec) co_return;
            if (ec != slipstream::errc::no_responders) require(ec, "request");
            pause.expires_after(std::chrono::milliseconds(20));
            co_await pause.async_wait(asio::use_awaitable);
        }
    });
    if (w.given.text("how") == "mux") return request_by_hand(w, payload);
    run_pipeline(w, "request", w.given.number("n", 20'000), [&](std::size_t, auto done) {
        w.nc.async_request("req", payload, {}, [done](std::error_code ec, const message&) { done(ec); });
    });
}

void connect_often(world& w) {
    const std::size_t n = w.given.number("n", 200);
    std::vector<std::int64_t> latencies;
    latencies.reserve(n);
    std::optional<slipstream::client> next(std::in_place, w.io.get_executor(), options_from_environment());
    const auto once = [&] {
        slipstream::client nc = *std::exchange(next, std::nullopt);
        const std::int64_t began = now_ns();
        nc.async_connect([&](std::error_code ec) {
            require(ec, "connecting");
            latencies.push_back(now_ns() - began);
            w.stop();
        });
        w.run();
        // The next one is there already and begins as soon as this one is closed: to what just closed a connection a server answers
        // sooner than to what comes after a pause. Closed by the event loop: left to the next run, it would be a part of the next connect.
        next.emplace(w.io.get_executor(), options_from_environment());
        nc.close();
        w.io.restart();
        w.io.poll();
    };
    once();
    const double first = static_cast<double>(latencies.front()) / 1000;
    latencies.clear();
    w.begin();
    for (std::size_t i = 0; i < n; ++i) once();
    w.end();
    report out("connect", "slipstream");
    out.number("first_us", first, 1).latencies(latencies);
    w.print(out, n);
}

void idle(world& w) {
    const std::size_t seconds = w.given.number("seconds", 5);
    const long before = own_status("VmRSS");
    w.connect();
    const slipstream::subscription in = w.nc.subscribe("idle", [](const message_view&) {});
    asio::steady_timer pause(w.io);
    pause.expires_after(std::chrono::milliseconds(200));
    pause.async_wait([&w](std::error_code) { w.stop(); });
    w.run();
    w.begin();
    pause.expires_after(std::chrono::seconds(seconds));
    pause.async_wait([&w](std::error_code) { w.stop(); });
    w.run();
    w.end(mark::woken());
    report out("idle", "slipstream");
    out.number("rss_before_kb", static_cast<double>(before)).number("anonymous_kb", static_cast<double>(own_status("RssAnon")));
    out.number("threads", static_cast<double>(own_status("Threads")));
    w.print(out, seconds);
}

}  // namespace bench
