#include "protocol/wire/json_reader.hpp"

#include <doctest/doctest.h>

#include <simdjson.h>

#include <string>
#include <vector>

namespace slipstream::wire {
namespace {

constexpr unsigned deep = 64;

bool is_json(std::string_view text) {
    json_reader in(text, deep);
    return in.skip() && in.at_end();
}

/// What a string reads as; "<wrong>" when it is none.
std::string decoded(std::string_view json) {
    json_reader in(json, deep);
    std::string_view text;
    return in.string(text) && in.at_end() ? std::string(text) : "<wrong>";
}

bool holds_controls(std::string_view json) {
    json_reader in(json, deep);
    std::string_view text;
    REQUIRE(in.string(text));
    return in.controls();
}

constexpr std::string_view document =
    "{\"a\":[1,-2,0,-0,1.5,-0.25e+3,true,18446744073709551615,-9223372036854775808,1E5], \"b\\u00e9\\n\" :"
    "\"x\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\uD83d\\ude00 and \xc3\xa9 \xe6\xbc\xa2 \xf0\x9f\x98\x80\x7f with more than one word\",\r\n\t"
    "\"c\":{\"d\":null,\"e\":[true,false,{}],\"f\":[ ]},\"\":\"\"}";

/// As simdjson sees it. A number that is too large for a double is none for simdjson, and is not looked at by our reader.
void check_same(simdjson::dom::parser& parser, const std::string& text, std::string_view changed) {
    const simdjson::error_code error = parser.parse(text).error();
    if (error == simdjson::NUMBER_ERROR && changed.find_first_of("eE") != std::string_view::npos) return;
    if (is_json(text) == (error == simdjson::SUCCESS)) return;
    FAIL_CHECK("differs: ", text);
}

}  // namespace

TEST_CASE("A12: a document with any byte replaced, left out or put in is taken or refused as simdjson does it") {
    simdjson::dom::parser parser;
    REQUIRE(is_json(document));
    const std::string whole(document);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        check_same(parser, whole.substr(0, at), "");
        check_same(parser, whole.substr(0, at) + whole.substr(at + 1), "");
        for (int c = 0; c < 256; ++c) {
            const std::string other(1, static_cast<char>(c));
            check_same(parser, whole.substr(0, at) + other + whole.substr(at + 1), other);
            check_same(parser, whole.substr(0, at) + other + whole.substr(at), other);
        }
    }
}

TEST_CASE("protocol 14: strings are decoded as simdjson does it, wherever in a word the escape is") {
    simdjson::dom::parser parser;
    for (std::size_t before = 0; before < 18; ++before) {
        for (const char* const piece : {"\\n", "\\u0000", "\\ud83d\\ude00", "\\u00E9", "\\u6f22", "\xc3\xa9", "\x7f", "\\\"", "\\\\"}) {
            const std::string json = '"' + std::string(before, 'x') + piece + "yyyyyyyyy\"";
            CHECK(decoded(json) == std::string_view(parser.parse(json)));
        }
    }
    for (const char* const wrong : {"\"\\ud83d\"",
                                    "\"\\ud83dx\"",
                                    "\"\\ud83d\\n\"",
                                    "\"\\ud83d\\ud83d\"",
                                    "\"\\ude00\"",
                                    "\"\\udc00\"",
                                    "\"\\udfff\"",
                                    "\"\\ud83d\\ue000\"",
                                    "\"\\u123\"",
                                    "\"\\u12\"",
                                    "\"\\u12g4\"",
                                    "\"\\x\"",
                                    "\"\\",
                                    "\"\\\"",
                                    "\"",
                                    "x",
                                    "\"\xc3\"",
                                    "\"\n\"",
                                    "\"\\\n\"",
                                    "\"\\\xc3\xa9\""}) {
        CHECK(decoded(wrong) == "<wrong>");
    }
}

TEST_CASE("A13: control characters of a string are noticed, written or escaped") {
    for (const char* const plain : {"\"\"", "\"0123456789abcdef~\"", "\"\\u0020\\\"\\\\\\/\"", "\"\xc3\xa9\\u00e9\"", "\"\\u0080\""}) {
        CHECK_FALSE(holds_controls(plain));
    }
    for (const char* const control : {"\"\x7f\"", "\"0123456789\x7f\"", "\"\\u007f\"", "\"\\n\"", "\"\\u0000\"", "\"x\\u001f\""}) {
        CHECK(holds_controls(control));
    }
    json_reader in(R"(["\n","x"])", deep);
    std::vector<bool> found;
    CHECK(in.array([&] {
        std::string_view text;
        if (!in.string(text)) return false;
        found.push_back(in.controls());
        return true;
    }));
    CHECK(found == std::vector<bool>{true, false});
}

TEST_CASE("A13: natural numbers have their value, others are numbers") {
    const auto read = [](std::string_view text) {
        json_reader in(text, deep);
        json_reader::number_value n;
        REQUIRE(in.number(n));
        REQUIRE(in.at_end());
        return n.natural ? std::to_string(n.value) : "other";
    };
    CHECK(read("0") == "0");
    CHECK(read("-0") == "0");
    CHECK(read(" 4222 ") == "4222");
    CHECK(read("18446744073709551615") == "18446744073709551615");
    for (const char* const other :
         {"-1", "-9223372036854775808", "1.0", "1e2", "1E-2", "99999999999999999999.5", "99999999999999999999e9"}) {
        CHECK(read(other) == "other");
    }
    for (const char* const wrong : {"", "-", "+1", "01", "-01", ".5", "1.", "1e", "1e+", "1.e1", "- 1", "0x1", "18446744073709551616",
                                    "-9223372036854775809", "99999999999999999999999", "NaN", "Infinity", "1 2"}) {
        CHECK_FALSE(is_json(wrong));
    }
}

TEST_CASE("A18: containers are as deep as was said") {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    CHECK(is_json(nested(deep)));
    CHECK_FALSE(is_json(nested(deep + 1)));
    CHECK_FALSE(is_json(std::string(1'000'000, '[')));
    std::string beside = "[";
    for (int i = 0; i < 100; ++i) beside += "{},[],";
    CHECK(is_json(beside + "1]"));
}

}  // namespace slipstream::wire
