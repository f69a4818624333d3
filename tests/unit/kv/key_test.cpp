#include <slipstream/kv/key.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <slipstream/error.hpp>
#include <slipstream/kv/key_value.hpp>

using namespace slipstream;
using namespace std::string_literals;

namespace {

using list = std::vector<std::string>;

const kv::prefixes& none() {
    static const kv::prefixes empty{list()};
    return empty;
}

}  // namespace

TEST_CASE("W20: bucket names hold letters, digits, _ and - only") {
    for (const char* name : {"b", "B-1_x", "0", "_", "-", "KV_x"}) {
        CAPTURE(name);
        CHECK_FALSE(kv::check_bucket_name(name));
    }
    CHECK_FALSE(kv::check_bucket_name(std::string(252, 'b')));
    const list refused{
        "",    "a.b", "a b", "a*", ">", "a/b", "a=b", "a\r\nPUB x 0", "a\tb", "a\0b"s, "\xC3\xA9", "\x7f", std::string(253, 'b'),
        "$KV", "a\\b"};
    for (const std::string& name : refused) {
        CAPTURE(name);
        CHECK(kv::check_bucket_name(name) == kv::errc::invalid_bucket);
    }
}

TEST_CASE("W37: keys are validated as the convention says (kv 1)") {
    for (const char* key : {"a", "a.b", "-/_=.x", "A/b=c_d-0.9", "_kv.x", "a.b.c.d.e", "=", "/", "-.-", "0"}) {
        CAPTURE(key);
        CHECK_FALSE(kv::check_key(key));
    }
    CHECK_FALSE(kv::check_key(std::string(1024, 'k')));
    const list refused{"",
                       ".",
                       ".a",
                       "a.",
                       "a..b",
                       "..",
                       "a b",
                       "a*b",
                       "*",
                       ">",
                       "a.>",
                       "a\tb",
                       "a\nb",
                       "a\rb",
                       "a\0b"s,
                       "a\x7f",
                       "\xC3\xA9",
                       "a:b",
                       "a,b",
                       "a\\b",
                       "$a",
                       "a\r\nPUB y 0\r\n",
                       std::string(1025, 'k'),
                       "\xff"};
    for (const std::string& key : refused) {
        CAPTURE(key);
        CHECK(kv::check_key(key) == kv::errc::invalid_key);
    }
}

TEST_CASE("W37: every single byte as a key") {
    const std::string_view allowed = "-/_=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    for (int byte = 0; byte < 256; ++byte) {
        CAPTURE(byte);
        const std::string key(1, static_cast<char>(byte));
        CHECK(!kv::check_key(key) == (allowed.find(key[0]) != std::string_view::npos));
        const std::string inner = "a" + key + "b";
        CHECK(!kv::check_key(inner) == (key == "." || allowed.find(key[0]) != std::string_view::npos));
    }
}

TEST_CASE("W37: prefixes are validated as beginnings of keys") {
    for (const char* prefix : {"", "a", "a.", "nod", "a.b", "a.b.", "/", "-"}) {
        CAPTURE(prefix);
        CHECK_FALSE(kv::prefixes(prefix).check());
    }
    for (const char* prefix : {".", ".a", "a..", "a..b", "a b", "a*", "*", ">", "a.>", "a\r\n", "\xC3\xA9"}) {
        CAPTURE(prefix);
        CHECK(kv::prefixes(prefix).check() == kv::errc::invalid_prefix);
        CHECK(kv::prefixes(list{"good", prefix}).check() == kv::errc::invalid_prefix);
    }
    CHECK(kv::prefixes(std::string(1025, 'k')).check() == kv::errc::invalid_prefix);
    CHECK_FALSE(none().check());
}

