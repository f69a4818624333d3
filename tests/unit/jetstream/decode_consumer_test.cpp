// Consumer replies.
#include "jetstream/api/decode.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <ostream>
#include <string>
#include <string_view>

#include "tests/unit/jetstream/replies.hpp"

using namespace slipstream::jetstream;
using namespace slipstream::jetstream::api;
using namespace slipstream::jetstream::test;
using namespace std::chrono_literals;

namespace {

std::error_code decode(const std::string& text) {
    consumer_info out;
    return decode_consumer_info(json(text), out, nullptr);
}

}  // namespace

TEST_CASE("W1, L11: the create reply and the sequence that tells of a clamp") {
    consumer_info info;
    REQUIRE_FALSE(decode_consumer_info(json(created_consumer), info, nullptr));
    CHECK(info.stream_name == "KV_b");
    CHECK(info.name == "w1");
    CHECK(info.created == wall_time(1795424104076103570ns));
    CHECK(info.delivered.stream_seq == 6);
    CHECK(info.delivered.consumer_seq == 0);
    CHECK(info.ack_floor.stream_seq == 6);
    CHECK(info.num_pending == 4);
    CHECK(info.push_bound);
    CHECK(info.config.deliver_policy == deliver_policy::by_start_sequence);
    CHECK(info.config.opt_start_seq == 3);
    CHECK(info.config.ack_policy == ack_policy::none);
    CHECK(info.config.filter_subjects == std::vector<std::string>{"$KV.b.>"});
    CHECK(info.config.flow_control);
    CHECK(info.config.idle_heartbeat == 5s);
    CHECK(info.config.inactive_threshold == 5min);
    CHECK(info.config.mem_storage);
    CHECK(info.config.metadata == std::map<std::string, std::string>{{"mine", "1"}});
}

TEST_CASE("A20: a reply without what is promised is invalid, never success") {
    for (const std::string_view missing : {R"("stream_name":)", R"("name":)", R"("created":)", R"("config":)", R"("delivered":)",
                                           R"("ack_floor":)", R"("num_pending":)", R"("consumer_seq":)", R"("stream_seq":)"}) {
        CAPTURE(missing);
        CHECK(decode(replaced(created_consumer, missing, R"("x":)")) == errc::invalid_response);
    }
    CHECK(decode("{}") == errc::invalid_response);
    CHECK(decode(replaced(created_consumer, R"("stream_seq":6)", R"("stream_seq":"6")")) == errc::invalid_response);
    CHECK(decode(replaced(created_consumer, R"("num_pending":4)", R"("num_pending":-1)")) == errc::invalid_response);
    CHECK(decode(R"({"error":{"code":404,"err_code":10014,"description":"consumer not found"},"paused":false})") ==
          errc::consumer_not_found);
}

TEST_CASE("spec/jetstream.md 4: several filters, an absent ack policy, words of newer servers") {
    consumer_info info;
    std::string text = replaced(created_consumer, R"("filter_subject":"$KV.b.\u003e")", R"("filter_subjects":["a","b.\u003e"])");
    text = replaced(text, R"("ack_policy":"none",)", "");
    text = replaced(text, R"("replay_policy":"instant")", R"("replay_policy":"sideways")");
    text = replaced(text, R"("idle_heartbeat":5000000000)", R"("idle_heartbeat":5000000000,"priority_groups":["g"],"new_thing":{})");
    REQUIRE_FALSE(decode_consumer_info(json(text), info, nullptr));
    CHECK(info.config.filter_subjects == std::vector<std::string>{"a", "b.>"});
    CHECK(info.config.ack_policy == ack_policy::none);
    CHECK(info.config.replay_policy == replay_policy::instant);
    REQUIRE_FALSE(
        decode_consumer_info(json(replaced(created_consumer, R"("ack_policy":"none")", R"("ack_policy":"flow_control")")), info, nullptr));
    CHECK(info.config.ack_policy == ack_policy::flow_control);
}

TEST_CASE("F17: the configuration inside a request") {
    consumer_config c;
    CHECK(decode_requested_consumer(R"({"stream_name":"S","config":{"name":"n","max_deliver":3},"action":"create"})", c));
    CHECK(c.max_deliver == 3);
    CHECK_FALSE(decode_requested_consumer("", c));
    CHECK_FALSE(decode_requested_consumer("{}", c));
    CHECK_FALSE(decode_requested_consumer(R"({"config":[]})", c));
}
