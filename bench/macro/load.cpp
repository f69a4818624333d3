// The load generator: one job a run, on the public API only; prints one JSON line (bench/common/measure.hpp says what is in it).
//
//     load pub      --size 128 --n 2000000                  publishes, one flush at the end
//     load pub-threads --threads 1 --size 128 --n 2000000 [--handoff 524288]   the same from other threads than the event loop's
//     load recv     --size 128 --n 1000000 [--subscriptions 1] [--connections 1] [--load "PROGRAM ARGUMENT..."]
//                                                           a handler adds up payload sizes; so many subscriptions on each connection,
//                                                           all on one thread; without --load the server feeds by itself
//     load pubsub   --size 128 --n 300000                   publishes and receives on one connection
//     load request  --window 1 --n 20000 [--load ...]       requests, so many at a time; latencies with a window of one
//     load request  --how mux --window 64 --n 20000         the same with an inbox and a handler of its own instead of async_request
//     load js-pub   --window 256 --n 200000 [--storage file]
//     load kv-put   --window 1 --n 20000 [--keys 1000] [--storage file]
//     load kv-get   --window 1 --n 20000 [--keys 1000]
//     load kv-fill  --bucket B --keys 100000                makes the bucket for the two below
//     load kv-watch --bucket B                              everything until the state is complete, told to a handler
//     load kv-keys  --bucket B                              all keys
//     load connect  --n 200                                 connects, one after the other
//     load idle     --seconds 5
#include "bench/macro/load.hpp"

namespace {

struct job {
    std::string_view name;
    void (*run)(bench::world&);
    bool connects;
    std::size_t outbox = std::size_t{8} * 1024 * 1024;
    std::size_t handoff = outbox;
};

/// Threads at full speed are told early that there is no room: what they write is sent while it is still in the processor's cache. What
/// they hand over lasts for as long as one of them sleeps.
constexpr std::size_t small_outbox = std::size_t{128} * 1024;
constexpr std::size_t small_handoff = std::size_t{512} * 1024;

constexpr job jobs[] = {
    {"pub", bench::publish, true},
    {"pub-threads", bench::publish_from_threads, true, small_outbox, small_handoff},
    {"recv", bench::receive, false},
    {"pubsub", bench::publish_and_receive, true},
    {"request", bench::request, false},
    {"js-pub", bench::jetstream_publish, true},
    {"kv-put", bench::kv_put, true},
    {"kv-get", bench::kv_get, true},
    {"kv-fill", bench::kv_fill, true},
    {"kv-watch", bench::kv_watch, true},
    {"kv-keys", bench::kv_keys, true},
    {"connect", bench::connect_often, false},
    {"idle", bench::idle, false},
};

}  // namespace

int main(int argc, char** argv) {
    const std::string_view wanted = argc > 1 ? argv[1] : "";
    for (const job& j : jobs) {
        if (j.name != wanted) continue;
        const bench::arguments given(argc - 1, argv + 1);
        bench::world w(given, j.outbox, j.handoff);
        if (j.connects) w.connect();
        j.run(w);
        return 0;
    }
    std::fprintf(stderr, "usage: load JOB [--NAME VALUE]...; the jobs are described in bench/macro/load.cpp\n");
    return 2;
}
