// A watch of a replicated bucket: the replica that delivers may be behind the leader, whose sequence the stream's information tells.
#include <doctest/doctest.h>

#include <slipstream/jetstream/stream_config.hpp>

#include "watch_script.hpp"

using namespace slipstream;
using namespace slipstream::test;
using kv::cursor;
using kv::watch_options;

namespace {

void replicate(watch_script& s) { s.stream.config.num_replicas = 3; }

/// A watch of a replicated bucket that drops its oldest messages; the leader has those from 50 on.
class dropping_replicas : public watch_script {
public:
    dropping_replicas() : watch_script([] {
          watch_options o;
          o.on_expired = kv::on_expired::resync;
          return o;
      }()) {
        replicate(*this);
        stream.config.discard = jetstream::discard_policy::old;
        stream.config.max_msgs = 100;
        stream.state.first_seq = 50;
    }
    /// The state ends at 60, and the next message is 200.
    void live_after_a_jump() {
        created(state_sync, 1, 49, 60);
        put("a", "1", 60, 0);
        machine.on_caught_up();
        put("b", "1", 200);
    }
    /// Asks for the floor and is told it.
    void floor(std::uint64_t first_sequence) {
        REQUIRE(machine.wants_floor(now));
        machine.on_floor_asked(now);
        stream.state.first_seq = first_sequence;
        machine.on_floor(stream);
    }
};

}  // namespace

