// Publishing from threads that are not the client's. Meant for ThreadSanitizer.
#include <atomic>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>

#include <slipstream/thread_safe_publisher.hpp>

#include "tests/io/fixture.hpp"
#include "tests/io/server_thread.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

connect_options for_server(const server_thread& server) {
    connect_options o;
    o.servers = {server.url()};
    return o;
}

/// Runs `body` on the executor and waits for it.
template <class Body>
void on(const asio::any_io_executor& executor, Body body) {
    std::promise<void> done;
    asio::post(executor, [&] {
        body();
        done.set_value();
    });
    done.get_future().wait();
}

}  // namespace

TEST_CASE("H12 performance.md 5: messages of several threads arrive once, each thread's in its order") {
    server_thread server;
    asio::thread_pool pool(2);
    const asio::any_io_executor strand = asio::make_strand(pool);
    constexpr int threads = 4;
    constexpr int each = 3'000;
    std::optional<client> nc;
    std::optional<subscription> in;
    std::map<std::string, int> next;
    int received = 0;
    bool in_order = true;
    std::promise<void> all;
    thread_safe_publisher publisher;
    on(strand, [&] {
        nc.emplace(strand, for_server(server));
        in.emplace(nc->subscribe("in.*", [&](const message_view& m) {
            int& expected = next[std::string(m.subject())];
            in_order = in_order && m.payload() == std::to_string(expected++);
            if (++received == threads * each) all.set_value();
        }));
        publisher = thread_safe_publisher(*nc);
        nc->async_connect([](std::error_code) {});
    });
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t) {
        workers.emplace_back([publisher, t]() mutable {
            const std::string subject = "in." + std::to_string(t);
            for (int i = 0; i < each; ++i) {
                while (publisher.publish(subject, std::to_string(i)) == errc::buffer_full) std::this_thread::yield();
            }
        });
    }
    for (std::thread& worker : workers) worker.join();
    CHECK(all.get_future().wait_for(60s) == std::future_status::ready);
    on(strand, [&] {
        CHECK(in_order);
        const statistics s = nc->stats();
        CHECK(s.handed_over_msgs == threads * each);
        CHECK(s.out_msgs == threads * each);
        in.reset();
        nc.reset();
    });
    pool.join();
    CHECK(received == threads * each);
    CHECK(publisher.publish("in.0", "x") == errc::closed);
}

TEST_CASE("H12 performance.md 5: a buffer that is filled as soon as it is empty always wakes the client") {
    server_thread server;
    asio::io_context context{1};
    connect_options o = for_server(server);
    o.handoff_bytes = 1;        // one message at a time
    o.ping_interval = 1h;       // nothing else may wake the client
    client nc(context.get_executor(), o);
    const thread_safe_publisher publisher(nc);
    constexpr std::uint64_t messages = 20'000;
    std::atomic<bool> late{false};
    std::thread worker;
    nc.async_connect([&](std::error_code ec) {
        CHECK_FALSE(ec);
        worker = std::thread([&, mine = publisher]() mutable {
            for (std::uint64_t i = 0; i < messages;) {
                if (!mine.publish("a", "x"))
                    ++i;
                else if (late)
                    break;
            }
            asio::post(context, [&] { nc.close(); });
        });
    });
    asio::steady_timer deadline(context, 60s);
    deadline.async_wait([&](std::error_code ec) { late = !ec; });
    const auto work = asio::make_work_guard(context);
    while (nc.state() != client_state::closed) context.run_one();
    worker.join();
    CHECK_FALSE(late);
    CHECK(nc.stats().handed_over_msgs == messages);
}

