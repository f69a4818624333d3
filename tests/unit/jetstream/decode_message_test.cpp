// Stored messages: from JSON and from direct-get replies.
#include "jetstream/api/decode.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "jetstream/api/number.hpp"
#include "jetstream/api/time.hpp"
#include "tests/unit/jetstream/replies.hpp"

#include <slipstream/error.hpp>

using namespace slipstream::jetstream;
using namespace slipstream::jetstream::api;
using namespace slipstream::jetstream::test;
using namespace std::chrono_literals;
using slipstream::message;
using slipstream::message_view;

namespace {

std::error_code direct(std::string_view headers, std::string_view payload, stored_message& out, error_info* info = nullptr) {
    return decode_direct_message(message(with_headers(headers, payload)), out, info);
}

constexpr std::string_view servers_headers =
    "Nats-Stream: KV_b\r\nNats-Subject: $KV.b.k1\r\nNats-Sequence: 2\r\nNats-Time-Stamp: 2026-11-23T08:55:04.07610357Z\r\n\r\n";

}  // namespace

TEST_CASE("L41, spec/kv.md 3: a direct get") {
    stored_message m;
    REQUIRE_FALSE(direct("NATS/1.0\r\n" + std::string(servers_headers), "v2", m));
    CHECK(m.subject() == "$KV.b.k1");
    CHECK(m.sequence() == 2);
    CHECK(m.time() == wall_time(1795424104076103570ns));
    CHECK(m.payload() == "v2");
    stored_message moved = std::move(m);  // what it tells lies in its own bytes
    CHECK(moved.subject() == "$KV.b.k1");
    CHECK(moved.headers().get("Nats-Stream") == "KV_b");
    CHECK(m.subject().empty());  // NOLINT(bugprone-use-after-move): a moved-from message is empty
}

TEST_CASE("spec/kv.md 3: a marker's headers are there, and an empty value is a value") {
    stored_message m;
    REQUIRE_FALSE(direct("NATS/1.0\r\nKV-Operation: DEL\r\n" + std::string(servers_headers), "", m));
    CHECK(m.headers().get("KV-Operation") == "DEL");
    CHECK(m.payload().empty());
    CHECK(m.sequence() == 2);
}

TEST_CASE("spec/jetstream.md 9: a publisher cannot forge the server's headers") {
    stored_message m;
    REQUIRE_FALSE(direct(
        "NATS/1.0\r\nNats-Sequence: 999\r\nNats-Subject: evil\r\nNats-Time-Stamp: 1999-01-01T00:00:00Z\r\n" + std::string(servers_headers),
        "v", m));
    CHECK(m.sequence() == 2);
    CHECK(m.subject() == "$KV.b.k1");
    CHECK(m.time() == wall_time(1795424104076103570ns));
}

TEST_CASE("A20, spec/jetstream.md 9: every block that is nearly what servers write reads as its headers say") {
    const std::string plain = "NATS/1.0\r\n" + std::string(servers_headers);
    std::size_t accepted = 0;
    const auto check = [&accepted](const std::string& block) {
        CAPTURE(block);
        const message_view reply("_INBOX.x", {}, block, "v");
        stored_message m;
        const std::error_code ec = decode_direct_message(message(reply), m, nullptr);
        const auto subject = reply.headers().get_last("Nats-Subject").value_or("");
        const auto sequence = parse_number(reply.headers().get_last("Nats-Sequence").value_or(""));
        const auto time = parse_time(reply.headers().get_last("Nats-Time-Stamp").value_or(""));
        REQUIRE(!ec == (!subject.empty() && sequence && *sequence != 0 && time));
        if (ec) return;
        ++accepted;
        REQUIRE(m.subject() == subject);
        REQUIRE(m.sequence() == *sequence);
        REQUIRE(m.time() == *time);
    };
    for (std::size_t at = 0; at <= plain.size(); ++at) {
        for (const char c : {' ', '\t', '\r', '\n', ':', '-', '.', '0', 'x', '\0'}) {
            std::string block = plain;
            check(block.insert(at, 1, c));
            if (at == plain.size()) continue;
            block = plain;
            block[at] = c;
            check(block);
        }
        check(std::string(plain).erase(at, 1));
        check(plain.substr(0, at));
        check(plain.substr(0, at) + "\r\n" + plain.substr(at));
        check(plain.substr(0, at) + "Nats-Sequence: 7\r\n" + plain.substr(at));
    }
    CHECK(accepted > 100);
}

