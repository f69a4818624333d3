// Publishing: what is refused before a byte is queued, what is held, what is bounded.
#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/alloc_counter.hpp"
#include "tests/unit/session/core_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE("A23: bad subjects and reply subjects are refused before a byte is queued") {
    session_script s;
    connected(s);
    for (const std::string_view subject : {"", "a b", "a..b", "a.*", ">", "a\r\nPING", "a\n", "a\t", ".a", "a."}) {
        s.expect_publish(subject, "x", errc::invalid_subject);
        if (!subject.empty()) s.expect_publish("a", "x", errc::invalid_reply_subject, subject);
        s.request("request " + std::string(subject), subject, "x");
        s.expect_done("request " + std::string(subject), errc::invalid_subject);
    }
    s.expect_sent("");
    CHECK(s.core().stats().out_msgs == 0);
    s.finish();
}

TEST_CASE("A23 L38 D13: the short way of a connection that is up takes the same frames, and refuses the same") {
    session_script s;
    connect_options o;
    o.max_control_line = 512;
    connected(s, std::move(o));
    s.publish("a", "");  // opens it
    s.expect_publish("a", "x", {}, "r");
    s.expect_publish("a", std::string(12345, 'y'), {}, "_INBOX.0123456789abcdefghijkl.0000000000");
    s.expect_publish("a", "", {}, "r");
    s.publish("b", "12");
    s.expect_sent("PUB a 0\r\n\r\nPUB a r 1\r\nx\r\nPUB a _INBOX.0123456789abcdefghijkl.0000000000 12345\r\n" +
                  std::string(12345, 'y') + "\r\nPUB a r 0\r\n\r\nPUB b 2\r\n12\r\n");
    s.publish("a", "");
    for (const std::string_view reply : {"a b", "a..b", "a.*", ">", "a\r\nPING", "a\n", ".a", "a.", "_INBOX.0123456789abcdef\r\nghijkl.0"})
        s.expect_publish("a", "x", errc::invalid_reply_subject, reply);
    s.expect_publish("a b", "x", errc::invalid_subject, "r");
    s.expect_publish(std::string(256, 'x'), "1", errc::max_control_line, std::string(254, 'r'));
    s.expect_publish(std::string(256, 'x'), "1", {}, std::string(253, 'r'));
    s.expect_publish(std::string(256, 'x'), "1", {}, std::string(230, 'r'));
    s.expect_sent("PUB a 0\r\n\r\nPUB " + std::string(256, 'x') + ' ' + std::string(253, 'r') + " 1\r\n1\r\nPUB " +
                  std::string(256, 'x') + ' ' + std::string(230, 'r') + " 1\r\n1\r\n");
    s.check([&] {
        CHECK(s.core().stats().out_msgs == 8);
        CHECK(s.core().stats().out_bytes == 1 + 12345 + 2 + 1 + 1);
    });
    s.finish();
}

TEST_CASE("D13: frames as the server expects them: empty, with reply, with headers only") {
    run_script([](session_script& s) {
        connected(s);
        s.publish("a", "");
        s.expect_publish("a", "x", {}, "r");
        s.expect_publish("a", "", {}, "r", "NATS/1.0\r\nA: b\r\n\r\n");
        s.expect_publish("a", "\r\nPING\r\n", {}, "", "NATS/1.0\r\n\r\n");
        s.expect_sent(
            "PUB a 0\r\n\r\nPUB a r 1\r\nx\r\nHPUB a r 18 18\r\nNATS/1.0\r\nA: b\r\n\r\n\r\nHPUB a 12 "
            "20\r\nNATS/1.0\r\n\r\n\r\nPING\r\n\r\n");
        s.check([&] {
            CHECK(s.core().stats().out_msgs == 4);
            CHECK(s.core().stats().out_bytes == 0 + 1 + 18 + 20);
        });
    });
}

TEST_CASE("max_payload: the server's word counts, 1 MiB before there is one") {
    session_script s;
    s.start();
    const std::string mebi(1024 * 1024, 'x');
    s.expect_publish("a", mebi + "x", errc::max_payload);
    s.expect_publish("a", mebi, errc::max_payload, "", "NATS/1.0\r\n\r\n");
    s.expect_publish("a", mebi);
    s.connect();
    s.expect_dial("127.0.0.1:4222");
    s.handshake("PUB a 1048576\r\n~\r\n", "INFO {\"max_payload\":2097152}\r\n");
    s.expect_publish("a", mebi + "x");
    s.server_says("INFO {\"max_payload\":100}\r\n");
    s.expect_publish("a", std::string(101, 'x'), errc::max_payload);
    s.request("request", "a", std::string(101, 'x'));
    s.expect_done("request", errc::max_payload);
    s.finish();
}

