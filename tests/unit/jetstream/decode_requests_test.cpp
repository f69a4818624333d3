// The small replies, and lists.
#include "jetstream/api/decode.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/jetstream/replies.hpp"

using namespace slipstream::jetstream;
using namespace slipstream::jetstream::api;
using namespace slipstream::jetstream::test;

TEST_CASE("A20: success is true, and nothing else") {
    const auto decode = [](std::string_view text) { return decode_success(json(text), nullptr); };
    CHECK_FALSE(decode(R"({"type":"io.nats.jetstream.api.v1.stream_delete_response","success":true})"));
    for (const std::string_view bad : {R"({"success":false})", R"({"success":1})", R"({"success":"true"})", R"({"success":null})", "{}", "",
                                       "true", R"({"success":true)"}) {
        CAPTURE(bad);
        CHECK(decode(bad) == errc::invalid_response);
    }
    CHECK(decode(R"({"error":{"code":404,"err_code":10059,"description":"stream not found"},)"
    R"("success":true})") == errc::stream_not_found);
}

TEST_CASE("spec/jetstream.md 2: purge tells how many") {
    std::uint64_t purged = 99;
    CHECK_FALSE(decode_purge(json(R"({"type":"x","success":true,"purged":25})"), purged, nullptr));
    CHECK(purged == 25);
    CHECK(decode_purge(json(R"({"success":true})"), purged, nullptr) == errc::invalid_response);
    CHECK(decode_purge(json(R"({"success":false,"purged":0})"), purged, nullptr) == errc::invalid_response);
    // Errors come with zero-valued results beside them.
    CHECK(decode_purge(json(R"({"error":{"code":400,"err_code":10110,"description":"x"},)"
    R"("purged":0})"), purged, nullptr).value() == 10110);
}

TEST_CASE("spec/jetstream.md 2: account information and API level") {
    account_info info;
    REQUIRE_FALSE(decode_account_info(
        json(
            R"({"type":"io.nats.jetstream.api.v1.account_info_response","memory":1,"storage":2,"reserved_memory":0,)"
            R"("reserved_storage":0,)"
            R"("streams":3,"consumers":4,"limits":{"max_memory":-1,"max_storage":100,"max_streams":5,"max_consumers":-1,)"
            R"("max_ack_pending":-1},)"
            R"("domain":"hub","api":{"level":5,"total":17,"errors":2}})"),
        info, nullptr));
    CHECK(info.memory == 1);
    CHECK(info.storage == 2);
    CHECK(info.streams == 3);
    CHECK(info.consumers == 4);
    CHECK(info.limits.max_memory == -1);
    CHECK(info.limits.max_storage == 100);
    CHECK(info.limits.max_streams == 5);
    CHECK(info.domain == "hub");
    CHECK(info.api_level == 5);
    CHECK(info.api_total == 17);
    CHECK(info.api_errors == 2);

    account_info old;
    REQUIRE_FALSE(decode_account_info(
        json(R"({"memory":0,"storage":0,"streams":0,"consumers":0,"limits":{},"api":{"total":1,"errors":0}})"), old, nullptr));
    CHECK(old.api_level == 0);
    CHECK(decode_account_info(json(R"({"memory":0,"storage":0,"streams":0,"consumers":0,"api":{"level":-5}})"), old, nullptr) ==
          std::error_code());
    CHECK(old.api_level == 0);
    CHECK(decode_account_info(json(R"({"storage":0,"streams":0,"consumers":0})"), old, nullptr) == errc::invalid_response);
    CHECK(decode_account_info(json(R"({"memory":0,"storage":0,"streams":0,"consumers":0,"limits":7})"), old, nullptr) ==
          errc::invalid_response);
    CHECK(decode_account_info(json(R"({"error":{"code":503,"err_code":10039,)"
    R"("description":"jetstream not enabled for account"}})"), old,
                              nullptr) == errc::not_enabled_for_account);
}

TEST_CASE("A21: pages of names: null, empty, some") {
    std::vector<std::string> names;
    page where;
    CHECK_FALSE(decode_list(json(R"({"type":"x","total":0,"offset":0,"limit":1024,"streams":null})"), names, where, nullptr));
    CHECK(where.received == 0);
    CHECK_FALSE(decode_list(json(R"({"total":3,"offset":0,"limit":1024,"streams":["a","b"]})"), names, where, nullptr));
    CHECK(where.total == 3);
    CHECK(where.received == 2);
    CHECK_FALSE(decode_list(json(R"({"total":3,"offset":2,"limit":1024,"streams":["c"]})"), names, where, nullptr));
    CHECK(where.received == 1);
    CHECK(names == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("A21: pages that lack what they promise") {
    std::vector<std::string> names;
    page where;
    for (const std::string_view bad : {"{}", R"({"total":1})", R"({"streams":["a"]})", R"({"total":1,"streams":{}})",
                                       R"({"total":1,"streams":[1]})", R"({"total":-1,"streams":[]})", R"({"total":1,)"
                                       R"("streams":"a"})"}) {
        CAPTURE(bad);
        CHECK(decode_list(json(bad), names, where, nullptr) == errc::invalid_response);
    }
}

TEST_CASE("A21: pages of streams and consumers") {
    page where;
    std::vector<stream_info> streams;
    CHECK_FALSE(decode_list(json(R"({"total":2,"offset":0,"limit":256,"streams":[)" + created_stream + "," + created_stream + "]}"),
                            streams, where, nullptr));
    CHECK(streams.size() == 2);
    CHECK(streams[1].config.name == "KV_b");
    CHECK(streams[1].state.last_seq == 9);
    CHECK(decode_list(json(R"({"total":1,"streams":[{}]})"), streams, where, nullptr) == errc::invalid_response);
    std::vector<consumer_info> consumers;
    CHECK_FALSE(
        decode_list(json(R"({"total":1,"offset":0,"limit":256,)"
        R"("consumers":[)" + created_consumer + "]}"), consumers, where, nullptr));
    CHECK(consumers.size() == 1);
    CHECK(consumers[0].name == "w1");
    CHECK(decode_list(json(R"({"error":{"err_code":10059}})"), consumers, where, nullptr) == errc::stream_not_found);
}
