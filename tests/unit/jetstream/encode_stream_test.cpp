// Stream configurations as the server reads them.
#include "jetstream/api/encode.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <ostream>
#include <string>
#include <string_view>

#include "jetstream/api/elements.hpp"

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>

using namespace slipstream::jetstream;
using namespace slipstream::jetstream::api;
using namespace std::chrono_literals;

namespace {

stream_config named(std::string name) {
    stream_config c;
    c.name = std::move(name);
    return c;
}

/// What another reader makes of the text.
stream_config read_back(const std::string& json) {
    json_document document;
    REQUIRE(document.parse(json));
    stream_config out;
    REQUIRE(read_stream_config(document.root(), out));
    return out;
}

bool has(const std::string& json, std::string_view part) { return json.find(part) != std::string::npos; }

stream_config everything() {
    stream_config c = named("ALL");
    c.description = "with \"quotes\"\r\nand lines";
    c.subjects = {"a.>", "b.*"};
    c.retention = retention_policy::workqueue;
    c.max_consumers = 3;
    c.max_msgs = 4;
    c.max_bytes = 5;
    c.max_msgs_per_subject = 6;
    c.max_msg_size = 7;
    c.max_age = 8s;
    c.discard = discard_policy::new_;
    c.discard_new_per_subject = true;
    c.storage = storage_type::memory;
    c.num_replicas = 3;
    c.no_ack = true;
    c.duplicate_window = 2s;
    c.placement = placement{"east", {"ssd", "new"}};
    stream_source source;
    source.name = "UP";
    source.opt_start_seq = 9;
    source.filter_subject = "u.>";
    source.subject_transforms = {{"u.>", "a.>"}};
    source.external = external_stream{"$JS.hub.API", "deliver.x"};
    c.sources = {source};
    stream_source timed = source;
    timed.opt_start_seq = 0;
    timed.opt_start_time = wall_time(1795424104076103570ns);
    c.mirror = timed;
    c.compression = store_compression::s2;
    c.first_seq = 10;
    c.subject_transform = subject_transform{"a.>", "t.>"};
    c.republish = republish_config{"a.>", "r.>", true};
    c.allow_direct = c.mirror_direct = c.sealed = c.deny_delete = c.deny_purge = c.allow_rollup_hdrs = true;
    c.consumer_limits = {30s, 11};
    c.allow_msg_ttl = true;
    c.subject_delete_marker_ttl = 60s;
    c.allow_msg_counter = c.allow_atomic = c.allow_msg_schedules = c.allow_batched = true;
    c.persist_mode = persist_mode::async;
    c.metadata = {{"owner", "me"}};
    c.other = {{"new_thing", R"({"x":1})"}};
    return c;
}

}  // namespace

TEST_CASE("spec/kv.md 2, S21: the body of a bucket of five values") {
    stream_config c = named("KV_b");
    c.subjects = {"$KV.b.>"};
    c.max_msgs_per_subject = 5;
    c.discard = discard_policy::new_;
    c.duplicate_window = 120s;
    c.allow_rollup_hdrs = c.deny_delete = c.allow_direct = true;
    CHECK(
        encode_stream(c) ==
        R"({"name":"KV_b","subjects":["$KV.b.>"],"retention":"limits","max_consumers":-1,"max_msgs_per_subject":5,)"
        R"("max_msgs":-1,"max_bytes":-1,)"
        R"("max_age":0,"max_msg_size":-1,"storage":"file","discard":"new","num_replicas":1,"duplicate_window":120000000000,)"
        R"("allow_direct":true,"deny_delete":true,"allow_rollup_hdrs":true})");
}

TEST_CASE("spec/jetstream.md 1: nothing newer than server 2.10 is sent unless it is set") {
    const std::string json = encode_stream(named("S"));
    for (const std::string_view newer :
         {"allow_msg_ttl", "subject_delete_marker_ttl", "allow_msg_counter", "allow_atomic", "allow_msg_schedules", "persist_mode",
          "allow_batched", "pedantic", "consumer_limits", "compression", "metadata", "first_seq"}) {
        CAPTURE(newer);
        CHECK_FALSE(has(json, newer));
    }
}

