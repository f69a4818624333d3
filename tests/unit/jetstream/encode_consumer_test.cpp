// Consumer configurations as the server reads them, and back.
#include "jetstream/api/encode.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <ostream>
#include <string>
#include <string_view>

#include "jetstream/api/decode.hpp"

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>

using namespace slipstream::jetstream;
using namespace slipstream::jetstream::api;
using namespace std::chrono_literals;

namespace {

consumer_config watch() {
    consumer_config c;
    c.deliver_policy = deliver_policy::last_per_subject;
    c.ack_policy = ack_policy::none;
    c.max_deliver = 1;
    c.ack_wait = 22h;
    c.filter_subjects = {"$KV.b.>"};
    c.flow_control = true;
    c.idle_heartbeat = 5s;
    c.deliver_subject = "W.1";
    c.num_replicas = 1;
    c.mem_storage = true;
    c.inactive_threshold = 5min;
    return c;
}

consumer_config read_back(const consumer_config& c) {
    consumer_config out;
    REQUIRE(decode_requested_consumer(encode_create_consumer("S", "n", c), out));
    out.name = c.name;
    return out;
}

bool has(const std::string& json, std::string_view part) { return json.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("spec/kv.md 5: the body of a watch") {
    CHECK(
        encode_create_consumer("KV_b", "w1", watch()) ==
        R"({"stream_name":"KV_b","config":{"name":"w1","deliver_policy":"last_per_subject","ack_policy":"none",)"
        R"("ack_wait":79200000000000,"max_deliver":1,)"
        R"("filter_subject":"$KV.b.>","replay_policy":"instant","deliver_subject":"W.1","flow_control":true,)"
        R"("idle_heartbeat":5000000000,)"
        R"("inactive_threshold":300000000000,"num_replicas":1,"mem_storage":true},"action":"create"})");
}

TEST_CASE("spec/jetstream.md 4: ack_policy is always sent, because its absence means none") {
    CHECK(has(encode_create_consumer("S", "n", {}), R"("ack_policy":"explicit")"));
}

TEST_CASE("spec/jetstream.md 4: filters: none, one, several; last_per_subject always has one") {
    consumer_config c;
    CHECK_FALSE(has(encode_create_consumer("S", "n", c), "filter"));
    c.filter_subjects = {"a"};
    CHECK(has(encode_create_consumer("S", "n", c), R"("filter_subject":"a")"));
    c.filter_subjects = {"a", "b.>"};
    CHECK(has(encode_create_consumer("S", "n", c), R"("filter_subjects":["a","b.>"])"));
    CHECK_FALSE(has(encode_create_consumer("S", "n", c), R"("filter_subject":)"));
    c.filter_subjects.clear();
    c.deliver_policy = deliver_policy::last_per_subject;
    CHECK(has(encode_create_consumer("S", "n", c), R"("filter_subject":">")"));
}

TEST_CASE("F8: a start is sent only with its policy") {
    consumer_config c;
    c.deliver_policy = deliver_policy::by_start_sequence;
    c.opt_start_seq = 18446744073709551615ULL;
    CHECK(has(encode_create_consumer("S", "n", c), R"("deliver_policy":"by_start_sequence","opt_start_seq":18446744073709551615)"));
    c = {};
    c.deliver_policy = deliver_policy::by_start_time;
    c.opt_start_time = wall_time(1795424104076103570ns);
    CHECK(has(encode_create_consumer("S", "n", c), R"("deliver_policy":"by_start_time",)"
    R"("opt_start_time":"2026-11-23T08:55:04.07610357Z")"));
}

TEST_CASE("spec/jetstream.md 4: every member survives encoding and decoding") {
    CHECK(read_back(watch()) == watch());
    consumer_config c;
    c.durable_name = "n";
    c.name = "n";
    c.description = "d";
    c.deliver_policy = deliver_policy::by_start_sequence;
    c.opt_start_seq = 7;
    c.ack_policy = ack_policy::all;
    c.backoff = {1s, 2s};
    c.filter_subjects = {"a", "b"};
    c.replay_policy = replay_policy::original;
    c.max_ack_pending = 9;
    c.headers_only = true;
    c.deliver_subject = "d.s";
    c.deliver_group = "g";
    c.rate_limit_bps = 5;
    c.sample_freq = "100%";
    c.max_waiting = 1;
    c.max_batch = 2;
    c.max_expires = 3s;
    c.max_bytes = 4;
    c.metadata = {{"k", "v"}};
    CHECK(read_back(c) == c);
}

TEST_CASE("F16, W32: contradictions are refused before a byte is sent") {
    const auto refused = [](auto change) {
        consumer_config c = watch();
        change(c);
        return check(c);
    };
    CHECK_FALSE(check(watch()));
    CHECK_FALSE(check(consumer_config{}));
    CHECK(refused([](auto& c) { c.name = "a.b"; }) == errc::invalid_consumer_name);
    CHECK(refused([](auto& c) { c.durable_name = "a b"; }) == errc::invalid_consumer_name);
    CHECK(refused([](auto& c) { c.name = "a", c.durable_name = "b"; }) == errc::invalid_consumer_name);
    CHECK(refused([](auto& c) { c.filter_subjects = {"a..b"}; }) == slipstream::errc::invalid_subject);
    CHECK(refused([](auto& c) { c.filter_subjects = {""}; }) == slipstream::errc::invalid_subject);
    CHECK(refused([](auto& c) { c.deliver_subject = "a.*"; }) == slipstream::errc::invalid_subject);
    CHECK(refused([](auto& c) { c.deliver_group = "g g"; }) == slipstream::errc::invalid_queue_group);
    CHECK(refused([](auto& c) { c.idle_heartbeat = 0s; }) == errc::invalid_config);  // flow control needs it
    CHECK(refused([](auto& c) { c.deliver_subject.clear(); }) == errc::invalid_config);  // heartbeats are for push consumers
    CHECK(refused([](auto& c) { c.inactive_threshold = -1s; }) == errc::invalid_config);
    CHECK(refused([](auto& c) { c.ack_wait = -1s; }) == errc::invalid_config);
    CHECK(refused([](auto& c) { c.backoff = {-1s}; }) == errc::invalid_config);
    CHECK(refused([](auto& c) { c.num_replicas = -1; }) == errc::invalid_config);
    CHECK(refused([](auto& c) { c.max_deliver = -2; }) == errc::invalid_config);
    CHECK(refused([](auto& c) { c.opt_start_seq = 1; }) == errc::invalid_config);
    CHECK(refused([](auto& c) { c.opt_start_time = wall_time(1s); }) == errc::invalid_config);
    CHECK(refused([](auto& c) { c.deliver_policy = deliver_policy::by_start_sequence; }) == errc::invalid_config);
    CHECK(refused([](auto& c) { c.deliver_policy = deliver_policy::by_start_time; }) == errc::invalid_config);
}

TEST_CASE("F17: an existing consumer is the one that was asked for when every value asked for is there") {
    const consumer_config asked = watch();
    consumer_config existing = asked;
    existing.name = "w1";
    CHECK(fulfils(existing, asked));
    existing.max_ack_pending = 1000;  // the server's defaults for what was not asked for
    existing.max_waiting = 512;
    CHECK(fulfils(existing, asked));
    const auto differs = [&](auto change) {
        consumer_config other = existing;
        change(other);
        return !fulfils(other, asked);
    };
    CHECK(differs([](auto& c) { c.deliver_subject = "W.2"; }));
    CHECK(differs([](auto& c) { c.deliver_policy = deliver_policy::all; }));
    CHECK(differs([](auto& c) { c.filter_subjects = {"$KV.b.a"}; }));
    CHECK(differs([](auto& c) { c.opt_start_seq = 1; }));
    CHECK(differs([](auto& c) { c.ack_policy = ack_policy::explicit_; }));
    CHECK(differs([](auto& c) { c.headers_only = true; }));
    CHECK(differs([](auto& c) { c.flow_control = false; }));
    CHECK(differs([](auto& c) { c.idle_heartbeat = 6s; }));
    CHECK(differs([](auto& c) { c.inactive_threshold = 1s; }));
    CHECK(differs([](auto& c) { c.durable_name = "w1"; }));
    CHECK(differs([](auto& c) { c.max_deliver = 5; }));
}
