// Stream replies.
#include "jetstream/api/decode.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "jetstream/api/encode.hpp"
#include "tests/unit/jetstream/replies.hpp"

#include <slipstream/error.hpp>

using namespace slipstream::jetstream;
using namespace slipstream::jetstream::api;
using namespace slipstream::jetstream::test;
using namespace std::chrono_literals;

namespace {

std::error_code decode(const std::string& text) {
    stream_info out;
    return decode_stream_info(json(text), out, nullptr);
}

}  // namespace

TEST_CASE("spec/kv.md 2: what server 2.15.1 answers") {
    stream_info info;
    REQUIRE_FALSE(decode_stream_info(json(created_stream), info, nullptr));
    CHECK(info.config.name == "KV_b");
    CHECK(info.config.subjects == std::vector<std::string>{"$KV.b.>"});
    CHECK(info.config.max_msgs_per_subject == 5);
    CHECK(info.config.discard == discard_policy::new_);
    CHECK(info.config.duplicate_window == 120s);
    CHECK(info.config.allow_direct);
    CHECK(info.config.deny_delete);
    CHECK_FALSE(info.config.deny_purge);
    CHECK(info.config.allow_rollup_hdrs);
    CHECK(info.config.metadata.empty());  // all of it was the server's
    CHECK(info.config.other.empty());
    CHECK(info.created == wall_time(1795424104076103570ns));
    CHECK(info.state.messages == 3);
    CHECK(info.state.bytes == 120);
    CHECK(info.state.first_seq == 2);
    CHECK(info.state.last_seq == 9);
    CHECK(info.state.num_subjects == 2);
    CHECK(info.state.num_deleted == 5);
    CHECK(info.state.consumer_count == 1);
    CHECK(info.state.last_ts - info.state.first_ts == 1500ms);
}

TEST_CASE("W2: domain and leader of a clustered stream") {
    const std::string text =
        replaced(created_stream, R"("ts":)", R"("domain":"hub","cluster":{"name":"C","leader":"n1","replicas":null},"ts":)");
    stream_info info;
    REQUIRE_FALSE(decode_stream_info(json(text), info, nullptr));
    CHECK(info.domain == "hub");
    CHECK(info.leader == "n1");
}

TEST_CASE("spec/jetstream.md 1: unknown members of the reply are ignored, of the configuration kept for an update") {
    std::string text = replaced(created_stream, R"("ts":)", R"("brand_new":[{"x":1}],"ts":)");
    text = replaced(text, R"("sealed":false)", R"("sealed":false,"allow_wonders":{"a":[1,true,"x"]},"nothing":null)");
    stream_info info;
    REQUIRE_FALSE(decode_stream_info(json(text), info, nullptr));
    REQUIRE(info.config.other.size() == 1);
    CHECK(info.config.other.at("allow_wonders") == R"({"a":[1,true,"x"]})");
    CHECK(encode_stream(info.config).find(R"("allow_wonders":{"a":[1,true,"x"]})") != std::string::npos);
}

TEST_CASE("spec/jetstream.md 1: a word that this version does not know survives an update") {
    stream_info info;
    REQUIRE_FALSE(decode_stream_info(json(replaced(created_stream, R"("compression":"none")", R"("compression":"zstd")")), info, nullptr));
    CHECK(info.config.compression == store_compression::none);
    CHECK(info.config.other.at("compression") == R"("zstd")");
    CHECK(encode_stream(info.config).find(R"("compression":"zstd")") != std::string::npos);
}

TEST_CASE("A20: a reply without what is promised is invalid, never success") {
    for (const std::string_view missing : {R"("config":)", R"("created":)", R"("state":)", R"("name":)", R"("messages":)", R"("bytes":)",
                                           R"("first_seq":)", R"("last_seq":)"}) {
        CAPTURE(missing);
        CHECK(decode(replaced(created_stream, missing, R"("x":)")) == errc::invalid_response);
    }
    CHECK(decode("") == errc::invalid_response);
    CHECK(decode("null") == errc::invalid_response);
    CHECK(decode("[]") == errc::invalid_response);
    CHECK(decode("{}") == errc::invalid_response);
    CHECK(decode(created_stream + "x") == errc::invalid_response);
    CHECK(decode(created_stream.substr(0, created_stream.size() - 1)) == errc::invalid_response);
}

TEST_CASE("A20: a known member of another type is invalid") {
    CHECK(decode(replaced(created_stream, R"("messages":3)", R"("messages":"3")")) == errc::invalid_response);
    CHECK(decode(replaced(created_stream, R"("messages":3)", R"("messages":-3)")) == errc::invalid_response);
    CHECK(decode(replaced(created_stream, R"("messages":3)", R"("messages":3.0)")) == errc::invalid_response);
    CHECK(decode(replaced(created_stream, R"("last_seq":9)", R"("last_seq":18446744073709551616)")) == errc::invalid_response);
    CHECK(decode(replaced(created_stream, R"("sealed":false)", R"("sealed":0)")) == errc::invalid_response);
    CHECK(decode(replaced(created_stream, R"("max_age":0)", R"("max_age":"soon")")) == errc::invalid_response);
    CHECK(decode(replaced(created_stream, R"("created":"2026-11-23T08:55:04.07610357Z")", R"("created":"yesterday")")) ==
          errc::invalid_response);
    CHECK(decode(replaced(created_stream, R"(["$KV.b.\u003e"])", R"("x")")) == errc::invalid_response);
    CHECK(decode(replaced(created_stream, R"("consumer_limits":{})", R"("consumer_limits":[])")) == errc::invalid_response);
    CHECK(decode(replaced(created_stream, R"("sealed":false)", R"("mirror":{"x":1})")) == errc::invalid_response);
}

