// The set-up of an ordered consumer: what is asked in which order, and the check of the start.
#include <doctest/doctest.h>

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>

#include "ordered_script.hpp"

using namespace slipstream;
using namespace slipstream::test;
using jetstream::deliver_policy;
using jetstream::ordered_verdict;
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
const wall_time tuesday = wall_time(std::chrono::seconds(90'000));

std::string ended(std::error_code ec) { return "ended " + ec.message(); }

}  // namespace

TEST_CASE("W6: for a state-sync the stream is read before the consumer is made: it says what the state must contain") {
    ordered_script s(with_facts(deliver_policy::last_per_subject));
    s.machine.start(true, s.now);
    CHECK(s.pump() == lines{"read#1", "create#1 last_per_subject"});
    s.machine.on_stream(1, {.created = monday, .first_seq = 3, .last_seq = 90});
    CHECK(s.pump().empty());
    s.machine.on_created(1, {.num_pending = 1});
    CHECK(s.pump() == lines{"created first last_per_subject pending 1 after 0 snapshot 90", "deliver_held"});
    // Everything up to 90 is part of the state or does not concern us: the next incarnation begins behind it (W34).
    s.message(1, 40, 0);
    s.machine.on_disconnected();
    s.machine.on_connected();
    CHECK(s.pump() == lines{"caught_up", "unsubscribe#1", "restarted reconnected", "remove#1", "create#2 from 91", "read#2"});
}

TEST_CASE("W42: of a replicated stream the leader's end says nothing of the replica that delivers: what it told is where it stands") {
    ordered_script s(with_facts(deliver_policy::last_per_subject));
    s.machine.start(true, s.now);
    s.pump();
    s.machine.on_stream(1, {.created = monday, .first_seq = 3, .last_seq = 90, .replicated = true});
    s.machine.on_created(1, {.num_pending = 1});
    CHECK(s.pump() == lines{"created first last_per_subject pending 1 after 0 snapshot 90", "deliver_held"});
    s.message(1, 40, 0);
    CHECK(s.pump() == lines{"caught_up"});
    CHECK(s.message(2, 60, 0));  // it was behind
    SUBCASE("interrupted") {
        s.machine.on_disconnected();
        s.machine.on_connected();
        CHECK(s.pump() == lines{"unsubscribe#1", "restarted reconnected", "remove#1", "create#2 from 61", "read#2"});
    }
    SUBCASE("idle") {
        s.heartbeat(2, 95);
        CHECK(s.pump() == lines{"idle 95"});
    }
}

TEST_CASE("W2, W6: stream information that may have been read after the creation is used for another creation, without delay") {
    ordered_script s(with_facts(deliver_policy::last_per_subject));
    s.machine.start(true, s.now);
    s.pump();
    s.machine.on_created(1, {.num_pending = 1});
    CHECK(s.pump().empty());
    CHECK_FALSE(s.message(1, 40, 0));
    s.machine.on_stream(1, {.created = monday, .first_seq = 3, .last_seq = 90});
    CHECK(s.pump() == lines{"unsubscribe#1", "remove#1", "create#2 last_per_subject"});
    s.machine.on_created(2, {.num_pending = 1});
    CHECK(s.pump() == lines{"created first last_per_subject pending 1 after 0 snapshot 90", "deliver_held"});
}

TEST_CASE("W2: a stream that is made anew between its information and the creation is noticed by what comes after the state") {
    ordered_script s(with_facts(deliver_policy::last_per_subject));
    s.machine.start(true, s.now);
    s.pump();
    s.machine.on_stream(1, {.created = monday, .first_seq = 3, .last_seq = 90});
    s.machine.on_created(1, {.num_pending = 1});  // on tuesday's stream
    s.pump();
    CHECK(s.message(1, 5, 0));
    CHECK(s.pump() == lines{"caught_up"});
    CHECK_FALSE(s.message(2, 6, 0));  // behind a state that reached 90
    CHECK(s.pump() == lines{"unsubscribe#1", "remove#1", "restarted gap", "create#2 from 91", "read#2"});
    s.machine.on_created(2, {.num_pending = 0, .delivered = {0, 90}});
    s.machine.on_stream(2, {.created = tuesday, .first_seq = 1, .last_seq = 6});
    CHECK(s.pump() == lines{"lost recreated floor 0"});
}

TEST_CASE("W6, I28: more of a state comes after all of it was said to be told, and the stream is the same: a loss") {
    ordered_script s(with_facts(deliver_policy::last_per_subject));
    s.machine.start(true, s.now);
    s.pump();
    s.machine.on_stream(1, {.created = monday, .first_seq = 3, .last_seq = 90});
    s.machine.on_created(1, {.num_pending = 1});  // the server had counted one too few
    s.pump();
    CHECK(s.message(1, 5, 0));
    CHECK(s.pump() == lines{"caught_up"});
    CHECK_FALSE(s.message(2, 6, 0));
    CHECK(s.pump() == lines{"unsubscribe#1", "remove#1", "restarted gap", "create#2 from 91", "read#2"});
    s.machine.on_created(2, {.num_pending = 0, .delivered = {0, 90}});
    s.machine.on_stream(2, {.created = monday, .first_seq = 3, .last_seq = 90});
    CHECK(s.pump() == lines{"lost state_incomplete floor 0"});
    s.machine.answer({.what = ordered_verdict::kind::restart, .from = {.policy = deliver_policy::last_per_subject}});
    CHECK(s.pump() == lines{"unsubscribe#2", "remove#2"});
    s.now += 5s;
    CHECK(s.pump() == lines{"read#3", "create#3 last_per_subject"});
}

TEST_CASE("W2: to resume, the stream is read after the consumer was made; an answer that came before is asked for again") {
    ordered_script s(with_facts(deliver_policy::by_start_sequence, 50, monday));
    s.machine.start(true, s.now);
    CHECK(s.pump() == lines{"create#1 from 50", "read#1"});
    SUBCASE("in order") {
        s.machine.on_created(1, {.num_pending = 0, .delivered = {0, 49}});
        CHECK(s.pump().empty());
        s.machine.on_stream(1, {.created = monday, .first_seq = 3, .last_seq = 90});
        CHECK(s.pump().front() == "created first from 50 pending 0 after 49 snapshot 0");
    }
    SUBCASE("out of order") {
        s.machine.on_stream(1, {.created = monday, .first_seq = 3, .last_seq = 90});
        CHECK(s.pump().empty());
        s.machine.on_created(1, {.num_pending = 0, .delivered = {0, 49}});
        CHECK(s.pump() == lines{"read#1"});
        s.machine.on_stream(1, {.created = tuesday, .first_seq = 3, .last_seq = 90});
        CHECK(s.pump() == lines{"lost recreated floor 0"});
    }
}

TEST_CASE("W1, L11: the creation's reply tells whether the start was honoured") {
    struct row {
        std::uint64_t start;
        jetstream::sequence_pair delivered;
        const char* outcome;
    };
    for (const row& r : {row{3, {0, 2}, "created first from 3 pending 4 after 2 snapshot 0"}, row{3, {0, 6}, "lost clamped floor 7"},
                         row{3, {0, 3}, "lost clamped floor 4"}, row{9, {0, 8}, "created first from 9 pending 4 after 8 snapshot 0"},
                         row{50, {0, 8}, "created first from 50 pending 4 after 8 snapshot 0"},
                         row{1, {0, 0}, "created first from 1 pending 4 after 0 snapshot 0"}}) {
        CAPTURE(r.start);
        ordered::ordered_settings settings;
        settings.start = {.policy = deliver_policy::by_start_sequence, .sequence = r.start};
        ordered_script s(settings);
        s.machine.start(true, s.now);
        s.pump();
        s.machine.on_created(1, {.num_pending = 4, .delivered = r.delivered});
        CHECK(s.pump().front() == r.outcome);
    }
}

TEST_CASE("W1: when the reply already counts deliveries, the floor read afterwards decides") {
    ordered::ordered_settings settings;
    settings.start = {.policy = deliver_policy::by_start_sequence, .sequence = 5};
    for (const auto& [floor, outcome] : {std::pair{std::uint64_t{5}, "created first from 5 pending 4 after 0 snapshot 0"},
                                         std::pair{std::uint64_t{6}, "lost clamped floor 6"}}) {
        ordered_script s(settings);
        s.machine.start(true, s.now);
        s.pump();
        s.machine.on_created(1, {.num_pending = 4, .delivered = {2, 7}});
        CHECK(s.pump() == lines{"read#1"});
        s.machine.on_stream(1, {.first_seq = floor, .last_seq = 20});
        CHECK(s.pump().front() == outcome);
    }
}

TEST_CASE("W1: a floor that is low enough after the creation overrules a reply that only skipped foreign messages") {
    ordered_script s(with_facts(deliver_policy::by_start_sequence, 5));
    s.machine.start(true, s.now);
    s.pump();
    s.machine.on_created(1, {.num_pending = 4, .delivered = {0, 12}});
    s.machine.on_stream(1, {.created = monday, .first_seq = 4, .last_seq = 20});
    CHECK(s.pump().front() == "created first from 5 pending 4 after 12 snapshot 0");
}

TEST_CASE("W1, W5: a later creation is checked as well") {
    ordered_script s(with_facts(deliver_policy::by_start_sequence, 5, monday));
    s.machine.start(true, s.now);
    s.pump();
    s.machine.on_created(1, {.num_pending = 4, .delivered = {0, 4}});
    s.machine.on_stream(1, {.created = monday, .first_seq = 4, .last_seq = 20});
    s.pump();
    s.message(1, 7, 3);
    s.message(3, 9, 1);
    CHECK(s.pump().back() == "read#2");
    s.machine.on_created(2, {.num_pending = 4, .delivered = {0, 14}});
    s.machine.on_stream(2, {.created = monday, .first_seq = 15, .last_seq = 20});
    CHECK(s.pump() == lines{"lost clamped floor 15"});
}

TEST_CASE("W2, L12: a start beyond the stream's end is not its own; the next sequence to come is") {
    for (const auto& [last, outcome] : {std::pair{std::uint64_t{8}, "lost beyond_end floor 0"},
                                        std::pair{std::uint64_t{49}, "created first from 50 pending 0 after 49 snapshot 0"},
                                        std::pair{std::uint64_t{0}, "lost beyond_end floor 0"}}) {
        CAPTURE(last);
        ordered_script s(with_facts(deliver_policy::by_start_sequence, 50, monday));
        s.machine.start(true, s.now);
        s.pump();
        s.machine.on_created(1, {.num_pending = 0, .delivered = {0, 49}});
        s.machine.on_stream(1, {.created = monday, .first_seq = 1, .last_seq = last});
        CHECK(s.pump().front() == outcome);
    }
}

TEST_CASE("W2, L13: a stream that was made again is noticed by every later incarnation, in a state-sync too") {
    ordered_script s(with_facts(deliver_policy::last_per_subject));
    s.machine.start(true, s.now);
    s.pump();
    s.machine.on_stream(1, {.created = monday, .first_seq = 1, .last_seq = 90});
    s.machine.on_created(1, {.num_pending = 5});
    s.pump();
    s.message(1, 40, 4);
    s.message(3, 50, 2);
    CHECK(s.pump().back() == "read#2");  // after the creation this time: there is something to continue
    s.machine.on_created(2, {.num_pending = 2});
    CHECK(s.pump().empty());
    s.machine.on_stream(2, {.created = tuesday, .first_seq = 1, .last_seq = 2});
    CHECK(s.pump() == lines{"lost recreated floor 0"});
    s.machine.answer({.what = ordered_verdict::kind::restart, .from = {.policy = deliver_policy::last_per_subject}});
    CHECK(s.pump() == lines{"unsubscribe#2", "remove#2"});
    s.advance_to_deadline();  // the second time in a row: not at once
    CHECK(s.pump() == lines{"read#3", "create#3 last_per_subject"});
    s.machine.on_stream(3, {.created = tuesday, .first_seq = 1, .last_seq = 2});
    s.machine.on_created(3, {.num_pending = 2});
    s.pump();
    CHECK(s.message(1, 1, 1));  // the old sequences do not count
    CHECK(s.message(2, 2, 0));
}

TEST_CASE("W1, W34: the handler decides about a clamped start: accept, begin again, or end") {
    ordered_script s(with_facts(deliver_policy::by_start_sequence, 5, monday));
    s.machine.start(true, s.now);
    s.pump();
    s.machine.on_created(1, {.num_pending = 2, .delivered = {0, 14}});
    s.machine.on_stream(1, {.created = monday, .first_seq = 15, .last_seq = 20});
    CHECK(s.pump() == lines{"lost clamped floor 15"});
    CHECK_FALSE(s.message(1, 15, 1));  // put aside until the decision
    SUBCASE("accept") {
        s.machine.answer({.what = ordered_verdict::kind::accept});
        CHECK(s.pump() == lines{"created first from 5 pending 2 after 14 snapshot 0", "deliver_held"});
        CHECK(s.delivered == std::vector<std::uint64_t>{15});
        s.machine.on_disconnected();
        s.machine.on_connected();
        CHECK(s.pump().at(3) == "create#2 from 16");
    }
    SUBCASE("end") {
        s.machine.answer({});
        CHECK(s.pump() == lines{"unsubscribe#1", "remove#1", ended(make_error_code(jetstream::errc::start_sequence_clamped))});
    }
    SUBCASE("restart") {
        s.machine.answer({.what = ordered_verdict::kind::restart, .from = {.policy = deliver_policy::new_}});
        CHECK(s.pump() == lines{"unsubscribe#1", "remove#1", "read#2", "create#2 new"});
    }
    SUBCASE("the connection is lost before the answer") {
        s.machine.on_disconnected();
        s.machine.answer({.what = ordered_verdict::kind::accept});
        s.machine.on_connected();
        CHECK(s.pump().at(3) == "create#2 from 5");
    }
}

TEST_CASE("W2: there is nothing to accept in another stream") {
    ordered_script s(with_facts(deliver_policy::by_start_sequence, 5, monday));
    s.machine.start(true, s.now);
    s.pump();
    s.machine.on_created(1, {.num_pending = 2, .delivered = {0, 4}});
    s.machine.on_stream(1, {.created = tuesday, .first_seq = 1, .last_seq = 20});
    s.pump();
    s.machine.answer({.what = ordered_verdict::kind::accept});
    CHECK(s.pump().back() == ended(make_error_code(jetstream::errc::start_sequence_clamped)));
}

TEST_CASE("G15, L6: messages that come before the start was checked are put aside and delivered afterwards, in order") {
    ordered_script s(with_facts(deliver_policy::by_start_sequence, 5, monday));
    s.machine.start(true, s.now);
    s.pump();
    CHECK_FALSE(s.message(1, 5, 3));
    s.machine.on_created(1, {.num_pending = 2, .delivered = {0, 4}});
    CHECK_FALSE(s.message(2, 6, 2));
    s.flow_request("$JS.FC.S.C.a");
    s.heartbeat(2, 6);
    CHECK(s.pump().empty());
    CHECK(s.delivered.empty());
    s.machine.on_stream(1, {.created = monday, .first_seq = 1, .last_seq = 20});
    CHECK(s.pump() == lines{"created first from 5 pending 2 after 4 snapshot 0", "deliver_held", "reply $JS.FC.S.C.a"});
    CHECK(s.delivered == std::vector<std::uint64_t>{5, 6});
    CHECK(s.message(3, 7, 1));
}

TEST_CASE("I9: what is put aside is bounded") {
    ordered_script s(with_facts(deliver_policy::by_start_sequence, 1, monday));
    s.machine.start(true, s.now);
    s.pump();
    std::uint64_t sequence = 0;
    while (s.machine.on_message(1, {.consumer_sequence = sequence + 1, .stream_sequence = sequence + 1, .pending = 9, .size = 64 * 1024}) ==
           ordered::step::hold) {
        ++sequence;
    }
    CHECK(sequence == 64);
    CHECK(s.pump().at(2) == "restarted gap");
}

TEST_CASE("S94, W5: updates only: a later incarnation begins where the first one did, not where the stream ends then") {
    ordered_script s(with_facts(deliver_policy::new_));
    s.machine.start(true, s.now);
    CHECK(s.pump() == lines{"read#1", "create#1 new"});
    s.machine.on_stream(1, {.created = monday, .first_seq = 1, .last_seq = 0});
    s.machine.on_created(1, {.num_pending = 0, .delivered = {0, 0}});  // an empty stream
    CHECK(s.pump().at(1) == "caught_up");
    s.machine.on_disconnected();
    s.machine.on_connected();
    CHECK(s.pump().at(3) == "create#2 from 1");
}

TEST_CASE("S72, W5: an empty state is continued by sequence when it is known where it ended, else synchronised again") {
    for (const bool facts : {true, false}) {
        ordered::ordered_settings settings = with_facts(deliver_policy::last_per_subject);
        settings.stream_facts = facts;
        ordered_script s(settings);
        s.machine.start(true, s.now);
        s.pump();
        if (facts) s.machine.on_stream(1, {.created = monday, .first_seq = 1, .last_seq = 0});
        s.machine.on_created(1, {.num_pending = 0, .delivered = {0, 0}});
        s.pump();
        s.machine.on_disconnected();
        s.machine.on_connected();
        CHECK(find(s.pump(), "create") == std::string(facts ? "create#2 from 1" : "create#2 last_per_subject"));
    }
}

TEST_CASE("W5: a handler that begins again when it is told of a creation hears no more of that creation") {
    ordered_script s({.start = {.policy = deliver_policy::last_per_subject}});
    s.machine.start(true, s.now);
    s.pump();
    s.machine.on_created(1, {.num_pending = 0});
    ordered::ordered_action told;
    REQUIRE(s.machine.next_action(told, s.now));
    REQUIRE(told.what == ordered::ordered_action::kind::tell_created);
    s.machine.restart({.policy = deliver_policy::last_per_subject});
    CHECK(s.pump() == lines{"unsubscribe#1", "remove#1", "create#2 last_per_subject"});
    s.machine.on_created(2, {.num_pending = 0});
    CHECK(s.pump() == lines{"created again last_per_subject pending 0 after 0 snapshot 0", "deliver_held", "caught_up"});
}

TEST_CASE("H9: a message that there was no memory to put aside is not missed: another consumer is made") {
    ordered_script s(with_facts(deliver_policy::last_per_subject));
    s.machine.start(true, s.now);
    s.pump();
    s.machine.on_created(1, {.num_pending = 1});
    CHECK(s.machine.on_message(1, {.consumer_sequence = 1, .stream_sequence = 40, .pending = 0, .size = 8}) == ordered::step::hold);
    s.machine.on_not_held(7);  // of another incarnation
    CHECK(s.pump().empty());
    s.machine.on_not_held(1);
    CHECK(s.pump() == lines{"unsubscribe#1", "remove#1", "restarted gap", "read#2", "create#2 last_per_subject"});
}
