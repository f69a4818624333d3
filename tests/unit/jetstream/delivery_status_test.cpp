// Status frames on a deliver subject.
#include <doctest/doctest.h>

#include <string>

#include "jetstream/machine/delivery_status.hpp"

using slipstream::message_view;
using slipstream::jetstream::machine::delivery_status;
using slipstream::jetstream::machine::read_status;
using kind = delivery_status::kind;

TEST_CASE("L9, spec/jetstream.md 7: heartbeat, flow control, stalled heartbeat") {
    const message_view heartbeat("fd", "", "NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 1952\r\nNats-Last-Stream: 2001\r\n\r\n", "");
    delivery_status s = read_status(heartbeat);
    CHECK(s.what == kind::idle_heartbeat);
    CHECK(s.last_consumer == 1952);
    CHECK(s.last_stream == 2001);
    CHECK(s.answer_to.empty());

    s = read_status(message_view("fd", "$JS.FC.F1.fc.ghl7", "NATS/1.0 100 FlowControl Request\r\n\r\n", ""));
    CHECK(s.what == kind::flow_control);
    CHECK(s.answer_to == "$JS.FC.F1.fc.ghl7");

    s = read_status(message_view("fd", "",
                                 "NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 1952\r\nNats-Last-Stream: 1952\r\n"
                                 "Nats-Consumer-Stalled: $JS.FC.F1.fc.ghl7\r\n\r\n",
                                 ""));
    CHECK(s.what == kind::idle_heartbeat);
    CHECK(s.answer_to == "$JS.FC.F1.fc.ghl7");
}

TEST_CASE("W39: a stored message is never a status, whatever its header block begins with") {
    const char* const ack = "$JS.ACK.KV_b.c.1.3.1.1795424104376170253.3";
    CHECK(read_status(message_view("$KV.b.k", ack, "NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 7\r\n\r\n", "")).what ==
          kind::message);
    CHECK(read_status(message_view("$KV.b.k", ack, "NATS/1.0 503\r\n\r\n", "")).what == kind::message);
    CHECK(read_status(message_view("$KV.b.k", ack, "", "v")).what == kind::message);
    CHECK(read_status(message_view("$KV.b.k", ack, "NATS/1.0\r\nKV-Operation: DEL\r\n\r\n", "")).what == kind::message);
}

TEST_CASE("A22, W38: other statuses are recognised by their code alone") {
    delivery_status s = read_status(message_view("fd", "", "NATS/1.0 409 Consumer Deleted\r\n\r\n", ""));
    CHECK(s.what == kind::other);
    CHECK(s.code == 409);
    s = read_status(message_view("fd", "", "NATS/1.0 503\r\nNats-Subject: x\r\n\r\n", ""));
    CHECK(s.what == kind::other);
    CHECK(s.code == 503);
    CHECK(read_status(message_view("fd", "", "", "x")).what == kind::message);
    CHECK(read_status(message_view("fd", "some.reply", "NATS/1.0\r\nA: b\r\n\r\n", "x")).what == kind::message);
}

TEST_CASE("A3: numbers are digits within 64 bits or absent") {
    for (const char* const bad : {"", "-1", "+5", "0x10", "12a", " ", "18446744073709551616", "99999999999999999999999"}) {
        CAPTURE(bad);
        const std::string block =
            std::string("NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: ") + bad + "\r\nNats-Last-Stream: " + bad + "\r\n\r\n";
        const delivery_status s = read_status(message_view("fd", "", block, ""));
        CHECK(s.what == kind::idle_heartbeat);
        CHECK_FALSE(s.last_consumer);
        CHECK_FALSE(s.last_stream);
    }
    const delivery_status s =
        read_status(message_view("fd", "", "NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 18446744073709551615\r\n\r\n", ""));
    CHECK(s.last_consumer == 18446744073709551615U);
}
