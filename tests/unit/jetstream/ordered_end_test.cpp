// When a state is complete (contract W6): what the server counts is too low while there are changes.
#include <doctest/doctest.h>

#include <optional>

#include <slipstream/error.hpp>

#include "ordered_script.hpp"

using namespace slipstream;
using namespace slipstream::test;
using jetstream::deliver_policy;

namespace {

class state_script : public ordered_script {
public:
    explicit state_script(std::uint64_t pending) : ordered_script(settings()) {
        shows_ends = true;
        machine.start(true, now);
        pump();
        machine.on_created(1, {.num_pending = pending});
        began = pump();
    }

    lines began;

private:
    static ordered::ordered_settings settings() {
        ordered::ordered_settings s;
        s.start.policy = deliver_policy::last_per_subject;
        return s;
    }
};

}  // namespace

TEST_CASE("W6, I28: a state is complete when the end that the stream had after the creation has come, and the count has not changed") {
    state_script s(3);
    CHECK(s.began == lines{"created first last_per_subject pending 3 after 0 snapshot 0", "find_stream_end#1", "deliver_held"});
    SUBCASE("the answer comes early") {
        s.machine.on_end_found(1, 30);
        s.message(1, 10, 2);
        s.message(2, 20, 1);
        CHECK(s.pump().empty());
        s.message(3, 30, 0);
    }
    SUBCASE("the answer comes late") {
        s.message(1, 10, 2);
        s.message(2, 20, 1);
        s.message(3, 30, 0);
        CHECK(s.pump().empty());
        s.machine.on_end_found(1, 30);
    }
    CHECK(s.pump() == lines{"caught_up"});
    s.message(4, 31, 0);
    CHECK(s.pump().empty());
}

TEST_CASE("W6, L18: the stream may end with what does not concern us, or is gone: then the last message that does is asked for") {
    state_script s(2);
    s.machine.on_end_found(1, 90);
    s.message(1, 10, 1);
    CHECK(s.pump().empty());
    s.message(2, 20, 0);
    CHECK(s.pump() == lines{"find_end#1"});
    SUBCASE("it has come") {
        s.machine.on_end_found(1, 20);
        CHECK(s.pump() == lines{"caught_up"});
    }
    SUBCASE("it is gone") {
        s.machine.on_end_found(1, 0);
        CHECK(s.pump() == lines{"caught_up"});
    }
    SUBCASE("it is on its way: the creation's reply had counted too few") {
        s.machine.on_end_found(1, 40);
        CHECK(s.pump().empty());
        s.message(3, 30, 0);
        CHECK(s.pump().empty());
        s.message(4, 40, 0);
        CHECK(s.pump() == lines{"find_end#1"});
        s.machine.on_end_found(1, 40);
        CHECK(s.pump() == lines{"caught_up"});
    }
    SUBCASE("nobody may say, and as many as were waiting have come") {
        s.machine.on_end_found(1, std::nullopt);
        CHECK(s.pump() == lines{"caught_up"});
    }
    CHECK(s.machine.is_live());
}

TEST_CASE("W6, G2: where nothing is waiting it is asked at once whether there is something after all") {
    state_script s(0);
    CHECK(s.began == lines{"created first last_per_subject pending 0 after 0 snapshot 0", "find_end#1", "deliver_held"});
    SUBCASE("no") {
        s.machine.on_end_found(1, 0);
        CHECK(s.pump() == lines{"caught_up"});
    }
    SUBCASE("yes: it had just been overwritten") {
        s.machine.on_end_found(1, 7);
        CHECK(s.pump().empty());
        s.message(1, 7, 0);
        CHECK(s.pump() == lines{"find_end#1"});
        s.machine.on_end_found(1, 7);
        CHECK(s.pump() == lines{"caught_up"});
    }
}

TEST_CASE("W6, I28: while there are changes the count falls to 0 too soon: the last message that concerns us has to come first") {
    state_script s(3);
    s.machine.on_end_found(1, 30);
    s.message(1, 10, 0);  // two were overwritten, and what took their place is not counted yet
    CHECK(s.pump() == lines{"find_end#1"});
    s.message(2, 20, 0);
    CHECK(s.pump().empty());
    s.machine.on_end_found(1, 50);
    CHECK(s.pump().empty());
    s.message(3, 30, 0);
    CHECK(s.pump().empty());
    s.message(4, 51, 1);  // 50 was overwritten
    CHECK(s.pump().empty());
    s.message(5, 52, 0);
    CHECK(s.pump() == lines{"find_end#1"});
    SUBCASE("nothing is on its way") {
        s.machine.on_end_found(1, 52);
        CHECK(s.pump() == lines{"caught_up"});
    }
    SUBCASE("more has come already: it may not have been all") {
        s.message(6, 60, 0);
        s.machine.on_end_found(1, 60);
        CHECK(s.pump() == lines{"find_end#1"});
        s.machine.on_end_found(1, 60);
        CHECK(s.pump() == lines{"caught_up"});
    }
    SUBCASE("idle before the answer") {
        s.heartbeat(5, 70);
        CHECK(s.pump().empty());
        s.machine.on_end_found(1, 52);
        CHECK(s.pump() == lines{"caught_up"});
        s.heartbeat(5, 70);
        CHECK(s.pump() == lines{"idle 70"});
    }
    SUBCASE("an answer for another consumer") {
        s.machine.on_end_found(2, 52);
        CHECK(s.pump().empty());
    }
    CHECK(s.machine.is_live());
}

