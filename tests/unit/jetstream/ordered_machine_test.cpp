// The steady state of an ordered consumer: gaps, heartbeats, flow control, restarts.
#include <doctest/doctest.h>

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>

#include "ordered_script.hpp"

using namespace slipstream;
using namespace slipstream::test;
using jetstream::deliver_policy;
using jetstream::disposition;
using namespace std::chrono_literals;

namespace {

ordered::ordered_settings state_sync() {
    ordered::ordered_settings s;
    s.start.policy = deliver_policy::last_per_subject;
    return s;
}

ordered::ordered_settings from(std::uint64_t sequence) {
    ordered::ordered_settings s;
    s.start = {.policy = deliver_policy::by_start_sequence, .sequence = sequence};
    return s;
}

}  // namespace

TEST_CASE("I19: messages in sequence are delivered, and nothing is asked of the server") {
    ordered_script s(state_sync());
    s.go_live(3);
    CHECK(s.message(1, 4, 2));
    CHECK(s.message(2, 9, 1));
    CHECK(s.pump().empty());
    CHECK(s.message(3, 10, 0));
    CHECK(s.pump() == lines{"caught_up"});
    CHECK(s.message(4, 11, 0));
    CHECK(s.pump().empty());
    CHECK(s.delivered == std::vector<std::uint64_t>{4, 9, 10, 11});
}

TEST_CASE("F5, W5: a gap in the consumer sequence begins again behind the last message, under a new number") {
    ordered_script s(from(5));
    s.go_live(10, {0, 4});
    s.message(1, 5, 9);
    s.message(2, 6, 8);
    CHECK_FALSE(s.message(4, 8, 6));
    CHECK_FALSE(s.message(3, 7, 7));  // whatever else this consumer sends does not count
    CHECK(s.pump() == lines{"unsubscribe#1", "remove#1", "restarted gap", "create#2 from 7"});
    s.machine.on_created(2, {.num_pending = 4, .delivered = {0, 6}});
    CHECK(s.pump() == lines{"created again from 7 pending 4 after 6 snapshot 0", "deliver_held"});
    CHECK(s.message(1, 7, 3));
    CHECK(s.delivered == std::vector<std::uint64_t>{5, 6, 7});
}

TEST_CASE("F5: a repeated consumer sequence is a fault too, never a second delivery") {
    ordered_script s(from(5));
    s.go_live(10, {0, 4});
    s.message(1, 5, 9);
    CHECK_FALSE(s.message(1, 5, 9));
    CHECK(s.pump().at(2) == "restarted gap");
    CHECK(s.delivered == std::vector<std::uint64_t>{5});
}

TEST_CASE("W5: without a message the requested start is kept, never deliver all") {
    ordered_script s(from(5));
    s.go_live(10, {0, 4});
    s.message(2, 6, 8);
    CHECK(s.pump().back() == "create#2 from 5");
}

TEST_CASE("W5: an incomplete state is synchronised again, and what was told is left out") {
    ordered_script s(state_sync());
    s.go_live(5);
    s.message(1, 10, 4);
    s.message(2, 20, 3);
    s.message(4, 40, 1);
    CHECK(s.pump() == lines{"unsubscribe#1", "remove#1", "restarted gap", "create#2 last_per_subject"});
    s.machine.on_created(2, {.num_pending = 5});
    s.pump();
    CHECK_FALSE(s.message(1, 10, 4));
    CHECK_FALSE(s.message(2, 20, 3));
    CHECK(s.message(3, 30, 2));
    CHECK(s.message(4, 40, 1));
    CHECK(s.message(5, 41, 0));
    CHECK(s.pump() == lines{"caught_up"});
    CHECK(s.delivered == std::vector<std::uint64_t>{10, 20, 30, 40, 41});
}

TEST_CASE("W7: a collection is begun again from scratch") {
    ordered::ordered_settings settings = state_sync();
    settings.replay_on_restart = true;
    ordered_script s(settings);
    s.go_live(5);
    s.message(1, 10, 4);
    s.message(3, 30, 2);
    CHECK(s.pump() == lines{"unsubscribe#1", "remove#1", "restarted gap from scratch", "create#2 last_per_subject"});
    s.machine.on_created(2, {.num_pending = 5});
    s.pump();
    CHECK(s.message(1, 10, 4));
}

