// Retention under a live watch.
#include <doctest/doctest.h>

#include <slipstream/kv/error.hpp>

#include "watch_script.hpp"

using namespace slipstream;
using namespace slipstream::test;
using kv::cursor;
using kv::watch_options;
using kv::machine::exposure;
using kv::machine::exposure_of;
using kv::machine::floor_guard;

namespace {

using config = jetstream::stream_config;

config bucket_like() {
    config c;
    c.discard = jetstream::discard_policy::new_;
    return c;
}

}  // namespace

TEST_CASE("W34, W3: how messages can leave a bucket that nobody overwrote") {
    config c = bucket_like();
    CHECK(exposure_of(c, false) == exposure::overwrites);
    CHECK(exposure_of(c, true) == exposure::size);
    c.max_bytes = 1'000;
    CHECK(exposure_of(c, false) == exposure::overwrites);  // full means refused
    c.discard = jetstream::discard_policy::old;
    CHECK(exposure_of(c, false) == exposure::size);
    c = bucket_like();
    c.discard = jetstream::discard_policy::old;
    CHECK(exposure_of(c, false) == exposure::overwrites);  // nothing to be discarded for
    c.max_msgs = 10;
    CHECK(exposure_of(c, false) == exposure::size);
    c = bucket_like();
    c.max_age = std::chrono::seconds(1);
    CHECK(exposure_of(c, false) == exposure::age);
    c = bucket_like();
    c.allow_msg_ttl = true;
    CHECK(exposure_of(c, false) == exposure::age);
    c = bucket_like();
    c.mirror = jetstream::stream_source{};
    CHECK(exposure_of(c, false) == exposure::size);
    c = bucket_like();
    c.sources.emplace_back();
    CHECK(exposure_of(c, false) == exposure::size);
}

TEST_CASE("R25: resume_window_ok: vectors of the floor test") {
    struct row {
        std::uint64_t frontier;
        std::uint64_t floor;
        bool fine;
    };
    for (const row& r :
         {row{3, 4, true}, row{3, 1, true}, row{3, 5, false}, row{floor_guard::unlimited - 2, floor_guard::unlimited - 1, true}}) {
        floor_guard g;
        g.expose(exposure::size);
        g.begin(r.frontier, 0);
        g.on_idle(r.frontier + 1);
        g.on_asked({});
        CHECK(g.on_floor(r.floor, floor_guard::unlimited) == r.fine);
    }
}

