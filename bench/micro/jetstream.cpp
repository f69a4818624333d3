// What one delivered message and one acknowledged publish cost beyond the protocol: reading the ACK subject, reading the
// acknowledgement. Rows to read together:
//     ack_subject/v1, /v2    every message of a consumer; goal: below the parsing of the message itself (micro_wire, parse/js)
//     find_dots/v1, /v2      finding each dot of the same subject and nothing else
//     publish_ack/usual      every publish; goal: no allocation, a small part of what a request costs
//     publish_ack/json       the same text with a blank in front, which takes the way through the JSON parser
//     find_all/*             memchr over the same text: the end of the acknowledgement, the commas of the refusal, the lines of the reply
//     create_response        what a refused kv create says: which error it is
//     direct_get             a KV get's reply: four headers and a time
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include <benchmark/benchmark.h>

#include <slipstream/jetstream/ack_subject.hpp>
#include <slipstream/jetstream/create_response.hpp>

#include "jetstream/api/decode.hpp"
#include "jetstream/api/publish_ack.hpp"

namespace {

using namespace slipstream;

constexpr std::string_view v1 = "$JS.ACK.KV_config.abcdef12.1.1234567.1234567.1700000000000000000.42";
constexpr std::string_view v2 = "$JS.ACK._.szMpdrwD.KV_config.abcdef12.1.1234567.1234567.1700000000000000000.42";

void ack_subject(benchmark::State& state, std::string_view text) {
    const std::string subject(text);
    for (auto _ : state) {
        std::string_view s = subject;
        benchmark::DoNotOptimize(s);
        benchmark::DoNotOptimize(jetstream::parse_ack_subject(s));
    }
}

void find_dots(benchmark::State& state, std::string_view text) {
    const std::string subject(text);
    for (auto _ : state) {
        const char* at = subject.data();
        const char* const end = at + subject.size();
        std::size_t dots = 0;
        benchmark::DoNotOptimize(at);
        while (const void* dot = std::memchr(at, '.', static_cast<std::size_t>(end - at))) {
            at = static_cast<const char*>(dot) + 1;
            ++dots;
        }
        benchmark::DoNotOptimize(dots);
    }
}

/// Finds each byte `wanted` of the text.
void find_all(benchmark::State& state, std::string_view in, char wanted) {
    const std::string text(in);
    for (auto _ : state) {
        const char* at = text.data();
        const char* const end = at + text.size();
        benchmark::DoNotOptimize(at);
        while (const void* found = std::memchr(at, wanted, static_cast<std::size_t>(end - at))) at = static_cast<const char*>(found) + 1;
        benchmark::DoNotOptimize(at);
    }
}

constexpr std::string_view usual_ack = R"({"stream":"KV_config","seq":1234567})";
constexpr std::string_view refusal =
    R"({"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 5"},"stream":"KV_config","seq":0})";

void create_response(benchmark::State& state) {
    const std::string text(refusal);
    for (auto _ : state) {
        std::string_view t = text;
        benchmark::DoNotOptimize(t);
        benchmark::DoNotOptimize(jetstream::classify_create_response(t));
    }
}

void publish_ack(benchmark::State& state, std::string_view text) {
    const std::string payload(text);
    jetstream::publish_ack ack;
    for (auto _ : state) {
        const std::error_code ec = jetstream::api::decode_publish_ack(message_view("_INBOX.a.b", {}, {}, payload), ack, nullptr);
        benchmark::DoNotOptimize(ec);
        benchmark::DoNotOptimize(ack.sequence);
    }
}

constexpr std::string_view reply_headers =
    "NATS/1.0\r\nNats-Stream: KV_config\r\nNats-Subject: $KV.config.service.1234567\r\n"
    "Nats-Sequence: 1234567\r\nNats-Time-Stamp: 2026-11-23T08:55:04.07610357Z\r\n\r\n";

void direct_get(benchmark::State& state) {
    const message reply(message_view("_INBOX.a.b", {}, reply_headers, "a value of some bytes"));
    for (auto _ : state) {
        jetstream::stored_message out;
        const std::error_code ec = jetstream::api::decode_direct_message(reply.clone(), out, nullptr);
        benchmark::DoNotOptimize(ec);
        benchmark::DoNotOptimize(out.sequence());
    }
}

}  // namespace

BENCHMARK_CAPTURE(ack_subject, v1, v1);
BENCHMARK_CAPTURE(ack_subject, v2, v2);
BENCHMARK_CAPTURE(find_dots, v1, v1);
BENCHMARK_CAPTURE(find_dots, v2, v2);
BENCHMARK_CAPTURE(publish_ack, usual, usual_ack);
BENCHMARK_CAPTURE(publish_ack, json, R"( {"stream":"KV_config","seq":1234567})");
BENCHMARK_CAPTURE(find_all, memchr_ack, usual_ack, '}');
BENCHMARK(create_response);
BENCHMARK_CAPTURE(find_all, memchr_refusal, refusal, ',');
BENCHMARK(direct_get);
BENCHMARK_CAPTURE(find_all, memchr_reply, reply_headers, '\n');

BENCHMARK_MAIN();