TEST_CASE("W9: covered and repeated prefixes are dropped") {
    CHECK(kv::prefixes(list{"a.", "a.b.", "a."}).normalised().list() == list{"a."});
    CHECK(kv::prefixes(list{"x", "", "a"}).normalised().list() == list{""});
    CHECK(kv::prefixes(list{"b", "a", "ab", "b.c", "c"}).normalised().list() == list{"a", "b", "c"});
    CHECK(kv::prefixes(list{"node.b", "node.a", "node.ab"}).normalised().list() == list{"node.a", "node.b"});
    CHECK(kv::prefixes(list{"a", "a-", "a.", "a/"}).normalised().list() == list{"a"});
    CHECK(none().normalised().list().empty());
    CHECK(kv::prefixes().normalised().list() == list{""});
    const kv::prefixes once = kv::prefixes(list{"b", "a"}).normalised();
    CHECK(once.normalised().list() == once.list());
}

TEST_CASE("W8: a prefix is a byte prefix") {
    CHECK(kv::prefixes("nod").matches("node.a"));
    CHECK(kv::prefixes("node.").matches("node.a"));
    CHECK_FALSE(kv::prefixes("node.").matches("node"));
    CHECK_FALSE(kv::prefixes("node.").matches("nodes.a"));
    CHECK(kv::prefixes("node").matches("node"));
    CHECK(kv::prefixes().matches("anything"));
    CHECK(kv::prefixes().matches("> from a stranger"));
}

TEST_CASE("S94 G16: no prefix at all covers nothing") {
    CHECK_FALSE(none().matches("a"));
    CHECK_FALSE(none().normalised().matches("a"));
    CHECK_FALSE(none().matches(""));
}

TEST_CASE("W9: matching is the same before and after normalising") {
    // Every set of up to three of these against every key.
    const list parts{"", "a", "a.", "a.b", "a.b.", "ab", "a-", "b", "b.a", "\xff"};
    list keys = parts;
    keys.insert(keys.end(), {"a.b.c", "a.c", "aa", "abc", "b.", "b.ab", "c", "a-.b", "\xff\xff", "A"});
    int matched = 0;
    for (const std::string& x : parts) {
        for (const std::string& y : parts) {
            for (const std::string& z : parts) {
                const kv::prefixes given(list{x, y, z});
                const kv::prefixes normal = given.normalised();
                for (const std::string& key : keys) {
                    const bool expected = key.starts_with(x) || key.starts_with(y) || key.starts_with(z);
                    if (given.matches(key) != expected || normal.matches(key) != expected) {
                        CAPTURE(x);
                        CAPTURE(y);
                        CAPTURE(z);
                        CAPTURE(key);
                        FAIL_CHECK("differs");
                    }
                    matched += expected ? 1 : 0;
                }
            }
        }
    }
    CHECK(matched > 1000);
}

TEST_CASE("S106: a write keeps its arguments, short ones and long ones") {
    // What one that is assigned to held before does not matter.
    for (const std::size_t before : {0U, 1U, 300U}) {
        for (const std::size_t size : {3U, 190U, 191U, 192U, 193U, 5000U}) {
            CAPTURE(before);
            CAPTURE(size);
            std::string key = "k";
            std::string value = "v\0w"s + std::string(size - 3, 'x');
            const std::string original = value;
            kv::key_value pair(key, value);
            key = value = "overwritten";
            CHECK(pair.key() == "k");
            CHECK(pair.value() == original);

            kv::key_value moved(std::move(pair));
            CHECK(moved.key() == "k");
            CHECK(moved.value() == original);
            CHECK(pair.key().empty());  // NOLINT(bugprone-use-after-move): documented
            CHECK(pair.value().empty());
            kv::key_value other("q", std::string(before, 'q'));
            other = std::move(moved);
            CHECK(other.key() == "k");
            CHECK(other.value() == original);
            CHECK(moved.key().empty());  // NOLINT(bugprone-use-after-move): documented
        }
    }

    const kv::key_value empty("", payload_view());
    CHECK(empty.key().empty());
    CHECK(empty.value().empty());
    CHECK(kv::key_value().key().empty());
}
