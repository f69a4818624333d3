// The small steps that every message, request or entry goes through. Rows to read together:
//     subject_check/N       what publish asks of a subject of N bytes; beside it memcpy/N, moving the same bytes
//     subject_match/*       a pattern against a subject; memchr_dots: finding the dots of the same subject
//     request_token         a slot taken, its token written, found again and given back; memcpy_token: the token's bytes moved twice
//     dispatch/N            from a sid to the state of its subscription, N of them in turn; array_index/N: the look-up alone
//     status                what of a reply says that nobody answers; headers_get: one header by its name; memchr_headers: finding the
//                           ends of that block's lines
//     kv_delivery/*         one entry of a watch: ACK subject, key, operation; memcpy_delivery: moving subject, ACK subject and value
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include <slipstream/headers.hpp>
#include <slipstream/message.hpp>
#include <slipstream/subject.hpp>

#include "kv/codec/decode.hpp"
#include "protocol/session/request_table.hpp"
#include "protocol/session/subscription_table.hpp"

namespace {

using namespace slipstream;

std::string subject_of(std::size_t size) {
    std::string s;
    while (s.size() < size) s += "token7.";
    s.resize(size);
    if (s.back() == '.') s.back() = 'x';
    return s;
}

void subject_check(benchmark::State& state) {
    const std::string subject = subject_of(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        std::string_view s = subject;
        benchmark::DoNotOptimize(s);
        benchmark::DoNotOptimize(check_publish_subject(s));
    }
}

void memcpy_subject(benchmark::State& state) {
    const std::string subject = subject_of(static_cast<std::size_t>(state.range(0)));
    std::vector<char> to(subject.size());
    for (auto _ : state) {
        std::memcpy(to.data(), subject.data(), subject.size());
        benchmark::ClobberMemory();
    }
}

void subject_match(benchmark::State& state, std::string_view pattern) {
    const std::string subject = "orders.europe.berlin.1234567";
    for (auto _ : state) {
        std::string_view s = subject;
        benchmark::DoNotOptimize(s);
        benchmark::DoNotOptimize(subject_matches(pattern, s));
    }
}

void memchr_dots(benchmark::State& state) {
    const std::string subject = "orders.europe.berlin.1234567";
    for (auto _ : state) {
        const char* at = subject.data();
        const char* const end = at + subject.size();
        benchmark::DoNotOptimize(at);
        while (const void* dot = std::memchr(at, '.', static_cast<std::size_t>(end - at))) at = static_cast<const char*>(dot) + 1;
        benchmark::DoNotOptimize(at);
    }
}

/// Stands for a user's handler.
class nobody final : public detail::completion<std::error_code, message> {
public:
    void complete(std::error_code, message&&) override {}
    void destroy() noexcept override {}
};

void request_token(benchmark::State& state) {
    session::request_table table;
    nobody handler;
    std::array<char, session::request_table::token_size> token{};
    for (auto _ : state) {
        session::request_slot& slot = table.acquire("a.subject", detail::message_completion(&handler));
        session::request_table::write_token(slot, token.data());
        benchmark::DoNotOptimize(token);
        session::request_slot* const found = table.find({token.data(), token.size()});
        benchmark::DoNotOptimize(table.finish(*found));
    }
}

void memcpy_token(benchmark::State& state) {
    std::array<char, session::request_table::token_size> from{};
    std::array<char, session::request_table::token_size> to{};
    for (auto _ : state) {
        std::memcpy(to.data(), from.data(), to.size());
        benchmark::DoNotOptimize(to);
        std::memcpy(from.data(), to.data(), to.size());
        benchmark::DoNotOptimize(from);
    }
}

void dispatch(benchmark::State& state) {
    session::subscription_table table;
    std::vector<std::uint64_t> sids;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
        const auto s = std::make_shared<session::subscription_state>("a.subject", subscribe_options{}, nullptr);
        table.add(s);
        sids.push_back(s->sid);
    }
    std::size_t at = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(table.find(sids[at]));
        at = at + 1 == sids.size() ? 0 : at + 1;
    }
}