TEST_CASE("E13, spec/jetstream.md 9: sequences of every length") {
    const std::string plain = "NATS/1.0\r\n" + std::string(servers_headers);
    struct {
        std::string_view text;
        std::uint64_t sequence;  // 0: refused
    } const cases[] = {{"1", 1},
                       {"007", 7},
                       {"999999999999999999", 999'999'999'999'999'999U},
                       {"1000000000000000000", 1'000'000'000'000'000'000U},
                       {"18446744073709551615", UINT64_MAX},
                       {"00000000000000000000007", 7},
                       {"18446744073709551616", 0},
                       {"000000000000000000", 0},
                       {"0", 0},
                       {"", 0}};
    for (const auto& c : cases) {
        CAPTURE(c.text);
        stored_message m;
        const std::error_code ec = decode_direct_message(
            message(message_view("_INBOX.x", {}, replaced(plain, "Nats-Sequence: 2", "Nats-Sequence: " + std::string(c.text)), "v")), m,
            nullptr);
        CHECK(ec == (c.sequence == 0 ? make_error_code(errc::invalid_response) : std::error_code()));
        CHECK(m.sequence() == c.sequence);
    }
}

TEST_CASE("W27: only a block of the server's headers alone is told to hold no others") {
    const std::string plain = "NATS/1.0\r\n" + std::string(servers_headers);
    const auto has_headers = [](const std::string& block) {
        direct_reply out;
        REQUIRE_FALSE(read_direct_message(message_view("_INBOX.x", {}, block, "v"), out, nullptr));
        return out.has_headers;
    };
    CHECK_FALSE(has_headers(plain));
    CHECK(has_headers("NATS/1.0\r\nKV-Operation: DEL\r\n" + std::string(servers_headers)));
    CHECK(has_headers(replaced(plain, "\r\n\r\n", "\r\nKV-Operation: DEL\r\n\r\n")));
    CHECK(has_headers(replaced(plain, "KV_b\r\n", "KV_b\r\nKV-Operation: DEL\r\n")));
    CHECK(has_headers(replaced(plain, "Nats-Stream: KV_b\r\n", "")));
}

TEST_CASE("A22: a stored message with a status line is a message, and not the server's word") {
    stored_message m;
    REQUIRE_FALSE(direct("NATS/1.0 404 Message Not Found\r\n" + std::string(servers_headers), "", m));
    CHECK(m.sequence() == 2);
}

TEST_CASE("A22: statuses of a direct get") {
    struct {
        std::string_view status;
        std::error_code expected;
    } const cases[] = {{"404 Message Not Found", errc::message_not_found}, {"408 Empty Request", errc::bad_request},
                       {"408 Bad Request", errc::bad_request},             {"429 Too Many Requests", errc::too_many_requests},
                       {"412 Required Api Level", errc::api_level},        {"503", slipstream::errc::no_responders},
                       {"413 Too Many Results", errc::unspecified},        {"100 Idle Heartbeat", errc::unspecified}};
    for (const auto& c : cases) {
        CAPTURE(c.status);
        stored_message m;
        error_info info;
        CHECK(direct("NATS/1.0 " + std::string(c.status) + "\r\n\r\n", "", m, &info) == c.expected);
        CHECK(info.code == std::stoi(std::string(c.status)));
        CHECK(m.sequence() == 0);
    }
}

TEST_CASE("A20: direct replies that lack the server's headers, or with broken ones") {
    stored_message m;
    CHECK(direct("", "payload only", m) == errc::invalid_response);  // no_hdr
    CHECK(direct("NATS/1.0\r\n\r\n", "x", m) == errc::invalid_response);
    const std::string whole = "NATS/1.0\r\n" + std::string(servers_headers);
    for (const auto& [from, to] :
         {std::pair("Nats-Sequence: 2", "Nats-Sequence: x"), std::pair("Nats-Sequence: 2", "Nats-Sequence: 0"),
          std::pair("Nats-Sequence: 2", "Nats-Sequence: -2"), std::pair("Nats-Sequence: 2", "Nats-Sequence: 18446744073709551616"),
          std::pair("Nats-Sequence: 2", "X: 2"), std::pair("Nats-Subject: $KV.b.k1", "X: y"), std::pair("Nats-Time-Stamp:", "X:"),
          std::pair("2026-11-23T", "yesterday")}) {
        CAPTURE(to);
        CHECK(direct(replaced(whole, from, to), "x", m) == errc::invalid_response);
    }
}

TEST_CASE("spec/kv.md 3: a message from the leader, as JSON") {
    stored_message m;
    const std::string text =
        R"({"type":"io.nats.jetstream.api.v1.stream_msg_get_response","message":{"subject":"$KV.b.k\u003e","seq":7,)"
        R"("hdrs":"TkFUUy8xLjANCktWLU9wZXJhdGlvbjogREVMDQoNCg==",)"
        R"("data":"aGk=","time":"2026-11-23T08:55:04.07610357Z"}})";
    REQUIRE_FALSE(decode_message(json(text), m, nullptr));
    CHECK(m.subject() == "$KV.b.k>");
    CHECK(m.sequence() == 7);
    CHECK(m.headers().get("KV-Operation") == "DEL");
    CHECK(m.payload() == "hi");
    CHECK(m.time() == wall_time(1795424104076103570ns));

    REQUIRE_FALSE(decode_message(
        json(replaced(replaced(text, R"("data":"aGk=",)", ""), R"("hdrs":"TkFUUy8xLjANCktWLU9wZXJhdGlvbjogREVMDQoNCg==",)", "")), m,
        nullptr));
    CHECK(m.payload().empty());  // absent data is an empty value, no error
    CHECK(m.headers().empty());
    stored_message moved = std::move(m);
    CHECK(moved.subject() == "$KV.b.k>");

    for (const auto& [from, to] :
         {std::pair("\"seq\":7", "\"seq\":0"), std::pair("\"seq\":7", "\"x\":7"), std::pair("\"subject\":", "\"x\":"),
          std::pair("\"time\":", "\"x\":"), std::pair("aGk=", "aGk"), std::pair("aGk=", "a Gk="),
          std::pair("\"data\":\"aGk=\"", "\"data\":7"), std::pair("TkFU", "!!!!"), std::pair("\"message\":", "\"x\":")}) {
        CAPTURE(to);
        CHECK(decode_message(json(replaced(text, from, to)), m, nullptr) == errc::invalid_response);
    }
    CHECK(decode_message(json(R"({"error":{"code":404,"err_code":10037,"description":"no message found"}})"), m, nullptr) ==
          errc::message_not_found);
}
