// Watches through trouble, on a real server: crashes, silence, lost consumers, slow takers, retention.
#include "tests/integration/kv_watch_support.hpp"

using namespace slipstream;
using namespace slipstream::test;
using kv::watch_options;
using namespace std::chrono_literals;

namespace {

watch_options quick() {
    watch_options o;
    o.heartbeat = 250ms;
    return o;
}

/// Reads the bucket another way.
std::map<std::string, std::string> truth(watch_world& w, kv::bucket& b) {
    auto [ec, entries] = w.wait(b.async_scan({}, {}, result));
    REQUIRE_FALSE(ec);
    std::map<std::string, std::string> out;
    for (const kv::entry& e : entries) out[e.key()] = e.value();
    return out;
}

}  // namespace

TEST_CASE("G1, I22, I23: the server is killed and started under a watch: it goes on by itself and misses nothing") {
    watch_world w;
    kv::bucket b = w.make("b");
    for (int i = 0; i < 50; ++i) w.put(b, "k" + std::to_string(i), "1");
    kv::watch watch = b.watch({}, quick());
    fold f;
    REQUIRE(w.follow(watch, f, [&] { return !f.initial; }));
    CHECK(f.values.size() == 50);
    for (int round = 0; round < 3; ++round) {
        w.server.kill();
        REQUIRE(w.run_until([&] { return !w.nc.healthy(); }));
        w.server.start();
        REQUIRE(w.run_until([&] { return w.nc.healthy(); }));
        // Before the watch is back, perhaps.
        w.erase(b, "k" + std::to_string(round));
        w.put(b, "k1" + std::to_string(round), "new");
        w.put(b, "n" + std::to_string(round), "x");
        const auto wanted = truth(w, b);
        CHECK(w.follow(watch, f, [&] { return f.values == wanted; }, 20s));
        CHECK(f.values == wanted);
    }
    CHECK(f.resyncs == 0);
    CHECK_FALSE(f.initial);
    CHECK_FALSE(watch.is_ended());
    CHECK(w.consumers_become("b", 1));
}

