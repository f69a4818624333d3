// Subscriptions: who gets a message, what is dropped, and every way to end.
#include <string>

#include <doctest/doctest.h>

#include "tests/unit/session/core_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE("A23: subjects and queue groups are checked before a byte is sent") {
    session_script s;
    connected(s);
    std::shared_ptr<session::subscription_state> out;
    for (const std::string_view subject : {"", "a b", "a..b", ".a", "a.", "a\r\nPING", "a.>.b", "a\tb"}) {
        CHECK(s.core().subscribe(subject, {}, nullptr, out) == errc::invalid_subject);
    }
    for (const std::string_view group : {"q q", "q..q", "q\n"}) {
        CHECK(s.core().subscribe("a", {.queue_group = group}, nullptr, out) == errc::invalid_queue_group);
    }
    CHECK(out == nullptr);
    s.pump();
    s.expect_sent("");
    s.finish();
}

TEST_CASE("I11: messages are queued in order; a waiting async_next gets the first of a read, the rest is there to take") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("sub", "a");
        s.expect_sent("SUB a 1\r\n");
        s.next("first", "sub");
        s.next("second", "sub");
        s.expect_done("second", errc::operation_in_progress);
        s.expect_pending("first");
        s.server_says("MSG a 1 1\r\n1\r\nMSG a 1 r 1\r\n2\r\nHMSG a 1 12 13\r\nNATS/1.0\r\n\r\n3\r\n");
        s.expect_reply("first", "1");
        s.expect_queued("sub", "2");
        s.next("third", "sub");
        s.expect_reply("third", "3");
        s.expect_queue_empty("sub");
        s.check([&] {
            const statistics stats = s.core().stats();
            CHECK(stats.in_msgs == 3);
            CHECK(stats.in_bytes == 15);
            CHECK(s.subscription("sub")->received == 3);
        });
    });
}

TEST_CASE("A17: messages for a sid that has ended or was never given are dropped and counted") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("sub", "a");
        s.unsubscribe("sub");
        s.expect_sent("SUB a 1\r\nUNSUB 1\r\n");
        s.server_says("MSG a 1 1\r\nx\r\nMSG a 0 1\r\nx\r\nMSG a 99 1\r\nx\r\nMSG a 9223372036854775807 0\r\n\r\n");
        s.expect_state(client_state::connected);
        s.check([&] { CHECK(s.core().stats().orphaned_msgs == 4); });
        s.subscribe("other", "a");  // another sid: late messages of the first do not reach it
        s.server_says("MSG a 1 1\r\nx\r\n");
        s.expect_queue_empty("other");
    });
}

TEST_CASE("I12 C16: never more than max_messages, whatever the server sends") {
    run_script([](session_script& s) {
        connected(s);
        int seen = 0;
        s.subscribe("sub", "a", {.max_messages = 2}, [&seen](const message_view&) { ++seen; });
        s.expect_sent("SUB a 1\r\nUNSUB 1 2\r\n");
        s.server_says("MSG a 1 0\r\n\r\nMSG a 1 0\r\n\r\nMSG a 1 0\r\n\r\nMSG a 1 0\r\n\r\n");
        s.check([&] { CHECK(seen == 2); });
        s.expect_sent("");  // the server has ended it by itself
        s.subscribe("late", "b");
        s.server_says("MSG b 16777217 0\r\n\r\nMSG b 16777217 0\r\n\r\n");  // the slot again, the next generation
        s.unsubscribe("late", 2);                                           // there already
        s.expect_sent("SUB b 16777217\r\nUNSUB 16777217\r\n");
        s.check([&] { CHECK(s.subscription("late")->end_reason == errc::subscription_closed); });
    });
}

TEST_CASE("C16 I7: a maximum can be lowered and not raised: the server may have ended the subscription by the lower one") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("sub", "a", {.max_messages = 3});
        s.expect_sent("SUB a 1\r\nUNSUB 1 3\r\n");
        s.unsubscribe("sub", 5);
        s.expect_sent("");
        s.unsubscribe("sub", 2);
        s.expect_sent("UNSUB 1 2\r\n");
        s.server_says("MSG a 1 1\r\nx\r\nMSG a 1 1\r\ny\r\n");
        s.check([&] { CHECK(s.subscription("sub")->sid == 0); });
    });
}

TEST_CASE("C16: a 503 counts here but not at the server, which is told the end then") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("inbox", "r", {.max_messages = 1});
        s.next("next", "inbox");
        s.expect_sent("SUB r 1\r\nUNSUB 1 1\r\n");
        s.server_says("HMSG r 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n");
        s.expect_reply("next", "");
        s.expect_sent("UNSUB 1\r\n");
        s.next("end", "inbox");
        s.expect_done("end", errc::subscription_closed);
    });
}

