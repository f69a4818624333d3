// Requests: every one ends exactly once, by its deadline, with a result that is true.
#include <string>

#include <doctest/doctest.h>

#include "tests/unit/session/core_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE("E11: requests share one inbox, subscribed with the first; each has a token of its own") {
    run_script([](session_script& s) {
        connected(s);
        s.request("one", "svc", "1");
        s.request("two", "svc", "2", 0ms, "NATS/1.0\r\nA: b\r\n\r\n");
        s.expect_sent("SUB " INBOX "* 1\r\nPUB svc " INBOX "0000000001 1\r\n1\r\nHPUB svc " INBOX
                      "0000100001 18 19\r\nNATS/1.0\r\nA: b\r\n\r\n2\r\n");
        s.server_says("MSG " INBOX "0000100001 1 3\r\ntwo\r\nMSG " INBOX "0000000001 1 3\r\none\r\n");
        s.expect_reply("one", "one");
        s.expect_reply("two", "two");
        s.check([&] {
            CHECK(s.operation("one").subject == INBOX "0000000001");
            CHECK(s.core().stats().pending_requests == 0);
            CHECK(s.core().stats().out_msgs == 2);
            CHECK(s.core().stats().subscriptions == 1);
        });
        s.request("three", "svc", "3");
        s.expect_sent("PUB svc " INBOX "0000000002 1\r\n3\r\n");
    });
}

TEST_CASE("E8: the inbox prefix is the user's") {
    run_script([](session_script& s) {
        connect_options o;
        o.inbox_prefix = "my.replies";
        connected(s, std::move(o));
        s.request("one", "svc", "");
        s.expect_sent("SUB my.replies.0123456789abcdefghijkl.* 1\r\nPUB svc my.replies.0123456789abcdefghijkl.0000000001 0\r\n\r\n");
        s.check([&] {
            const std::string first = s.core().new_inbox();
            CHECK(first.starts_with("my.replies.0123456789abcdefghijkl"));
            CHECK(first != s.core().new_inbox());
            CHECK(first.find('.', 11) == std::string::npos);  // not under the inbox of requests
        });
    });
}

TEST_CASE("E5: a 503 is no_responders at once; with a payload it is a reply like any other") {
    run_script([](session_script& s) {
        connected(s);
        s.request("none", "svc", "");
        s.request("some", "svc", "");
        s.server_says("HMSG " INBOX "0000000001 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\nHMSG " INBOX
                      "0000100001 1 16 17\r\nNATS/1.0 503\r\n\r\nx\r\n");
        s.expect_done("none", errc::no_responders);
        s.expect_reply("some", "x");
    });
}

TEST_CASE("E1 E2 E10 I1: without an answer a request ends by its deadline, the default one too, and leaves nothing") {
    run_script([](session_script& s) {
        connect_options o;
        o.request_timeout = 2s;
        o.ping_interval = 1h;
        connected(s, std::move(o));
        s.request("short", "svc", "", 100ms);
        s.request("default", "svc", "");
        s.request("hour", "svc", "", 1h);
        s.advance(99ms);
        s.expect_pending("short");
        s.advance(1ms);
        s.expect_done("short", errc::timeout);
        s.advance(1899ms);
        s.expect_pending("default");
        s.advance(1ms);
        s.expect_done("default", errc::timeout);
        s.expect_pending("hour");
        s.check([&] { CHECK(s.core().stats().pending_requests == 1); });
    });
}

TEST_CASE("E13: negative, huge and zero timeouts") {
    run_script([](session_script& s) {
        connected(s);
        s.request("negative", "svc", "", -1ms);
        s.expect_done("negative", errc::invalid_option);
        s.expect_sent("");
        s.request("huge", "svc", "", std::chrono::milliseconds::max());
        s.flush("zero", 0ms);
        s.expect_done("zero", errc::invalid_option);
        s.flush("huge flush", std::chrono::milliseconds::max());
        s.server_says("PONG\r\nMSG " INBOX "0000000001 1 0\r\n\r\n");
        s.expect_done("huge");
        s.expect_done("huge flush");
    });
}

