// Large payloads that leave from where they lie: whatever the transport takes of them, each frame goes out whole, once and in order.
#include <algorithm>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "tests/support/alloc_counter.hpp"
#include "tests/unit/session/core_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

constexpr std::size_t anything = ~std::size_t{0};
constexpr std::string_view headers = "NATS/1.0\r\nA: b\r\n\r\n";

/// A small message waits, a large one follows: what the transport is offered.
constexpr std::string_view both = "PUB a 1\r\n1\r\nHPUB b r 18 25\r\nNATS/1.0\r\nA: b\r\n\r\npayload\r\n";
constexpr wire::outgoing large{"b", "r", headers, "payload"};

void connected_and_seen(session_script& s, connect_options o = {}) {
    connected_by_hand(s, std::move(o));
    s.expect_sent("CONNECT ~PING\r\n");
}

}  // namespace

TEST_CASE("I14: whatever of queue and large payload is taken at once, the bytes are the same and go out once") {
    for (std::size_t room = 0; room <= both.size(); ++room) {
        session_script s;
        connected_and_seen(s);
        s.publish("a", "1");
        CHECK(s.publish_gathered(large, room) == both.size());
        CHECK(s.core().stats().out_msgs == 2);
        CHECK(s.core().stats().out_bytes == 1 + headers.size() + 7);
        CHECK(s.core().pending_write().empty() == (room == both.size()));
        s.publish("a", "2");
        while (!s.core().pending_write().empty()) all_written(s);
        s.expect_sent(std::string(both) + "PUB a 1\r\n2\r\n");
        s.check([&] { CHECK(s.core().stats().outbox_bytes == 0); });
        s.finish();
    }
}

TEST_CASE("I14: a connection that is lost inside a large payload brings the whole of it on the next, one that took it all brings nothing") {
    for (std::size_t room = 0; room <= both.size(); ++room) {
        session_script s;
        connected_and_seen(s);
        s.publish("a", "1");
        s.publish_gathered(large, room);
        const std::size_t first = both.find("HPUB");
        std::string again(room < first ? both : room < both.size() ? both.substr(first) : "");
        s.down();
        s.expect_close();
        s.expect_event(event_kind::disconnected);
        s.expect_event(event_kind::reconnecting);
        s.advance_to_dial();
        s.expect_dial("127.0.0.1:4222");
        handshake_by_hand(s);
        s.expect_sent("CONNECT ~PING\r\n");
        while (!s.core().pending_write().empty()) all_written(s);
        s.expect_sent(again);
        s.expect_event(event_kind::connected);
        s.finish();
    }
}

TEST_CASE("a large payload behind what is being written, or with more behind it than one block, is queued and not offered") {
    session_script s;
    connected_and_seen(s);
    s.publish("a", "1");
    s.written(3);
    s.publish("a", "2");  // in the next block, as the first is under way
    CHECK(s.publish_gathered(large, anything) == 0);
    while (!s.core().pending_write().empty()) all_written(s);
    s.expect_sent("PUB a 1\r\n1\r\nPUB a 1\r\n2\r\n" + std::string(both.substr(both.find("HPUB"))));
    // What is left of the block under way goes along.
    s.publish("a", "1");
    s.written(3);
    CHECK(s.publish_gathered(large, anything) == both.size() - 3);
    s.expect_sent(both);
    s.finish();
}

TEST_CASE("A23: a large payload is refused as any other, before a byte is offered") {
    session_script s;
    connected_and_seen(s);
    CHECK(s.publish_gathered({"a b", {}, {}, "x"}, anything, errc::invalid_subject) == 0);
    CHECK(s.publish_gathered({"a", "r.*", {}, "x"}, anything, errc::invalid_reply_subject) == 0);
    const std::string too_large(1024 * 1024 + 1, 'x');
    CHECK(s.publish_gathered({"a", {}, {}, too_large}, anything, errc::max_payload) == 0);
    CHECK(s.core().stats().out_msgs == 0);
    s.down();
    s.expect_close();
    s.expect_event(event_kind::disconnected);
    s.expect_event(event_kind::reconnecting);
    CHECK(s.publish_gathered(large, anything) == 0);  // held
    CHECK(s.core().stats().outbox_bytes != 0);
    s.close();
    s.expect_event(event_kind::closed);
    CHECK(s.publish_gathered(large, anything, errc::closed) == 0);
    s.finish();
}

TEST_CASE("C7: the write clock runs from a large payload that is stuck, and stops with one that is not") {
    session_script s;
    connect_options o;
    o.write_timeout = 2s;
    connected_and_seen(s, std::move(o));
    s.publish_gathered(large, anything);
    s.advance(3s);
    s.expect_no_event();
    s.publish_gathered(large, 10);
    s.advance(3s);
    s.expect_event(event_kind::disconnected, [](const event& e) { CHECK(e.error == errc::write_stalled); });
    s.finish();
}

TEST_CASE("H9: memory that ends in a large payload loses nothing, and sends nothing in part") {
    const std::string payload(session::core::large_payload, 'x');
    for (std::uint64_t k = 1; k < 8; ++k) {
        session_script s;
        connected_and_seen(s);
        std::size_t taken = 0;
        bool failed = false;
        const session::core::gathered_write half = [&](std::span<const std::string_view> pieces) {
            for (const std::string_view piece : pieces) taken += piece.size();
            return taken /= 2;
        };
        {
            const failing_allocation at(k);
            try {
                static_cast<void>(s.core().publish_gathered({"a", {}, {}, payload}, half, s.now()));
            } catch (const std::bad_alloc&) {
                failed = true;
            }
        }
        CHECK(failed == (taken == 0));
        CHECK(s.core().stats().out_msgs == (failed ? 0 : 1));
        s.destroy();
        if (!failed) return;
    }
    FAIL("memory never sufficed");
}
