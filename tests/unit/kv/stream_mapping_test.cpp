#include "kv/codec/stream_mapping.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <slipstream/kv/error.hpp>

using namespace slipstream;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

kv::bucket_config named(std::string bucket) {
    kv::bucket_config config;
    config.bucket = std::move(bucket);
    return config;
}

template <class Change>
std::error_code checked(Change change) {
    kv::bucket_config config = named("b");
    change(config);
    return kv::codec::check_bucket_config(config);
}

}  // namespace

TEST_CASE("S21 W24 kv 2: the stream of a bucket with defaults") {
    const jetstream::stream_config stream = kv::codec::to_stream_config(named("b"));
    jetstream::stream_config expected;
    expected.name = "KV_b";
    expected.subjects.emplace_back("$KV.b.>");
    expected.max_msgs_per_subject = 1;
    expected.discard = jetstream::discard_policy::new_;
    expected.storage = jetstream::storage_type::file;
    expected.num_replicas = 1;
    expected.duplicate_window = 120s;
    expected.allow_direct = true;
    expected.deny_delete = true;
    expected.allow_rollup_hdrs = true;
    CHECK(stream == expected);
}

TEST_CASE("kv 2: every option has its field") {
    kv::bucket_config config = named("b");
    config.description = "d";
    config.history = 64;
    config.ttl = 1h;
    config.max_bytes = 1024;
    config.max_value_size = 10;
    config.storage = jetstream::storage_type::memory;  // W22
    config.replicas = 3;
    config.compression = true;
    config.discard = jetstream::discard_policy::old;  // R23
    config.metadata["owner"] = "me";
    config.metadata["_nats.level"] = "5";
    config.placement.emplace();
    config.placement->cluster = "c";
    config.republish.emplace();
    config.republish->dest = "mirror.>";
    REQUIRE_FALSE(kv::codec::check_bucket_config(config));
    const jetstream::stream_config stream = kv::codec::to_stream_config(config);
    CHECK(stream.description == "d");
    CHECK(stream.max_msgs_per_subject == 64);
    CHECK(stream.max_age == nanoseconds(1h));
    CHECK(stream.duplicate_window == nanoseconds(120s));
    CHECK(stream.max_bytes == 1024);
    CHECK(stream.max_msg_size == 10);
    CHECK(stream.storage == jetstream::storage_type::memory);
    CHECK(stream.num_replicas == 3);
    CHECK(stream.compression == jetstream::store_compression::s2);
    CHECK(stream.discard == jetstream::discard_policy::old);
    CHECK(stream.metadata == std::map<std::string, std::string>{{"owner", "me"}});
    CHECK(stream.placement == config.placement);
    CHECK(stream.republish == config.republish);
    CHECK_FALSE(stream.allow_msg_ttl);
    CHECK(stream.max_msgs == -1);
    CHECK(stream.max_consumers == -1);
}

TEST_CASE("kv 2: limits of 0 mean unlimited") {
    kv::bucket_config config = named("b");
    config.max_bytes = 0;
    config.max_value_size = 0;
    REQUIRE_FALSE(kv::codec::check_bucket_config(config));
    CHECK(kv::codec::to_stream_config(config).max_bytes == -1);
    CHECK(kv::codec::to_stream_config(config).max_msg_size == -1);
}

TEST_CASE("L28 kv 2: the duplicate window is two minutes, or the ttl when that is shorter") {
    const auto window = [](nanoseconds ttl) {
        kv::bucket_config config = named("b");
        config.ttl = ttl;
        return kv::codec::to_stream_config(config).duplicate_window;
    };
    CHECK(window(0s) == 120s);
    CHECK(window(100ms) == 100ms);
    CHECK(window(119s) == 119s);
    CHECK(window(120s) == 120s);
    CHECK(window(10h) == 120s);
    CHECK(window(nanoseconds::max()) == 120s);  // S37: the longest there is does not wrap
}