TEST_CASE("G1, W5: the server is killed while the state is being told") {
    watch_world w;
    kv::bucket b = w.make("b");
    for (int i = 0; i < 300; ++i) w.put(b, "k" + std::to_string(i), std::string(2'000, 'v'));
    watch_options o = quick();
    o.pending_messages = 20;  // the rest waits
    kv::watch watch = b.watch({}, o);
    fold f;
    REQUIRE(w.follow(watch, f, [&] { return f.updates >= 30; }));
    CHECK(f.initial);
    w.restart_server();
    w.erase(b, "k299");
    w.put(b, "k0", "late");
    const auto wanted = truth(w, b);
    CHECK(w.follow(watch, f, [&] { return !f.initial && f.values == wanted; }));
    CHECK(f.values.size() == 299);
    CHECK(f.values["k0"] == "late");
    CHECK(f.resyncs == 0);
}

TEST_CASE("C3, F13: a suspended server: the watch goes on when it wakes, whether or not the connection was given up") {
    watch_world w;
    kv::bucket b = w.make("b");
    w.put(b, "a", "1");
    kv::watch watch = b.watch({}, quick());
    fold f;
    REQUIRE(w.follow(watch, f, [&] { return !f.initial; }));
    w.server.suspend();
    const auto until = std::chrono::steady_clock::now() + 2s;
    static_cast<void>(w.run_until([&] { return std::chrono::steady_clock::now() > until; }));
    w.server.resume();
    w.put(b, "a", "2");
    CHECK(w.follow(watch, f, [&] { return f.values["a"] == "2"; }, 20s));
    CHECK_FALSE(watch.is_ended());
    w.put(b, "a", "3");
    CHECK(w.follow(watch, f, [&] { return f.values["a"] == "3"; }, 20s));
    CHECK(w.consumers_become("b", 1, 20s));
}

TEST_CASE("W33, L35: the consumer is deleted under a watch: silence is noticed and a new one made") {
    watch_world w;
    kv::bucket b = w.make("b");
    w.put(b, "a", "1");
    kv::watch watch = b.watch({}, quick());
    fold f;
    REQUIRE(w.follow(watch, f, [&] { return !f.initial; }));
    const std::string name = w.consumer_name("b");
    REQUIRE_FALSE(name.empty());
    REQUIRE_FALSE(std::get<0>(w.wait(w.js.async_delete_consumer("KV_b", name, {}, result))));
    w.erase(b, "a");
    w.put(b, "b", "1");
    CHECK(w.follow(watch, f, [&] { return f.values == std::map<std::string, std::string>{{"b", "1"}}; }, 10s));
    CHECK(w.consumer_name("b") != name);
}

TEST_CASE("W33, L35: the bucket is deleted under a watch") {
    watch_world w;
    kv::bucket b = w.make("b");
    w.put(b, "a", "1");
    kv::watch watch = b.watch({}, quick());
    CHECK(w.next(watch, 2).back() == "initial_done 1");
    REQUIRE_FALSE(std::get<0>(w.wait(kv::async_delete_bucket(w.js, "b", {}, result))));
    CHECK(w.next(watch, 1) == lines{ended(kv::errc::bucket_deleted)});
}

TEST_CASE("W2, W33: the bucket is deleted and made again under a watch") {
    for (const auto policy : {kv::on_expired::fail, kv::on_expired::resync}) {
        watch_world w;
        kv::bucket b = w.make("b");
        for (int i = 0; i < 5; ++i) w.put(b, "a", "1");
        watch_options o = quick();
        o.on_expired = policy;
        kv::watch watch = b.watch({}, o);
        CHECK(w.next(watch, 2).back() == "initial_done 1");
        REQUIRE_FALSE(std::get<0>(w.wait(kv::async_delete_bucket(w.js, "b", {}, result))));
        b = w.make("b");
        for (int i = 0; i < 9; ++i) w.put(b, "n", "1");
        if (policy == kv::on_expired::fail) CHECK(w.next(watch, 1) == lines{ended(kv::errc::cursor_expired)});
        else CHECK(w.next(watch, 3) == lines{"resync stream_recreated", "put n=1 @9 initial", "initial_done 1"});
    }
}

TEST_CASE("W2, W30, I23: a watch of updates only learns what was deleted while it could not know") {
    watch_world w;
    kv::bucket b = w.make("b");
    w.put(b, "old", "1");
    watch_options o = quick();
    o.updates_only = true;
    o.on_expired = kv::on_expired::resync;
    kv::watch watch = b.watch({}, o);
    fold f;
    REQUIRE(w.follow(watch, f, [&] { return !f.initial; }));
    w.put(b, "goes", "1");
    w.put(b, "stays", "1");
    REQUIRE(w.follow(watch, f, [&] { return f.values.size() == 2; }));
    // Another bucket in its place: the watch sees neither the end of "goes" nor the beginning of "stays" in it.
    REQUIRE_FALSE(std::get<0>(w.wait(kv::async_delete_bucket(w.js, "b", {}, result))));
    b = w.make("b");
    for (int i = 0; i < 9; ++i) w.put(b, "stays", "2");
    CHECK(w.follow(watch, f, [&] { return f.resyncs == 1 && !f.initial; }, 20s));
    CHECK(f.values == std::map<std::string, std::string>{{"stays", "2"}});
    CHECK(watch.position().sequence() == 9);
    w.erase(b, "stays");
    CHECK(w.follow(watch, f, [&] { return f.values.empty(); }, 20s));
    CHECK(f.resyncs == 1);
}

TEST_CASE("D3, W10, L23: 50 000 keys with a slow taker: bounded memory, no cut connection, nothing lost") {
    watch_world w;
    kv::bucket_config config;
    config.bucket = "b";
    config.storage = jetstream::storage_type::memory;
    kv::bucket b = w.make(config);
    const std::string value(200, 'v');
    // Pipelined: a window of puts at a time.
    constexpr int keys = 50'000;
    int stored = 0;
    int sent = 0;
    const auto send = [&](const auto& self) -> void {
        if (sent == keys) return;
        b.async_put("k." + std::to_string(sent++), value, {}, [&, self](std::error_code ec, kv::revision) {
            REQUIRE_FALSE(ec);
            ++stored;
            self(self);
        });
    };
    for (int i = 0; i < 500; ++i) send(send);
    REQUIRE(w.run_until([&] { return stored == keys; }, 120s));

    for (const std::size_t limit : {std::size_t{1'000'000}, std::size_t{3'000}}) {
        CAPTURE(limit);
        watch_options o;
        o.heartbeat = 500ms;
        o.pending_messages = limit;
        kv::watch watch = b.watch({}, o);
        // Nothing is taken while the server sends what it may.
        const auto until = std::chrono::steady_clock::now() + 2s;
        static_cast<void>(w.run_until([&] { return std::chrono::steady_clock::now() > until; }));
        fold f;
        REQUIRE(w.follow(watch, f, [&] { return !f.initial; }, 120s));
        CHECK(f.values.size() == keys);
        CHECK(f.resyncs == 0);
        CHECK(w.nc.healthy());
        CHECK(w.nc.stats().reconnects == 0);
        w.erase(b, "k.7");
        CHECK(w.follow(watch, f, [&] { return f.values.size() == keys - 1; }));
        w.put(b, "k.7", value);
    }
}

TEST_CASE("W4, L15, G10: retention overruns a live watch in any scope: it says so instead of skipping a delete") {
    for (const std::string scope : {"", "x."}) {
        for (const auto policy : {kv::on_expired::fail, kv::on_expired::resync}) {
            CAPTURE(scope);
            watch_world w;
            kv_session writer(w.server);
            kv::bucket_config config;
            config.bucket = "b";
            config.max_bytes = 3'000'000;
            config.discard = jetstream::discard_policy::old;
            config.storage = jetstream::storage_type::memory;
            kv::bucket b = w.make(config);
            w.put(b, "x.a", "1");
            watch_options o = quick();
            o.on_expired = policy;
            o.pending_messages = 5;
            kv::watch watch = b.watch(scope, o);
            CHECK(w.next(watch, 2).back() == "initial_done 1");
            const kv::cursor before = watch.position();
            // Neither read nor taken while the bucket turns over: more than the queue holds, or the server has passed some over.
            kv::bucket written = writer.open("b");
            for (int i = 0; i < 10; ++i) writer.put(written, "x.full", std::to_string(i));
            writer.erase(written, "x.a");
            for (int i = 0; i < 100; ++i) writer.put(written, "y." + std::to_string(i), std::string(60'000, 'v'));
            const kv::revision last = writer.put(written, "x.z", "end");
            fold f;
            f.initial = false;
            f.values["x.a"] = "1";
            CHECK(w.follow(watch, f, [&] { return f.values.contains("x.z") && !f.initial && f.resyncs > 0; }, 20s));
            if (policy == kv::on_expired::fail) {
                CHECK(watch.end_reason() == kv::errc::cursor_expired);
                CHECK(watch.position().sequence() < last.value());  // a later resume must find out as well
                CHECK(watch.position().sequence() >= before.sequence());
            } else {
                CHECK(f.resyncs == 1);
                CHECK_FALSE(f.values.contains("x.a"));
                CHECK(f.values == [&] {
                    auto all = truth(w, b);
                    std::erase_if(all, [&](const auto& v) { return !v.first.starts_with(scope); });
                    return all;
                }());
            }
        }
    }
}

TEST_CASE("I20, F18: many troubles leave one consumer") {
    watch_world w;
    kv::bucket b = w.make("b");
    watch_options o = quick();
    o.pending_messages = 2;
    kv::watch watch = b.watch({}, o);
    fold f;
    for (int round = 0; round < 20; ++round) {
        for (int i = 0; i < 5; ++i) w.put(b, "k" + std::to_string(i), std::to_string(round));
        REQUIRE(w.follow(watch, f, [&] { return f.values["k4"] == std::to_string(round); }));
    }
    CHECK(w.consumers_become("b", 1));
    watch.stop();
    CHECK(w.consumers_become("b", 0));
}

TEST_CASE("H10: a watch may outlive its client and its io_context, with an operation pending") {
    nats_server server;
    kv::watch survivor;
    bool called = false;
    {
        asio::io_context io;
        client nc(io.get_executor(), options_for(server));
        jetstream::context js(nc);
        kv::bucket_config config;
        config.bucket = "b";
        kv::bucket b;
        const auto run = [&](auto done) {
            const auto end = std::chrono::steady_clock::now() + 20s;
            while (!done() && std::chrono::steady_clock::now() < end) io.restart(), io.run_one_for(50ms);
            REQUIRE(done());
        };
        bool connected = false;
        nc.async_connect([&](std::error_code ec) { connected = !ec; });
        run([&] { return connected; });
        kv::async_create_bucket(js, config, {}, [&](std::error_code, kv::bucket made) { b = made; });
        run([&] { return static_cast<bool>(b); });
        survivor = b.watch();
        kv::update u;
        run([&, got = false]() mutable { return got = got || survivor.try_next(u); });
        survivor.async_next([&](std::error_code, kv::update) { called = true; });
        kv::watch second = b.watch();
        second.async_next([&](std::error_code, kv::update) { called = true; });
        b.async_keys({}, {}, [&](std::error_code, std::vector<std::string>) { called = true; });
    }
    CHECK_FALSE(called);
    kv::update u;
    CHECK_FALSE(survivor.try_next(u));
    CHECK(survivor.is_ended());
    survivor.stop();
}