TEST_CASE("W5, I25: a complete state is continued by sequence and is not told complete twice") {
    ordered_script s(state_sync());
    s.go_live(1);
    s.message(1, 10, 0);
    CHECK(s.pump() == lines{"caught_up"});
    s.message(3, 30, 0);
    CHECK(s.pump().back() == "create#2 from 11");
    s.machine.on_created(2, {.num_pending = 0, .delivered = {0, 10}});
    CHECK(s.pump() == lines{"created again from 11 pending 0 after 10 snapshot 0", "deliver_held"});
}

TEST_CASE("W6, G2: nothing pending at the creation means complete at once") {
    ordered_script s(state_sync());
    s.machine.start(true, s.now);
    s.pump();
    s.machine.on_created(1, {.num_pending = 0});
    CHECK(s.pump() == lines{"created first last_per_subject pending 0 after 0 snapshot 0", "deliver_held", "caught_up"});
}

TEST_CASE("W6, L18: when the last pending message was purged, an idle heartbeat that agrees with our count completes the state") {
    ordered_script s(state_sync());
    s.shows_ends = true;
    s.go_live(5);
    s.machine.on_end_found(1, 40);
    s.message(1, 10, 4);
    s.message(2, 20, 3);
    s.heartbeat(2, 33, "$JS.FC.S.C.stall");
    CHECK(s.pump() == lines{"stalled", "reply $JS.FC.S.C.stall"});  // stalled: more is to come
    s.heartbeat(2, 50);
    CHECK(s.pump() == lines{"caught_up", "idle 50"});
}

TEST_CASE("W4, L16: heartbeats move the frontier over what does not concern us, and a restart begins behind it") {
    ordered_script s(from(5));
    s.go_live(0, {0, 4});
    s.heartbeat(0, 104);
    CHECK(s.pump() == lines{"idle 104"});
    s.heartbeat(0, 104);
    CHECK(s.pump().empty());
    s.heartbeat(0, 90);  // never backwards
    CHECK(s.pump().empty());
    s.machine.on_disconnected();
    s.machine.on_connected();
    CHECK(s.pump().back() == "create#2 from 105");
}

TEST_CASE("W4: a heartbeat that counts other messages than ours does not move the frontier: something was lost") {
    ordered_script s(from(5));
    s.go_live(10, {0, 4});
    s.message(1, 5, 9);
    s.heartbeat(3, 104);
    CHECK(s.pump() == lines{"unsubscribe#1", "remove#1", "restarted heartbeat_mismatch", "create#2 from 6"});
}

TEST_CASE("A3, A22: heartbeats with unreadable numbers are only a sign of life") {
    ordered_script s(from(5));
    s.go_live(0, {0, 4});
    ordered::delivery_status status;
    status.what = ordered::delivery_status::kind::idle_heartbeat;
    s.machine.on_status(1, status);
    CHECK(s.pump().empty());
    s.heartbeat(0, ~std::uint64_t{0});
    CHECK(s.pump().empty());
}

TEST_CASE("W33, G1: two missed heartbeats and the consumer is made again; one is not enough") {
    ordered_script s(from(5));
    s.go_live(0, {0, 4});
    s.advance_to_deadline();
    CHECK(s.pump().empty());
    s.heartbeat(0, 4);
    s.advance_to_deadline();
    s.advance_to_deadline();
    CHECK(s.pump().empty());
    s.advance_to_deadline();
    CHECK(s.pump() == lines{"unsubscribe#1", "remove#1", "restarted heartbeat_missed", "create#2 from 5"});
}

TEST_CASE("F14: a timer that fires late proves nothing, what arrived meanwhile has not been read yet") {
    ordered_script s(from(5));
    s.go_live(0, {0, 4});
    s.advance(60s);
    s.advance(0s);
    CHECK(s.pump().empty());
    s.heartbeat(0, 4);
    s.advance_to_deadline();
    CHECK(s.pump().empty());
    for (int i = 0; i < 2; ++i) s.advance_to_deadline();
    CHECK(s.pump().at(2) == "restarted heartbeat_missed");
}