TEST_CASE("W4, L15, G10: with discard old, every jump asks for the floor; the position waits in front of it") {
    watch_options o;
    o.from = cursor(10, 1'000);
    o.on_expired = kv::on_expired::resync;
    watch_script s(o);
    s.stream.config.max_msgs = 100;
    s.stream.config.discard = jetstream::discard_policy::old;
    s.created(from(11), 5, 10);
    s.put("a", "1", 11, 0);
    CHECK_FALSE(s.machine.needs_attention());
    s.put("b", "1", 39, 0);  // the delete at 20 never came
    CHECK(s.machine.needs_attention());
    CHECK(s.machine.wants_floor(s.now));
    CHECK(s.machine.position().sequence() == 11);
    s.machine.on_floor_asked(s.now);
    CHECK_FALSE(s.machine.wants_floor(s.now));
    CHECK(s.machine.position().sequence() == 11);
    SUBCASE("nothing had left") {
        s.stream.state.first_seq = 12;
        s.machine.on_floor(s.stream);
        CHECK(s.machine.position().sequence() == 39);
        CHECK(s.told == lines{"put a=1 @11 initial", "put b=1 @39 initial"});
    }
    SUBCASE("overrun") {
        s.stream.state.first_seq = 13;
        s.machine.on_floor(s.stream);
        CHECK(s.told.back() == "resync overrun");
        CHECK(s.machine.take_restart());
        CHECK(s.machine.position().is_none());
    }
    SUBCASE("overrun of a watch that ends then") {
        watch_options strict = o;
        strict.on_expired = kv::on_expired::fail;
        watch_script t(strict);
        t.stream.config = s.stream.config;
        t.created(from(11), 5, 10);
        t.put("b", "1", 39, 0);
        t.machine.on_floor_asked(t.now);
        t.stream.state.first_seq = 13;
        t.machine.on_floor(t.stream);
        CHECK(t.machine.wants_end() == kv::errc::cursor_expired);
        CHECK(t.machine.position().sequence() == 10);
    }
    SUBCASE("no answer: asked again, not at once") {
        s.machine.on_no_floor();
        CHECK_FALSE(s.machine.wants_floor(s.now));
        CHECK(s.machine.position().sequence() == 11);
        CHECK(s.machine.wants_floor(s.machine.next_deadline()));
        s.machine.on_floor_asked(s.machine.next_deadline());
        s.stream.state.first_seq = 1;
        s.machine.on_floor(s.stream);
        CHECK(s.machine.position().sequence() == 39);
    }
    SUBCASE("jumps while the question is on its way need a question of their own") {
        s.put("c", "1", 50, 0);
        s.stream.state.first_seq = 12;
        s.machine.on_floor(s.stream);
        CHECK(s.machine.position().sequence() == 39);
        CHECK(s.machine.wants_floor(s.machine.next_deadline()));
    }
    SUBCASE("the floor of a younger stream") {
        s.stream.created = jetstream::wall_time(std::chrono::nanoseconds(1'001));
        s.stream.state.first_seq = 1;
        s.machine.on_floor(s.stream);
        CHECK(s.told.back() == "resync stream_recreated");
        CHECK(s.machine.take_restart());
        CHECK(s.machine.position().is_none());
        s.machine.on_floor(s.stream);  // a second one changes nothing
        CHECK_FALSE(s.machine.take_restart());
    }
    SUBCASE("the floor of an older stream says nothing") {
        s.stream.created = jetstream::wall_time(std::chrono::nanoseconds(5));
        s.stream.state.first_seq = 1;
        s.machine.on_floor(s.stream);
        CHECK(s.machine.position().sequence() == 11);
    }
}

TEST_CASE("I24: after an overrun the position stays in front of it until the resync was taken") {
    watch_options o;
    o.from = cursor(10, 1'000);
    o.on_expired = kv::on_expired::resync;
    watch_script s(o, {}, false);
    s.stream.config.max_msgs = 100;
    s.stream.config.discard = jetstream::discard_policy::old;
    s.created(from(11), 5, 10);
    s.put("b", "1", 39, 0);
    s.machine.on_floor_asked(s.now);
    s.stream.state.first_seq = 20;
    s.machine.on_floor(s.stream);
    kv::update u;
    REQUIRE(s.machine.take(u));
    CHECK(u.key() == "b");
    s.stream.created = jetstream::wall_time(std::chrono::nanoseconds(2'000));  // another stream by now
    s.created(state_sync, 0, 0, 3);
    s.machine.on_caught_up();
    CHECK(s.machine.position() == cursor(10, 1'000));
    REQUIRE(s.machine.take(u));
    CHECK(u.kind() == kv::update_kind::resync);
    CHECK(s.machine.position().is_none());
    REQUIRE(s.machine.take(u));
    CHECK(s.machine.position() == cursor(3, 2'000));
}

TEST_CASE("W4: with an age limit, only a watch that lags behind is suspicious") {
    watch_options o;
    o.from = cursor(10, 1'000);
    watch_script s(o, {}, false);
    s.stream.config.max_age = std::chrono::minutes(1);
    s.created(from(11), 5, 10);
    s.put("a", "1", 20, 0);
    CHECK_FALSE(s.machine.needs_attention());
    s.take_all();
    SUBCASE("more was waiting on the server") {
        s.put("a", "1", 21, 7);
        s.take_all();
        s.put("a", "1", 30, 0);
        CHECK(s.machine.wants_floor(s.now));
    }
    SUBCASE("what was told before has not been taken") {
        s.put("a", "1", 21, 0);
        s.put("a", "1", 30, 0);
        CHECK(s.machine.wants_floor(s.now));
    }
    SUBCASE("the server was stalled") {
        s.machine.on_stalled();
        s.machine.on_idle(30);
        CHECK(s.machine.wants_floor(s.now));
    }
    SUBCASE("none of it") {
        s.machine.on_idle(30);
        s.put("a", "1", 40, 0);
        CHECK_FALSE(s.machine.needs_attention());
    }
}

TEST_CASE("W34: where only overwriting removes messages, nothing is ever asked") {
    watch_options o;
    o.from = cursor(10, 1'000);
    watch_script s(o);
    s.created(from(11), 5, 10);
    s.put("a", "1", 30, 9);
    s.machine.on_stalled();
    s.machine.on_idle(90);
    CHECK_FALSE(s.machine.needs_attention());
    CHECK(s.machine.position().sequence() == 90);
}

TEST_CASE("W4: while the state is told, only what lies behind the snapshot can be missed") {
    watch_script s;
    s.stream.config.max_msgs = 100;
    s.stream.config.discard = jetstream::discard_policy::old;
    s.created(state_sync, 5, 0, 40);
    s.put("a", "1", 7, 4);
    s.put("b", "1", 30, 3);
    s.put("c", "1", 41, 2);
    CHECK_FALSE(s.machine.needs_attention());
    s.put("d", "1", 43, 1);
    CHECK(s.machine.wants_floor(s.now));
}

TEST_CASE("W4: a question that was on its way when the watch began again says nothing") {
    floor_guard g;
    g.expose(exposure::size);
    g.begin(10, 0);
    g.on_message(20, 0, false);
    g.on_asked({});
    g.begin(0, 0);
    CHECK(g.limit() == floor_guard::unlimited);
    CHECK(g.on_floor(1'000, 1'000));
    g.on_no_answer();
    CHECK(g.limit() == floor_guard::unlimited);
}

TEST_CASE("W3: while a question of an earlier beginning is on its way no other is asked, and its answer decides nothing") {
    floor_guard g;
    g.expose(exposure::size);
    g.begin(3, 0);
    g.on_idle(5);
    g.on_asked({});
    g.begin(10, 0);
    g.on_idle(20);
    CHECK_FALSE(g.wants_floor(kv::machine::time_point::max()));
    CHECK(g.on_floor(1'000, 1'000));
    CHECK(g.wants_floor(kv::machine::time_point::max()));
    CHECK(g.limit() == 10);
}

TEST_CASE("W4, W34: what came before an interrupted state was told again, and left before it was delivered, is not passed over") {
    watch_options options;
    options.on_expired = kv::on_expired::resync;
    watch_script s(options);
    s.stream.config.max_bytes = 1'000;
    s.stream.config.discard = jetstream::discard_policy::old;
    s.created(state_sync, 2, 0, 10);
    s.put("a", "x", 5, 1);
    s.machine.on_restarted(jetstream::restart_reason::heartbeat_missed);
    s.stream.state.first_seq = 10;
    s.created(state_sync, 1, 0, 11);  // 11, which may be the end of "a", is there now, but never comes
    s.machine.on_caught_up();
    CHECK(s.machine.position() == cursor(10, 1'000));
    REQUIRE(s.machine.wants_floor(s.now));
    s.machine.on_floor_asked(s.now);
    SUBCASE("it is gone") {
        s.stream.state.first_seq = 12;
        s.machine.on_floor(s.stream);
        CHECK(s.machine.take_restart().has_value());
    }
    SUBCASE("it was of no concern") {
        s.stream.state.first_seq = 11;
        s.machine.on_floor(s.stream);
        CHECK_FALSE(s.machine.take_restart().has_value());
        CHECK(s.machine.position() == cursor(11, 1'000));
    }
}