TEST_CASE("E3: the first reply counts; later ones, and those after the deadline, are counted and dropped") {
    run_script([](session_script& s) {
        connected(s);
        s.request("one", "svc", "");
        s.request("late", "svc", "", 100ms);
        s.server_says("MSG " INBOX "0000000001 1 1\r\n1\r\nMSG " INBOX "0000000001 1 1\r\n2\r\n");
        s.expect_reply("one", "1");
        s.advance(100ms);
        s.expect_done("late", errc::timeout);
        s.request("next", "svc", "");  // the slot again
        s.server_says("MSG " INBOX "0000100001 1 1\r\n3\r\nMSG " INBOX "0000000001 1 0\r\n\r\nMSG " INBOX "x 1 0\r\n\r\n");
        s.expect_pending("next");
        s.check([&] { CHECK(s.core().stats().orphaned_msgs == 4); });
    });
}

TEST_CASE("E7: a reply whose subject was mapped is taken when one request is pending, and only then") {
    run_script([](session_script& s) {
        connected(s);
        s.request("one", "svc", "");
        s.server_says("MSG mapped.reply 1 1\r\n1\r\n");
        s.expect_reply("one", "1");
        s.request("two", "svc", "");
        s.request("three", "svc", "");
        s.server_says("MSG mapped.reply 1 1\r\n1\r\n");
        s.expect_pending("two");
        s.expect_pending("three");
    });
}

TEST_CASE("E4 C13: on a loss, requests that were written end at once, those still here go out again and stay pending") {
    run_script([](session_script& s) {
        connected_by_hand(s);
        s.request("sent", "a", "");
        all_written(s);
        s.request("half", "b", "", 1min);
        s.written(10);  // a part of its frame
        s.request("here", "c", "", 1min);
        s.request("short", "d", "", 100ms);
        s.down();
        s.expect_done("sent", errc::connection_lost);
        s.expect_pending("half");
        s.expect_pending("here");
        s.advance(100ms);
        s.expect_done("short", errc::timeout_unsent);  // and it is never sent
        s.request("while down", "e", "", 1min);
        s.advance_to_dial();
        s.dialed();
        s.server_says(session_script::plain_info);
        all_written(s);
        s.server_says("PONG\r\n");
        s.check([&] {
            const std::string expected = "SUB " INBOX "* 1\r\nPUB b " INBOX "0000100001 0\r\n\r\nPUB c " INBOX
                                         "0000200001 0\r\n\r\nPUB e " INBOX "0000000002 0\r\n\r\n";
            const std::string sent(s.core().pending_write());
            CHECK(sent.size() == expected.size());
            CHECK(sent.starts_with("SUB " INBOX "* 1\r\nPUB b "));
            CHECK(sent.find("PUB d") == std::string::npos);
            s.written(sent.size());
        });
        s.server_says("MSG " INBOX "0000100001 1 0\r\n\r\nMSG " INBOX "0000200001 1 0\r\n\r\n");
        s.expect_done("half");
        s.expect_done("here");
        s.expect_pending("while down");
    });
}

TEST_CASE("E1 I1: timeout_unsent is true: the frame is taken back from a connection that is stuck, and what follows it is not harmed") {
    run_script([](session_script& s) {
        connected_by_hand(s);
        s.publish("stuck", "x");
        s.request("under way", "a", "", 100ms);
        s.check([&] { CHECK(s.core().pending_write().size() > 20); });  // the transport has these now
        s.request("behind", "b", "", 100ms);
        s.publish("after", "1");
        s.flush("flush");
        s.request("later", "c", "", 1min);
        s.advance(100ms);
        s.expect_done("under way", errc::timeout);
        s.expect_done("behind", errc::timeout_unsent);
        all_written(s);
        s.check([&] {
            const std::string rest(s.core().pending_write());
            CHECK(rest == "PUB after 1\r\n1\r\nPING\r\nPUB c " INBOX "0000200001 0\r\n\r\n");
        });
        s.written(20);
        s.server_says("PING\r\nPONG\r\n");
        s.expect_done("flush");
        s.flush("second");
        s.check([&] { CHECK(s.core().pending_write().ends_with("0\r\n\r\n")); });  // the rest of that write
        all_written(s);
        s.check([&] { CHECK(s.core().pending_write() == "PONG\r\nPING\r\n"); });
    });
}

