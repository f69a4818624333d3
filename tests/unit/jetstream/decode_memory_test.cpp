// What happens when memory ends while a reply is read: the same answer, or std::bad_alloc, and never another one (H9).
#include <cstdint>
#include <functional>
#include <new>
#include <string>
#include <system_error>
#include <vector>

#include <doctest/doctest.h>

#include <slipstream/jetstream/create_response.hpp>

#include "jetstream/api/decode.hpp"
#include "jetstream/api/publish_ack.hpp"
#include "replies.hpp"
#include "tests/support/alloc_counter.hpp"

using namespace slipstream;
using namespace slipstream::jetstream;
using namespace slipstream::test;

namespace {

/// `decode` gives what it found as text. Every allocation of it fails in turn.
void starve(const std::function<std::string()>& decode) {
    const std::string wanted = decode();
    const allocation_counter counter;
    static_cast<void>(decode());
    const std::uint64_t all = counter.count();
    CHECK(all > 0);
    std::uint64_t thrown = 0;
    for (std::uint64_t nth = 1; nth <= all; ++nth) {
        CAPTURE(nth);
        std::string got = wanted;
        try {
            const failing_allocation failing(nth);
            got = decode();
        } catch (const std::bad_alloc&) {
            ++thrown;
        }
        CHECK(got == wanted);
    }
    CHECK(thrown > 0);
    CHECK(decode() == wanted);
}

std::string text_of(std::error_code ec) { return ec ? std::string(ec.category().name()) + std::to_string(ec.value()) : std::string("ok"); }

const std::string long_text(100, 'x');  // has no place inside a std::string

}  // namespace

TEST_CASE("H9: replies about streams, consumers, accounts and messages while memory ends") {
    const std::string stream = jetstream::test::created_stream;
    starve([&] {
        stream_info out;
        const auto ec = api::decode_stream_info(jetstream::test::json(stream), out, nullptr);
        return text_of(ec) + out.config.name + std::to_string(out.state.last_seq);
    });
    starve([&] {
        stream_info out;
        return text_of(api::decode_stream_create(jetstream::test::json(stream), out, nullptr)) + out.config.name;
    });
    starve([&] {
        consumer_info out;
        return text_of(api::decode_consumer_info(jetstream::test::json(jetstream::test::created_consumer), out, nullptr)) + out.name;
    });
    starve([&] {
        account_info out;
        const std::string text = R"({"memory":1,"storage":2,"streams":3,"consumers":4,"domain":")" + long_text + "\"}";
        return text_of(api::decode_account_info(jetstream::test::json(text), out, nullptr)) + out.domain;
    });
    starve([&] {
        stored_message out;
        const std::string text =
            R"({"message":{"subject":")" + long_text + R"(","seq":7,"data":"aGVsbG8=","time":"2026-01-01T00:00:00Z"}})";
        return text_of(api::decode_message(jetstream::test::json(text), out, nullptr)) + std::string(out.subject()) +
               std::string(out.payload());
    });
    starve([&] {
        std::vector<std::string> out;
        api::page where;
        const std::string text = R"({"total":2,"streams":[")" + long_text + R"(","b"]})";
        return text_of(api::decode_list(jetstream::test::json(text), out, where, nullptr)) + std::to_string(out.size());
    });
}

TEST_CASE("H9, S26: no memory is not an answer: a refused creation never becomes a created stream, nor an error a success") {
    starve([&] {
        const auto r = classify_create_response(R"({"error":{"code":400,"err_code":10058,"description":")" + long_text + "\"}}");
        return std::to_string(static_cast<int>(r.outcome)) + std::to_string(r.parsed) + r.description;
    });
    starve([&] {
        publish_ack ack;
        error_info info;
        const std::string text = R"({"error":{"code":400,"err_code":10071,"description":")" + long_text + "\"},\"stream\":\"S\",\"seq\":0}";
        return text_of(api::decode_publish_ack(jetstream::test::json(text), ack, &info)) + info.description;
    });
    starve([&] {
        publish_ack ack;
        const std::string text = R"({"stream":")" + long_text + R"(","seq":1e400})";  // through the taming of numbers
        return text_of(api::decode_publish_ack(jetstream::test::json(text), ack, nullptr));
    });
}
