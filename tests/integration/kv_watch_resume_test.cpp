// Resuming from a cursor, and what makes that impossible, on a real server.
#include "tests/integration/kv_watch_support.hpp"

using namespace slipstream;
using namespace slipstream::test;
using kv::watch_options;
using namespace std::chrono_literals;

namespace {

watch_options from(kv::cursor cursor, kv::on_expired policy = kv::on_expired::fail) {
    watch_options o;
    o.from = cursor;
    o.on_expired = policy;
    return o;
}

/// A watch that saw everything up to now.
kv::cursor cursor_now(watch_world& w, kv::bucket& b, kv::prefixes which = {}) {
    kv::watch watch = b.watch(std::move(which));
    fold f;
    REQUIRE(w.follow(watch, f, [&] { return !f.initial; }));
    return watch.position();
}

}  // namespace

TEST_CASE("S98, G1: a resume tells what happened meanwhile, deletes included, and nothing else") {
    watch_world w;
    kv::bucket b = w.make("b");
    for (const char* const key : {"a", "b", "c", "x.1"}) w.put(b, key, "1");
    const kv::cursor cursor = cursor_now(w, b);
    CHECK(cursor.sequence() == 4);
    w.erase(b, "a");
    w.put(b, "b", "2");
    w.purge(b, "c");
    w.put(b, "x.2", "1");
    kv::watch all = b.watch({}, from(cursor));
    CHECK(w.next(all, 5) ==
          lines{"erase a @5 initial", "put b=2 @6 initial", "purge c @7 initial", "put x.2=1 @8 initial", "initial_done 4"});
    w.put(b, "n", "1");
    CHECK(w.next(all, 1) == lines{"put n=1 @9"});
    CHECK(all.position() == kv::cursor(9, cursor.bucket_created_ns()));

    kv::watch some = b.watch(std::vector<std::string>{"x.", "a"}, from(cursor));
    CHECK(w.next(some, 3) == lines{"erase a @5 initial", "put x.2=1 @8 initial", "initial_done 2"});

    kv::watch nothing = b.watch({}, from(all.position()));
    CHECK(w.next(nothing, 1) == lines{"initial_done 0"});
    CHECK(nothing.position() == all.position());
    w.put(b, "n", "2");
    CHECK(w.next(nothing, 1) == lines{"put n=2 @10"});
}

TEST_CASE("S98, R1: a cursor goes through text and bytes; one without identity resumes too") {
    watch_world w;
    kv::bucket b = w.make("b");
    w.put(b, "a", "1");
    const kv::cursor cursor = cursor_now(w, b);
    w.erase(b, "a");
    for (const auto& again : {kv::cursor::from_string(cursor.to_string()), kv::cursor::from_bytes(cursor.to_bytes()),
                              kv::cursor::from_bytes(kv::revision(1).to_bytes())}) {
        REQUIRE(again);
        kv::watch watch = b.watch({}, from(*again));
        CHECK(w.next(watch, 2) == lines{"erase a @2 initial", "initial_done 1"});
        CHECK(watch.position() == kv::cursor(2, cursor.bucket_created_ns()));
    }
}

TEST_CASE("W1, G9, L10: an age limit took what followed the cursor") {
    watch_world w;
    kv::bucket_config config;
    config.bucket = "b";
    config.ttl = 400ms;
    kv::bucket b = w.make(config);
    w.put(b, "a", "1");
    const kv::cursor cursor = cursor_now(w, b);
    w.put(b, "gone", "1");
    w.erase(b, "a");
    REQUIRE(w.run_until([&] { return w.value(b, "gone") == "(none)"; }));
    w.put(b, "new", "1");
    REQUIRE(w.run_until([&] {
        auto [ec, status] = w.wait(b.async_status({}, result));
        return !ec && status.first_sequence > 3;
    }));
    kv::watch fails = b.watch({}, from(cursor));
    CHECK(w.next(fails, 1) == lines{ended(kv::errc::cursor_expired)});
    CHECK(fails.position() == cursor);
    const kv::revision last = w.put(b, "new", "2");
    kv::watch resyncs = b.watch({}, from(cursor, kv::on_expired::resync));
    CHECK(w.next(resyncs, 3) == lines{"resync expired", "put new=2 @" + std::to_string(last.value()) + " initial", "initial_done 1"});
    CHECK(resyncs.position().sequence() == last.value());
    CHECK(w.consumers_become("b", 1));  // the refused ones are gone
}

TEST_CASE("W1, G9: discard old took what followed the cursor, in every scope") {
    watch_world w;
    kv::bucket_config config;
    config.bucket = "b";
    config.max_bytes = 4'000;
    config.discard = jetstream::discard_policy::old;
    kv::bucket b = w.make(config);
    w.put(b, "x.a", "1");
    const kv::cursor cursor = cursor_now(w, b);
    w.erase(b, "x.a");
    for (int i = 0; i < 20; ++i) w.put(b, "y." + std::to_string(i), std::string(500, 'v'));
    for (const char* const scope : {"", "x.", "x"}) {
        kv::watch watch = b.watch(scope, from(cursor));
        CHECK(w.next(watch, 1) == lines{ended(kv::errc::cursor_expired)});
    }
}

TEST_CASE("W1, L13: a purge of the whole stream took what followed the cursor") {
    watch_world w;
    kv::bucket b = w.make("b");
    w.put(b, "a", "1");
    const kv::cursor cursor = cursor_now(w, b);
    w.put(b, "b", "1");
    w.erase(b, "a");
    REQUIRE_FALSE(std::get<0>(w.wait(w.js.async_purge_stream("KV_b", {}, result))));
    kv::watch fails = b.watch({}, from(cursor));
    CHECK(w.next(fails, 1) == lines{ended(kv::errc::cursor_expired)});
    kv::watch resyncs = b.watch({}, from(cursor, kv::on_expired::resync));
    CHECK(w.next(resyncs, 2) == lines{"resync expired", "initial_done 0"});
}

