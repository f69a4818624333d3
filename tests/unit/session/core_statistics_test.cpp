// What is counted, and what other threads hand over.
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "protocol/wire/encoder.hpp"
#include "tests/unit/session/core_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

std::string frames(std::initializer_list<std::string_view> payloads, std::string_view header_block = {}) {
    wire::write_buffer out;
    for (const std::string_view payload : payloads) {
        const wire::outgoing m{"a", {}, header_block, payload};
        wire::encode_publish(out, wire::publish_size(m), m);
    }
    return std::string(out.view());
}

}  // namespace

TEST_CASE("ADR-40: dials, errors, drops and the most there ever was") {
    session_script s;
    s.start();
    s.connect();
    s.dialed(refused());
    s.expect_done("connect", refused());
    s.connect("again");
    s.handshake();
    statistics now = s.core().stats();
    CHECK(now.dials == 2);
    CHECK(now.failed_dials == 1);

    s.manual_writes();
    for (int i = 0; i < 10; ++i) s.publish("a", "x");
    const std::uint64_t most = s.core().stats().outbox_bytes;
    CHECK(most == 120);
    s.written(120);
    now = s.core().stats();
    CHECK(now.outbox_bytes == 0);
    CHECK(now.most_outbox_bytes >= most);

    s.request("one", "svc", "");
    s.request("two", "svc", "");
    s.cancel("one");
    s.cancel("two");
    CHECK(s.core().stats().pending_requests == 0);
    CHECK(s.core().stats().most_pending_requests == 2);

    subscribe_options o;
    o.pending_messages = 3;
    s.subscribe("sub", "x", o);
    s.subscribe("bad", "y", {}, [](const message_view&) { throw std::runtime_error("no"); });
    for (int i = 0; i < 5; ++i) s.server_says("MSG x 16777217 2\r\nhi\r\nMSG x 2 2\r\nhi\r\n");
    const std::uint64_t sid = s.subscription("sub")->sid;
    for (int i = 0; i < 5; ++i) s.server_says("MSG x " + std::to_string(sid) + " 2\r\nhi\r\n");
    s.server_says("MSG y " + std::to_string(s.subscription("bad")->sid) + " 2\r\nhi\r\n");
    s.server_says("-ERR 'one'\r\n-ERR 'two'\r\n");
    now = s.core().stats();
    CHECK(now.most_queued_msgs == 3);
    CHECK(now.most_queued_bytes == 6);
    CHECK(now.dropped_msgs >= 2);
    CHECK(now.slow_consumers == 1);
    CHECK(now.server_errors == 2);
    CHECK(now.failed_handlers == 1);
    s.finish();
}

TEST_CASE("D11 C13: frames of other threads are taken whole, as far as the outbox has room, in order") {
    session_script s;
    connect_options o;
    o.outbox_bytes = 30;
    connected_by_hand(s, std::move(o));
    const std::string all = frames({"1", "2", "3"});
    CHECK(s.core().take_frames(all, false, s.now()) == 24);
    CHECK(s.core().pending_write() == frames({"1", "2"}));
    CHECK(s.core().take_frames(all.substr(24), false, s.now()) == 0);
    CHECK(s.core().take_frames(all.substr(24), true, s.now()) == 12);
    s.written(24);
    CHECK(s.core().pending_write() == frames({"3"}));
    CHECK(s.core().stats().handed_over_msgs == 3);
    CHECK(s.core().stats().out_bytes == 3);
    CHECK(s.core().take_frames({}, false, s.now()) == 0);
    s.finish();
    session_script t;
    t.start();
    t.close();
    CHECK(t.core().take_frames(all, false, t.now()) == all.size());  // there is no place for them any more
    t.finish();
}