TEST_CASE("L38: a subject that makes the line too long for the server is refused; the last byte counts") {
    for (const std::size_t limit : {std::size_t{4096}, std::size_t{512}}) {
        session_script s;
        connect_options o;
        o.max_control_line = limit;
        s.start(std::move(o));
        const std::string fits(limit - 2, 'x');
        s.expect_publish(fits, "123456789");
        s.expect_publish(fits, "1234567890", errc::max_control_line);
        s.expect_publish(fits + "x", "", errc::max_control_line);
        s.expect_publish(std::string(limit / 2, 'x'), "1", {}, std::string(limit / 2 - 3, 'r'));
        s.expect_publish(std::string(limit / 2, 'x'), "1", errc::max_control_line, std::string(limit / 2 - 2, 'r'));
        s.expect_publish(std::string(limit - 6, 'x'), "", {}, "", "NATS/1.0\r\n\r\n");
        s.expect_publish(std::string(limit - 5, 'x'), "", errc::max_control_line, "", "NATS/1.0\r\n\r\n");
        s.request("request", fits, "1");
        s.expect_done("request", errc::max_control_line);
        s.check([&] {
            std::shared_ptr<session::subscription_state> out;
            CHECK(s.core().subscribe(std::string(limit - 21, 'x'), {}, nullptr, out) == errc::max_control_line);
            CHECK(s.core().subscribe("x", {.queue_group = std::string(limit - 22, 'q')}, nullptr, out) == errc::max_control_line);
        });
        s.finish();
    }
}

TEST_CASE("C17: headers are refused when the server has none") {
    session_script s;
    s.start();
    s.connect();
    s.expect_dial("127.0.0.1:4222");
    s.handshake("", "INFO {\"max_payload\":1000}\r\n");
    s.expect_publish("a", "x", errc::headers_unsupported, "", "NATS/1.0\r\n\r\n");
    s.request("request", "a", "x", 0ms, "NATS/1.0\r\n\r\n");
    s.expect_done("request", errc::headers_unsupported);
    s.expect_sent("");
    s.finish();
}

TEST_CASE("D11 C13 I9: the outbox is bounded, up and down") {
    for (const bool up : {true, false}) {
        session_script s;
        s.manual_writes();
        connect_options o;
        o.outbox_bytes = 1024;
        s.start(std::move(o));
        if (up) {
            s.connect();
            s.dialed();
            s.server_says(session_script::plain_info);
            s.written(s.core().pending_write().size());
            s.server_says("PONG\r\n");
        }
        for (std::size_t queued = 0; queued + 22 <= 1024; queued += 22) s.publish("a", "0123456789");
        s.expect_publish("a", "0123456789", errc::buffer_full);
        s.request("request", "a", "0123456789");
        s.expect_done("request", errc::buffer_full);
        s.subscribe("sub", "b");  // the protocol's own frames do not count against it
        CHECK(s.core().stats().outbox_bytes <= 1024 + 10);
        if (up) {
            s.written(s.core().pending_write().size());
            s.expect_publish("a", "0123456789");
        }
        s.finish();
    }
}

