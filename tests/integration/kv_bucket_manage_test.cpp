// Making, opening, listing and deleting buckets on a real server.
#include "tests/integration/kv_bucket_support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

using namespace slipstream;
using namespace std::chrono_literals;
using test::kv_world;
using test::named;
using test::result;

TEST_CASE("S20 L3 L4: making a bucket; an equal one is success, a different one is bucket_exists") {
    kv_world w;
    kv::bucket_config config = named("b");
    config.history = 3;
    {
        auto [ec, made] = w.wait(kv::async_create_bucket(w.js, config, {}, result));
        REQUIRE_FALSE(ec);
        CHECK(made.name() == "b");
        CHECK(made.config().history == 3);
    }
    {
        auto [ec, made] = w.wait(kv::async_create_bucket(w.js, config, {}, result));
        CHECK_FALSE(ec);
        CHECK(static_cast<bool>(made));
    }
    config.history = 4;
    jetstream::error_info info;
    kv::open_options options;
    options.info = &info;
    auto [ec, made] = w.wait(kv::async_create_bucket(w.js, config, options, result));
    CHECK(ec == kv::errc::bucket_exists);
    CHECK(ec == condition::conflict);
    CHECK(info.err_code == 10058);
    CHECK_FALSE(info.description.empty());
    CHECK_FALSE(static_cast<bool>(made));
}

TEST_CASE("kv 2 W22: the server keeps every option, and says so") {
    kv_world w;
    kv::bucket_config config = named("options-1_X");
    config.description = "all of them";
    config.history = 64;
    config.ttl = 30s;
    config.max_bytes = 1 << 20;
    config.max_value_size = 1000;
    config.storage = jetstream::storage_type::memory;
    config.compression = true;
    config.metadata["owner"] = "tests";
    config.republish.emplace();
    config.republish->src = ">";
    config.republish->dest = "copies.>";
    kv::bucket b = w.make(config);
    CHECK(kv::config_differences(config, b.config()).empty());

    auto [ec, status] = w.wait(b.async_status({}, result));
    REQUIRE_FALSE(ec);
    CHECK(kv::config_differences(config, status.config).empty());
    CHECK(status.config.metadata == config.metadata);
    CHECK(status.bucket == "options-1_X");
    CHECK(status.values == 0);
    CHECK(status.created.time_since_epoch().count() > 0);

    auto [info_ec, stream] = w.wait(w.js.async_stream_info("KV_options-1_X", {}, result));
    REQUIRE_FALSE(info_ec);
    CHECK(stream.config.subjects == std::vector<std::string>{"$KV.options-1_X.>"});
    CHECK(stream.config.deny_delete);
    CHECK(stream.config.allow_rollup_hdrs);
    CHECK(stream.config.allow_direct);
    CHECK(stream.config.discard == jetstream::discard_policy::new_);
    CHECK(stream.config.duplicate_window == std::chrono::nanoseconds(30s));
}

TEST_CASE("kv 7: limit markers, or an honest refusal by servers that do not have them") {
    kv_world w;
    kv::bucket_config config = named("m");
    config.limit_marker_ttl = 2s;
    auto [ec, made] = w.wait(kv::async_create_bucket(w.js, config, {}, result));
    auto [other_ec, other] = w.wait(kv::async_get_or_create_bucket(w.js, config, {}, result));
    if (w.has_limit_markers()) {
        CHECK_FALSE(ec);
        CHECK(made.config().limit_marker_ttl == std::chrono::nanoseconds(2s));
        CHECK_FALSE(other_ec);
    } else {
        CHECK(ec == jetstream::errc::api_level);
        CHECK(other_ec == jetstream::errc::api_level);
        auto [open_ec, opened] = w.wait(kv::async_open_bucket(w.js, "m", {}, result));
        CHECK(open_ec == kv::errc::bucket_not_found);  // nothing was made
    }
}

