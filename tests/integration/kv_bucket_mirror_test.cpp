// Mirrors, aggregates and JetStream domains on a real server (spec/kv.md 8).
#include "tests/integration/kv_bucket_support.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

using namespace slipstream;
using namespace std::chrono_literals;
using test::kv_world;
using test::named;
using test::result;

namespace {

struct scratch_directory {
    scratch_directory() {
        std::string name = (std::filesystem::temp_directory_path() / "slipstream-domain-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no directory for the server's store");
        path = name;
    }
    scratch_directory(const scratch_directory&) = delete;
    scratch_directory& operator=(const scratch_directory&) = delete;
    ~scratch_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }

    std::filesystem::path path;
};

}  // namespace

TEST_CASE("kv 8 G22: a mirror reads the origin's keys and writes to the origin") {
    kv_world w;
    kv::bucket origin = w.make("b");
    w.put(origin, "k", "1");
    kv::bucket_config config = named("mir");
    config.mirror.emplace().name = "b";
    kv::bucket made = w.make(config);
    for (kv::bucket mirror : {made, w.open("mir")}) {
        CHECK(mirror.name() == "mir");
        REQUIRE(mirror.config().mirror.has_value());
        CHECK(mirror.config().mirror->name == "b");
        CHECK(w.run_until([&] { return w.value(mirror, "k") == "1"; }, 20s));
    }
    kv::bucket mirror = made;
    auto [ec, revision] = w.wait(mirror.async_put("from-mirror", "2", {}, result));
    REQUIRE_FALSE(ec);
    kv::get_options leader;
    leader.leader_read = true;
    CHECK(w.value(origin, "from-mirror", leader) == "2");  // the mirror may answer for the origin otherwise, and is behind for a moment
    CHECK(w.run_until([&] { return w.value(mirror, "from-mirror") == "2"; }, 20s));
    // Revisions are the origin's, so compare-and-set goes through the mirror too.
    auto [stale_ec, stale] = w.wait(mirror.async_update("k", "x", revision, {}, result));
    CHECK(stale_ec == kv::errc::revision_mismatch);
    auto [update_ec, updated] = w.wait(mirror.async_update("k", "3", w.get(origin, "k")->revision(), {}, result));
    CHECK_FALSE(update_ec);

    // A leader read sees one's own write at once, and create knows the origin's state however far the mirror is behind.
    for (int i = 0; i < 20; ++i) {
        const std::string value = std::to_string(i);
        w.put(mirror, "own", value);
        CHECK(w.value(mirror, "own", leader) == value);
        CHECK_FALSE(std::get<0>(w.wait(mirror.async_erase("own", {}, result))));
        CHECK_FALSE(std::get<0>(w.wait(mirror.async_create("own", "created", {}, result))));
        CHECK(std::get<0>(w.wait(mirror.async_create("own", "created", {}, result))) == kv::errc::key_exists);
    }
}

TEST_CASE("kv 8: an aggregate collects the keys of its sources") {
    kv_world w;
    kv::bucket one = w.make("one");
    kv::bucket two = w.make("two");
    w.put(one, "a", "1");
    w.put(two, "b", "2");
    kv::bucket_config config = named("agg");
    config.sources.emplace_back().name = "one";
    config.sources.emplace_back().name = "two";
    kv::bucket agg = w.make(config);
    CHECK(w.run_until([&] { return w.value(agg, "a") == "1" && w.value(agg, "b") == "2"; }, 20s));
    CHECK_FALSE(std::get<0>(w.wait(one.async_erase("a", {}, result))));
    CHECK(w.run_until([&] { return w.value(agg, "a") == "(none)"; }, 20s));
    w.put(agg, "own", "3");
    CHECK(w.value(agg, "own") == "3");
    CHECK(w.value(one, "own") == "(none)");
    CHECK(kv::config_differences(config, w.open("agg").config()).size() <= 1);  // transforms are filled in
}

TEST_CASE("F21 kv 8: a client with a domain reads and writes through its prefix") {
    const scratch_directory store;
    test::nats_server_options with_domain;
    with_domain.jetstream = false;
    with_domain.config = "jetstream { domain: hub, store_dir: \"" + store.path.string() + "\" }\n";
    kv_world w(with_domain);
    jetstream::context_options options;
    options.domain = "hub";
    jetstream::context hub(w.nc, options);
    const kv::bucket_config config = named("b");
    auto [ec, b] = w.wait(kv::async_create_bucket(hub, config, {}, result));
    REQUIRE_FALSE(ec);
    CHECK(b.context().api_prefix() == "$JS.hub.API");
    w.put(b, "k", "v");
    CHECK(w.value(b, "k") == "v");
    auto [create_ec, created] = w.wait(b.async_create("k", "v", {}, result));
    CHECK(create_ec == kv::errc::key_exists);
    CHECK_FALSE(std::get<0>(w.wait(b.async_erase("k", {}, result))));
    CHECK_FALSE(std::get<0>(w.wait(b.async_create("k", "w", {}, result))));
    // The same bucket without the prefix, from inside the domain.
    kv::bucket local = w.open("b");
    CHECK(w.value(local, "k") == "w");

    jetstream::context_options nowhere;
    nowhere.domain = "nowhere";
    jetstream::context lost(w.nc, nowhere);
    CHECK(std::get<0>(w.wait(kv::async_open_bucket(lost, "b", {}, result))) == errc::no_responders);
}