TEST_CASE("D11 C13: a batch of other threads is taken as a whole, a large one with its memory, in order; or it waits, or is looked at") {
    session_script s;
    connect_options o;
    o.outbox_bytes = 50'000;
    connected_by_hand(s, std::move(o));
    const auto batch_of = [](std::size_t size) {
        session::handed_batch batch;
        const std::string payload(size, 'x');
        const wire::outgoing m{"a", {}, {}, payload};
        batch.append(wire::publish_size(m), m);
        return batch;
    };
    CHECK_FALSE(s.core().publish("b", {}, {}, "0"));
    std::string expected = "PUB b 1\r\n0\r\n";
    for (const std::size_t size : {std::size_t{1}, std::size_t{20'000}, std::size_t{2}}) {
        session::handed_batch batch = batch_of(size);
        const std::string frames(batch.frames.view());
        const char* const memory = batch.frames.data();
        expected += frames;
        CHECK(s.core().take_batch(batch, false) == session::batch_fate::taken);
        CHECK(batch.frames.empty());
        CHECK(batch.messages == 0);
        CHECK((batch.frames.data() == memory) == (size < session::outbox::least_adopted));
    }
    CHECK(s.core().stats().handed_over_msgs == 3);
    CHECK(s.core().stats().out_msgs == 4);
    CHECK(s.core().stats().out_bytes == 1 + 1 + 20'000 + 2);
    CHECK(s.core().stats().outbox_bytes == expected.size());

    session::handed_batch waiting = batch_of(25'000 - 14);
    CHECK(s.core().take_batch(waiting, false) == session::batch_fate::taken);
    expected += std::string(batch_of(25'000 - 14).frames.view());
    waiting = batch_of(20'000);
    CHECK(s.core().take_batch(waiting, false) == session::batch_fate::waits);
    session::handed_batch large = batch_of(25'001);  // more than half of the outbox: it does not wait until there is room for all of it
    CHECK(s.core().take_batch(large, false) == session::batch_fate::by_frames);
    CHECK(large.messages == 1);

    std::string stream;
    while (!s.core().pending_write().empty()) {
        const std::string now(s.core().pending_write());
        stream += now;
        s.written(now.size());
    }
    CHECK(stream == expected);
    session::handed_batch whole = batch_of(50'001);  // only a message by itself may be larger than the outbox
    CHECK(s.core().take_batch(whole, false) == session::batch_fate::by_frames);
    CHECK(s.core().take_batch(waiting, false) == session::batch_fate::taken);
    CHECK(s.core().take_batch(large, true) == session::batch_fate::taken);
    s.finish();
}

TEST_CASE("C17 C13: a batch in which something is not for this server, and one while down, is looked at; a closed client wants none") {
    session_script s;
    s.manual_writes();
    s.start();
    s.connect();
    s.expect_dial("127.0.0.1:4222");
    handshake_by_hand(s, "INFO {\"max_payload\":2}\r\n");
    s.expect_event(event_kind::connected);
    const auto fate_of = [&](std::string_view header_block, std::string_view payload) {
        session::handed_batch batch;
        const wire::outgoing m{"a", {}, header_block, payload};
        batch.append(wire::publish_size(m), m);
        return s.core().take_batch(batch, true);
    };
    CHECK(fate_of({}, "12") == session::batch_fate::taken);
    CHECK(fate_of({}, "123") == session::batch_fate::by_frames);
    CHECK(fate_of("NATS/1.0\r\n\r\n", "") == session::batch_fate::by_frames);
    s.down();
    CHECK(fate_of({}, "1") == session::batch_fate::by_frames);
    s.close();
    CHECK(fate_of({}, "1") == session::batch_fate::taken);
    CHECK(s.core().stats().handed_over_msgs == 1);
    s.finish();
}

TEST_CASE("C17 C13: frames that this server cannot take are left out and told; while down they are held") {
    session_script s;
    s.manual_writes();
    s.start();
    s.connect();
    s.expect_dial("127.0.0.1:4222");
    handshake_by_hand(s, "INFO {\"max_payload\":2}\r\n");
    s.expect_event(event_kind::connected);
    const std::string mixed = frames({"1", "too large", "2"}) + frames({""}, "NATS/1.0\r\n\r\n") + frames({"3"});
    CHECK(s.core().take_frames(mixed, false, s.now()) == mixed.size());
    s.pump();
    s.expect_event(event_kind::server_error, [](const event& e) { CHECK(e.error == errc::max_payload); });
    CHECK(s.core().pending_write() == frames({"1", "2", "3"}));
    CHECK(s.core().stats().handed_over_msgs == 3);
    s.down();
    CHECK(s.core().take_frames(frames({"4"}), false, s.now()) == 12);
    CHECK(s.core().stats().outbox_bytes == 48);
    s.finish();
}