TEST_CASE("F13: flow control is answered at once when everything was taken, otherwise when what came before it was") {
    ordered_script s(from(1));
    s.go_live(100, {0, 0});
    s.message(1, 1, 99);
    s.flow_request("$JS.FC.S.C.a");
    CHECK(s.pump() == lines{"reply $JS.FC.S.C.a"});
    s.message(2, 2, 98, disposition::queued);
    s.message(3, 3, 97, disposition::queued);
    s.flow_request("$JS.FC.S.C.b");
    s.message(4, 4, 96, disposition::queued);
    CHECK(s.pump().empty());
    s.machine.taken(1);
    CHECK(s.pump().empty());
    s.machine.taken(1);
    CHECK(s.pump() == lines{"reply $JS.FC.S.C.b"});
    s.machine.taken(1);
    CHECK(s.pump().empty());
}

TEST_CASE("F13: a lost answer is repeated when the server says that it stalls, but not while it is held back on purpose") {
    ordered_script s(from(1));
    s.go_live(100, {0, 0});
    s.message(1, 1, 99, disposition::queued);
    s.flow_request("$JS.FC.S.C.a");
    s.heartbeat(1, 1, "$JS.FC.S.C.a");
    CHECK(s.pump() == lines{"stalled"});
    s.machine.taken(1);
    CHECK(s.pump() == lines{"reply $JS.FC.S.C.a"});
    s.heartbeat(1, 1, "$JS.FC.S.C.a");  // the answer did not arrive
    CHECK(s.pump() == lines{"stalled", "reply $JS.FC.S.C.a"});
}

TEST_CASE("F13: the request of an ended consumer is not answered") {
    ordered_script s(from(1));
    s.go_live(100, {0, 0});
    s.message(1, 1, 99, disposition::queued);
    s.flow_request("$JS.FC.S.C.a");
    s.message(3, 3, 97);
    s.pump();
    s.machine.taken(1);
    CHECK(s.pump().empty());
}

TEST_CASE("F6: a refused message was not kept; delivery goes on with it once everything queued has been taken") {
    ordered_script s(from(1));
    s.go_live(100, {0, 0});
    s.message(1, 1, 99, disposition::queued);
    s.message(2, 2, 98, disposition::queued);
    s.message(3, 3, 97, disposition::refused);
    CHECK(s.pump() == lines{"unsubscribe#1", "remove#1"});
    s.machine.taken(1);
    CHECK(s.pump().empty());
    CHECK(s.machine.next_deadline() == ordered::never);
    s.machine.taken(1);
    CHECK(s.pump() == lines{"restarted refused", "create#2 from 3"});
}

TEST_CASE("F6, C8: a handler that refuses with nothing queued does not make us spin") {
    ordered_script s(from(1));
    s.go_live(100, {0, 0});
    s.message(1, 1, 99, disposition::refused);
    CHECK(s.pump() == lines{"unsubscribe#1", "remove#1", "restarted refused"});
    CHECK(s.machine.next_deadline() <= s.now + 100ms);
    CHECK(s.machine.next_deadline() > s.now);
}

TEST_CASE("F6: taken while a refusal waits for its turn goes on at once") {
    ordered_script s(from(1));
    s.go_live(100, {0, 0});
    s.message(1, 1, 99, disposition::queued);
    s.message(2, 2, 98, disposition::refused);
    s.machine.taken(1);  // before the machine was asked what to do
    CHECK(s.pump() == lines{"unsubscribe#1", "remove#1", "restarted refused", "create#2 from 2"});
}

TEST_CASE("G20, F7: facts of an older incarnation are ignored") {
    ordered_script s(from(1));
    s.go_live(100, {0, 0});
    s.message(1, 1, 99);
    s.message(3, 3, 97);
    s.pump();
    CHECK(s.machine.on_message(1, {.consumer_sequence = 2, .stream_sequence = 2}) == ordered::step::ignore);
    s.machine.on_created(1, {});
    s.machine.on_create_failed(1, make_error_code(jetstream::errc::stream_not_found));
    s.machine.on_stream(1, {});
    CHECK(s.pump().empty());
    CHECK(s.machine.incarnation() == 2);
}

TEST_CASE("A22: a status that says the consumer is ending begins again") {
    ordered_script s(from(1));
    s.go_live(0, {0, 0});
    ordered::delivery_status status;
    status.what = ordered::delivery_status::kind::other;
    status.code = 409;
    s.machine.on_status(1, status);
    CHECK(s.pump() == lines{"unsubscribe#1", "remove#1", "restarted server_status", "create#2 from 1"});
}

