#include "protocol/wire/base64.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace slipstream::wire;

namespace {

struct row {
    const char* bytes;
    const char* text;
};
constexpr row vectors[] = {
                             // RFC 4648, section 10
    {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"},
};

std::string decoded(std::string_view text, base64_rule rule = base64_rule::strict) {
    std::string out = "kept";
    if (!decode_base64(text, out, rule)) {
        CHECK(out == "kept");
        return "refused";
    }
    REQUIRE(out.starts_with("kept"));
    return out.substr(4);
}

}  // namespace

TEST_CASE("jetstream 1: base64 of RFC 4648, both ways") {
    for (const row& r : vectors) {
        CHECK(encode_base64(r.bytes) == r.text);
        CHECK(decoded(r.text) == r.bytes);
        CHECK(decoded(r.text, base64_rule::lenient) == r.bytes);
    }
    std::string out = "a";
    append_base64(out, "foob");
    CHECK(out == "aZm9vYg==");
}

TEST_CASE("jetstream 1: all bytes, all lengths") {
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
        CHECK(encode_base64(bytes).size() == base64_encoded_size(bytes.size()));
        CHECK(decoded(encode_base64(bytes)) == bytes);
        bytes += static_cast<char>(i * 7 + 251);
    }
    CHECK(encode_base64("\xfb\xff\xbf") == "+/+/");
}

TEST_CASE("W19: strict takes canonical text only, lenient what people have in their environment") {
    struct row3 {
        const char* text;
        const char* strict;
        const char* lenient;
    };
    const row3 rows[] = {
        {"Zg", "refused", "f"},
        {"Zm8", "refused", "fo"},
        {"Zg=", "refused", "refused"},
        {"Zg==\n", "refused", "f"},
        {"Zm9v\r\nYmFy\n", "refused", "foobar"},
        {" Z m 9 v\t", "refused", "foo"},
        {"Zh==", "refused", "f"},
        {"Zm9=", "refused", "fo"},
        {"Z", "refused", "refused"},
        {"Zm9vY", "refused", "refused"},
        {"=", "refused", "refused"},
        {"==", "refused", "refused"},
        {"====", "refused", "refused"},
        {"Z===", "refused", "refused"},
        {"Zg===", "refused", "refused"},
        {"Zm8==", "refused", "refused"},
        {"Zm9v=", "refused", "refused"},
        {"Zg==Zg==", "refused", "refused"},
        {"Zm8=Zg", "refused", "refused"},
        {"Zg=Z", "refused", "refused"},
        {"Zm-_", "refused", "refused"},
        {"Zm9*", "refused", "refused"},
        {"Zm9\xc3", "refused", "refused"},
        {"\n", "refused", ""},
    };
    for (const row3& r : rows) {
        INFO("text: ", r.text);
        CHECK(decoded(r.text) == r.strict);
        CHECK(decoded(r.text, base64_rule::lenient) == r.lenient);
    }
    CHECK(decoded(std::string_view("Zm9\0", 4), base64_rule::lenient) == "refused");
}

TEST_CASE("W19: strict text is exactly what encodes back to itself") {
    const std::string letters = "ABgw/+=z\n-";
    for (const char a : letters) {
        for (const char b : letters) {
            for (const char c : letters) {
                for (const char d : letters) {
                    const std::string text{a, b, c, d};
                    std::string out;
                    if (decode_base64(text, out)) {
                        CHECK(encode_base64(out) == text);
                    } else {
                        CHECK(out.empty());
                    }
                }
            }
        }
    }
}
