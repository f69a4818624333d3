// What one delivered message and one acknowledged publish cost beyond the protocol: reading the ACK subject, reading the
// acknowledgement. Rows to read together:
//     ack_subject/v1, /v2    every message of a consumer; goal: below the parsing of the message itself (micro_wire, parse/js)
//     find_dots/v1, /v2      finding each dot of the same subject and nothing else
//     publish_ack/usual      every publish; goal: no allocation, a small part of what a request costs
//     publish_ack/json       the same text with a blank in front, which takes the way through the JSON parser
//     direct_get             a KV get's reply: four headers and a time
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include <benchmark/benchmark.h>

#include <slipstream/jetstream/ack_subject.hpp>

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

void publish_ack(benchmark::State& state, std::string_view text) {
    const std::string payload(text);
    jetstream::publish_ack ack;
    for (auto _ : state) {
        const std::error_code ec = jetstream::api::decode_publish_ack(message_view("_INBOX.a.b", {}, {}, payload), ack, nullptr);
        benchmark::DoNotOptimize(ec);
        benchmark::DoNotOptimize(ack.sequence);
    }
}

void direct_get(benchmark::State& state) {
    const message reply(message_view("_INBOX.a.b", {},
                                     "NATS/1.0\r\nNats-Stream: KV_config\r\nNats-Subject: $KV.config.service.1234567\r\n"
                                     "Nats-Sequence: 1234567\r\nNats-Time-Stamp: 2026-11-23T08:55:04.07610357Z\r\n\r\n",
                                     "a value of some bytes"));
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
BENCHMARK_CAPTURE(publish_ack, usual, R"({"stream":"KV_config","seq":1234567})");
BENCHMARK_CAPTURE(publish_ack, json, R"( {"stream":"KV_config","seq":1234567})");
BENCHMARK(direct_get);

BENCHMARK_MAIN();