TEST_CASE("spec/kv.md 7: a marker ttl is sent in nanoseconds") {
    stream_config c = named("KV_t");
    c.allow_msg_ttl = true;
    c.subject_delete_marker_ttl = 2s;
    CHECK(has(encode_stream(c), R"("allow_msg_ttl":true,"subject_delete_marker_ttl":2000000000)"));
}

TEST_CASE("spec/jetstream.md 3: every member survives encoding and decoding") {
    const stream_config c = everything();
    CHECK(read_back(encode_stream(c)) == c);
    CHECK(read_back(encode_stream(named("S"))) == named("S"));
}

TEST_CASE("spec/jetstream.md 3: the name is allow_rollup_hdrs, not rollup_hdrs") {
    const std::string json = encode_stream(everything());
    CHECK(has(json, R"("allow_rollup_hdrs":true)"));
    CHECK_FALSE(has(json, R"("rollup_hdrs")"));
}

TEST_CASE("A23: strings cannot break out of the body") {
    const std::string json = encode_stream(everything());
    CHECK(json.find('\r') == std::string::npos);
    CHECK(json.find('\n') == std::string::npos);
    CHECK(has(json, R"(with \"quotes\"\r\nand lines)"));
}

TEST_CASE("spec/jetstream.md 1: the server's own metadata is never sent") {
    stream_config c = named("S");
    c.metadata = {{"_nats.level", "5"}, {"_nats.ver", "2.15.1"}, {"a", "b"}};
    CHECK(has(encode_stream(c), R"("metadata":{"a":"b"})"));
    CHECK_FALSE(has(encode_stream(c), "_nats"));
}

TEST_CASE("spec/jetstream.md 1: members that this version does not know are sent back as they came") {
    stream_config c = named("S");
    c.other = {{"from_the_future", R"({"a":[1,2]})"}, {"storage", R"("tape")"}};
    const std::string json = encode_stream(c);
    CHECK(has(json, R"("from_the_future":{"a":[1,2]})"));
    CHECK(has(json, R"("storage":"tape")"));
    CHECK_FALSE(has(json, R"("storage":"file")"));  // the unknown word takes precedence, and no member is there twice
    json_document document;
    CHECK(document.parse(json));
}

TEST_CASE("F16: what can be told without a server is refused") {
    CHECK_FALSE(check(named("S")));
    CHECK_FALSE(check(everything()));
    CHECK(check(named("")) == errc::invalid_stream_name);
    CHECK(check(named("a.b")) == errc::invalid_stream_name);
    stream_config c = named("S");
    c.subjects = {"ok", "not ok"};
    CHECK(check(c) == slipstream::errc::invalid_subject);
    for (std::int64_t stream_config::*limit : {&stream_config::max_consumers, &stream_config::max_msgs, &stream_config::max_bytes,
                                                &stream_config::max_msgs_per_subject, &stream_config::max_msg_size}) {
        c = named("S");
        c.*limit = -2;
        CHECK(check(c) == errc::invalid_config);
    }
    for (std::chrono::nanoseconds stream_config::* duration :
         {&stream_config::max_age, &stream_config::duplicate_window, &stream_config::subject_delete_marker_ttl}) {
        c = named("S");
        c.*duration = -1ns;
        CHECK(check(c) == errc::invalid_config);
    }
    c = named("S");
    c.num_replicas = -1;
    CHECK(check(c) == errc::invalid_config);
    c = named("S");
    c.mirror = stream_source{};
    CHECK(check(c) == errc::invalid_stream_name);
    c.mirror->name = "UP";
    CHECK_FALSE(check(c));
    c.mirror->opt_start_seq = 1;
    c.mirror->opt_start_time = wall_time(1s);
    CHECK(check(c) == errc::invalid_config);
    c = named("S");
    c.sources.resize(1);
    c.sources[0].name = "UP";
    c.sources[0].filter_subject = "a..b";
    CHECK(check(c) == slipstream::errc::invalid_subject);
}