TEST_CASE("spec/jetstream.md 1: null is absent, and 2^64-1 is a sequence") {
    stream_info info;
    REQUIRE_FALSE(decode_stream_info(json(replaced(created_stream, R"(["$KV.b.\u003e"])", "null")), info, nullptr));
    CHECK(info.config.subjects.empty());
    REQUIRE_FALSE(
        decode_stream_info(json(replaced(created_stream, R"("last_seq":9)", R"("last_seq":18446744073709551615)")), info, nullptr));
    CHECK(info.state.last_seq == UINT64_MAX);
}

TEST_CASE("spec/kv.md 7: a marker ttl comes as a number or as a Go duration") {
    stream_info info;
    REQUIRE_FALSE(decode_stream_info(json(replaced(created_stream, R"("sealed":false)", R"("subject_delete_marker_ttl":2000000000)")), info,
                                     nullptr));
    CHECK(info.config.subject_delete_marker_ttl == 2s);
    REQUIRE_FALSE(
        decode_stream_info(json(replaced(created_stream, R"("sealed":false)", R"("subject_delete_marker_ttl":"1m0s")")), info, nullptr));
    CHECK(info.config.subject_delete_marker_ttl == 1min);
}

TEST_CASE("A20, W32: errors by number, with the server's words beside them") {
    error_info info;
    stream_info out;
    const std::string text = R"({"type":"x","error":{"code":404,"err_code":10059,"description":"stream not found"},"config":null})";
    CHECK(decode_stream_info(json(text), out, &info) == errc::stream_not_found);
    CHECK(info.code == 404);
    CHECK(info.err_code == 10059);
    CHECK(info.description == "stream not found");
    CHECK(decode(replaced(text, R"("err_code":10059,)", "")) == errc::unspecified);
    CHECK(decode(replaced(text, "404,\"err_code\":10059", "10059")) == errc::stream_not_found);  // as managed services write it
    CHECK(decode(R"({"error":{}})") == errc::unspecified);
    CHECK(decode(R"({"error":null})") == errc::unspecified);
    CHECK(decode(R"({"error":"text"})") == errc::unspecified);
    CHECK(decode(R"({"error":{"err_code":3}})") == errc::unspecified);  // must not look like a code of ours
    CHECK(decode(R"({"error":{"err_code":4294977355}})") == errc::unspecified);  // 2^32 + 10059 is not cut to 10059
    CHECK(decode(R"({"error":{"err_code":10777}})").value() == 10777);
    // An error beside a complete result is an error.
    CHECK(decode(replaced(created_stream, R"("config":)", R"("error":{"err_code":10008},"config":)")) == errc::temporarily_unavailable);
}

TEST_CASE("A22: a status instead of JSON is an error") {
    stream_info out;
    error_info info;
    CHECK(decode_stream_info(with_headers("NATS/1.0 412 Required Api Level\r\n\r\n"), out, &info) == errc::api_level);
    CHECK(info.code == 412);
    CHECK(info.description == "Required Api Level");
    CHECK(decode_stream_info(with_headers("NATS/1.0 503\r\n\r\n"), out, nullptr) == slipstream::errc::no_responders);
    CHECK(decode_stream_info(with_headers("NATS/1.0 599 Who Knows\r\n\r\n"), out, nullptr) == errc::unspecified);
}

TEST_CASE("S29, S30, W23: creation knows what managed services answer") {
    stream_info out;
    const auto create = [&](std::string_view text) { return decode_stream_create(json(text), out, nullptr); };
    CHECK_FALSE(create(created_stream));
    CHECK(create(R"({"error":{"code":10058,"description":"stream name already in use"}})") == errc::stream_name_in_use);
    CHECK(create(R"({"error":{"code":400,"err_code":10058,"description":"x"}})") == errc::stream_name_in_use);
    CHECK(create(R"({"error":{"code":400,"description":"maximum number of streams reached"}})") == errc::maximum_streams);
    CHECK(create(R"({"error":{"code":400,"err_code":10027,"description":"x"}})") == errc::maximum_streams);
    CHECK(create(R"({"error":{"code":500,"err_code":10052,"description":"x"}})") == errc::stream_invalid_config);
    CHECK(create("not json at all") == errc::invalid_response);  // unlike the classifier: this is a result, and never a guess
    CHECK(create("{}") == errc::invalid_response);
}
