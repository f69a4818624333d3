// What watches tell, on a real server.
#include "tests/integration/kv_watch_support.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/error.hpp>

using namespace slipstream;
using namespace slipstream::test;
using kv::watch_options;
using namespace std::chrono_literals;

TEST_CASE("S92, W30: the state, initial_done, then changes") {
    watch_world w;
    kv::bucket b = w.make("b");
    w.put(b, "a", "1");
    w.put(b, "b", "1");
    w.put(b, "a", "2");
    w.erase(b, "b");
    w.put(b, "empty", "");
    kv::watch watch = b.watch();
    CHECK(w.next(watch, 4) == lines{"put a=2 @3 initial", "erase b @4 initial", "put empty= @5 initial", "initial_done 3"});
    CHECK(watch.position().sequence() == 5);
    CHECK(watch.position().bucket_created_ns() != 0);
    w.put(b, "c", "x");
    w.purge(b, "a");
    CHECK(w.next(watch, 2) == lines{"put c=x @6", "purge a @7"});
    CHECK(w.silent(watch));
    CHECK(watch.position().sequence() == 7);
    CHECK_FALSE(watch.is_ended());
}

TEST_CASE("W30, S72: an empty bucket is complete at once, and so is a scope without keys") {
    watch_world w;
    kv::bucket b = w.make("b");
    kv::watch all = b.watch();
    CHECK(w.next(all, 1) == lines{"initial_done 0"});
    w.put(b, "a", "1");
    CHECK(w.next(all, 1) == lines{"put a=1 @1"});
    kv::watch none = b.watch("other.");
    CHECK(w.next(none, 1) == lines{"initial_done 0"});
    CHECK(none.position().sequence() == 1);
}

TEST_CASE("S93, S95, W8, W9: prefixes, overlapping ones, ones inside a token; one consumer for all") {
    watch_world w;
    kv::bucket b = w.make("b");
    for (const char* const key : {"node.a", "nodx", "n", "x.1", "x.y.2", "zz"}) w.put(b, key, "v");
    kv::watch dot = b.watch("x.");
    CHECK(w.next(dot, 3) == lines{"put x.1=v @4 initial", "put x.y.2=v @5 initial", "initial_done 2"});
    kv::watch inside = b.watch("nod");
    CHECK(w.next(inside, 3) == lines{"put node.a=v @1 initial", "put nodx=v @2 initial", "initial_done 2"});
    dot = {};
    inside = {};
    REQUIRE(w.consumers_become("b", 0));
    kv::watch many = b.watch(std::vector<std::string>{"x.y.", "x.", "x.", "node.", "zz", "node.a"});
    CHECK(w.next(many, 5) ==
          lines{"put node.a=v @1 initial", "put x.1=v @4 initial", "put x.y.2=v @5 initial", "put zz=v @6 initial", "initial_done 4"});
    CHECK(w.consumers_become("b", 1));
    w.put(b, "n", "2");
    w.put(b, "zzz", "3");
    CHECK(w.next(many, 1) == lines{"put zzz=3 @8"});
}

TEST_CASE("S94, G16: an empty list of prefixes is complete at once, makes no consumer and stays silent") {
    watch_world w;
    kv::bucket b = w.make("b");
    kv::watch watch = b.watch(std::vector<std::string>{});
    CHECK(w.next(watch, 1) == lines{"initial_done 0"});
    w.put(b, "a", "1");
    CHECK(w.silent(watch));
    CHECK(w.consumers_become("b", 0));
    watch.stop();
    CHECK(w.next(watch, 1) == lines{ended(kv::errc::watch_stopped)});
}

TEST_CASE("W37, S96: what is not allowed ends the watch before a byte is sent") {
    watch_world w;
    kv::bucket b = w.make("b");
    const auto before = w.nc.stats().out_msgs;
    kv::watch bad = b.watch("a.*");
    CHECK_FALSE(bad.is_ended());  // never before watch() returns
    CHECK(w.next(bad, 1) == lines{ended(kv::errc::invalid_prefix)});
    watch_options o;
    o.heartbeat = 1ms;
    kv::watch option = b.watch({}, o);
    CHECK(w.next(option, 1) == lines{ended(slipstream::errc::invalid_option)});
    o = {};
    o.from = kv::cursor(~std::uint64_t{0}, 0);
    kv::watch cursor = b.watch({}, o);
    CHECK(w.next(cursor, 1) == lines{ended(kv::errc::invalid_cursor)});
    CHECK(w.nc.stats().out_msgs == before);
}