void array_index(benchmark::State& state) {
    const std::vector<std::uint64_t> values(static_cast<std::size_t>(state.range(0)), 1);
    std::size_t at = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(values[at]);
        at = at + 1 == values.size() ? 0 : at + 1;
    }
}

void status(benchmark::State& state) {
    const std::string block = "NATS/1.0 503\r\n\r\n";
    for (auto _ : state) {
        std::string_view b = block;
        benchmark::DoNotOptimize(b);
        benchmark::DoNotOptimize(message_view("_INBOX.a", {}, b, {}).status());
    }
}

constexpr std::string_view reply_headers =
    "NATS/1.0\r\nNats-Stream: KV_config\r\nNats-Subject: $KV.config.a\r\nNats-Sequence: 1234567\r\n\r\n";

void memchr_headers(benchmark::State& state) {
    const std::string block(reply_headers);
    for (auto _ : state) {
        const char* at = block.data();
        const char* const end = at + block.size();
        benchmark::DoNotOptimize(at);
        while (const void* line = std::memchr(at, '\n', static_cast<std::size_t>(end - at))) at = static_cast<const char*>(line) + 1;
        benchmark::DoNotOptimize(at);
    }
}

void headers_get(benchmark::State& state) {
    const std::string block(reply_headers);
    for (auto _ : state) {
        std::string_view b = block;
        benchmark::DoNotOptimize(b);
        benchmark::DoNotOptimize(header_view(b).get("Nats-Sequence"));
    }
}

constexpr std::string_view entry_subject = "$KV.config.service.1234567";
constexpr std::string_view entry_reply_to = "$JS.ACK.KV_config.abcdef12.1.1234567.1234567.1700000000000000000.42";

void memcpy_delivery(benchmark::State& state) {
    const std::string all = std::string(entry_subject).append(entry_reply_to).append(128, 'v');
    std::vector<char> to(all.size());
    for (auto _ : state) {
        std::memcpy(to.data(), all.data(), all.size());
        benchmark::ClobberMemory();
    }
}

void kv_delivery(benchmark::State& state, std::string_view headers) {
    const std::string reply_to(entry_reply_to);
    const std::string value(128, 'v');
    for (auto _ : state) {
        message_view m(entry_subject, reply_to, headers, value);
        benchmark::DoNotOptimize(m);
        benchmark::DoNotOptimize(kv::codec::decode_delivery("$KV.config.", m));
    }
}

}  // namespace

BENCHMARK(subject_check)->Arg(1)->Arg(12)->Arg(24)->Arg(64);
BENCHMARK(memcpy_subject)->Arg(1)->Arg(12)->Arg(24)->Arg(64);
BENCHMARK_CAPTURE(subject_match, literal, "orders.europe.berlin.1234567");
BENCHMARK_CAPTURE(subject_match, star, "orders.*.berlin.*");
BENCHMARK_CAPTURE(subject_match, tail, "orders.>");
BENCHMARK(memchr_dots);
BENCHMARK(request_token);
BENCHMARK(memcpy_token);
BENCHMARK(dispatch)->Arg(1)->Arg(1000);
BENCHMARK(array_index)->Arg(1)->Arg(1000);
BENCHMARK(status);
BENCHMARK(headers_get);
BENCHMARK(memchr_headers);
BENCHMARK(memcpy_delivery);
BENCHMARK_CAPTURE(kv_delivery, put, "");
BENCHMARK_CAPTURE(kv_delivery, meta_only, "NATS/1.0\r\nNats-Msg-Size: 128\r\n\r\n");
BENCHMARK_CAPTURE(kv_delivery, erase, "NATS/1.0\r\nKV-Operation: DEL\r\n\r\n");

BENCHMARK_MAIN();