TEST_CASE("W42, I24: the position after the state is that of what was told, until the replica is known to have come further") {
    watch_script s;
    replicate(s);
    s.created(state_sync, 2, 0, 90);
    s.put("a", "1", 10, 1);
    s.put("b", "1", 40, 0);
    s.machine.on_caught_up();
    CHECK(s.machine.position() == cursor(40, 1'000));
    SUBCASE("it had everything: what lies between is not in scope") {
        s.machine.on_idle(90);
        CHECK(s.machine.position() == cursor(90, 1'000));
    }
    SUBCASE("it was behind") {
        s.machine.on_idle(60);
        CHECK(s.machine.position() == cursor(60, 1'000));
        s.mark("a", "DEL", 70);
        CHECK(s.machine.position() == cursor(70, 1'000));
        CHECK(s.told == lines{"put a=1 @10 initial", "put b=1 @40 initial", "initial_done 2", "erase a @70"});
    }
}

TEST_CASE("W42: no position before the replica has said where it is, when the state was empty") {
    watch_script s;
    replicate(s);
    s.created(state_sync, 0, 0, 90);
    s.machine.on_caught_up();
    CHECK(s.machine.position().is_none());
    s.machine.on_idle(90);
    CHECK(s.machine.position() == cursor(90, 1'000));
}

TEST_CASE("W42, W47: a delete that only the leader had when the watch began is told, also while the state is told") {
    watch_options o;
    o.skip_initial_deletes = true;
    watch_script s(o);
    replicate(s);
    s.created(state_sync, 1, 0, 90);
    s.put("a", "1", 10, 1);
    s.mark("a", "DEL", 50, 0);  // the replica has caught up meanwhile
    s.machine.on_caught_up();
    CHECK(s.told == lines{"put a=1 @10 initial", "erase a @50 initial", "initial_done 2"});
}

TEST_CASE("W42, G10: what a replica that was behind skips while it catches up may be lost; what it skips inside the state is not") {
    for (const bool behind : {true, false}) {
        CAPTURE(behind);
        watch_options o;
        o.on_expired = kv::on_expired::resync;
        watch_script s(o);
        replicate(s);
        s.stream.config.discard = jetstream::discard_policy::old;
        s.stream.config.max_msgs = 100;
        s.created(state_sync, 1, 0, 90);
        s.put("a", "1", 40, 0);
        s.machine.on_caught_up();
        s.put("b", "1", behind ? 80 : 91);
        CHECK(s.machine.wants_floor(s.now) == behind);
        if (!behind) continue;
        s.machine.on_floor_asked(s.now);
        s.stream.state.first_seq = 75;
        s.machine.on_floor(s.stream);
        CHECK(s.told.back() == "resync overrun");
    }
}

TEST_CASE("W42, G10, I23: a replica that has what its leader had dropped is behind: what it skips inside the state may be lost") {
    dropping_replicas s;
    SUBCASE("behind") {
        s.created(state_sync, 3, 19, 140);
        s.put("a", "1", 20, 2);  // erased meanwhile, at 45 perhaps
        s.put("b", "1", 21, 1);
        CHECK_FALSE(s.machine.wants_floor(s.now));
        s.put("c", "1", 60, 0);
        s.floor(50);
        CHECK(s.told == lines{"put a=1 @20 initial", "put b=1 @21 initial", "put c=1 @60 initial", "resync overrun"});
        CHECK(s.machine.position().is_none());
    }
    SUBCASE("behind, and nothing was dropped where it skipped") {
        s.created(state_sync, 2, 44, 140);
        s.put("a", "1", 45, 1);
        s.put("b", "1", 49, 0);
        s.floor(46);
        CHECK(s.told.size() == 2);
    }
    SUBCASE("not behind") {
        s.created(state_sync, 2, 49, 140);
        s.put("a", "1", 50, 1);
        s.put("c", "1", 90, 0);
        CHECK_FALSE(s.machine.wants_floor(s.now));
    }
    SUBCASE("not behind, and where delivery began was not said") {
        s.created(state_sync, 2, 0, 140);
        s.put("a", "1", 60, 1);
        s.put("c", "1", 90, 0);
        CHECK_FALSE(s.machine.wants_floor(s.now));
    }
}

TEST_CASE("W42, G10, I23: a replica of which more of the state comes after all was told is behind") {
    dropping_replicas s;
    s.created(state_sync, 2, 49, 140);
    s.put("a", "1", 50, 1);
    s.put("b", "1", 60, 0);
    SUBCASE("more comes before the state is complete") {
        s.put("c", "1", 130, 0);
        s.floor(100);
        CHECK(s.told.back() == "resync overrun");
    }
    SUBCASE("the state is complete: what lies up to the snapshot is not in scope") {
        s.machine.on_caught_up();
        s.put("c", "1", 141, 0);
        CHECK_FALSE(s.machine.wants_floor(s.now));
    }
}

TEST_CASE("W42, G10: a floor that is told by one who knows less than was delivered proves nothing; it is asked for again") {
    dropping_replicas s;
    s.live_after_a_jump();
    s.stream.state.last_seq = 150;  // it led before
    s.floor(50);
    CHECK(s.told.back() == "put b=1 @200");
    CHECK(s.machine.position().sequence() == 60);
    s.now += kv::machine::floor_guard::spacing;
    s.stream.state.last_seq = 210;
    SUBCASE("nothing had been dropped") {
        s.floor(60);
        CHECK(s.machine.position().sequence() == 200);
    }
    SUBCASE("something had") {
        s.floor(180);
        CHECK(s.told.back() == "resync overrun");
    }
}

TEST_CASE("W4, G10: what came after the question for the floor need not be in the answer") {
    dropping_replicas s;
    s.live_after_a_jump();
    REQUIRE(s.machine.wants_floor(s.now));
    s.machine.on_floor_asked(s.now);
    jetstream::stream_info answer = s.stream;
    answer.state.first_seq = 61;
    s.put("b", "2", 201);
    s.machine.on_floor(answer);
    CHECK(s.machine.position().sequence() == 201);
}

TEST_CASE("W42, G10, I23: a state of which a replica told a part: what the bucket dropped behind that part may have been changes of it") {
    dropping_replicas s;
    s.created(state_sync, 3, 49, 140);
    s.put("a", "1", 60, 2);
    s.machine.on_restarted(jetstream::restart_reason::reconnected);
    SUBCASE("nothing was dropped behind it") {
        s.stream.state.first_seq = 61;
        s.created(state_sync, 2, 60);
        CHECK(s.told.size() == 1);
    }
    SUBCASE("something was, up to the snapshot") {
        s.stream.state.first_seq = 141;
        s.created(state_sync, 2, 140);
        CHECK(s.told == lines{"put a=1 @60 initial", "resync gap"});
    }
}

TEST_CASE("W42: a state that was interrupted and is told again by another replica") {
    watch_script s;
    replicate(s);
    s.created(state_sync, 2, 0, 90);
    s.put("a", "1", 10, 1);
    s.machine.on_restarted(jetstream::restart_reason::reconnected);
    s.created(state_sync, 1, 0, 95);
    s.put("b", "1", 30, 0);
    s.machine.on_caught_up();
    CHECK(s.machine.position() == cursor(30, 1'000));
    s.put("c", "1", 94);
    CHECK(s.told == lines{"put a=1 @10 initial", "put b=1 @30 initial", "initial_done 2", "put c=1 @94"});
}