TEST_CASE("W30: options: updates only, history, meta only, ignore deletes, skip initial deletes") {
    watch_world w;
    kv::bucket_config config;
    config.bucket = "b";
    config.history = 5;
    kv::bucket b = w.make(config);
    w.put(b, "a", "1");
    w.put(b, "a", "22");
    w.erase(b, "d");

    watch_options o;
    o.updates_only = true;
    kv::watch updates = b.watch({}, o);
    CHECK(w.next(updates, 1) == lines{"initial_done 0"});
    CHECK(updates.position().sequence() == 3);

    o = {};
    o.include_history = true;
    kv::watch history = b.watch({}, o);
    CHECK(w.next(history, 4) == lines{"put a=1 @1 initial", "put a=22 @2 initial", "erase d @3 initial", "initial_done 3"});

    o = {};
    o.meta_only = true;
    kv::watch meta = b.watch({}, o);
    kv::update u;
    REQUIRE(w.run_until([&] { return meta.try_next(u); }));
    CHECK(u.kind() == kv::update_kind::put);
    CHECK(u.value().empty());
    CHECK(u.value_size() == 2);
    CHECK(w.next(meta, 2) == lines{"erase d @3 initial", "initial_done 2"});

    o = {};
    o.ignore_deletes = true;
    kv::watch no_deletes = b.watch({}, o);
    CHECK(w.next(no_deletes, 2) == lines{"put a=22 @2 initial", "initial_done 1"});
    CHECK(no_deletes.position().sequence() == 3);

    o = {};
    o.skip_initial_deletes = true;
    kv::watch fresh = b.watch({}, o);
    CHECK(w.next(fresh, 2) == lines{"put a=22 @2 initial", "initial_done 1"});

    w.put(b, "n", "x");
    w.erase(b, "a");
    CHECK(w.next(updates, 2) == lines{"put n=x @4", "erase a @5"});
    CHECK(w.next(fresh, 2) == lines{"put n=x @4", "erase a @5"});
    CHECK(w.next(no_deletes, 1) == lines{"put n=x @4"});
    CHECK(w.silent(no_deletes, 100ms));
}

TEST_CASE("W27, L33: a value that expires where limit markers are on is told as a purge") {
    watch_world w;
    if (!w.has_limit_markers()) return;
    kv::bucket_config config;
    config.bucket = "b";
    config.limit_marker_ttl = 60s;
    kv::bucket b = w.make(config);
    kv::watch watch = b.watch();
    CHECK(w.next(watch, 1) == lines{"initial_done 0"});
    kv::create_options ttl;
    ttl.ttl = 1s;
    REQUIRE_FALSE(std::get<0>(w.wait(b.async_create("k", "v", ttl, result))));
    CHECK(w.next(watch, 2) == lines{"put k=v @1", "purge k @2"});
}

TEST_CASE("R14, W31, G19, I20: stopping or dropping a watch removes its consumer at once") {
    watch_world w;
    kv::bucket b = w.make("b");
    w.put(b, "a", "1");
    {
        kv::watch watch = b.watch();
        CHECK(w.next(watch, 2).back() == "initial_done 1");
        CHECK(w.consumers_become("b", 1));
        kv::watch other = b.watch();
        CHECK(w.consumers_become("b", 2));
        other.stop();
        CHECK(w.consumers_become("b", 1, 1s));
    }
    CHECK(w.consumers_become("b", 0, 1s));
    // Dropped before the server has answered.
    for (int i = 0; i < 5; ++i) {
        kv::watch hasty = b.watch();
        for (int turns = 0; turns < i; ++turns) w.io.restart(), w.io.poll_one();
    }
    CHECK(w.consumers_become("b", 0, 2s));
}