TEST_CASE("D11: a publisher waits until little is queued: at once, later, too long, in vain, or no more") {
    const std::string kibi(1000, 'x');
    session_script s;
    connected_by_hand(s);
    const auto fill = [&](int kibis) {
        for (int i = 0; i < kibis; ++i) s.publish("a", kibi);
    };
    const auto write_one = [&] { s.written(s.core().pending_write().size()); };

    fill(60);
    CHECK(s.core().writable());
    s.wait_writable("at once");
    s.expect_done("at once");
    fill(200);
    CHECK_FALSE(s.core().writable());
    s.wait_writable("later");
    s.wait_writable("too short", 1s);
    s.wait_writable("cancelled");
    s.expect_pending("later");
    s.cancel("cancelled", false);
    s.expect_done("cancelled", aborted);
    write_one();
    CHECK_FALSE(s.core().writable());
    s.expect_pending("later");
    s.advance(1s);
    s.expect_done("too short", errc::timeout);
    while (!s.core().writable()) s.written(std::min<std::size_t>(10'000, s.core().pending_write().size()));
    s.expect_pending("later");  // only when half of it is left
    while (!s.core().pending_write().empty()) write_one();
    s.expect_done("later");

    s.wait_writable("wrong", 0ms);
    s.expect_done("wrong", errc::invalid_option);
    fill(200);
    s.wait_writable("over a loss");
    s.down();
    s.expect_close();
    s.expect_event(event_kind::disconnected);
    s.expect_event(event_kind::reconnecting);
    s.expect_pending("over a loss");
    s.close();
    s.expect_done("over a loss", errc::closed);
    s.expect_event(event_kind::closed);
    s.wait_writable("after the end");
    s.expect_done("after the end", errc::closed);
    s.finish();
}

TEST_CASE("D11: with a small outbox a publisher waits for half of it; nobody to connect to ends the wait") {
    session_script s;
    connect_options o;
    o.outbox_bytes = 1000;
    s.start(std::move(o));
    s.publish("a", std::string(450, 'x'));
    CHECK(s.core().writable());
    s.publish("a", std::string(100, 'x'));
    CHECK_FALSE(s.core().writable());
    s.connect();
    s.wait_writable("in vain");
    s.expect_dial("127.0.0.1:4222");
    s.dialed(refused());
    s.expect_event(event_kind::connect_failed);
    s.expect_done("connect", refused());
    s.expect_done("in vain", errc::not_connected);
    s.finish();
}

TEST_CASE("H8: nothing is taken after close") {
    session_script s;
    connected(s);
    s.close();
    s.expect_publish("a", "x", errc::closed);
    s.request("request", "a", "x");
    s.expect_done("request", errc::closed);
    s.flush("flush");
    s.expect_done("flush", errc::closed);
    s.drain("drain");
    s.expect_done("drain", errc::closed);
    std::shared_ptr<session::subscription_state> out;
    CHECK(s.core().subscribe("a", {}, nullptr, out) == errc::closed);
    s.expect_sent("");
    s.finish();
}

namespace {

/// What the shell does at the end of a turn, without the bookkeeping of a script.
void turn(session::core& core, time_point now) {
    session::finished_operation f;
    while (core.next_finished(f)) f.complete();
    for (std::string_view bytes = core.pending_write(now); !bytes.empty(); bytes = core.pending_write(now))
        core.on_written(1, bytes.size(), now);
}

void read(session::core& core, std::string_view bytes, time_point now) {
    const std::span<char> space = core.read_space();
    REQUIRE(space.size() >= bytes.size());
    std::copy(bytes.begin(), bytes.end(), space.begin());
    core.on_read(1, bytes.size(), now);
    turn(core, now);
}

/// In place of a user's handler: no memory of its own.
class silent final : public detail::completion<std::error_code, message> {
public:
    void complete(std::error_code, message&&) override { ++ended; }
    void destroy() noexcept override { ++ended; }
    int ended = 0;
};

}  // namespace

TEST_CASE("publish, receive and request allocate nothing in steady state but the reply itself") {
    session_script s;
    connected(s);
    session::core& core = s.core();
    std::size_t received = 0;
    s.subscribe("handler", "a", {}, [&received](const message_view& m) { received += m.payload().size(); });
    s.subscribe("queue", "b");
    const auto& queued = s.subscription("queue");
    const std::string payload(128, 'x');
    std::string reply = "MSG _INBOX.0123456789abcdefghijkl.0000000000 3 2\r\nok\r\n";
    std::string feed;
    for (int i = 0; i < 100; ++i) feed += "MSG a 1 5\r\nhello\r\nMSG b 2 5\r\nhello\r\n";
    message m;
    silent done;

    std::uint64_t allocations = 0;
    for (int round = 0; round < 50; ++round) {
        const allocation_counter counter;
        for (int i = 0; i < 100; ++i) static_cast<void>(core.publish("subject.of.some.length", "reply", {}, payload));
        turn(core, s.now());
        read(core, feed, s.now());
        while (queued->queue.pop(m)) received += m.payload().size();
        static_cast<void>(core.request("svc", {}, payload, 1s, detail::message_completion(&done), s.now()));
        const std::string_view sent = core.pending_write(s.now());
        const std::size_t at = sent.find("_INBOX.0123456789abcdefghijkl.0");
        REQUIRE(at != std::string_view::npos);
        reply.replace(4, 40, sent.substr(at, 40));
        turn(core, s.now());
        read(core, reply, s.now());
        if (round >= 10) allocations += counter.count();
    }
    CHECK(done.ended == 50);
    CHECK(received == 50 * 200 * 5);
    CHECK(allocations == 40);  // one for each reply
    s.finish();
}
