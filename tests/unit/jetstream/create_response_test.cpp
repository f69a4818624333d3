// The STREAM.CREATE classifier: the contract's vectors and every way a reply can be odd.
#include <slipstream/jetstream/create_response.hpp>

#include <doctest/doctest.h>

#include <ostream>
#include <string>
#include <string_view>

using namespace slipstream::jetstream;

namespace {

create_outcome outcome(std::string_view reply) { return classify_create_response(reply).outcome; }

}  // namespace

TEST_CASE("S116: a stream_create response is created") {
    const auto r = classify_create_response(R"({"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"KV_certs"}})");
    CHECK(r.outcome == create_outcome::created);
    CHECK(r.parsed);
    CHECK(r.code == 0);
    CHECK(r.err_code == 0);
    CHECK(r.description.empty());
}

TEST_CASE("S117: err_code 10058 is already_exists") {
    const auto r = classify_create_response(R"({"error":{"code":400,"err_code":10058,"description":"stream name already in use"}})");
    CHECK(r.outcome == create_outcome::already_exists);
    CHECK(r.code == 400);
    CHECK(r.err_code == 10058);
    CHECK(r.description == "stream name already in use");
}

TEST_CASE("S118, S30: the stream limit by its text") {
    CHECK(outcome(R"({"error":{"code":400,"description":"maximum number of streams reached"}})") == create_outcome::stream_limit);
    // Both are needed, and the case counts.
    CHECK(outcome(R"({"error":{"code":500,"description":"maximum number of streams reached"}})") == create_outcome::failed);
    CHECK(outcome(R"({"error":{"code":400,"description":"Maximum number of streams reached"}})") == create_outcome::failed);
    CHECK(outcome(R"({"error":{"code":400}})") == create_outcome::failed);
}

TEST_CASE("W23, L29: the stream limit by its number, whatever the text and code") {
    CHECK(outcome(R"({"error":{"code":400,"err_code":10027,"description":"maximum number of streams reached"}})") ==
          create_outcome::stream_limit);
    CHECK(outcome(R"({"error":{"code":503,"err_code":10027,"description":"changed words"}})") == create_outcome::stream_limit);
}

TEST_CASE("S119: failed with code and text") {
    const auto r = classify_create_response(R"({"error":{"code":403,"description":"insufficient permissions"}})");
    CHECK(r.outcome == create_outcome::failed);
    CHECK(r.code == 403);
    CHECK(r.description == "insufficient permissions");
}

TEST_CASE("S120: a bare 400 is fatal") {
    const auto r = classify_create_response(R"({"error":{"code":400,"description":"invalid stream config"}})");
    CHECK(r.outcome == create_outcome::failed);
    CHECK(r.code == 400);
    CHECK(r.description.find("invalid stream config") != std::string::npos);
}

TEST_CASE("S121, S26: bytes that are not one complete JSON text are created, and say that they were not parsed") {
    std::string deep(5000, '[');
    const std::string_view cases[] = {"not json at all",
                                      "",
                                      " ",
                                      "{",
                                      "{}x",
                                      R"({"error":{"code":403}} trailing)",
                                      R"({"error":{"code":403})",
                                      "{\"a\":\"\xFF\"}",
                                      "{\"a\":\"\xC0\x80\"}",
                                      R"({"a":"\ud800"})",
                                      "nul",
                                      "[1,]",
                                      "{'a':1}",
                                      "01",
                                      "1.",
                                      "--1",
                                      "{\"error\":1}{\"error\":1}",
                                      "\xEF\xBB\xBF{}",
                                      deep};
    for (const std::string_view text : cases) {
        CAPTURE(text);
        const auto r = classify_create_response(text);
        CHECK(r.outcome == create_outcome::created);
        CHECK_FALSE(r.parsed);
        CHECK(r.code == 0);
    }
}

TEST_CASE("S122, S29: 10058 in `code` is already_exists too") {
    CHECK(outcome(R"({"error":{"code":10058,"description":"stream name already in use"}})") == create_outcome::already_exists);
    // Checked before the stream limit.
    CHECK(outcome(R"({"error":{"code":400,"err_code":10058,"description":"maximum number of streams"}})") ==
          create_outcome::already_exists);
}