TEST_CASE_FIXTURE(io_fixture, "performance.md 5: one wake-up for each time that the buffer is filled") {
    asio::io_context elsewhere{1};  // so that the peer's own handlers are not counted
    scripted_peer far(elsewhere);
    connect_options o = options();
    o.servers = {far.url()};
    const client nc(context.get_executor(), o);
    thread_safe_publisher publisher(nc);
    for (int i = 0; i < 1'000; ++i) CHECK_FALSE(publisher.publish("a", "x"));
    CHECK(context.poll() == 1);
    CHECK(nc.stats().handed_over_msgs == 1'000);
    CHECK_FALSE(publisher.publish("a", "x"));
    CHECK_FALSE(publisher.publish("a", "x"));
    context.restart();
    CHECK(context.poll() == 1);
    CHECK(nc.stats().handed_over_msgs == 1'002);
}

TEST_CASE_FIXTURE(io_fixture,
                  "A23 D11 E13: checked where it is called; bounded by bytes; nothing accepted is dropped while the outbox is full") {
    connect_options o = options();
    o.handoff_bytes = 50;
    o.outbox_bytes = 30;
    client nc(context.get_executor(), o);
    thread_safe_publisher publisher(nc);
    header_map headers;
    headers.set("A", "b");
    CHECK(publisher.publish("a b", "") == errc::invalid_subject);
    CHECK(publisher.publish("a", "", {.reply_to = "*"}) == errc::invalid_reply_subject);
    CHECK(publisher.publish("a", std::string(1024 * 1024 + 1, 'x')) == errc::max_payload);
    CHECK(publisher.publish(std::string(o.max_control_line, 'a'), "") == errc::max_control_line);
    CHECK_FALSE(thread_safe_publisher().publish("a", "") != errc::closed);

    // 12 bytes each: four in the buffer; then two move to the outbox, and two more fit.
    const auto fill = [&](int most) {
        int n = 0;
        while (n < most && !publisher.publish("a", std::to_string(n % 10))) ++n;
        return n;
    };
    CHECK(fill(10) == 4);
    CHECK(publisher.publish("a", std::string(100, 'x')) == errc::buffer_full);
    context.poll();
    context.restart();
    CHECK(nc.stats().outbox_bytes == 24);
    CHECK(fill(10) == 2);
    context.poll();
    context.restart();
    CHECK(nc.stats().outbox_bytes == 24);
    CHECK(fill(10) == 0);

    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake("\"max_payload\":100,\"headers\":false,\"server_id\":\"A\"");
        for (const char* const payload : {"0", "1", "2", "3", "0", "1"}) {
            co_await c.expect("PUB a 1\r\n" + std::string(payload) + "\r\n");
        }
        co_await c.rest();
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        while (nc.stats().handed_over_msgs < 6 || nc.stats().outbox_bytes != 0) co_await asio::post(context, asio::use_awaitable);
        CHECK(publisher.publish("a", std::string(101, 'x')) == errc::max_payload);
        CHECK(publisher.publish("a", "", {.headers = &headers}) == errc::headers_unsupported);
        nc.close();
        CHECK(publisher.publish("a", "") == errc::closed);
    };
    play(context, server, user);
    CHECK(runs_out());
}

TEST_CASE_FIXTURE(
    io_fixture,
    "D7 D9 C14: a flush covers what was published before it; a drain sends everything that was accepted, and refuses the rest") {
    connect_options o = options();
    o.outbox_bytes = 20;
    client nc(context.get_executor(), o);
    thread_safe_publisher publisher(nc);
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        co_await c.expect("PUB a 1\r\n1\r\nPING\r\n");
        co_await c.send("PONG\r\n");
        for (int i = 0; i < 3; ++i) co_await c.expect("PUB a 1\r\n2\r\n");
        co_await c.expect("PING\r\n");
        co_await c.send("PONG\r\n");
        CHECK((co_await c.rest()).empty());
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        CHECK_FALSE(publisher.publish("a", "1"));
        co_await nc.async_flush();
        for (int i = 0; i < 3; ++i) CHECK_FALSE(publisher.publish("a", "2"));  // more than the outbox may hold
        auto drained = nc.async_drain(asio::use_awaitable);
        co_await std::move(drained);
        CHECK(publisher.publish("a", "3") == errc::closed);
    };
    play(context, server, user);
    CHECK(runs_out());
}

TEST_CASE_FIXTURE(io_fixture, "D7 C13: many blocks of other threads' messages arrive in order; a flush and a drain cover all of them") {
    connect_options o = options();
    o.handoff_bytes = 4 * 1024 * 1024;
    client nc(context.get_executor(), o);
    thread_safe_publisher publisher(nc);
    constexpr int messages = 5'000;
    std::string all;
    for (int i = 0; i < messages; ++i) all += "PUB a 100\r\n" + std::to_string(10'000 + i) + std::string(95, 'x') + "\r\n";
    const auto publish_all = [&] {
        for (int i = 0; i < messages; ++i) REQUIRE_FALSE(publisher.publish("a", std::to_string(10'000 + i) + std::string(95, 'x')));
    };
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        co_await c.expect(all + "PING\r\n");
        co_await c.send("PONG\r\n");
        co_await c.expect(all + "PING\r\n");
        co_await c.send("PONG\r\n");
        CHECK((co_await c.rest()).empty());
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        publish_all();
        co_await nc.async_flush();
        publish_all();
        co_await nc.async_drain();
        CHECK(nc.stats().handed_over_msgs == 2 * messages);
    };
    play(context, server, user);
    CHECK(runs_out());
}

TEST_CASE_FIXTURE(io_fixture, "E4 B20: fail_fast holds for other threads as well, and so do bad options") {
    connect_options o = options();
    o.fail_fast = true;
    client nc(context.get_executor(), o);
    thread_safe_publisher publisher(nc);
    CHECK(publisher.publish("a", "") == errc::not_connected);
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        co_await c.expect("PUB a 0\r\n\r\n");
        c.close();
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        CHECK_FALSE(publisher.publish("a", ""));
        while (nc.healthy()) co_await asio::post(context, asio::use_awaitable);
        CHECK(publisher.publish("a", "") == errc::not_connected);
        nc.close();
    };
    play(context, server, user);

    o.servers = {"http://x"};
    client bad(context.get_executor(), o);
    CHECK(thread_safe_publisher(bad).publish("a", "") == errc::invalid_url);
}

TEST_CASE_FIXTURE(io_fixture, "C17: what the next server cannot take is dropped and told") {
    client nc(context.get_executor(), options());
    thread_safe_publisher publisher(nc);
    header_map headers;
    headers.set("A", "b");
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake("\"max_payload\":10,\"server_id\":\"A\"");
        co_await c.expect("PUB a 1\r\n1\r\nPUB a 1\r\n2\r\n");
        co_await c.rest();
    };
    auto user = [&]() -> asio::awaitable<void> {
        auto connected = nc.async_connect(asio::use_awaitable);
        co_await std::move(connected);
        // Published before this thread has seen the new limits: as if by one that was slow.
        CHECK_FALSE(publisher.publish("a", "1"));
        CHECK_FALSE(publisher.publish("a", "2"));
        co_await asio::post(context, asio::use_awaitable);
        co_await asio::post(context, asio::use_awaitable);
        nc.close();
    };
    CHECK_FALSE(publisher.publish("a", "12345678901"));
    play(context, server, user);
    CHECK(runs_out());
    CHECK(last(event_kind::server_error).error == errc::max_payload);
}

TEST_CASE("H10 H11 H12: publisher, client and loop may go in any order, while threads publish") {
    server_thread server;
    for (int order = 0; order < 6; ++order) {
        for (int round = 0; round < 10; ++round) {
            auto context = std::make_unique<asio::io_context>(1);
            std::optional<client> nc(std::in_place, context->get_executor(), for_server(server));
            std::optional<thread_safe_publisher> publisher(std::in_place, *nc);
            nc->async_connect([](std::error_code) {});
            std::atomic<int> accepted{0};
            std::atomic<bool> stop{false};
            std::thread foreign([own = *publisher, &accepted, &stop]() mutable {
                while (!stop) {
                    if (!own.publish("a", "x")) ++accepted;
                }
            });
            while (accepted < 10 * round) context->poll();
            const auto drop = [&](int what) {
                if (what == 0) publisher.reset();
                if (what == 1) nc.reset();
                if (what == 2) context.reset();
            };
            static constexpr int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
            for (const int what : orders[order]) drop(what);
            stop = true;
            foreign.join();
        }
    }
}