TEST_CASE("W34: overwriting every key moves the floor, and nothing is lost by it; a strict watch does not rely on that") {
    watch_world w;
    kv::bucket b = w.make("b");
    w.put(b, "a", "1");
    w.put(b, "b", "1");
    const kv::cursor cursor = cursor_now(w, b);
    for (int i = 2; i < 5; ++i) w.put(b, "a", std::to_string(i));
    w.erase(b, "b");
    w.put(b, "a", "5");
    kv::watch watch = b.watch({}, from(cursor));
    CHECK(w.next(watch, 3) == lines{"erase b @6 initial", "put a=5 @7 initial", "initial_done 2"});
    watch_options strict = from(cursor);
    strict.strict_floor = true;
    kv::watch careful = b.watch({}, strict);
    CHECK(w.next(careful, 1) == lines{ended(kv::errc::cursor_expired)});
}

TEST_CASE("W34, L16: the position of a quiet scope keeps up with the bucket") {
    watch_world w;
    kv::bucket b = w.make("b");
    w.put(b, "x.a", "1");
    watch_options o;
    o.heartbeat = 200ms;
    kv::watch watch = b.watch("x.", o);
    CHECK(w.next(watch, 2).back() == "initial_done 1");
    for (int i = 0; i < 50; ++i) w.put(b, "y", std::to_string(i));
    CHECK(w.run_until([&] { return watch.position().sequence() == 51; }, 5s));
}

TEST_CASE("W2, L12: a bucket that was deleted and made again is not the one the cursor came from") {
    watch_world w;
    kv::bucket b = w.make("b");
    for (int i = 0; i < 5; ++i) w.put(b, "a", "1");
    const kv::cursor cursor = cursor_now(w, b);
    const kv::cursor bare = kv::cursor(kv::revision(cursor.sequence()));
    REQUIRE_FALSE(std::get<0>(w.wait(kv::async_delete_bucket(w.js, "b", {}, result))));
    b = w.make("b");
    w.put(b, "n", "1");
    // Ahead of the stream: noticed with and without identity.
    for (const kv::cursor& c : {cursor, bare}) {
        kv::watch fails = b.watch({}, from(c));
        CHECK(w.next(fails, 1) == lines{ended(kv::errc::cursor_expired)});
        kv::watch resyncs = b.watch({}, from(c, kv::on_expired::resync));
        CHECK(w.next(resyncs, 3) == lines{"resync stream_recreated", "put n=1 @1 initial", "initial_done 1"});
    }
    // Behind its end: only the identity tells.
    for (int i = 0; i < 10; ++i) w.put(b, "a", "1");
    kv::watch fails = b.watch({}, from(cursor));
    CHECK(w.next(fails, 1) == lines{ended(kv::errc::cursor_expired)});
}

TEST_CASE("W2: an update of the bucket's configuration does not change its identity") {
    watch_world w;
    kv::bucket b = w.make("b");
    w.put(b, "a", "1");
    const kv::cursor cursor = cursor_now(w, b);
    w.change("b", [](jetstream::stream_config& c) { c.description = "new words"; });
    w.erase(b, "a");
    kv::watch watch = b.watch({}, from(cursor));
    CHECK(w.next(watch, 2) == lines{"erase a @2 initial", "initial_done 1"});
}

TEST_CASE("S94, I24: a position from a watch resumes exactly behind what was taken") {
    watch_world w;
    kv::bucket b = w.make("b");
    const kv::cursor begin = (w.put(b, "k0", "0"), cursor_now(w, b));
    for (int i = 1; i <= 40; ++i) w.put(b, "k" + std::to_string(i), "v");
    kv::cursor cursor = begin;
    lines all;
    // A process that takes seven updates, saves its place and dies.
    while (all.size() < 40) {
        kv::watch watch = b.watch({}, from(cursor));
        for (const std::string& line : w.next(watch, 7, 2s)) {
            if (line.starts_with("put ")) all.push_back(line);
        }
        cursor = watch.position();
    }
    REQUIRE(all.size() == 40);
    for (int i = 1; i <= 40; ++i)
        CHECK(all[static_cast<std::size_t>(i - 1)].starts_with("put k" + std::to_string(i) + "=v @" + std::to_string(i + 1)));
}

TEST_CASE("spec/kv.md 8: a watch on a mirror uses the origin's subjects") {
    watch_world w;
    kv::bucket b = w.make("origin");
    w.put(b, "a", "1");
    jetstream::stream_config mirror;
    mirror.name = "KV_mirror";
    mirror.max_msgs_per_subject = 1;
    mirror.mirror = jetstream::stream_source{};
    mirror.mirror->name = "KV_origin";
    mirror.mirror_direct = true;
    mirror.allow_direct = true;
    REQUIRE_FALSE(std::get<0>(w.wait(w.js.async_create_stream(mirror, {}, result))));
    kv::bucket m = w.open("mirror");
    REQUIRE(w.run_until([&] { return w.value(m, "a") == "1"; }));
    kv::watch watch = m.watch("a");
    CHECK(w.next(watch, 2) == lines{"put a=1 @1 initial", "initial_done 1"});
    w.erase(b, "a");
    CHECK(w.next(watch, 1) == lines{"erase a @2"});
}
