// Keys that expire, on a real server: a TTL of one key, and the markers that the server leaves (spec/kv.md 7).
#include "tests/integration/kv_bucket_support.hpp"

#include <doctest/doctest.h>

#include <cstdint>

using namespace slipstream;
using namespace std::chrono_literals;
using test::error_of;
using test::kv_world;
using test::last_of;
using test::named;
using test::result;
using test::stored;

namespace {

/// Waits until the key has no value any more.
bool expires(kv_world& w, kv::bucket& b, std::string_view key) {
    return w.run_until([&] { return !w.get(b, key).has_value(); }, 20s);
}

}  // namespace

TEST_CASE("kv 7 G4: a key with a TTL expires into a marker that get, create and update understand") {
    kv_world w;
    if (!w.has_limit_markers()) {
        MESSAGE("this server has no limit markers");
        return;
    }
    kv::bucket_config config = named("b");
    config.limit_marker_ttl = 1h;
    kv::bucket b = w.make(config);
    kv::create_options options;
    options.ttl = 1s;
    auto [ec, created] = w.wait(b.async_create("k", "v", options, result));
    REQUIRE_FALSE(ec);
    CHECK(w.value(b, "k") == "v");
    REQUIRE(expires(w, b, "k"));

    auto [marker_ec, marker] = w.wait(w.js.async_get_message("KV_b", last_of("$KV.b.k"), result));
    REQUIRE_FALSE(marker_ec);
    CHECK(marker.headers().get("Nats-Marker-Reason") == "MaxAge");
    CHECK(error_of(w, b.async_update("k", "x", created, {}, result)) == kv::errc::revision_mismatch);
    options.ttl = 0s;
    CHECK_FALSE(error_of(w, b.async_create("k", "again", options, result)));
    CHECK(w.value(b, "k") == "again");
}

TEST_CASE("kv 7: create with a TTL over a marker keeps the TTL in its second round") {
    kv_world w;
    if (!w.has_limit_markers()) {
        MESSAGE("this server has no limit markers");
        return;
    }
    kv::bucket_config config = named("b");
    config.limit_marker_ttl = 1h;
    kv::bucket b = w.make(config);
    CHECK_FALSE(error_of(w, b.async_erase("k", {}, result)));
    kv::create_options options;
    options.ttl = 1s;
    CHECK_FALSE(error_of(w, b.async_create("k", "v", options, result)));
    CHECK(w.value(b, "k") == "v");
    CHECK(expires(w, b, "k"));
}

TEST_CASE("kv 4: a purge with a TTL vanishes altogether") {
    kv_world w;
    if (!w.has_limit_markers()) {
        MESSAGE("this server has no limit markers");
        return;
    }
    kv::bucket_config config = named("b", 3);
    config.limit_marker_ttl = 1s;
    kv::bucket b = w.make(config);
    w.put(b, "anchor", "a");
    w.put(b, "k", "v");
    kv::purge_options options;
    options.ttl = 1s;
    CHECK_FALSE(error_of(w, b.async_purge("k", options, result)));
    CHECK(stored(w, b) == 2);
    CHECK(w.run_until([&] { return stored(w, b) == 1; }, 20s));
    CHECK_FALSE(error_of(w, b.async_create("k", "new", {}, result)));  // over nothing
}
