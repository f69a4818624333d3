// What the jobs of nats.c share.
#pragma once

#include <nats/nats.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "bench/common/measure.hpp"

namespace bench {

inline void check(natsStatus status, const char* what) {
    if (status == NATS_OK) return;
    nats_PrintLastErrorStack(stderr);
    die(std::string(what) + ": " + natsStatus_GetText(status));
}

inline natsConnection* connect() {
    natsOptions* options = nullptr;
    natsConnection* nc = nullptr;
    check(natsOptions_Create(&options), "options");
    check(natsOptions_SetURL(options, ("nats://" + server_host() + ":" + server_port()).c_str()), "url");
    if (const std::string ca = tls_authority(); !ca.empty()) {
        check(natsOptions_SetSecure(options, true), "TLS");
        check(natsOptions_LoadCATrustedCertificates(options, ca.c_str()), "authority");
    }
    check(natsConnection_Connect(&nc, options), "connecting");
    natsOptions_Destroy(options);
    return nc;
}

inline std::string payload_of(const arguments& given) { return std::string(given.number("size", 128), 'x'); }

/// Runs `once` n times; with a window of one keeps the latencies, else shares the work among so many threads.
template <class Once>
void run_calls(const arguments& given, const char* job, std::size_t n, Once once) {
    const std::size_t window = given.number("window", 1);
    report out(job, "nats.c");
    out.number("window", window);
    if (window == 1) {
        std::vector<std::int64_t> latencies;
        latencies.reserve(n);
        for (std::size_t i = 0; i < given.number("warm-up", 500); ++i) once(i);
        const mark begin = mark::now();
        for (std::size_t i = 0; i < n; ++i) {
            const std::int64_t began = now_ns();
            once(i);
            latencies.push_back(now_ns() - began);
        }
        const mark end = mark::now();
        out.latencies(latencies).print(begin, end, static_cast<double>(n));
        return;
    }
    std::atomic<std::size_t> next{0};
    const mark begin = mark::now();
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < window; ++t) {
        threads.emplace_back([&] {
            for (std::size_t i = next++; i < n; i = next++) once(i);
        });
    }
    for (std::thread& t : threads) t.join();
    const mark end = mark::now();
    out.print(begin, end, static_cast<double>(n));
}

// --- jetstream.cpp ---
void jetstream_publish(const arguments& given);
void kv_put(const arguments& given);
void kv_get(const arguments& given);
void kv_watch(const arguments& given);
void kv_keys(const arguments& given);

}  // namespace bench
