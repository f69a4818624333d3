// What a watch does when changes are lost, and how it ends.
#include <doctest/doctest.h>

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>
#include <slipstream/kv/error.hpp>

#include "watch_script.hpp"

using namespace slipstream;
using namespace slipstream::test;
using jetstream::deliver_policy;
using jetstream::ordered_verdict;
using kv::cursor;
using kv::watch_options;

TEST_CASE("W1, G9: an expired cursor ends the watch, or begins again when asked for") {
    for (const auto policy : {kv::on_expired::fail, kv::on_expired::resync}) {
        watch_options o;
        o.from = cursor(7, 1'000);
        o.on_expired = policy;
        watch_script s(o);
        s.stream.config.max_age = std::chrono::seconds(10);
        jetstream::ordered_loss loss;
        loss.what = jetstream::ordered_loss::kind::start_clamped;
        loss.start = from(8);
        loss.floor = 12;
        loss.stream = &s.stream;
        const ordered_verdict v = s.machine.on_lost(loss);
        if (policy == kv::on_expired::fail) {
            CHECK(v.what == ordered_verdict::kind::end);
            CHECK(s.machine.wants_end() == kv::errc::cursor_expired);
            CHECK(s.machine.end_for(make_error_code(jetstream::errc::start_sequence_clamped)) == kv::errc::cursor_expired);
            CHECK(s.told.empty());
            CHECK(s.machine.position() == o.from);
            continue;
        }
        CHECK(v.what == ordered_verdict::kind::restart);
        CHECK(v.from.policy == deliver_policy::last_per_subject);
        CHECK(s.told == lines{"resync expired"});
        CHECK(s.machine.position().is_none());
        s.created(state_sync, 1, 0, 20);
        s.put("a", "1", 15, 0);
        CHECK(s.machine.position().is_none());
        s.machine.on_caught_up();
        CHECK(s.told == lines{"resync expired", "put a=1 @15 initial", "initial_done 1"});
        CHECK(s.machine.position() == cursor(20, 1'000));
    }
}

TEST_CASE("W34: a floor that only overwriting can have moved is no loss; a stream that was emptied, or a strict watch, is") {
    jetstream::ordered_loss loss;
    loss.what = jetstream::ordered_loss::kind::start_clamped;
    loss.start = from(8);
    loss.floor = 12;
    watch_options o;
    o.from = cursor(7, 1'000);
    {
        watch_script s(o);
        loss.stream = &s.stream;
        CHECK(s.machine.on_lost(loss).what == ordered_verdict::kind::accept);
        CHECK(s.machine.position().sequence() == 11);
        s.created(from(8), 1, 11);
        s.put("a", "9", 12, 0);
        CHECK(s.told == lines{"put a=9 @12 initial"});
    }
    {
        watch_script s(o);
        s.stream.state.messages = 0;  // purged
        loss.stream = &s.stream;
        CHECK(s.machine.on_lost(loss).what == ordered_verdict::kind::end);
    }
    {
        watch_options strict = o;
        strict.strict_floor = true;
        watch_script s(strict);
        loss.stream = &s.stream;
        CHECK(s.machine.on_lost(loss).what == ordered_verdict::kind::end);
    }
    {
        watch_script s(o);
        loss.stream = nullptr;
        CHECK(s.machine.on_lost(loss).what == ordered_verdict::kind::end);
    }
}

TEST_CASE("W2: another stream under the same name") {
    watch_options o;
    o.from = cursor(7, 1'000);
    o.on_expired = kv::on_expired::resync;
    for (const auto kind : {jetstream::ordered_loss::kind::stream_recreated, jetstream::ordered_loss::kind::beyond_end}) {
        watch_script s(o);
        jetstream::ordered_loss loss;
        loss.what = kind;
        loss.start = from(8);
        loss.stream = &s.stream;
        CHECK(s.machine.on_lost(loss).what == ordered_verdict::kind::restart);
        CHECK(s.told == lines{"resync stream_recreated"});
    }
}

TEST_CASE("W6, I28: a state of which more came after its end is told anew") {
    watch_options o;
    o.on_expired = kv::on_expired::resync;
    watch_script s(o);
    jetstream::ordered_loss loss;
    loss.what = jetstream::ordered_loss::kind::state_incomplete;
    loss.start = from(8);
    loss.stream = &s.stream;
    const auto verdict = s.machine.on_lost(loss);
    CHECK(verdict.what == ordered_verdict::kind::restart);
    CHECK(verdict.from.policy == jetstream::deliver_policy::last_per_subject);
    CHECK(s.told == lines{"resync gap"});
}

TEST_CASE("W4: what retention took from a watch that was interrupted is an overrun") {
    watch_options o;
    o.on_expired = kv::on_expired::resync;
    watch_script s(o);
    s.stream.config.max_age = std::chrono::seconds(10);
    s.created(state_sync, 0, 0, 5);
    s.machine.on_caught_up();
    jetstream::ordered_loss loss;
    loss.what = jetstream::ordered_loss::kind::start_clamped;
    loss.start = from(6);
    loss.floor = 12;
    loss.stream = &s.stream;
    CHECK(s.machine.on_lost(loss).what == ordered_verdict::kind::restart);
    CHECK(s.told == lines{"initial_done 0", "resync overrun"});
}

TEST_CASE("W4, W30, I23: after a loss a watch of updates only is told the state, so that no delete is missed") {
    watch_options o;
    o.updates_only = true;
    o.on_expired = kv::on_expired::resync;
    jetstream::ordered_loss loss;
    loss.what = jetstream::ordered_loss::kind::start_clamped;
    loss.floor = 40;
    for (const bool resumed : {false, true}) {
        if (resumed) o.from = cursor(30, 1'000);
        watch_script s(o);
        s.stream.config.max_age = std::chrono::seconds(10);
        CHECK(s.machine.first_start().policy == (resumed ? deliver_policy::by_start_sequence : deliver_policy::new_));
        s.created(s.machine.first_start(), 0, 30);
        s.machine.on_caught_up();
        s.put("a", "1", 31);
        loss.start = from(32);
        loss.stream = &s.stream;
        const ordered_verdict v = s.machine.on_lost(loss);
        CHECK(v.what == ordered_verdict::kind::restart);
        CHECK(v.from.policy == deliver_policy::last_per_subject);
        CHECK(s.machine.position().is_none());
        s.created(state_sync, 1, 0, 41);
        s.put("b", "1", 41, 0);
        CHECK(s.machine.position().is_none());
        s.machine.on_caught_up();
        // "a" went away while nobody looked: it is not told, and initial_done says that nothing else is there.
        CHECK(s.told == lines{"initial_done 0", "put a=1 @31", "resync overrun", "put b=1 @41 initial", "initial_done 1"});
        CHECK(s.machine.position() == cursor(41, 1'000));
    }
}

TEST_CASE("W2, W30: a watch of updates only whose bucket was made again is told the state of the new one") {
    watch_options o;
    o.updates_only = true;
    o.on_expired = kv::on_expired::resync;
    watch_script s(o);
    s.created({.policy = deliver_policy::new_}, 0, 30);
    s.machine.on_caught_up();
    jetstream::stream_info younger = s.stream;
    younger.created += std::chrono::nanoseconds(1);
    s.machine.on_floor(younger);
    const auto again = s.machine.take_restart();
    REQUIRE(again);
    CHECK(again->policy == deliver_policy::last_per_subject);
    CHECK(s.told == lines{"initial_done 0", "resync stream_recreated"});
}

TEST_CASE("W4, W5: an interrupted state is begun again when changes of what was told may have left the bucket") {
    for (const auto reason : {jetstream::restart_reason::gap, jetstream::restart_reason::heartbeat_missed}) {
        watch_options o;
        o.on_expired = kv::on_expired::resync;
        watch_script s(o);
        s.stream.config.max_age = std::chrono::seconds(10);
        s.created(state_sync, 9, 0, 20);
        s.put("a", "1", 4, 8);
        s.machine.on_restarted(reason);
        s.stream.state.first_seq = 21;  // what lies up to the snapshot may vanish untold
        s.created(state_sync, 5);
        CHECK_FALSE(s.machine.take_restart());
        s.machine.on_restarted(reason);
        s.stream.state.first_seq = 22;
        s.created(state_sync, 5);
        const auto again = s.machine.take_restart();
        REQUIRE(again);
        CHECK(again->policy == deliver_policy::last_per_subject);
        CHECK(s.told.back() == (reason == jetstream::restart_reason::gap ? "resync gap" : "resync consumer_gone"));
    }
}

TEST_CASE("W33, W2: how a consumer's end is told") {
    watch_script s;
    CHECK(s.machine.end_for(make_error_code(jetstream::errc::stream_not_found)) == kv::errc::bucket_not_found);
    s.created(state_sync);
    CHECK(s.machine.end_for(make_error_code(jetstream::errc::stream_not_found)) == kv::errc::bucket_deleted);
    CHECK(s.machine.end_for(make_error_code(slipstream::errc::closed)) == slipstream::errc::closed);
    CHECK(s.machine.end_for(make_error_code(jetstream::errc::maximum_consumers)) == jetstream::errc::maximum_consumers);
}
