#include "protocol/wire/json_writer.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>

#include <simdjson.h>

using slipstream::wire::is_utf8;
using slipstream::wire::json_writer;

namespace {

std::string json_of(std::string_view text) {
    std::string out;
    slipstream::wire::append_json_string(out, text);
    return out;
}

/// What an independent reader makes of our string.
std::string read_back(const std::string& json_string) {
    simdjson::dom::parser parser;
    std::string_view text;
    REQUIRE(parser.parse(json_string).get_string().get(text) == simdjson::SUCCESS);
    return std::string(text);
}

template <class Value>
std::string written(const Value& value) {
    std::string out;
    json_writer(out).value(value);
    return out;
}

}  // namespace

TEST_CASE("protocol 5: objects, arrays, commas") {
    std::string out = "CONNECT ";
    json_writer json(out);
    json.begin_object();
    json.member("verbose", false).member("protocol", 1).member("lang", "c++").member("name", std::string("n"));
    json.key("empty").begin_object().end_object();
    json.key("list")
        .begin_array()
        .value(1)
        .value("two")
        .null()
        .begin_array()
        .end_array()
        .begin_object()
        .member("x", true)
        .end_object()
        .end_array();
    json.key("raw").raw("[1,2]");
    json.member("last", std::uint64_t{7});
    json.end_object();
    CHECK(out == R"(CONNECT {"verbose":false,"protocol":1,"lang":"c++","name":"n",)"
                 R"("empty":{},"list":[1,"two",null,[],{"x":true}],"raw":[1,2],"last":7})");
    std::string scalar;
    json_writer(scalar).begin_array().value(true).end_array();
    CHECK(scalar == "[true]");
}

TEST_CASE("A23: nothing in a string can end the line or the string") {
    CHECK(json_of("") == R"("")");
    CHECK(json_of("plain text ~") == R"("plain text ~")");
    CHECK(json_of(R"(pa"ss\word)") == R"("pa\"ss\\word")");
    CHECK(json_of("a\r\nPUB x 1\r\n") == R"("a\r\nPUB x 1\r\n")");
    CHECK(json_of("\b\f\n\r\t") == R"("\b\f\n\r\t")");
    CHECK(json_of(std::string_view("\0\x01\x1f\x7f", 4)) == R"("\u0000\u0001\u001f\u007f")");
    CHECK(json_of("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") == "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
    for (int c = 0; c < 128; ++c) {
        const std::string text{'a', static_cast<char>(c), 'b'};
        const std::string json = json_of(text);
        CHECK(json.find_first_of("\r\n\t\b\f") == std::string::npos);
        CHECK(read_back(json) == text);
    }
}

TEST_CASE("A18: bytes that are not UTF-8 become U+FFFD, one for each broken sequence") {
    const std::string mark = "\xef\xbf\xbd";
    const auto replaced = [&](std::string_view bad, std::size_t marks) {
        std::string expected = "\"x";
        for (std::size_t i = 0; i < marks; ++i) expected += mark;
        const std::string json = json_of("x" + std::string(bad) + "y");
        CHECK_FALSE(is_utf8(bad));
        CHECK(json == expected + (bad.back() == '(' ? "(y\"" : "y\""));
        CHECK(is_utf8(json));
    };
    replaced("\x80", 1);
    replaced("\xff", 1);
    replaced("\xc3", 1);                  // cut short
    replaced("\xe2\x82", 1);
    replaced("\xf0\x9f\x98", 1);
    replaced("\xe2\x82\xe2\x82", 2);
    replaced("\xe2\x28", 1);             // the byte that breaks it stands for itself
    replaced("\xc0\xaf", 2);              // overlong
    replaced("\xc1\xbf", 2);
    replaced("\xe0\x80\x80", 3);
    replaced("\xe0\x9f\xbf", 3);
    replaced("\xf0\x80\x80\x80", 4);
    replaced("\xf0\x8f\xbf\xbf", 4);
    replaced("\xed\xa0\x80", 3);          // surrogates
    replaced("\xed\xbf\xbf", 3);
    replaced("\xf4\x90\x80\x80", 4);      // above U+10FFFF
    replaced("\xf5\x80\x80\x80", 4);
    for (const char* const good : {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
                                   "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", ""}) {
        CHECK(is_utf8(good));
        CHECK(json_of(good) == "\"" + std::string(good) + "\"");
    }
}

TEST_CASE("A18: whatever two bytes hold, an independent reader accepts the string") {
    for (int a = 0; a < 256; a += 3) {
        for (int b = 0; b < 256; ++b) {
            const std::string text{static_cast<char>(a), static_cast<char>(b)};
            const std::string back = read_back(json_of(text));
            if (is_utf8(text)) CHECK(back == text);
        }
    }
}

TEST_CASE("A23: keys are escaped as well") {
    std::string out;
    json_writer(out).begin_object().member("a\"b\n", 1).end_object();
    CHECK(out == R"({"a\"b\n":1})");
}

TEST_CASE("protocol 5: numbers and booleans keep their type") {
    CHECK(written(true) == "true");
    CHECK(written(false) == "false");
    CHECK(written("true") == R"("true")");
    CHECK(written(0) == "0");
    CHECK(written(-1) == "-1");
    CHECK(written('a') == "97");
    CHECK(written(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
    CHECK(written(std::numeric_limits<std::int64_t>::max()) == "9223372036854775807");
    CHECK(written(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
    CHECK(written(std::uint8_t{200}) == "200");
    CHECK(written(0.5) == "0.5");
    CHECK(written(-2.0) == "-2");
    CHECK(written(std::numeric_limits<double>::infinity()) == "null");
    CHECK(written(std::numeric_limits<double>::quiet_NaN()) == "null");
    CHECK(std::stod(written(0.1 + 0.2)) == 0.1 + 0.2);
    CHECK(std::stod(written(std::numeric_limits<double>::max())) == std::numeric_limits<double>::max());
    std::string out;
    json_writer(out)
        .begin_array()
        .fixed(1.23456, 3)
        .fixed(2, 0)
        .fixed(-1e20, 20)
        .fixed(std::numeric_limits<double>::infinity(), 1)
        .end_array();
    CHECK(out == "[1.235,2,-100000000000000000000.000000000,null]");
    out.clear();
    json_writer(out).fixed(std::numeric_limits<double>::max(), 9);
    CHECK(out.size() == 309 + 1 + 9);
}