TEST_CASE("W6, I28: a state ends although the bucket never stands still") {
    state_script s(3);
    s.machine.on_end_found(1, 5);
    std::uint64_t n = 0;
    unsigned asked = 0;
    for (lines out; out != lines{"caught_up"} && n < 100;) {
        ++n;
        s.message(n, 10 * n, 0);
        out = s.pump();
        if (out != lines{"find_end#1"}) continue;
        ++asked;
        s.machine.on_end_found(1, 10 * n + 1);  // one more each time
    }
    CHECK(asked == 7);
    CHECK(n < 20);
}

TEST_CASE("W6, D10: where nobody may ask, as many as were waiting in the beginning are enough") {
    state_script s(3);
    s.machine.on_end_found(1, std::nullopt);
    s.message(1, 10, 0);
    s.message(2, 20, 0);
    CHECK(s.pump().empty());
    s.message(3, 30, 0);
    CHECK(s.pump() == lines{"caught_up"});
}

TEST_CASE("W6, L18: when fewer come than were waiting, the last message or an idle heartbeat completes the state") {
    state_script s(3);
    s.machine.on_end_found(1, 30);
    s.message(1, 10, 1);  // the last one has expired
    SUBCASE("last message") {
        s.message(2, 20, 0);
        CHECK(s.pump() == lines{"find_end#1"});
        s.machine.on_end_found(1, 20);
        CHECK(s.pump() == lines{"caught_up"});
    }
    SUBCASE("heartbeat behind the end that the stream had") {
        s.heartbeat(1, 31);
        CHECK(s.pump() == lines{"caught_up", "idle 31"});
    }
}

TEST_CASE("W6, I28: an idle server may stand still at a message of its list that was overwritten") {
    state_script s(3);
    s.machine.on_end_found(1, 30);
    s.message(1, 10, 2);
    s.heartbeat(1, 30);  // the last of the list; what took its place was not looked at yet
    CHECK(s.pump() == lines{"find_end#1"});
    SUBCASE("there is no more") {
        s.machine.on_end_found(1, 10);
        CHECK(s.pump() == lines{"caught_up"});
        CHECK(s.machine.is_live());
    }
    SUBCASE("there is more: the next consumer has a new list") {
        s.machine.on_end_found(1, 40);
        CHECK(s.pump() == lines{"unsubscribe#1", "remove#1", "restarted heartbeat_mismatch", "create#2 last_per_subject"});
    }
    SUBCASE("there is more, and it went on meanwhile") {
        s.message(2, 20, 1);
        s.machine.on_end_found(1, 40);
        CHECK(s.pump().empty());
        SUBCASE("to the end") {
            s.message(3, 40, 0);
            CHECK(s.pump() == lines{"caught_up"});
        }
        SUBCASE("but not to the end") {
            s.heartbeat(2, 25);
            CHECK(s.pump() == lines{"unsubscribe#1", "remove#1", "restarted heartbeat_mismatch", "create#2 last_per_subject"});
        }
    }
}

TEST_CASE("W6, D10: where nobody may ask, an idle server that stays where it is has told all") {
    state_script s(3);
    s.machine.on_end_found(1, std::nullopt);
    s.message(1, 10, 2);
    s.heartbeat(1, 12);
    s.heartbeat(1, 13);
    CHECK(s.pump().empty());
    s.heartbeat(1, 13);
    CHECK(s.pump() == lines{"caught_up", "idle 13"});
}

TEST_CASE("W6, G15: a creation's reply that counts what it has sent already promises those as well") {
    ordered_script s([] {
        ordered::ordered_settings o;
        o.start.policy = deliver_policy::last_per_subject;
        return o;
    }());
    s.machine.start(true, s.now);
    s.pump();
    CHECK_FALSE(s.message(1, 10, 1));
    s.machine.on_created(1, {.num_pending = 0, .delivered = {2, 20}});
    CHECK(s.pump() == lines{"created first last_per_subject pending 0 after 0 snapshot 0", "deliver_held"});
    CHECK(s.delivered == std::vector<std::uint64_t>{10});
    s.message(2, 20, 0);
    CHECK(s.pump() == lines{"caught_up"});
}

TEST_CASE("W6: what comes by sequence is complete with as many as were waiting; when fewer come, the last one is asked for") {
    ordered::ordered_settings o;
    o.start = {.policy = deliver_policy::by_start_sequence, .sequence = 5};
    ordered_script s(o);
    s.shows_ends = true;
    s.go_live(2, {0, 4});
    s.message(1, 5, 0);
    CHECK(s.pump() == lines{"find_end#1"});
    SUBCASE("as many") {
        s.message(2, 6, 0);
        CHECK(s.pump() == lines{"caught_up"});
        s.machine.on_end_found(1, 6);
        CHECK(s.pump().empty());
    }
    SUBCASE("fewer") {
        s.machine.on_end_found(1, 5);
        CHECK(s.pump() == lines{"caught_up"});
    }
}