TEST_CASE("W20 W21: what is not allowed is refused before a byte is sent") {
    kv_world w;
    const auto before = w.nc.stats().out_msgs;
    for (const char* name : {"", "a.b", "a b", "*", ">", "a\r\nPUB x 0", "\xC3\xA9"}) {
        CAPTURE(name);
        const kv::bucket_config config = named(name);
        CHECK(std::get<0>(w.wait(kv::async_create_bucket(w.js, config, {}, result))) == kv::errc::invalid_bucket);
        CHECK(std::get<0>(w.wait(kv::async_get_or_create_bucket(w.js, config, {}, result))) == kv::errc::invalid_bucket);
        CHECK(std::get<0>(w.wait(kv::async_open_bucket(w.js, name, {}, result))) == kv::errc::invalid_bucket);
        CHECK(std::get<0>(w.wait(kv::async_delete_bucket(w.js, name, {}, result))) == kv::errc::invalid_bucket);
    }
    kv::bucket_config config = named("b");
    config.history = 65;
    CHECK(std::get<0>(w.wait(kv::async_create_bucket(w.js, config, {}, result))) == kv::errc::invalid_config);
    CHECK(std::get<0>(w.wait(kv::async_get_or_create_bucket(w.js, config, {}, result))) == kv::errc::invalid_config);

    kv::open_options options;
    options.timeout = -1ms;
    CHECK(std::get<0>(w.wait(kv::async_open_bucket(w.js, "b", options, result))) == errc::invalid_option);
    options.timeout = 0ms;
    options.operation_timeout = 0ms;
    CHECK(std::get<0>(w.wait(kv::async_open_bucket(w.js, "b", options, result))) == errc::invalid_option);
    kv::manage_options manage;
    manage.timeout = -1ms;
    CHECK(std::get<0>(w.wait(kv::async_delete_bucket(w.js, "b", manage, result))) == errc::invalid_option);
    CHECK(std::get<0>(w.wait(kv::async_list_buckets(w.js, manage, result))) == errc::invalid_option);
    CHECK(w.nc.stats().out_msgs == before);
}

TEST_CASE("kv 2: opening what is not there, and what is no bucket") {
    kv_world w;
    {
        auto [ec, opened] = w.wait(kv::async_open_bucket(w.js, "b", {}, result));
        CHECK(ec == kv::errc::bucket_not_found);
        CHECK(ec == condition::not_found);
        CHECK_FALSE(static_cast<bool>(opened));
    }
    jetstream::stream_config stream;
    stream.name = "KV_b";
    stream.subjects = {"elsewhere"};
    REQUIRE_FALSE(std::get<0>(w.wait(w.js.async_create_stream(stream, {}, result))));
    CHECK(std::get<0>(w.wait(kv::async_open_bucket(w.js, "b", {}, result))) == kv::errc::not_a_bucket);
    const kv::bucket_config config = named("b");
    CHECK(std::get<0>(w.wait(kv::async_get_or_create_bucket(w.js, config, {}, result))) == kv::errc::not_a_bucket);
}

TEST_CASE("S34 R10 W23: get-or-create makes a bucket once and leaves an existing one as it is") {
    kv_world w;
    kv::bucket_config config = named("b");
    config.history = 2;
    jetstream::error_info info;
    kv::open_options options;
    options.info = &info;
    {
        auto [ec, b] = w.wait(kv::async_get_or_create_bucket(w.js, config, options, result));
        REQUIRE_FALSE(ec);
        CHECK(info.err_code == 0);
        CHECK(b.config().history == 2);
        w.put(b, "k", "v");
    }
    config.history = 5;
    auto [ec, b] = w.wait(kv::async_get_or_create_bucket(w.js, config, {}, result));
    REQUIRE_FALSE(ec);
    CHECK(b.config().history == 2);
    CHECK(kv::config_differences(config, b.config()) == std::vector<std::string>{"history"});
    CHECK(w.value(b, "k") == "v");
}

TEST_CASE("G21: two programs get or create the same bucket at once") {
    kv_world w;
    client other = w.another_client();
    jetstream::context other_js(other);
    kv::bucket_config one = named("b");
    kv::bucket_config two = named("b");
    two.history = 9;  // they do not even agree on it
    for (int round = 0; round < 5; ++round) {
        auto a = kv::async_get_or_create_bucket(w.js, one, {}, result);
        auto b = kv::async_get_or_create_bucket(other_js, two, {}, result);
        auto [ec_a, bucket_a] = w.wait(std::move(a));
        auto [ec_b, bucket_b] = w.wait(std::move(b));
        REQUIRE_FALSE(ec_a);
        REQUIRE_FALSE(ec_b);
        CHECK(kv::config_differences(bucket_a.config(), bucket_b.config()).empty());
        w.put(bucket_a, "k", "v");
        CHECK(w.value(bucket_b, "k") == "v");
        CHECK_FALSE(std::get<0>(w.wait(kv::async_delete_bucket(w.js, "b", {}, result))));
    }
    other.close();
}

TEST_CASE("S30 L29: at the stream limit an existing bucket is found, and a missing one says why it cannot be made") {
    test::nats_server_options server;
    server.config = "accounts { A { jetstream { max_streams: 1 }, users [ { user: u, password: p } ] } }\nno_auth_user: u\n";
    kv_world w(server);
    kv::bucket_config first = named("first");
    REQUIRE_FALSE(std::get<0>(w.wait(kv::async_get_or_create_bucket(w.js, first, {}, result))));
    first.history = 3;
    auto [found_ec, found] = w.wait(kv::async_get_or_create_bucket(w.js, first, {}, result));
    CHECK_FALSE(found_ec);
    CHECK(found.config().history == 1);

    const kv::bucket_config second = named("second");
    jetstream::error_info info;
    kv::open_options options;
    options.info = &info;
    auto [ec, none] = w.wait(kv::async_get_or_create_bucket(w.js, second, options, result));
    CHECK(ec == jetstream::errc::maximum_streams);
    CHECK_FALSE(static_cast<bool>(none));
    CHECK(std::get<0>(w.wait(kv::async_create_bucket(w.js, second, {}, result))) == jetstream::errc::maximum_streams);
}

