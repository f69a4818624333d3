// Direct reads that are put together from what many of them have in common.
#include <slipstream/jetstream/detail/direct_gets.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>

#include "jetstream/api/subjects.hpp"

using namespace slipstream::jetstream;
using namespace slipstream::jetstream::api;
using namespace std::chrono_literals;

TEST_CASE("F21, spec/kv.md 3: the request of a direct read is the API's subject with the message's subject in it") {
    const direct_gets reads("$JS.d.API", "KV_b", "$KV.b.");
    for (const std::string& key : {std::string("k"), std::string("a.b=c/d"), std::string(300, 'k')}) {
        CAPTURE(key);
        REQUIRE(reads.covers(key));
        error_info info;
        const auto prepared = reads.prepare(key, 7s, &info);
        CHECK_FALSE(prepared.refused);
        CHECK(prepared.request.subject() == subject("$JS.d.API", verbs::direct_get, "KV_b", "$KV.b." + key));
        CHECK(prepared.request.payload().empty());
        CHECK(prepared.request.header_block().empty());
        CHECK(prepared.request.timeout() == 7s);
        CHECK(prepared.info == &info);
    }
}

TEST_CASE("F16: subjects that do not fit into the line, and what is not valid, are left to the context") {
    const std::string begin = "$KV.b.";
    const direct_gets reads("$JS.API", "KV_b", begin);
    CHECK(reads.covers(std::string(max_subject_in_line - begin.size(), 'k')));
    CHECK_FALSE(reads.covers(std::string(max_subject_in_line - begin.size() + 1, 'k')));

    CHECK_FALSE(reads.covers(""));

    CHECK_FALSE(direct_gets().covers("k"));
    CHECK_FALSE(direct_gets().covers(""));
    for (const std::string_view stream : {"", "KV.b", "KV b", "KV_*", "KV_\r\n"}) {
        CAPTURE(stream);
        CHECK_FALSE(direct_gets("$JS.API", stream, begin).covers("k"));
    }
    for (const std::string_view bad : {"$KV..", ".", "$KV.*.", "$KV.>.", "$KV.b .", "$KV.\r\n."}) {
        CAPTURE(bad);
        CHECK_FALSE(direct_gets("$JS.API", "KV_b", bad).covers("k"));
    }
    CHECK_FALSE(direct_gets("$JS.API", "KV_b", std::string(max_subject_in_line, 'b') + ".").covers("k"));
}
