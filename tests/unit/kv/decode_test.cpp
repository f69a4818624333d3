#include "kv/codec/decode.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <ostream>
#include <string>
#include <string_view>

using namespace slipstream;
using kv::operation;

namespace {

constexpr std::string_view prefix = "$KV.certs.";
constexpr std::string_view ack = "$JS.ACK.KV_certs.cons.1.42.7.1700000000000000000.3";

std::string block(std::string_view lines) { return std::string("NATS/1.0\r\n").append(lines).append("\r\n"); }

operation operation_in(std::string_view lines) {
    const std::string headers = block(lines);
    return kv::codec::operation_of(header_view(headers));
}

}  // namespace

TEST_CASE("S131: a message without headers is a put") {
    const auto update = kv::codec::decode_delivery(prefix, message_view("$KV.certs.node.a", ack, "", "v1"));
    REQUIRE(update.has_value());
    CHECK(update->operation == operation::put);
    CHECK(update->key == "node.a");
    CHECK(update->value == "v1");
    CHECK(update->revision == kv::revision(42));
    CHECK(update->created.time_since_epoch().count() == 1'700'000'000'000'000'000);
    CHECK(update->delta == 3);
}

TEST_CASE("S132 S133 S89: DEL and PURGE markers") {
    const std::string del = block("KV-Operation: DEL\r\n");
    const auto erased = kv::codec::decode_delivery(prefix, message_view("$KV.certs.node.a", ack, del, ""));
    REQUIRE(erased.has_value());
    CHECK(erased->operation == operation::erase);
    CHECK(erased->key == "node.a");
    CHECK(erased->revision == kv::revision(42));

    const std::string purge = block("KV-Operation: PURGE\r\nNats-Rollup: sub\r\n");
    const auto purged = kv::codec::decode_delivery(prefix, message_view("$KV.certs.node.a", ack, purge, "ignored"));
    REQUIRE(purged.has_value());
    CHECK(purged->operation == operation::purge);
    CHECK(purged->value.empty());
}

TEST_CASE("S134 S88: a subject outside the bucket is nothing") {
    CHECK_FALSE(kv::codec::decode_delivery(prefix, message_view("$KV.other.node.a", ack, "", "v")).has_value());
    CHECK_FALSE(kv::codec::decode_delivery(prefix, message_view("$KV.certs.", ack, "", "v")).has_value());
    CHECK_FALSE(kv::codec::decode_delivery(prefix, message_view("", ack, "", "v")).has_value());
}

TEST_CASE("S135 R24 G13: without a place in the stream the revision is unknown, not 0") {
    for (const std::string_view reply : {"", "not.an.ack.subject", "$JS.ACK.too.few.tokens", "$JS.ACK.s.c.1.notnum.7.0.0",
                                         "$JS.ACK.KV_certs.cons.1.18446744073709551616.7.1700000000000000000.0"}) {
        CAPTURE(reply);
        const auto update = kv::codec::decode_delivery(prefix, message_view("$KV.certs.node.a", reply, "", "v"));
        REQUIRE(update.has_value());
        CHECK_FALSE(update->revision.is_known());
        CHECK(update->key == "node.a");
        CHECK(update->delta == 0);
    }
}

TEST_CASE("S82: both layouts of the ACK subject give the revision") {
    const auto update = kv::codec::decode_delivery(
        prefix, message_view("$KV.certs.a", "$JS.ACK.hub.AABBCC.KV_certs.cons.1.99.7.1700000000000000000.0.rng", "", "v"));
    REQUIRE(update.has_value());
    CHECK(update->revision == kv::revision(99));
}

TEST_CASE("W27 G4 L33: one decoder for markers of clients and of the server") {
    CHECK(operation_in("KV-Operation: DEL\r\n") == operation::erase);
    CHECK(operation_in("KV-Operation: PURGE\r\n") == operation::purge);
    CHECK(operation_in("KV-Operation: PUT\r\n") == operation::put);
    CHECK(operation_in("KV-Operation: del\r\n") == operation::put);
    CHECK(operation_in("KV-Operation:\r\n") == operation::put);
    CHECK(operation_in("kv-operation: DEL\r\n") == operation::put);
    CHECK(operation_in("Nats-Marker-Reason: MaxAge\r\nNats-TTL: 1m0s\r\nNats-Rollup: sub\r\n") == operation::purge);
    CHECK(operation_in("Nats-Marker-Reason: Purge\r\n") == operation::purge);
    CHECK(operation_in("Nats-Marker-Reason: Remove\r\n") == operation::erase);
    CHECK(operation_in("Nats-Marker-Reason: Other\r\n") == operation::put);
    CHECK(operation_in("KV-Operation: DEL\r\nNats-Marker-Reason: MaxAge\r\n") == operation::erase);
    CHECK(operation_in("KV-Operation: PUT\r\nNats-Marker-Reason: MaxAge\r\n") == operation::purge);
    CHECK(operation_in("Nats-Expected-Last-Subject-Sequence: 0\r\n") == operation::put);
    CHECK(operation_in("Nats-Rollup: sub\r\n") == operation::put);
}

TEST_CASE("A22: header blocks that are not well-formed are puts, and no failure") {
    for (const std::string_view bytes :
         {"", "N", "NATS/1.0", "NATS/1.0 503\r\n\r\n", "garbage: KV-Operation: DEL\r\n", "NATS/1.0\r\n:\r\n\r\n"}) {
        CAPTURE(bytes);
        CHECK(kv::codec::operation_of(header_view(bytes)) == operation::put);
    }
}

TEST_CASE("S67 L8: an empty value is told by the payload, or by Nats-Msg-Size under headers-only") {
    const auto is_empty = [](std::string_view lines) {
        const std::string headers = block(lines);
        return kv::codec::is_empty_value(message_view("$KV.certs.a", ack, headers, ""), true);
    };
    CHECK(is_empty("Nats-Msg-Size: 0\r\n"));
    CHECK_FALSE(is_empty("Nats-Msg-Size: 5\r\n"));
    CHECK_FALSE(is_empty("Nats-Msg-Size: 00\r\n"));
    CHECK_FALSE(is_empty(""));
    CHECK_FALSE(is_empty("Other: 0\r\n"));
    // A writer's own header of that name comes first.
    CHECK_FALSE(is_empty("Nats-Msg-Size: 0\r\nNats-Msg-Size: 3\r\n"));
    CHECK(is_empty("Nats-Msg-Size: 3\r\nNats-Msg-Size: 0\r\n"));
    CHECK_FALSE(kv::codec::is_empty_value(message_view("$KV.certs.a", ack, "", ""), true));

    CHECK(kv::codec::is_empty_value(message_view("$KV.certs.a", ack, "", ""), false));
    CHECK_FALSE(kv::codec::is_empty_value(message_view("$KV.certs.a", ack, "", "x"), false));
}