TEST_CASE("G1, C15: a lost connection lets go of the inbox; the consumer is made again when it is back, the old one deleted then") {
    ordered_script s(from(1));
    s.go_live(0, {0, 0});
    s.message(1, 1, 0);
    s.machine.on_disconnected();
    CHECK(s.pump() == lines{"unsubscribe#1", "restarted reconnected"});
    s.advance(1h);
    CHECK(s.pump().empty());
    CHECK(s.machine.next_deadline() == ordered::never);
    s.machine.on_connected();
    CHECK(s.pump() == lines{"remove#1", "create#2 from 2"});
}

TEST_CASE("F18, C9: a consumer that is lost again and again is made at growing distances, the first time at once") {
    ordered_script s(from(1));
    s.go_live(0, {0, 0});
    std::uint64_t creations = 0;
    const ordered::time_point begun = s.now;
    while (s.now < begun + 60s) {
        s.message(2, 2);  // gap
        for (const std::string& line : s.pump()) creations += line.starts_with("create#") ? 1 : 0;
        if (s.machine.incarnation() == 0) {
            s.advance_to_deadline();
            continue;
        }
        s.machine.on_created(s.machine.incarnation(), {.num_pending = 0, .delivered = {0, 0}});
        s.pump();
    }
    CHECK(creations >= 12);
    CHECK(creations <= 50);
}

TEST_CASE("C9: after some stable time the first new attempt is immediate again") {
    ordered_script s(from(1));
    s.go_live(0, {0, 0});
    for (int i = 0; i < 6; ++i) {
        s.message(2, 2);
        s.pump();
        if (s.machine.incarnation() == 0) s.advance_to_deadline(), s.pump();
        s.machine.on_created(s.machine.incarnation(), {.num_pending = 0, .delivered = {0, 0}});
        s.pump();
    }
    s.now += 10s;
    s.message(2, 2);
    CHECK(s.pump().back().starts_with("create#"));
}

TEST_CASE("W31, G19, I20: stopping unsubscribes and deletes at once, whatever the state, and tells nothing more") {
    for (int state = 0; state < 6; ++state) {
        CAPTURE(state);
        ordered_script s(from(1));
        s.machine.start(state != 0, s.now);
        s.pump();
        if (state >= 2) s.machine.on_created(1, {.num_pending = 2, .delivered = {0, 0}}), s.pump();
        if (state == 3) s.message(1, 1, 1, disposition::queued), s.message(2, 2, 0, disposition::refused), s.pump();
        if (state == 4) s.machine.on_disconnected(), s.pump();
        if (state == 5) s.message(3, 3);  // a gap not carried out yet
        s.machine.stop();
        const lines wanted = state == 0 || state == 3 || state == 4 ? lines{} : lines{"unsubscribe#1", "remove#1"};
        CHECK(s.pump() == wanted);
        CHECK(s.machine.is_ended());
        s.machine.on_connected();
        s.machine.on_disconnected();
        s.machine.on_closed();
        s.machine.taken(1);
        s.advance(1h);
        CHECK((s.pump() == lines{} || state == 4));
        CHECK(s.machine.next_deadline() == ordered::never);
    }
}

TEST_CASE("H2: a closed client ends the consumer with that error, once") {
    ordered_script s(from(1));
    s.go_live(0, {0, 0});
    s.machine.on_closed();
    CHECK(s.pump() == lines{"unsubscribe#1", "ended " + make_error_code(slipstream::errc::closed).message()});
    s.machine.on_closed();
    CHECK(s.pump().empty());
}

TEST_CASE("D10: a subscription the server forbids ends the consumer") {
    ordered_script s(from(1));
    s.go_live(1, {0, 0});
    s.machine.on_denied(make_error_code(slipstream::errc::permission_denied));
    CHECK(s.pump().back() == "ended " + make_error_code(slipstream::errc::permission_denied).message());
}

TEST_CASE("R20: the handler may begin again elsewhere at any time") {
    ordered_script s(from(100));
    s.go_live(5, {0, 99});
    s.message(1, 100, 4);
    s.machine.restart({.policy = deliver_policy::last_per_subject});
    CHECK_FALSE(s.message(2, 101, 3));
    CHECK(s.pump() == lines{"unsubscribe#1", "remove#1", "create#2 last_per_subject"});
    s.machine.on_created(2, {.num_pending = 1});
    s.pump();
    CHECK(s.message(1, 7, 0));
    CHECK(s.pump() == lines{"caught_up"});
}
