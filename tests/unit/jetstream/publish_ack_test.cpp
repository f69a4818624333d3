// Publish acknowledgements: the usual text read in place, everything else by the JSON parser, both alike.
#include "jetstream/api/publish_ack.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

#include "tests/support/alloc_counter.hpp"
#include "tests/unit/jetstream/replies.hpp"

#include <slipstream/error.hpp>

using namespace slipstream::jetstream;
using namespace slipstream::jetstream::api;
using namespace slipstream::jetstream::test;

namespace {

/// Who asks for the sequence only is told the same.
std::error_code decode(std::string_view text, publish_ack& out, error_info* info = nullptr) {
    const std::error_code ec = decode_publish_ack(json(text), out, info);
    std::uint64_t sequence = 0;
    error_info words;
    CHECK(decode_stored_sequence(json(text), sequence, &words) == ec);
    CHECK(sequence == (ec ? 0 : out.sequence));
    if (info != nullptr) CHECK(words.description == info->description);
    return ec;
}

}  // namespace

TEST_CASE("spec/jetstream.md 10: what servers write is read in place") {
    for (const std::string_view text :
         {R"({"stream":"S1","seq":2})", R"({"stream":"KV_r","domain":"hub","seq":3})", R"({"stream":"S", "seq":1,"duplicate": true})",
          R"({"seq":9,"stream":"S","duplicate":false})", R"({"stream":"S","seq":999999999999999999})"}) {
        CAPTURE(text);
        CHECK(read_usual_ack(text));
    }
    const auto ack = read_usual_ack(R"({"stream":"KV_r", "domain":"hub", "seq":3,"duplicate": true})");
    REQUIRE(ack);
    CHECK(ack->stream == "KV_r");
    CHECK(ack->domain == "hub");
    CHECK(ack->sequence == 3);
    CHECK(ack->duplicate);
}

TEST_CASE("spec/jetstream.md 10: the unusual goes through the JSON parser with the same meaning") {
    publish_ack ack;
    for (const std::string_view text :
         {R"({"stream":"S\u0031","seq":2})", R"({ "stream" : "S1" , "seq" : 2 })", R"({"stream":"S1","seq":2,"batch":"b","count":3})",
          R"({"stream":"S1","seq":2,"val":"8"})", "{\"stream\":\"S1\",\n\"seq\":2}", R"({"stream":"S1","seq":2,"domain":null})",
          "{\"seq\":2,\"stream\":\"S1\"}\n"}) {
        CAPTURE(text);
        CHECK_FALSE(read_usual_ack(text));
        REQUIRE_FALSE(decode(text, ack));
        CHECK(ack.stream == "S1");
        CHECK(ack.sequence == 2);
    }
    REQUIRE_FALSE(decode(R"({"stream":"S","seq":18446744073709551615})", ack));
    CHECK(ack.sequence == UINT64_MAX);
}

TEST_CASE("A20: what is not an acknowledgement is never success") {
    publish_ack ack;
    for (const std::string_view text : {"",
                                        "{}",
                                        "+OK",
                                        "null",
                                        R"({"stream":"S1"})",
                                        R"({"seq":2})",
                                        R"({"stream":"","seq":2})",
                                        R"({"stream":"S1","seq":0})",
                                        R"({"stream":"S1","seq":-1})",
                                        R"({"stream":"S1","seq":"2"})",
                                        R"({"stream":"S1","seq":2.0})",
                                        R"({"stream":"S1","seq":02})",
                                        R"({"stream":"S1","seq":2)",
                                        R"({"stream":"S1","seq":2}})",
                                        R"({"stream":"S1","seq":2,})",
                                        R"({"stream":1,"seq":2})",
                                        R"({"stream":"S1","seq":18446744073709551616})",
                                        R"({"stream":"S1","seq":2,"duplicate":1})",
                                        R"({"stream":"S1""seq":2})",
                                        R"({"stream":"S1","seq":2,"duplicate":truex})",
                                        R"(["stream","S1","seq",2])"}) {
        CAPTURE(text);
        CHECK_FALSE(read_usual_ack(text));
        CHECK(decode(text, ack) == errc::invalid_response);
    }
}

TEST_CASE("spec/jetstream.md 10, G6: refusals by number, beside a sequence of 0 or any other") {
    publish_ack ack;
    error_info info;
    CHECK(decode(R"({"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 2"},"stream":"KV_b","seq":0})", ack, &info) ==
          errc::wrong_last_sequence);
    CHECK(info.description == "wrong last sequence: 2");
    CHECK(info.err_code == 10071);
    CHECK(decode(R"({"error":{"code":400,"err_code":10164,"description":"wrong last sequence"},"stream":"KV_r","seq":0})", ack) ==
          errc::wrong_last_sequence_in_flight);
    CHECK(decode(R"({"stream":"KV_r","seq":5,"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"}})", ack) ==
          errc::store_failed);
    CHECK(decode(R"({"stream":"KV_r","seq":5,"error":null})", ack) == errc::unspecified);
    CHECK(decode_publish_ack(with_headers("NATS/1.0 503\r\n\r\n"), ack, nullptr) == slipstream::errc::no_responders);
}

TEST_CASE("F22: every usual text with one byte changed gives what the JSON parser gives") {
    const std::string text = R"({"stream":"S1","domain":"d","seq":12,"duplicate": true})";
    int usual = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        for (const char c : std::string_view("\"\\{}:, 019ax\x01\xFF-.e")) {
            std::string changed = text;
            changed[at] = c;
            CAPTURE(changed);
            const auto fast = read_usual_ack(changed);
            if (!fast) continue;
            ++usual;
            publish_ack slow;  // a blank in front makes it unusual and changes nothing else
            REQUIRE_FALSE(decode(" " + changed, slow));
            CHECK(slow.stream == fast->stream);
            CHECK(slow.domain == fast->domain);
            CHECK(slow.sequence == fast->sequence);
            CHECK(slow.duplicate == fast->duplicate);
        }
    }
    CHECK(usual > 20);
}

TEST_CASE("performance: an acknowledgement costs no allocation") {
    const std::string text = R"({"stream":"KV_orders","domain":"hub","seq":123456789,"duplicate": true})";
    publish_ack ack;
    std::uint64_t sum = 0;
    const slipstream::test::allocation_counter counter;
    for (int i = 0; i < 1000; ++i) {
        if (!decode(text, ack)) sum += ack.sequence;
    }
    CHECK(counter.count() == 0);
    CHECK(sum == 123'456'789'000);
}
