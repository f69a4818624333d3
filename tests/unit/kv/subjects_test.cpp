#include "kv/codec/subjects.hpp"

#include <doctest/doctest.h>

#include <slipstream/subject.hpp>

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

using namespace slipstream;

namespace {

using list = std::vector<std::string>;

list filters(const list& prefixes) { return kv::codec::filter_subjects("$KV.b.", kv::prefixes(prefixes)); }

}  // namespace

TEST_CASE("S6: names of streams and subjects") {
    CHECK(kv::codec::stream_name("certs") == "KV_certs");
    CHECK(kv::codec::key_prefix("certs") == "$KV.certs.");
    CHECK(kv::codec::bucket_of_stream("KV_certs") == "certs");
    CHECK(kv::codec::bucket_of_stream("KV_KV_x") == "KV_x");
    for (const char* other : {"", "KV", "KV_", "kv_certs", "OBJ_certs", "KV_a.b", "KV_a b", "ORDERS"}) {
        CAPTURE(other);
        CHECK_FALSE(kv::codec::bucket_of_stream(other).has_value());
    }
}

TEST_CASE("S74 S88 S134: a key is the subject behind the bucket's prefix, and nothing else is one") {
    using kv::codec::key_of;
    CHECK(key_of("$KV.certs.", "$KV.certs.node.a") == "node.a");
    CHECK(key_of("$KV.b.", "$KV.b.>") == ">");  // L38: strangers write such keys, and reading must not fail
    for (const char* outside : {"$KV.other.node.a", "$KV.certs.", "$KV.certs", "", "_INBOX.x", "$KV.certs2.a", "x$KV.certs.a"}) {
        CAPTURE(outside);
        CHECK_FALSE(key_of("$KV.certs.", outside).has_value());
    }
}

TEST_CASE("S68 W8: filters are cut at the last dot") {
    CHECK(filters({""}) == list{"$KV.b.>"});
    CHECK(filters({"nod"}) == list{"$KV.b.>"});
    CHECK(filters({"node."}) == list{"$KV.b.node.>"});
    CHECK(filters({"node.a"}) == list{"$KV.b.node.>"});
    CHECK(filters({"a.b.c"}) == list{"$KV.b.a.b.>"});
    CHECK(filters({}).empty());
}

TEST_CASE("W9: filters never overlap, also when only the cut prefixes do") {
    CHECK(filters({"a.", "a.b."}) == list{"$KV.b.a.>"});
    CHECK(filters({"a.b.c", "a.d"}) == list{"$KV.b.a.>"});
    CHECK(filters({"a.x", "a.y"}) == list{"$KV.b.a.>"});
    CHECK(filters({"a", "b.c"}) == list{"$KV.b.>"});
    CHECK(filters({"b.x", "a.x", "ab.x"}) == list{"$KV.b.a.>", "$KV.b.ab.>", "$KV.b.b.>"});
    CHECK(filters({"", "b.x"}) == list{"$KV.b.>"});
}

TEST_CASE("W8 W9: whatever a prefix matches, exactly one filter matches; all sets of three") {
    const list parts{"", "a", "a.", "a.b", "a.b.", "a.b.c", "ab.", "b.a", "b.a.", "c-d"};
    const list keys{"a", "a.b", "a.b.c", "a.b.cd", "a.c", "ab.c", "ab", "b.a", "b.a.c", "b.ab", "c-d", "c-de.f", "d"};
    int matched = 0;
    for (const std::string& x : parts) {
        for (const std::string& y : parts) {
            for (const std::string& z : parts) {
                const kv::prefixes given(list{x, y, z});
                const list made = kv::codec::filter_subjects("$KV.b.", given);
                for (const std::string& key : keys) {
                    const auto hits =
                        std::count_if(made.begin(), made.end(), [&](const std::string& f) { return subject_matches(f, "$KV.b." + key); });
                    if (hits > 1 || (given.matches(key) && hits != 1)) {
                        CAPTURE(x);
                        CAPTURE(y);
                        CAPTURE(z);
                        CAPTURE(key);
                        FAIL_CHECK("wrong filters");
                    }
                    matched += given.matches(key) ? 1 : 0;
                }
                for (const std::string& filter : made) CHECK_FALSE(check_subscribe_subject(filter));
            }
        }
    }
    CHECK(matched > 1000);
}