TEST_CASE("R11 kv 2: deleting a bucket; handles on it then say that it is gone") {
    kv_world w;
    kv::bucket b = w.make("b");
    w.put(b, "k", "v");
    CHECK_FALSE(std::get<0>(w.wait(kv::async_delete_bucket(w.js, "b", {}, result))));
    CHECK(std::get<0>(w.wait(kv::async_delete_bucket(w.js, "b", {}, result))) == kv::errc::bucket_not_found);

    CHECK(std::get<0>(w.wait(b.async_get("k", {}, result))) == kv::errc::bucket_not_found);
    CHECK(std::get<0>(w.wait(b.async_put("k", "v", {}, result))) == kv::errc::bucket_not_found);
    CHECK(std::get<0>(w.wait(b.async_create("k", "v", {}, result))) == kv::errc::bucket_not_found);
    CHECK(std::get<0>(w.wait(b.async_update("k", "v", kv::revision(1), {}, result))) == kv::errc::bucket_not_found);
    CHECK(std::get<0>(w.wait(b.async_erase("k", {}, result))) == kv::errc::bucket_not_found);
    CHECK(std::get<0>(w.wait(b.async_purge("k", {}, result))) == kv::errc::bucket_not_found);
    CHECK(std::get<0>(w.wait(b.async_status({}, result))) == kv::errc::bucket_not_found);
}

TEST_CASE("kv 2: listing finds buckets and mirrors, and nothing else") {
    kv_world w;
    {
        auto [ec, none] = w.wait(kv::async_list_buckets(w.js, {}, result));
        CHECK_FALSE(ec);
        CHECK(none.empty());
    }
    kv::bucket zebra = w.make("zebra");
    w.make("apple");
    w.put(zebra, "k", "v");
    kv::bucket_config mirror = named("mirror");
    mirror.mirror.emplace().name = "zebra";
    w.make(mirror);
    jetstream::stream_config stream;
    stream.name = "ORDERS";
    stream.subjects = {"orders.>"};
    REQUIRE_FALSE(std::get<0>(w.wait(w.js.async_create_stream(stream, {}, result))));
    stream.name = "KV_not-one";
    stream.subjects = {"other.>"};
    REQUIRE_FALSE(std::get<0>(w.wait(w.js.async_create_stream(stream, {}, result))));

    auto [ec, found] = w.wait(kv::async_list_buckets(w.js, {}, result));
    REQUIRE_FALSE(ec);
    REQUIRE(found.size() == 3);
    CHECK(found[0].bucket == "apple");
    CHECK(found[1].bucket == "mirror");
    CHECK(found[1].config.mirror.has_value());
    CHECK(found[2].bucket == "zebra");
    CHECK(found[2].values == 1);
    CHECK(found[2].last_sequence == 1);
}

TEST_CASE("W25 L31: a denied API call fails at once") {
    test::nats_server_options server;
    server.config =
        "accounts { A { jetstream: enabled, users [ { user: u, password: p, permissions { publish { deny: [\"$JS.API.STREAM.CREATE.>\"] } "
        "} } ] } }\n"
        "no_auth_user: u\n";
    kv_world w(server);
    const kv::bucket_config config = named("b");
    const kv::open_options patient{.timeout = 120s};  // longer than the test waits
    CHECK(std::get<0>(w.wait(kv::async_create_bucket(w.js, config, patient, result))) == errc::permission_denied);
    auto [ec, none] = w.wait(kv::async_get_or_create_bucket(w.js, config, patient, result));
    CHECK(ec == errc::permission_denied);
    CHECK(ec == condition::denied);
}

TEST_CASE("E5 kv 2: a server without JetStream") {
    test::nats_server_options server;
    server.jetstream = false;
    kv_world w(server);
    const kv::bucket_config config = named("b");
    CHECK(std::get<0>(w.wait(kv::async_open_bucket(w.js, "b", {}, result))) == errc::no_responders);
    CHECK(std::get<0>(w.wait(kv::async_get_or_create_bucket(w.js, config, {}, result))) == errc::no_responders);
    CHECK(std::get<0>(w.wait(kv::async_list_buckets(w.js, {}, result))) == errc::no_responders);
}
