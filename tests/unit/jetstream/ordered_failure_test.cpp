// The set-up of an ordered consumer when it fails: what is tried again, when, and what ends it.
#include <doctest/doctest.h>

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>

#include "ordered_script.hpp"

using namespace slipstream;
using namespace slipstream::test;
using jetstream::deliver_policy;
using jetstream::wall_time;
using namespace std::chrono_literals;

namespace {

ordered::ordered_settings with_facts(deliver_policy policy, std::uint64_t sequence = 0, wall_time created = {}) {
    ordered::ordered_settings s;
    s.start = {.policy = policy, .sequence = sequence, .stream_created = created};
    s.stream_facts = true;
    return s;
}

const wall_time monday = wall_time(std::chrono::seconds(1'000));

std::string ended(std::error_code ec) { return "ended " + ec.message(); }

}  // namespace

TEST_CASE("F4, F8: passing failures are tried again with growing distance, by the same rules of start") {
    ordered_script s(with_facts(deliver_policy::by_start_sequence, 5, monday));
    s.machine.start(true, s.now);
    s.pump();
    s.machine.on_create_failed(1, make_error_code(jetstream::errc::temporarily_unavailable));
    CHECK(s.pump() == lines{"unsubscribe#1", "restarted create_failed"});  // refused for certain: nothing to delete
    CHECK(s.machine.next_deadline() <= s.now + 100ms);
    s.advance_to_deadline();
    CHECK(s.pump() == lines{"create#2 from 5", "read#2"});
    s.machine.on_create_failed(2, make_error_code(slipstream::errc::timeout));
    CHECK(s.pump() == lines{"unsubscribe#2", "remove#2", "restarted create_failed"});  // it may exist (F17, F18)
    s.advance_to_deadline();
    CHECK(s.pump().front() == "create#3 from 5");
    s.machine.on_created(3, {.num_pending = 0, .delivered = {0, 4}});
    s.machine.on_stream_failed(3, make_error_code(slipstream::errc::timeout));
    CHECK(s.pump() == lines{"unsubscribe#3", "remove#3", "restarted create_failed"});
}

TEST_CASE("S96, W32: what cannot pass ends the set-up at once, with the server's own code") {
    for (const std::error_code ec :
         {make_error_code(jetstream::errc::stream_not_found), make_error_code(jetstream::errc::maximum_consumers),
          make_error_code(jetstream::errc::consumer_create), make_error_code(slipstream::errc::permission_denied),
          make_error_code(slipstream::errc::invalid_subject), make_error_code(slipstream::errc::closed),
          std::error_code(10094, jetstream::category()), make_error_code(jetstream::errc::not_enabled_for_account)}) {
        ordered_script s(with_facts(deliver_policy::last_per_subject));
        s.machine.start(true, s.now);
        s.pump();
        s.machine.on_create_failed(1, ec);
        CHECK(s.pump().back() == ended(ec));
        CHECK(s.machine.next_deadline() == ordered::never);
    }
}

TEST_CASE("W33, F4: once it worked, only a stream that is gone ends it") {
    ordered_script s(with_facts(deliver_policy::last_per_subject));
    s.machine.start(true, s.now);
    s.pump();
    s.machine.on_stream(1, {.created = monday});
    s.machine.on_created(1, {.num_pending = 0});
    s.pump();
    s.machine.on_disconnected();
    s.machine.on_connected();
    for (const std::error_code ec : {make_error_code(jetstream::errc::maximum_consumers), make_error_code(jetstream::errc::consumer_create),
                                     make_error_code(slipstream::errc::no_responders), make_error_code(slipstream::errc::no_responders),
                                     make_error_code(slipstream::errc::no_responders), make_error_code(slipstream::errc::no_responders),
                                     make_error_code(slipstream::errc::timeout), make_error_code(jetstream::errc::not_enabled)}) {
        s.pump();
        s.machine.on_create_failed(s.machine.incarnation(), ec);
        CHECK(s.pump().back() == "restarted create_failed");
        s.advance_to_deadline();
    }
    s.pump();
    s.machine.on_create_failed(s.machine.incarnation(), make_error_code(jetstream::errc::stream_not_found));
    CHECK(s.pump().back() == ended(make_error_code(jetstream::errc::stream_not_found)));
}

TEST_CASE("E5: nobody answers the API: a few attempts, then the end") {
    ordered_script s(with_facts(deliver_policy::last_per_subject));
    s.machine.start(true, s.now);
    int attempts = 0;
    while (!s.machine.is_ended()) {
        s.pump();
        ++attempts;
        s.machine.on_create_failed(s.machine.incarnation(), make_error_code(slipstream::errc::no_responders));
        s.pump();
        if (!s.machine.is_ended()) s.advance_to_deadline();
    }
    CHECK(attempts == 3);
}

TEST_CASE("S4, S96, E1: the set-up has one deadline, and the last error is told") {
    ordered::ordered_settings settings = with_facts(deliver_policy::last_per_subject);
    settings.setup_timeout = 20s;
    SUBCASE("a server that does not answer") {
        ordered_script s(settings);
        const ordered::time_point deadline = s.now + 20s;
        s.machine.start(true, s.now);
        s.pump();
        while (!s.machine.is_ended()) {
            REQUIRE(s.machine.next_deadline() <= deadline);
            if (s.machine.incarnation() != 0) {
                s.now = std::min(deadline, s.now + 5s);
                s.machine.on_time(s.now);
                s.machine.on_create_failed(s.machine.incarnation(), make_error_code(jetstream::errc::insufficient_resources));
            } else {
                s.advance_to_deadline();
            }
            s.pump();
        }
        CHECK(s.now == deadline);
    }
    SUBCASE("not a word") {
        ordered_script s(settings);
        s.machine.start(true, s.now);
        s.pump();
        s.advance(20s);
        CHECK(s.pump() == lines{"unsubscribe#1", "remove#1", ended(make_error_code(slipstream::errc::timeout))});
    }
    SUBCASE("no connection") {
        ordered_script s(settings);
        s.machine.start(false, s.now);
        CHECK(s.pump().empty());
        CHECK(s.machine.next_deadline() == s.now + 20s);
        s.advance(20s);
        CHECK(s.pump() == lines{ended(make_error_code(slipstream::errc::timeout_unsent))});
    }
    SUBCASE("a connection in time") {
        ordered_script s(settings);
        s.machine.start(false, s.now);
        s.advance(19s);
        s.machine.on_connected();
        CHECK(s.pump() == lines{"read#1", "create#1 last_per_subject"});
        s.machine.on_stream(1, {.created = monday});
        s.machine.on_created(1, {.num_pending = 0});
        s.pump();
        s.advance(1h);
        CHECK_FALSE(s.machine.is_ended());
    }
}

TEST_CASE("W12: what is left of the set-up time bounds each request") {
    ordered::ordered_settings settings = with_facts(deliver_policy::last_per_subject);
    settings.setup_timeout = 7s;
    ordered_script s(settings);
    ordered::ordered_action a;
    s.machine.start(true, s.now);
    REQUIRE(s.machine.next_action(a, s.now));
    CHECK(a.timeout == 5s);
    s.pump();
    s.machine.on_create_failed(1, make_error_code(jetstream::errc::temporarily_unavailable));
    s.pump();
    s.advance(4s);
    REQUIRE(s.machine.next_action(a, s.now));
    CHECK(a.timeout == 3s);
}

TEST_CASE("C18, F4: the connection is lost while the consumer is being made") {
    ordered_script s(with_facts(deliver_policy::by_start_sequence, 5, monday));
    s.machine.start(true, s.now);
    s.pump();
    s.machine.on_create_failed(1, make_error_code(slipstream::errc::connection_lost));
    s.machine.on_disconnected();
    CHECK(s.pump() == lines{"unsubscribe#1"});
    s.machine.on_connected();
    CHECK(s.pump() == lines{"remove#1", "create#2 from 5", "read#2"});
}
