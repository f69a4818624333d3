// What a watch tells, and where it stands.
#include <doctest/doctest.h>

#include <limits>

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>
#include <slipstream/kv/error.hpp>

#include "watch_script.hpp"

using namespace slipstream;
using namespace slipstream::test;
using jetstream::deliver_policy;
using jetstream::disposition;
using kv::cursor;
using kv::watch_options;

TEST_CASE("S92, W30: the current values, initial_done once, then changes; the position is none until then") {
    watch_script s;
    CHECK(s.machine.first_start().policy == deliver_policy::last_per_subject);
    s.created(state_sync, 3, 0, 9);
    CHECK(s.put("a", "1", 4, 2) == disposition::taken);
    CHECK(s.machine.position().is_none());
    s.mark("b", "DEL", 5, 1);
    s.put("c", "", 7, 0);
    s.machine.on_caught_up();
    CHECK(s.told == lines{"put a=1 @4 initial", "erase b @5 initial", "put c= @7 initial", "initial_done 3"});
    CHECK(s.machine.position() == cursor(9, 1'000));  // nothing else was there up to the snapshot
    s.machine.on_caught_up();
    s.put("a", "2", 12);
    s.mark("a", "PURGE", 13);
    CHECK(s.told.size() == 6);
    CHECK(s.told[4] == "put a=2 @12");
    CHECK(s.told[5] == "purge a @13");
    CHECK(s.machine.position() == cursor(13, 1'000));
}

TEST_CASE("S89, W27, G4: one reading of markers") {
    watch_script s;
    s.created(state_sync);
    s.machine.on_caught_up();
    for (const auto& [header, wanted] :
         {std::pair{"KV-Operation: DEL", "erase k @1"}, std::pair{"KV-Operation: PURGE", "purge k @1"},
          std::pair{"Nats-Marker-Reason: MaxAge", "purge k @1"}, std::pair{"Nats-Marker-Reason: Purge", "purge k @1"},
          std::pair{"Nats-Marker-Reason: Remove", "erase k @1"}, std::pair{"KV-Operation: PUT", "put k= @1"}}) {
        s.told.clear();
        const std::string block = std::string("NATS/1.0\r\n") + header + "\r\n\r\n";
        s.deliver(message_view("$KV.b.k", "", block, ""), 1, 0);
        CHECK(s.told == lines{wanted});
    }
}

TEST_CASE("S88: a subject outside the bucket is no update, and still moves the position") {
    watch_script s;
    s.created(state_sync);
    s.machine.on_caught_up();
    s.deliver(message_view("$KV.other.k", "", "", "v"), 5, 0);
    CHECK(s.told == lines{"initial_done 0"});
    CHECK(s.machine.position() == cursor(5, 1'000));
}

TEST_CASE("W8: prefixes are byte prefixes: what the server's wider filter lets through is left out and counted") {
    watch_script s({}, kv::prefixes(std::vector<std::string>{"nod", "x.y"}));
    s.created(state_sync, 4);
    s.put("node.a", "1", 1, 3);
    s.put("other", "1", 2, 2);
    s.put("x.z", "1", 3, 1);
    s.put("x.yz.w", "1", 4, 0);
    s.machine.on_caught_up();
    CHECK(s.told == lines{"put node.a=1 @1 initial", "put x.yz.w=1 @4 initial", "initial_done 2"});
    s.put("other", "2", 9);
    CHECK(s.machine.position().sequence() == 9);
}

TEST_CASE("W30, W47: ignore_deletes and skip_initial_deletes") {
    {
        watch_options o;
        o.ignore_deletes = true;
        watch_script s(o);
        s.created(state_sync, 1);
        s.mark("a", "DEL", 1, 0);
        s.machine.on_caught_up();
        s.mark("a", "PURGE", 2);
        CHECK(s.told == lines{"initial_done 0"});
        CHECK(s.machine.position().sequence() == 2);
    }
    {
        watch_options o;
        o.skip_initial_deletes = true;
        watch_script s(o);
        s.created(state_sync, 1, 0, 1);
        s.mark("a", "DEL", 1, 0);
        s.machine.on_caught_up();
        s.mark("a", "DEL", 2);
        CHECK(s.told == lines{"initial_done 0", "erase a @2"});
    }
    {
        watch_options o;
        o.skip_initial_deletes = true;  // but not of a key that was told and goes away before the state is complete
        watch_script s(o);
        s.created(state_sync, 2, 0, 2);
        s.put("a", "1", 1, 1);
        s.mark("a", "DEL", 3, 1);  // written meanwhile
        s.created(state_sync, 2, 0, 4);  // an interruption: the state that was asked for first is what counts
        s.mark("b", "DEL", 4, 0);
        s.machine.on_caught_up();
        CHECK(s.told == lines{"put a=1 @1 initial", "erase a @3 initial", "erase b @4 initial", "initial_done 3"});
    }
    {
        watch_options o;
        o.skip_initial_deletes = true;
        o.include_history = true;  // the values before a delete are told, so the delete is
        watch_script s(o);
        s.created({.policy = slipstream::jetstream::deliver_policy::all}, 2, 0, 2);
        s.put("a", "1", 1, 1);
        s.mark("a", "DEL", 2, 0);
        CHECK(s.told == lines{"put a=1 @1 initial", "erase a @2 initial"});
    }
    {
        watch_options o;
        o.skip_initial_deletes = true;
        o.from = cursor(5, 1'000);  // a resume is about changes: its deletes are the point
        watch_script s(o);
        s.created(from(6), 1, 5);
        s.mark("a", "DEL", 6, 0);
        CHECK(s.told == lines{"erase a @6 initial"});
    }
}

TEST_CASE("S67, W30: meta_only tells the length the server states, the last one said") {
    watch_options o;
    o.meta_only = true;
    watch_script s(o, {}, false);
    s.created(state_sync);
    kv::update u;
    for (const auto& [block, size] : {std::pair{"NATS/1.0\r\nNats-Msg-Size: 12\r\n\r\n", std::uint64_t{12}},
                                      std::pair{"NATS/1.0\r\nNats-Msg-Size: 99\r\nNats-Msg-Size: 3\r\n\r\n", std::uint64_t{3}},
                                      std::pair{"NATS/1.0\r\nNats-Msg-Size: 0\r\n\r\n", std::uint64_t{0}},
                                      std::pair{"NATS/1.0\r\nNats-Msg-Size: 99999999999999999999999\r\n\r\n", std::uint64_t{0}},
                                      std::pair{"NATS/1.0\r\nNats-Msg-Size: -1\r\n\r\n", std::uint64_t{0}}}) {
        s.deliver(message_view("$KV.b.k", "", block, ""), 1, 0);
        REQUIRE(s.machine.take(u));
        CHECK(u.value_size() == size);
        CHECK(u.value().empty());
    }
}

TEST_CASE("S97, S98, R26: a cursor resumes behind it; none and zero begin with the state") {
    watch_options o;
    o.from = cursor(41, 1'000);
    CHECK(watch_script(o).machine.first_start().policy == deliver_policy::by_start_sequence);
    CHECK(watch_script(o).machine.first_start().sequence == 42);
    CHECK(watch_script(o).machine.first_start().stream_created == monday);
    o.from = cursor(kv::revision(3));
    CHECK(watch_script(o).machine.first_start().sequence == 4);
    CHECK(watch_script(o).machine.first_start().stream_created == jetstream::wall_time{});
    o.from = cursor(kv::revision(0));
    CHECK(watch_script(o).machine.first_start().policy == deliver_policy::last_per_subject);
}

TEST_CASE("R20, G24: behind the last possible revision there is nothing to resume from") {
    watch_options o;
    o.from = cursor(std::numeric_limits<std::uint64_t>::max(), 0);
    CHECK(kv::machine::check_watch({}, o) == kv::errc::invalid_cursor);
    o.from = cursor(std::numeric_limits<std::uint64_t>::max() - 1, 0);
    CHECK_FALSE(kv::machine::check_watch({}, o));
    CHECK(watch_script(o).machine.first_start().sequence == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("W37, G16: bad prefixes and options are refused") {
    CHECK(kv::machine::check_watch(kv::prefixes("a.*"), {}) == kv::errc::invalid_prefix);
    CHECK(kv::machine::check_watch(kv::prefixes("a..b"), {}) == kv::errc::invalid_prefix);
    watch_options o;
    o.heartbeat = std::chrono::milliseconds(99);
    CHECK(kv::machine::check_watch({}, o) == slipstream::errc::invalid_option);
    o = {};
    o.timeout = std::chrono::milliseconds(-1);
    CHECK(kv::machine::check_watch({}, o) == slipstream::errc::invalid_option);
    o = {};
    o.inactive_threshold = {};
    CHECK(kv::machine::check_watch({}, o) == slipstream::errc::invalid_option);
    o = {};
    o.pending_messages = 0;
    CHECK(kv::machine::check_watch({}, o) == slipstream::errc::invalid_option);
    o = {};
    o.pending_bytes = 0;
    CHECK(kv::machine::check_watch({}, o) == slipstream::errc::invalid_option);
}

TEST_CASE("W2, S97: a saved cursor without identity gets one; the position begins at the cursor") {
    watch_options o;
    o.from = cursor(kv::revision(7));
    watch_script s(o);
    CHECK(s.machine.position() == o.from);
    s.created(from(8), 0, 7);
    CHECK(s.machine.position() == cursor(7, 1'000));
    s.machine.on_caught_up();
    CHECK(s.told == lines{"initial_done 0"});
    s.put("a", "1", 8);
    CHECK(s.machine.position() == cursor(8, 1'000));
}

TEST_CASE("W30: updates only begin at the end of the stream") {
    watch_options o;
    o.updates_only = true;
    watch_script s(o);
    CHECK(s.machine.first_start().policy == deliver_policy::new_);
    s.created({.policy = deliver_policy::new_}, 0, 30);
    s.machine.on_caught_up();
    CHECK(s.told == lines{"initial_done 0"});
    CHECK(s.machine.position() == cursor(30, 1'000));
}

TEST_CASE("W30: with history, all revisions count as initial") {
    watch_options o;
    o.include_history = true;
    watch_script s(o);
    CHECK(s.machine.first_start().policy == deliver_policy::all);
    s.created({.policy = deliver_policy::all}, 2, 0);
    s.put("a", "1", 1, 1);
    s.put("a", "2", 2, 0);
    s.machine.on_caught_up();
    CHECK(s.told == lines{"put a=1 @1 initial", "put a=2 @2 initial", "initial_done 2"});
}

TEST_CASE("W34, L16: heartbeats move the position while nothing in scope changes") {
    watch_options o;
    o.from = cursor(7, 1'000);
    watch_script s(o);
    s.created(from(8), 0, 7);
    s.machine.on_caught_up();
    s.machine.on_idle(90);
    CHECK(s.machine.position().sequence() == 90);
}

TEST_CASE("I24: the position never runs ahead of what was taken") {
    watch_options o;
    o.from = cursor(7, 1'000);
    watch_script s(o, {}, false);
    s.created(from(8), 2, 7);
    CHECK(s.put("a", "1", 8, 1) == disposition::queued);
    CHECK(s.put("b", "1", 9, 0) == disposition::queued);
    s.machine.on_caught_up();
    s.machine.on_idle(50);
    CHECK(s.machine.position().sequence() == 7);
    kv::update u;
    REQUIRE(s.machine.take(u));
    CHECK(s.machine.position().sequence() == 8);
    REQUIRE(s.machine.take(u));
    CHECK(s.machine.position().sequence() == 9);
    REQUIRE(s.machine.take(u));  // initial_done, and what the heartbeat said after it
    CHECK(s.machine.position().sequence() == 50);
    CHECK(s.machine.take_count() == 2);
    CHECK(s.machine.take_count() == 0);
    s.machine.on_idle(60);
    CHECK(s.machine.position().sequence() == 60);
}

TEST_CASE("I24: what is left out while others wait moves the position only with them") {
    watch_options o;
    o.from = cursor(7, 1'000);
    o.ignore_deletes = true;
    watch_script s(o, {}, false);
    s.created(from(8), 2, 7);
    s.put("a", "1", 8, 1);
    CHECK(s.mark("b", "DEL", 9) == disposition::taken);
    CHECK(s.machine.position().sequence() == 7);
    CHECK(s.take_all() == lines{"put a=1 @8 initial"});
    CHECK(s.machine.position().sequence() == 9);
}

TEST_CASE("F6, D3: what does not fit is refused and changes nothing; the first one always fits, and so do the watch's own words") {
    watch_options o;
    o.pending_messages = 2;
    watch_script s(o, {}, false);
    s.created(state_sync, 3);
    CHECK(s.put("a", "1", 1, 2) == disposition::queued);
    CHECK(s.put("b", "1", 2, 1) == disposition::queued);
    CHECK(s.put("c", "1", 3, 0) == disposition::refused);
    s.machine.on_caught_up();
    CHECK(s.take_all() == lines{"put a=1 @1 initial", "put b=1 @2 initial", "initial_done 2"});
    CHECK(s.put("c", "1", 3, 0) == disposition::queued);

    o = {};
    o.pending_bytes = 1;
    watch_script large(o, {}, false);
    large.created(state_sync, 3);
    CHECK(large.put("a", std::string(5'000, 'x'), 1, 2) == disposition::queued);
    CHECK(large.put("b", "1", 2, 1) == disposition::refused);
}

TEST_CASE("S94: no prefix at all: complete at once, and nothing else") {
    watch_script s({}, kv::prefixes(std::vector<std::string>{}));
    s.machine.watch_nothing();
    CHECK(s.told == lines{"initial_done 0"});
    CHECK(s.machine.position().is_none());
}

TEST_CASE("H4: nothing is told after the end, from inside the handler either") {
    kv::machine::watch_machine* machine = nullptr;
    int told = 0;
    kv::machine::watch_machine m({.key_prefix = "$KV.b.", .scope = {}, .options = {}}, [&](const kv::update_view&) {
        ++told;
        machine->on_ended();
    });
    machine = &m;
    jetstream::delivery_info place;
    place.stream_sequence = 1;
    CHECK(m.on_message(message_view("$KV.b.k", "", "", "v"), place) == disposition::taken);
    CHECK(m.on_message(message_view("$KV.b.k", "", "", "v"), place) == disposition::taken);
    m.on_caught_up();
    CHECK(told == 1);
}
