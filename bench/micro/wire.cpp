// Parsing and encoding beside what the hardware allows for the same bytes.
//
// The bytes become visible in pieces of 64 KiB, as from a socket, and stay in the cache: 1 MiB in all. Counters: `message` is the
// time for one message, `bytes` the rate of the frames. Rows to read together:
//     parse/SHAPE/SIZE   our parser; goal (performance.md): <= 25 ns for msg, <= 35 ns for js at any payload size
//     memchr/SHAPE/SIZE  finding the end of each control line and skipping the payload, no arguments read
//     memcpy/SHAPE/SIZE  moving the bytes once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <slipstream/headers.hpp>

#include "protocol/wire/encoder.hpp"
#include "protocol/wire/parser.hpp"

namespace {

using namespace slipstream;

constexpr std::size_t stream_bytes = std::size_t{1} << 20U;
constexpr std::size_t piece_bytes = std::size_t{64} * 1024;

enum class shape { msg, inbox, js };

struct traffic {
    std::string bytes;
    std::size_t messages = 0;
};

traffic make_traffic(shape kind, std::size_t payload) {
    const std::string body(payload, 'x');
    const std::string headers = "NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: 12\r\n\r\n";
    traffic t;
    while (t.bytes.size() < stream_bytes) {
        const std::string n = std::to_string(1'000'000 + t.messages);
        if (kind == shape::msg) {
            t.bytes += "MSG b 1 " + std::to_string(payload) + "\r\n";
        } else if (kind == shape::inbox) {
            t.bytes += "MSG _INBOX.Bq8zUuE2dPTv0Yq1x9c0Fd." + n + " 12 " + std::to_string(payload) + "\r\n";
        } else {
            t.bytes += "HMSG $KV.config.service." + n + " 12 $JS.ACK.KV_config.abcdef12.1." + n + "." + n + ".1700000000000000000." + n +
                       " " + std::to_string(headers.size()) + " " + std::to_string(headers.size() + payload) + "\r\n" + headers;
        }
        t.bytes += body + "\r\n";
        ++t.messages;
    }
    return t;
}

void report(benchmark::State& state, const traffic& t) {
    using benchmark::Counter;
    const double rounds = static_cast<double>(state.iterations());
    state.counters["message"] = Counter(rounds * static_cast<double>(t.messages), Counter::kIsRate | Counter::kInvert);
    state.counters["bytes"] = Counter(rounds * static_cast<double>(t.bytes.size()), Counter::kIsRate);
}

constexpr std::size_t batch = 100;  // frames encoded before the buffer is emptied

void report_batches(benchmark::State& state) {
    using benchmark::Counter;
    state.counters["message"] = Counter(static_cast<double>(state.iterations()) * batch, Counter::kIsRate | Counter::kInvert);
}

void parse(benchmark::State& state, shape kind, std::size_t payload) {
    const traffic t = make_traffic(kind, payload);
    for (auto _ : state) {
        wire::parser parser;
        std::size_t begin = 0;
        std::size_t messages = 0;
        std::uint64_t sum = 0;
        for (std::size_t end = 0; end < t.bytes.size();) {
            end = std::min(end + piece_bytes, t.bytes.size());
            for (;;) {
                const wire::parse_result r = parser.next({t.bytes.data() + begin, end - begin});
                if (r.status != wire::parse_status::op) break;
                sum += r.op.sid + r.op.message.subject().size() + r.op.message.reply_to().size() + r.op.message.payload().size();
                begin += r.op.consumed;
                ++messages;
            }
        }
        benchmark::DoNotOptimize(sum);
        if (messages != t.messages) state.SkipWithError("not every message was parsed");
    }
    report(state, t);
}

void memchr_lines(benchmark::State& state, shape kind, std::size_t payload) {
    const traffic t = make_traffic(kind, payload);
    std::vector<std::size_t> skip;  // what the size argument would say
    {
        wire::parser parser;
        for (std::string_view rest = t.bytes; !rest.empty();) {
            const wire::parse_result r = parser.next(rest);
            skip.push_back(r.op.message.header_block().size() + r.op.message.payload().size() + 2);
            rest.remove_prefix(r.op.consumed);
        }
    }
    for (auto _ : state) {
        const char* at = t.bytes.data();
        const char* const end = at + t.bytes.size();
        for (const std::size_t size : skip)
            at = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at))) + 1 + size;
        benchmark::DoNotOptimize(at);
        if (at != end) state.SkipWithError("the walk went wrong");
    }
    report(state, t);
}

void memcpy_bytes(benchmark::State& state, shape kind, std::size_t payload) {
    const traffic t = make_traffic(kind, payload);
    std::vector<char> to(piece_bytes);
    for (auto _ : state) {
        for (std::size_t at = 0; at < t.bytes.size(); at += piece_bytes) {
            std::memcpy(to.data(), t.bytes.data() + at, std::min(piece_bytes, t.bytes.size() - at));
            benchmark::ClobberMemory();
        }
    }
    report(state, t);
}

void encode_pub(benchmark::State& state, std::size_t size) {
    const std::string payload(size, 'x');
    wire::write_buffer out;
    for (auto _ : state) {
        for (std::size_t i = 0; i < batch; ++i) wire::encode_pub(out, "bench.subject", "", payload);
        benchmark::DoNotOptimize(out.data());
        out.clear();
    }
    report_batches(state);
}

void encode_hpub(benchmark::State& state, std::size_t size) {
    const std::string payload(size, 'x');
    const header_map headers{{"Nats-Expected-Last-Subject-Sequence", "12"}};
    wire::write_buffer out;
    for (auto _ : state) {
        for (std::size_t i = 0; i < batch; ++i)
            wire::encode_hpub(out, "$KV.config.service.1", "_INBOX.Bq8zUuE2dPTv0Yq1x9c0Fd.1", headers.block(), payload);
        benchmark::DoNotOptimize(out.data());
        out.clear();
    }
    report_batches(state);
}

void append_payload(benchmark::State& state, std::size_t size) {  // the copy that encode_pub cannot avoid
    const std::string payload(size, 'x');
    wire::write_buffer out;
    for (auto _ : state) {
        for (std::size_t i = 0; i < batch; ++i) out.append(payload);
        benchmark::DoNotOptimize(out.data());
        out.clear();
    }
    report_batches(state);
}

void register_all() {
    const std::pair<const char*, shape> shapes[] = {{"msg", shape::msg}, {"inbox", shape::inbox}, {"js", shape::js}};
    for (const std::size_t size : {16U, 128U, 1024U, 8192U}) {
        const std::string bytes = std::string("/").append(std::to_string(size));
        for (const auto& [name, kind] : shapes) {
            const std::string end = std::string("/").append(name).append(bytes);
            benchmark::RegisterBenchmark(("parse" + end).c_str(), parse, kind, size);
            benchmark::RegisterBenchmark(("memchr" + end).c_str(), memchr_lines, kind, size);
            benchmark::RegisterBenchmark(("memcpy" + end).c_str(), memcpy_bytes, kind, size);
        }
        benchmark::RegisterBenchmark(("encode_pub" + bytes).c_str(), encode_pub, size);
        benchmark::RegisterBenchmark(("encode_hpub" + bytes).c_str(), encode_hpub, size);
        benchmark::RegisterBenchmark(("append" + bytes).c_str(), append_payload, size);
    }
}

}  // namespace

int main(int argc, char** argv) {
    register_all();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