TEST_CASE("E1: taking frames back confuses neither flushes nor PONGs") {
    run_script([](session_script& s) {
        connected_by_hand(s);
        s.publish("stuck", "x");
        s.check([&] { CHECK(s.core().pending_write() == "PUB stuck 1\r\nx\r\n"); });
        s.request("back", "b", "", 100ms);
        s.server_says("PING\r\n");
        s.flush("one");
        s.advance(100ms);
        s.expect_done("back", errc::timeout_unsent);
        s.check([&] { CHECK(s.core().pending_write() == "PUB stuck 1\r\nx\r\n"); });  // the request's frame is taken back here
        s.check([&] { CHECK(s.core().stats().outbox_bytes == 16 + 39 + 6 + 6); });
        s.publish("x", std::string(40, 'y'));  // 52 bytes as the request's frame: the stream is as long as it was
        s.flush("two");
        all_written(s);
        s.check([&] {
            const std::string rest(s.core().pending_write());
            CHECK(rest.ends_with("PONG\r\nPING\r\nPUB x 40\r\n" + std::string(40, 'y') + "\r\nPING\r\n"));
            s.written(rest.size());
        });
        s.server_says("PONG\r\n");
        s.expect_done("one");
        s.expect_pending("two");
        s.server_says("PONG\r\n");
        s.expect_done("two");
    });
    run_script([](session_script& s) {
        connected_by_hand(s);
        s.publish("stuck", "x");
        s.check([&] { CHECK(s.core().pending_write() == "PUB stuck 1\r\nx\r\n"); });
        s.request("back", "b", "", 100ms);
        s.server_says("PING\r\n");
        s.advance(100ms);
        s.expect_done("back", errc::timeout_unsent);
        all_written(s);
        all_written(s);
        s.check([&] { CHECK(s.core().stats().outbox_bytes == 0); });
        s.server_says("PING\r\n");  // the first PONG has left, shorter a way than it once was
        s.check([&] { CHECK(s.core().pending_write() == "PONG\r\n"); });
    });
}

TEST_CASE("E9: a cancelled request ends at once, and its late reply is swallowed") {
    run_script([](session_script& s) {
        connected(s);
        s.request("one", "svc", "");
        s.cancel("one", false);
        s.expect_done("one", aborted);
        s.server_says("MSG " INBOX "0000000001 1 1\r\n1\r\n");
        s.check([&] { CHECK(s.core().stats().orphaned_msgs == 1); });
        s.request("two", "svc", "");
        s.cancel("one");
        s.expect_pending("two");
    });
}

TEST_CASE("W25 E6: a denied publish fails the requests on its subject, and nothing else") {
    run_script([](session_script& s) {
        connected(s);
        s.request("one", "denied.x", "");
        s.request("two", "denied.x", "");
        s.request("three", "allowed", "");
        s.expect_sent("~");
        s.server_says("-ERR 'Permissions Violation for Publish to \"denied.x\"'\r\n");
        s.expect_done("one", errc::permission_denied);
        s.expect_done("two", errc::permission_denied);
        s.expect_pending("three");
        s.expect_no_event();
        s.expect_state(client_state::connected);
        s.server_says("-ERR 'Permissions Violation for Publish to \"plain\"'\r\n");  // of a publish: only the event can tell
        s.expect_event(event_kind::server_error, [](const event& e) {
            CHECK(e.error == errc::permission_denied);
            CHECK(e.subject == "plain");
        });
        s.server_says("-ERR 'Permissions Violation for Publish with Reply of \"" INBOX "0000200001\"'\r\n");
        s.expect_done("three", errc::permission_denied);
    });
}

TEST_CASE("W25: a request that the server cannot have seen is not blamed") {
    run_script([](session_script& s) {
        connected_by_hand(s);
        s.request("here", "a", "");
        s.server_says("-ERR 'Permissions Violation for Publish to \"a\"'\r\n");
        s.expect_pending("here");
        s.expect_event(event_kind::server_error);
    });
}

