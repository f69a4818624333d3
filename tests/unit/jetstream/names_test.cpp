// Names, prefixes and API subjects.
#include "jetstream/api/names.hpp"

#include <doctest/doctest.h>

#include <ostream>
#include <string>
#include <string_view>

#include "jetstream/api/subjects.hpp"

#include <slipstream/jetstream/error.hpp>

using namespace slipstream::jetstream;
using namespace slipstream::jetstream::api;

TEST_CASE("F16, W20, L27: names that would go astray are refused") {
    for (const std::string_view bad :
         {"", "a.b", ".", "a b", "a\tb", "a*", "*", ">", "a>b", "a/b", "a\\b", "a\r\nPUB x 0", "a\nb", "\x7F", "a\x01"}) {
        CAPTURE(bad);
        CHECK(check_stream_name(bad) == errc::invalid_stream_name);
        CHECK(check_consumer_name(bad) == errc::invalid_consumer_name);
    }
    CHECK(check_stream_name(std::string_view("a\0b", 3)) == errc::invalid_stream_name);
    CHECK(check_stream_name(std::string(256, 'a')) == errc::invalid_stream_name);
}

TEST_CASE("F16: names that the server takes") {
    for (const std::string_view good : {"S", "KV_certs", "a-b_c", "ORDERS:eu", "\xC3\xA9", "$x", "1"}) {
        CAPTURE(good);
        CHECK_FALSE(check_stream_name(good));
        CHECK_FALSE(check_consumer_name(good));
    }
    CHECK_FALSE(check_stream_name(std::string(255, 'a')));
}

TEST_CASE("F21: the API prefix comes from the domain, or as given, or is the default") {
    std::string out;
    CHECK_FALSE(make_api_prefix("", "", out));
    CHECK(out == "$JS.API");
    CHECK_FALSE(make_api_prefix("hub", "", out));
    CHECK(out == "$JS.hub.API");
    CHECK_FALSE(make_api_prefix("", "JS.A.API", out));
    CHECK(out == "JS.A.API");
    CHECK_FALSE(make_api_prefix("", "JS.A.API.", out));
    CHECK(out == "JS.A.API");
}

TEST_CASE("F21: bad prefixes and domains are refused") {
    std::string out;
    CHECK(make_api_prefix("hub", "JS.A.API", out) == errc::invalid_config);
    for (const std::string_view bad : {"a b", "a..b", ".a", "a..", ".", "a.*", "a.>", "a\r\n"}) {
        CAPTURE(bad);
        CHECK(make_api_prefix("", bad, out) == errc::invalid_config);
        CHECK(make_api_prefix(bad, "", out) == errc::invalid_config);
    }
    CHECK(make_api_prefix("a.b", "", out) == errc::invalid_config);
}

TEST_CASE("F21: one builder of API subjects") {
    CHECK(subject("$JS.API", verbs::account_info) == "$JS.API.INFO");
    CHECK(subject("$JS.hub.API", verbs::stream_create, "KV_b") == "$JS.hub.API.STREAM.CREATE.KV_b");
    CHECK(subject("$JS.API", verbs::consumer_create, "S", "c") == "$JS.API.CONSUMER.CREATE.S.c");
    CHECK(subject("$JS.API", verbs::direct_get, "KV_b", "$KV.b.a.b") == "$JS.API.DIRECT.GET.KV_b.$KV.b.a.b");
}
