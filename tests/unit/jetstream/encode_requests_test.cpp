// The small request bodies.
#include "jetstream/api/encode.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <ostream>

#include "jetstream/api/decode.hpp"

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>

using namespace slipstream::jetstream;
using namespace slipstream::jetstream::api;

TEST_CASE("spec/jetstream.md 2: STREAM.PURGE") {
    CHECK(encode_purge({}).empty());
    CHECK(encode_purge({.filter = "a.>"}) == R"({"filter":"a.>"})");
    CHECK(encode_purge({.filter = "a", .keep = 1}) == R"({"filter":"a","keep":1})");
    CHECK(encode_purge({.sequence = 7}) == R"({"seq":7})");
    CHECK(encode_purge({.keep = 0}) == R"({"keep":0})");
    CHECK_FALSE(check(purge_options{.filter = "a.>", .sequence = 7}));
    CHECK(check(purge_options{.sequence = 7, .keep = 1}) == errc::invalid_config);
    CHECK(check(purge_options{.filter = "a b"}) == slipstream::errc::invalid_subject);
}

TEST_CASE("spec/jetstream.md 2, 9: STREAM.MSG.GET and DIRECT.GET") {
    CHECK(encode_get_message({.sequence = UINT64_MAX}) == R"({"seq":18446744073709551615})");
    CHECK(encode_get_message({.last_by_subject = "$KV.b.\"k"}) == R"({"last_by_subj":"$KV.b.\"k"})");
    CHECK_FALSE(check(message_selector{.sequence = 1}));
    CHECK_FALSE(check(message_selector{.last_by_subject = "a.>"}));
    CHECK(check(message_selector{}) == errc::invalid_config);
    CHECK(check(message_selector{.sequence = 1, .last_by_subject = "a"}) == errc::invalid_config);
    CHECK(check(message_selector{.last_by_subject = "a b"}) == slipstream::errc::invalid_subject);
}

TEST_CASE("A21: pages ask by offset and filter") {
    CHECK(encode_page(0, "").empty());
    CHECK(encode_page(256, "") == R"({"offset":256})");
    CHECK(encode_page(0, "$KV.*.>") == R"({"subject":"$KV.*.>"})");
    CHECK(encode_page(7, "a") == R"({"offset":7,"subject":"a"})");
    CHECK(filter_of_page(encode_page(7, "$KV.*.>")) == "$KV.*.>");
    CHECK(filter_of_page(encode_page(7, "")).empty());
    CHECK(filter_of_page("").empty());
}