TEST_CASE("R6, S91: in place: views, no queue, and the end through async_next") {
    watch_world w;
    kv::bucket b = w.make("b");
    w.put(b, "a", "1");
    lines told;
    kv::watch watch = b.watch({}, [&](const kv::update_view& u) { told.push_back(render(u)); });
    auto end = watch.async_next(result);
    REQUIRE(w.run_until([&] { return told.size() == 2; }));
    w.put(b, "b", "2");
    REQUIRE(w.run_until([&] { return told.size() == 3; }));
    CHECK(told == lines{"put a=1 @1 initial", "initial_done 1", "put b=2 @2"});
    CHECK(watch.position().sequence() == 2);
    kv::update u;
    CHECK_FALSE(watch.try_next(u));
    watch.stop();
    CHECK(std::get<0>(w.wait(std::move(end))) == kv::errc::watch_stopped);
}

TEST_CASE("H2, D6: a handler may stop and destroy its watch; nothing is told afterwards") {
    watch_world w;
    kv::bucket b = w.make("b");
    for (const char* const key : {"a", "b", "c"}) w.put(b, key, "1");
    for (const bool destroy : {true, false}) {
        int told = 0;
        kv::watch watch;
        watch = b.watch({}, [&](const kv::update_view&) {
            ++told;
            if (destroy) watch = {};
            else watch.stop();
        });
        REQUIRE(w.run_until([&] { return told > 0; }));
        CHECK(w.consumers_become("b", 0));
        CHECK(told == 1);
    }
}

TEST_CASE("H6: a handler that throws ends its watch") {
    watch_world w;
    kv::bucket b = w.make("b");
    w.put(b, "a", "1");
    kv::watch watch = b.watch({}, [](const kv::update_view&) { throw std::runtime_error("no"); });
    CHECK(w.next(watch, 1) == lines{ended(kv::errc::watch_stopped)});
    CHECK(w.consumers_become("b", 0));
    CHECK(w.nc.healthy());
}

TEST_CASE("E9, R6: async_next: one at a time, cancelled without loss, told the end after the last update") {
    watch_world w;
    kv::bucket b = w.make("b");
    kv::watch watch = b.watch();
    CHECK(w.next(watch, 1) == lines{"initial_done 0"});
    asio::cancellation_signal cancel;
    std::error_code outcome;
    int calls = 0;
    watch.async_next(asio::bind_cancellation_slot(cancel.slot(), [&](std::error_code ec, kv::update) {
        outcome = ec;
        ++calls;
    }));
    CHECK(std::get<0>(w.wait(watch.async_next(result))) == slipstream::errc::operation_in_progress);
    CHECK(calls == 0);
    cancel.emit(asio::cancellation_type::total);
    REQUIRE(w.run_until([&] { return calls == 1; }));
    CHECK(outcome == asio::error::operation_aborted);
    w.put(b, "a", "1");
    auto [ec, u] = w.wait(watch.async_next(result));
    CHECK_FALSE(ec);
    CHECK(render(u.view()) == "put a=1 @1");
    auto waiting = watch.async_next(result);
    watch = {};
    CHECK(std::get<0>(w.wait(std::move(waiting))) == kv::errc::watch_stopped);
}

TEST_CASE("W16, E12: closing the client ends its watches") {
    watch_world w;
    kv::bucket b = w.make("b");
    kv::watch watch = b.watch();
    CHECK(w.next(watch, 1) == lines{"initial_done 0"});
    auto waiting = watch.async_next(result);
    w.nc.close();
    CHECK(std::get<0>(w.wait(std::move(waiting))) == slipstream::errc::closed);
    CHECK(watch.end_reason() == slipstream::errc::closed);
}

TEST_CASE("S96: a bucket that is not there; a server without JetStream") {
    {
        watch_world w;
        kv::bucket b = w.make("b");
        REQUIRE_FALSE(std::get<0>(w.wait(kv::async_delete_bucket(w.js, "b", {}, result))));
        kv::watch watch = b.watch();
        CHECK(w.next(watch, 1) == lines{ended(kv::errc::bucket_not_found)});
    }
}