TEST_CASE("S123, S28: what is missing is 0") {
    const auto r = classify_create_response(R"({"error":{"description":"mystery"}})");
    CHECK(r.outcome == create_outcome::failed);
    CHECK(r.code == 0);
    CHECK(r.err_code == 0);
    CHECK(r.description == "mystery");
    CHECK(classify_create_response(R"({"error":{"code":1}})").description == "unknown error");
}

TEST_CASE("S27: valid JSON without an `error` member is created, objects or not") {
    for (const std::string_view text :
         {"null", "42", "[]", "{}", "\"error\"", "[{\"error\":1}]", R"({"config":{"error":{"code":403}}})", " { } \n", "1e400"}) {
        CAPTURE(text);
        const auto r = classify_create_response(text);
        CHECK(r.outcome == create_outcome::created);
        CHECK(r.parsed);
    }
}

TEST_CASE("S28: an `error` of any type is an error") {
    for (const std::string_view text :
         {R"({"error":null})", R"({"error":"text"})", R"({"error":[]})", R"({"error":false})", R"({"error":{}})", R"({"error":0})"}) {
        CAPTURE(text);
        const auto r = classify_create_response(text);
        CHECK(r.outcome == create_outcome::failed);
        CHECK(r.code == 0);
        CHECK(r.description == "unknown error");
    }
}

TEST_CASE("S28: numbers of another type, or beyond int64, are 0; the reply is still an error") {
    for (const std::string_view number :
         {"\"10058\"", "10058.0", "10058.5", "1.0058e4", "9223372036854775808", "18446744073709551616", "123456789012345678901234567890",
          "-1e999", "1e999", "true", "null", "[10058]", "-9223372036854775809"}) {
        CAPTURE(number);
        const auto r = classify_create_response(R"({"error":{"code":)" + std::string(number) + R"(,"err_code":)" + std::string(number) +
                                                R"(,"description":"d"}})");
        CHECK(r.parsed);
        CHECK(r.outcome == create_outcome::failed);
        CHECK(r.code == 0);
        CHECK(r.err_code == 0);
        CHECK(r.description == "d");
    }
    CHECK(classify_create_response(R"({"error":{"code":9223372036854775807}})").code == INT64_MAX);
    CHECK(classify_create_response(R"({"error":{"code":-9223372036854775808}})").code == INT64_MIN);
    // Beside a number that does not fit, too.
    CHECK(classify_create_response(R"({"error":{"code":9223372036854775807,"err_code":-9223372036854775809}})").code == INT64_MAX);
}

TEST_CASE("A18: a number of 400 digits elsewhere does not hide the error, and an invalid one does not become valid") {
    const std::string huge(400, '9');
    CHECK(outcome(R"({"x":)" + huge + R"(,"error":{"code":403}})") == create_outcome::failed);
    CHECK(outcome(R"({"x":[-)" + huge + R"(],"error":{"code":403}})") == create_outcome::failed);
    CHECK(outcome(R"({"x":")" + huge + R"(","y":)" + huge + R"(,"error":{"code":10058}})") == create_outcome::already_exists);
    for (const std::string_view prefix : {"--", "-0", "00", "+", ".", "t", "1e5e"}) {
        CAPTURE(prefix);
        CHECK_FALSE(classify_create_response(R"({"x":)" + std::string(prefix) + huge + R"(,"error":{"code":403}})").parsed);
    }
    for (const std::string_view suffix : {"e", "e5e5", ".", "x", ".e5", "\"\""}) {
        CAPTURE(suffix);
        CHECK_FALSE(classify_create_response(R"({"x":)" + huge + std::string(suffix) + R"(,"error":{"code":403}})").parsed);
    }
}

TEST_CASE("A18: escapes in names and repeated members") {
    CHECK(outcome(R"({"\u0065rror":{"code":403}})") == create_outcome::failed);
    CHECK(outcome(R"({"error":null,"error":{"code":10058}})") == create_outcome::already_exists);  // the last one counts
    CHECK(outcome(R"({"error":{"code":1,"code":10058}})") == create_outcome::already_exists);
    CHECK(outcome(R"({"Error":{"code":10058}})") == create_outcome::created);  // names are exact
}