TEST_CASE("C16: a 503 before the maximum was set counts here but not at the server, which is told the end then") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("inbox", "r");
        s.expect_sent("SUB r 1\r\n");
        s.server_says("HMSG r 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n");
        s.unsubscribe("inbox", 2);
        s.expect_sent("UNSUB 1 2\r\n");
        s.server_says("MSG r 1 1\r\nx\r\n");
        s.expect_sent("UNSUB 1\r\n");
        s.check([&] { CHECK(s.subscription("inbox")->sid == 0); });
    });
}

TEST_CASE("D1 D2 D4: beyond the limit the newest are dropped, counted exactly, and told once in an episode") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("sub", "a", {.pending_messages = 2});
        s.server_says("MSG a 1 1\r\n1\r\nMSG a 1 1\r\n2\r\nMSG a 1 1\r\n3\r\nMSG a 1 1\r\n4\r\nPING\r\n");
        s.expect_sent("SUB a 1\r\nPONG\r\n");  // the reader is not stopped
        s.expect_event(event_kind::slow_consumer, [](const event& e) {
            CHECK(e.subject == "a");
            CHECK(e.dropped == 1);
            CHECK(e.pending == 2);
        });
        s.expect_no_event();
        s.check([&] {
            CHECK(s.subscription("sub")->dropped == 2);
            CHECK(s.subscription("sub")->received == 4);
            CHECK(s.core().stats().dropped_msgs == 2);
        });
        s.expect_queued("sub", "1");
        s.expect_queued("sub", "2");
        s.expect_queue_empty("sub");
        s.server_says("MSG a 1 1\r\n5\r\nMSG a 1 1\r\n6\r\nMSG a 1 1\r\n7\r\n");  // a new episode
        s.expect_event(event_kind::slow_consumer, [](const event& e) { CHECK(e.dropped == 3); });
        s.expect_queued("sub", "5");
    });
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("sub", "a", {.pending_bytes = 15});
        s.server_says("HMSG a 1 12 15\r\nNATS/1.0\r\n\r\nabc\r\nMSG a 1 1\r\nx\r\n");  // headers count
        s.expect_event(event_kind::slow_consumer);
        s.expect_queued("sub", "abc");
        s.expect_queue_empty("sub");
    });
}

TEST_CASE("D3: flow control and heartbeats are not dropped at the limit, and are bounded all the same") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("sub", "a", {.pending_messages = 1});
        s.server_says(
            "MSG a 1 1\r\n1\r\n"
            "HMSG a 1 $JS.FC.x 40 40\r\nNATS/1.0 100 FlowControl Request    \r\n\r\n\r\n"
            "MSG a 1 1\r\n2\r\n");
        s.expect_event(event_kind::slow_consumer);
        s.expect_queued("sub", "1");
        s.check([&] {
            message m;
            REQUIRE(s.subscription("sub")->queue.pop(m));
            CHECK(m.status() == 100);
            CHECK(m.reply_to() == "$JS.FC.x");
        });
        s.expect_queue_empty("sub");
    });
    session_script s;
    connected(s);
    s.subscribe("sub", "a", {.pending_messages = 1});
    std::string flood;
    for (int i = 0; i < 1000; ++i) flood += "HMSG a 1 16 16\r\nNATS/1.0 100\r\n\r\n\r\n";
    s.server_says(flood);
    CHECK(s.subscription("sub")->queue.messages() == 1 + session::message_queue::status_messages);
    s.finish();
}

TEST_CASE("E12: async_next on an ended subscription gives what is left, then the reason") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("sub", "a");
        s.server_says("MSG a 1 1\r\n1\r\n");
        s.unsubscribe("sub");
        s.next("left", "sub");
        s.expect_reply("left", "1");
        s.next("end", "sub");
        s.expect_done("end", errc::subscription_closed);
        s.next("still", "sub");
        s.expect_done("still", errc::subscription_closed);
        s.subscribe("other", "b");
        s.next("waiting", "other");
        s.unsubscribe("other");
        s.expect_done("waiting", errc::subscription_closed);
        s.subscribe("third", "c");
        s.server_says("MSG c 33554433 1\r\n1\r\n");
        s.close();
        s.next("after", "third");
        s.check([&] { CHECK(s.operation("after").completed == 1); });
        s.next("last", "third");
        s.expect_done("last", errc::closed);
    });
}

TEST_CASE("E9: a cancelled async_next loses no message") {
    run_script([](session_script& s) {
        connected(s);
        s.subscribe("sub", "a");
        s.next("one", "sub");
        s.cancel("one", false);
        s.expect_done("one", aborted);
        s.next("two", "sub");
        s.cancel("one");  // the old one again: not the pending one
        s.expect_pending("two");
        s.server_says("MSG a 1 1\r\n1\r\nMSG a 1 1\r\n2\r\n");
        s.expect_reply("two", "1");
        s.cancel("two");
        s.expect_queued("sub", "2");
    });
}