TEST_CASE("D10 E8: when the inbox is refused, requests fail at once; the next one tries again") {
    run_script([](session_script& s) {
        connected(s);
        s.request("one", "svc", "");
        s.expect_sent("SUB " INBOX "* 1\r\nPUB ~");
        s.server_says("-ERR 'Permissions Violation for Subscription to \"" INBOX "*\"'\r\n");
        s.expect_done("one", errc::permission_denied);
        s.request("two", "svc", "");
        s.expect_sent("SUB " INBOX "* 16777217\r\nPUB ~");
        s.server_says("MSG " INBOX "0000000002 16777217 0\r\n\r\n");
        s.expect_done("two");
    });
}

TEST_CASE("E4: with fail_fast nothing is kept while down") {
    run_script([](session_script& s) {
        connect_options o;
        o.fail_fast = true;
        s.manual_writes();
        s.start(std::move(o));
        s.expect_publish("a", "x", errc::not_connected);
        s.request("early", "a", "");
        s.expect_done("early", errc::not_connected);
        s.subscribe("sub", "a");
        s.connect();
        s.dialed();
        s.server_says(session_script::plain_info);
        all_written(s);
        s.expect_publish("a", "x", errc::not_connected);
        s.server_says("PONG\r\n");
        all_written(s);
        s.request("unsent", "a", "");
        s.publish("a", "kept");
        s.down();
        s.expect_done("unsent", errc::not_connected);
        s.expect_publish("a", "x", errc::not_connected);
        s.advance_to_dial();
        s.dialed();
        s.server_says(session_script::plain_info);
        all_written(s);
        s.server_says("PONG\r\n");
        s.check([&] { CHECK(s.core().pending_write() == "SUB " INBOX "* 2\r\nSUB a 1\r\nPUB a 4\r\nkept\r\n"); });
    });
}

TEST_CASE("E1: a read stops when enough operations are finished, and goes on with the next message") {
    session_script s;
    connected(s);
    std::size_t heard = 0;
    s.subscribe("sub", "a", {}, [&heard](const message_view&) { ++heard; });
    for (const char* name : {"one", "two", "three"}) s.request(name, "svc", "");
    const std::string_view replies = "MSG " INBOX "0000000001 2 1\r\n1\r\nMSG " INBOX "0000100001 2 1\r\n2\r\nMSG a 1 0\r\n\r\n"
                                     "MSG " INBOX "0000200001 2 1\r\n3\r\nMSG a 1 0\r\n\r\nPING\r\n";
    const std::span<char> space = s.core().read_space();
    REQUIRE(space.size() >= replies.size());
    std::copy(replies.begin(), replies.end(), space.begin());
    s.core().on_read(1, replies.size(), s.now(), 2);
    CHECK(s.core().read_unfinished());
    CHECK(s.core().stats().pending_requests == 1);
    CHECK(heard == 0);
    session::finished_operation f;
    for (int taken = 0; taken < 2; ++taken) {
        REQUIRE(s.core().next_finished(f));
        f.complete();
    }
    CHECK_FALSE(s.core().next_finished(f));
    s.core().read_on(s.now(), 1);
    CHECK(s.core().read_unfinished());
    CHECK(s.core().stats().pending_requests == 0);
    CHECK(heard == 1);
    s.core().read_on(s.now(), 1);  // one is finished already and was not taken: only replies ask
    CHECK_FALSE(s.core().read_unfinished());
    CHECK(heard == 2);
    CHECK(s.core().pending_write().ends_with("PONG\r\n"));  // only when all of the read is done
    s.core().read_on(s.now(), 1);  // nothing to go on with
    CHECK(heard == 2);
    s.finish();
}

TEST_CASE("I10: what a read has left goes with its connection") {
    session_script s;
    connected(s);
    s.request("one", "svc", "");
    s.request("two", "svc", "");
    const std::string_view replies = "MSG " INBOX "0000000001 1 0\r\n\r\nMSG " INBOX "0000100001 1 0\r\n\r\n";
    const std::span<char> space = s.core().read_space();
    REQUIRE(space.size() >= replies.size());
    std::copy(replies.begin(), replies.end(), space.begin());
    s.core().on_read(1, replies.size(), s.now(), 1);
    CHECK(s.core().read_unfinished());
    s.close();
    CHECK_FALSE(s.core().read_unfinished());
    s.expect_reply("one", "");
    s.expect_done("two", errc::closed);
    s.finish();
}