TEST_CASE("kv 7: limit markers switch TTLs on") {
    kv::bucket_config config = named("b");
    config.limit_marker_ttl = 5s;
    const jetstream::stream_config stream = kv::codec::to_stream_config(config);
    CHECK(stream.allow_msg_ttl);
    CHECK(stream.subject_delete_marker_ttl == 5s);
    CHECK(kv::codec::lost_limit_markers(config, jetstream::stream_config()));
    CHECK_FALSE(kv::codec::lost_limit_markers(config, stream));
    CHECK_FALSE(kv::codec::lost_limit_markers(named("b"), jetstream::stream_config()));
}

TEST_CASE("kv 2: servers before 2.11 are known by their version") {
    using kv::codec::is_before_limit_markers;
    for (const char* old : {"2.10.27", "2.9.0", "2.10.0-beta.1", "1.4.1", "2.0"}) CHECK(is_before_limit_markers(old));
    for (const char* ok : {"2.11.0", "2.15.1", "2.100.0", "3.0.0", "10.1.0", "", "dev", "2", "2.", ".10", "2.x", "4294967296.1"}) {
        CAPTURE(ok);
        CHECK_FALSE(is_before_limit_markers(ok));
    }
}

TEST_CASE("W20 W21: configurations outside their ranges are refused before a byte is sent") {
    using config = kv::bucket_config;
    const auto refused = make_error_code(kv::errc::invalid_config);
    CHECK(checked([](config& c) { c.bucket = "a.b"; }) == kv::errc::invalid_bucket);
    CHECK(checked([](config& c) { c.bucket = ""; }) == kv::errc::invalid_bucket);
    CHECK(checked([](config& c) { c.history = 0; }) == refused);
    CHECK(checked([](config& c) { c.history = 65; }) == refused);
    CHECK(checked([](config& c) { c.history = std::numeric_limits<unsigned>::max(); }) == refused);
    CHECK(checked([](config& c) { c.ttl = 99ms; }) == refused);
    CHECK(checked([](config& c) { c.ttl = -1ns; }) == refused);
    CHECK(checked([](config& c) { c.limit_marker_ttl = 999ms; }) == refused);
    CHECK(checked([](config& c) { c.limit_marker_ttl = -1s; }) == refused);
    CHECK(checked([](config& c) { c.max_bytes = -2; }) == refused);
    CHECK(checked([](config& c) { c.max_value_size = std::numeric_limits<std::int32_t>::min(); }) == refused);
    CHECK(checked([](config& c) { c.replicas = 0; }) == refused);
    CHECK(checked([](config& c) { c.replicas = 6; }) == refused);
    CHECK(checked([](config& c) { c.description.assign(4097, 'd'); }) == refused);
    CHECK(checked([](config& c) { c.metadata[""] = "x"; }) == refused);
    CHECK(checked([](config& c) { c.metadata["k"].assign(131'072, 'x'); }) == refused);
    CHECK(checked([](config& c) { c.mirror.emplace().name = "a b"; }) == refused);
    CHECK(checked([](config& c) { c.mirror.emplace(); }) == refused);
    CHECK(checked([](config& c) {
              c.mirror.emplace().name = "a";
              c.sources.emplace_back().name = "d";
          }) == refused);
    CHECK(checked([](config& c) { c.sources.emplace_back().name = "*"; }) == refused);
    CHECK(checked([](config& c) {
              c.mirror.emplace().name = "a";
              c.mirror->external.emplace();
          }) == refused);

    CHECK_FALSE(checked([](config& c) { c.history = 64; }));
    CHECK_FALSE(checked([](config& c) { c.ttl = 100ms; }));
    CHECK_FALSE(checked([](config& c) { c.ttl = nanoseconds::max(); }));
    CHECK_FALSE(checked([](config& c) { c.limit_marker_ttl = 1s; }));
    CHECK_FALSE(checked([](config& c) { c.replicas = 5; }));
    CHECK_FALSE(checked([](config& c) { c.description.assign(4096, 'd'); }));
    CHECK_FALSE(checked([](config& c) { c.metadata["k"].assign(131'071, 'x'); }));
    CHECK_FALSE(checked([](config& c) { c.mirror.emplace().name = "a"; }));
}

TEST_CASE("kv 2: a stream that does not keep the last value of each key is no bucket") {
    jetstream::stream_config stream;
    stream.name = "KV_b";
    stream.max_msgs_per_subject = -1;
    CHECK(kv::codec::check_is_bucket(stream) == kv::errc::not_a_bucket);
    stream.max_msgs_per_subject = 0;
    CHECK(kv::codec::check_is_bucket(stream) == kv::errc::not_a_bucket);
    stream.max_msgs_per_subject = 1;
    CHECK_FALSE(kv::codec::check_is_bucket(stream));
    stream.max_msgs_per_subject = 100;  // W21: other clients make such
    CHECK_FALSE(kv::codec::check_is_bucket(stream));
    stream.name = "ORDERS";
    CHECK(kv::codec::check_is_bucket(stream) == kv::errc::not_a_bucket);
}

TEST_CASE("kv 2: what a bucket says of itself is what it was made with") {
    kv::bucket_config config = named("b");
    config.description = "d";
    config.history = 7;
    config.ttl = 30s;
    config.max_bytes = 4096;
    config.max_value_size = 100;
    config.storage = jetstream::storage_type::memory;
    config.compression = true;
    config.limit_marker_ttl = 2s;
    config.metadata["owner"] = "me";
    jetstream::stream_info info;
    info.config = kv::codec::to_stream_config(config);
    info.config.metadata["_nats.ver"] = "2.15.1";
    info.state.messages = 5;
    info.state.bytes = 600;
    info.state.first_seq = 3;
    info.state.last_seq = 9;
    info.created = jetstream::wall_time(1s);

    const kv::bucket_status status = kv::codec::to_bucket_status(info);
    CHECK(status.bucket == "b");
    CHECK(status.values == 5);
    CHECK(status.bytes == 600);
    CHECK(status.first_sequence == 3);
    CHECK(status.last_sequence == 9);
    CHECK(status.created == jetstream::wall_time(1s));
    CHECK(status.config.metadata == config.metadata);
    CHECK(kv::config_differences(config, status.config).empty());
}

TEST_CASE("R10: streams of other programs with settings we would not choose are described, not refused") {
    jetstream::stream_config stream;
    stream.name = "KV_b";
    stream.max_msgs_per_subject = std::numeric_limits<std::int64_t>::max();
    stream.max_msg_size = std::numeric_limits<std::int64_t>::max();
    stream.max_bytes = 0;
    stream.num_replicas = -1;
    const kv::bucket_config config = kv::codec::to_bucket_config(stream);
    CHECK(config.history == std::numeric_limits<std::int32_t>::max());
    CHECK(config.max_value_size == std::numeric_limits<std::int32_t>::max());
    CHECK(config.max_bytes == -1);
    CHECK(config.replicas == 0);
}

TEST_CASE("W23 G21: differences between wanted and found configurations are named") {
    const kv::bucket_config wanted = named("b");
    kv::bucket_config found = named("b");
    found.max_bytes = 0;
    CHECK(kv::config_differences(wanted, found).empty());
    found.history = 5;
    found.storage = jetstream::storage_type::memory;
    found.metadata["x"] = "y";
    found.metadata["_nats.ver"] = "2.15.1";
    CHECK(kv::config_differences(wanted, found) == std::vector<std::string>{"history", "storage", "metadata"});
    CHECK(kv::config_differences(named("a"), named("b")) == std::vector<std::string>{"bucket"});

    kv::bucket_config full = named("b");
    full.description = "d";
    full.ttl = 1s;
    full.max_bytes = 1;
    full.max_value_size = 1;
    full.replicas = 2;
    full.compression = true;
    full.limit_marker_ttl = 1s;
    full.discard = jetstream::discard_policy::old;
    full.placement.emplace();
    full.republish.emplace();
    CHECK(kv::config_differences(wanted, full) == std::vector<std::string>{"description", "ttl", "max_bytes", "max_value_size", "replicas",
                                                                           "compression", "limit_marker_ttl", "discard", "placement",
                                                                           "republish"});
}

TEST_CASE("kv 8 G22: a mirror has no subjects, and reads and writes with the origin's") {
    kv::bucket_config config = named("mir");
    config.mirror.emplace().name = "b";
    REQUIRE_FALSE(kv::codec::check_bucket_config(config));
    const jetstream::stream_config stream = kv::codec::to_stream_config(config);
    CHECK(stream.subjects.empty());
    REQUIRE(stream.mirror.has_value());
    CHECK(stream.mirror->name == "KV_b");
    CHECK(stream.mirror_direct);
    CHECK(kv::codec::to_bucket_config(stream).mirror->name == "b");

    const auto places = kv::codec::places_of(stream, "$JS.API");
    CHECK(places.read_prefix == "$KV.b.");
    CHECK(places.write_prefix == "$KV.b.");
}

TEST_CASE("kv 8 F21: writes go below a client's API prefix, and to the domain of a mirror's origin") {
    jetstream::stream_config stream = kv::codec::to_stream_config(named("b"));
    CHECK(kv::codec::places_of(stream, "$JS.API").write_prefix == "$KV.b.");
    CHECK(kv::codec::places_of(stream, "$JS.hub.API").write_prefix == "$JS.hub.API.$KV.b.");
    CHECK(kv::codec::places_of(stream, "$JS.hub.API").read_prefix == "$KV.b.");

    stream.name = "KV_mir";
    stream.subjects.clear();
    stream.mirror.emplace().name = "KV_b";
    CHECK(kv::codec::places_of(stream, "$JS.leaf.API").write_prefix == "$JS.leaf.API.$KV.b.");
    stream.mirror->external.emplace().api = "$JS.hub.API";
    CHECK(kv::codec::places_of(stream, "$JS.API").write_prefix == "$JS.hub.API.$KV.b.");
    CHECK(kv::codec::places_of(stream, "$JS.leaf.API").write_prefix == "$JS.hub.API.$KV.b.");
    CHECK(kv::codec::places_of(stream, "$JS.leaf.API").read_prefix == "$KV.b.");
}

TEST_CASE("kv 8: sources are named by their buckets and move keys here") {
    kv::bucket_config config = named("agg");
    config.sources.emplace_back().name = "t";
    config.sources.emplace_back().name = "KV_u";
    config.sources.emplace_back().name = "KV_KV_v";
    config.sources.back().subject_transforms.emplace_back().src = "$KV.KV_v.a.>";
    REQUIRE_FALSE(kv::codec::check_bucket_config(config));
    const jetstream::stream_config stream = kv::codec::to_stream_config(config);
    CHECK(stream.subjects == std::vector<std::string>{"$KV.agg.>"});
    REQUIRE(stream.sources.size() == 3);
    CHECK(stream.sources[0].name == "KV_t");
    REQUIRE(stream.sources[0].subject_transforms.size() == 1);
    CHECK(stream.sources[0].subject_transforms[0].src == "$KV.t.>");
    CHECK(stream.sources[0].subject_transforms[0].dest == "$KV.agg.>");
    CHECK(stream.sources[1].name == "KV_u");
    CHECK(stream.sources[2].name == "KV_KV_v");
    CHECK(stream.sources[2].subject_transforms[0].src == "$KV.KV_v.a.>");

    const kv::bucket_config back = kv::codec::to_bucket_config(stream);
    CHECK(back.sources[0].name == "t");
    CHECK(back.sources[1].name == "u");
    CHECK(back.sources[2].name == "KV_KV_v");
    CHECK(kv::codec::to_stream_config(back) == stream);
}
