// nats.c at the jobs of bench/macro/load.cpp, with the same options and the same figures.
//
//     natsc pub|pub-threads|recv|pubsub|request|js-pub|kv-put|kv-get|kv-watch|kv-keys|connect|idle [--NAME VALUE]...
//
// It has no asynchronous request, get or put. `request --how threads` has a thread for each pending one, as its documentation says;
// `--how mux` goes around it with a wildcard inbox of its own and publishes from the callback. NATSC_SPIN=0 switches off the spinning of
// its locks, which helps on few cores.
#include <optional>

#include "bench/peers/natsc/natsc.hpp"

namespace {

using namespace bench;

/// What callbacks on the library's threads share with the main thread.
struct counter {
    std::atomic<std::size_t> seen{0};
    std::atomic<bool> done{false};
    std::size_t wanted = 0;
    mark begin;
    mark end;

    void count() {
        const std::size_t now = seen.fetch_add(1, std::memory_order_relaxed) + 1;
        if (now == 1) begin = mark::now();
        if (now != wanted) return;
        end = mark::now();
        done.store(true, std::memory_order_release);
    }
    void wait() const {
        while (!done.load(std::memory_order_acquire)) std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
};

void on_message(natsConnection*, natsSubscription*, natsMsg* m, void* closure) {
    natsMsg_Destroy(m);
    static_cast<counter*>(closure)->count();
}

void publish_all(natsConnection* nc, const std::string& payload, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) check(natsConnection_Publish(nc, "b", payload.data(), static_cast<int>(payload.size())), "publish");
    check(natsConnection_FlushTimeout(nc, 60'000), "flush");
}

void publish(const arguments& given) {
    const std::size_t n = given.number("n", 2'000'000);
    natsConnection* const nc = connect();
    const mark begin = mark::now();
    publish_all(nc, payload_of(given), n);
    const mark end = mark::now();
    report("pub", "nats.c").number("size", given.number("size", 128)).print(begin, end, static_cast<double>(n));
    natsConnection_Destroy(nc);
}

void publish_from_threads(const arguments& given) {
    const std::size_t threads = given.number("threads", 1);
    const std::size_t n = given.number("n", 2'000'000) / threads * threads;
    const std::string payload = payload_of(given);
    natsConnection* const nc = connect();
    std::atomic<std::int64_t> caller_cpu{0};
    std::vector<std::thread> all;
    const mark begin = mark::now();
    for (std::size_t t = 0; t < threads; ++t) {
        all.emplace_back([&] {
            const std::int64_t began = clock_ns(CLOCK_THREAD_CPUTIME_ID);
            for (std::size_t i = 0; i < n / threads; ++i)
                check(natsConnection_Publish(nc, "b", payload.data(), static_cast<int>(payload.size())), "publish");
            caller_cpu += clock_ns(CLOCK_THREAD_CPUTIME_ID) - began;
        });
    }
    for (std::thread& t : all) t.join();
    check(natsConnection_FlushTimeout(nc, 60'000), "flush");
    const mark end = mark::now();
    report out("pub-threads", "nats.c");
    out.number("threads_publishing", threads).number("caller_cpu_ns", static_cast<double>(caller_cpu) / static_cast<double>(n), 2);
    out.print(begin, end, static_cast<double>(n));
    natsConnection_Destroy(nc);
}

void receive(const arguments& given) {
    const std::size_t fan = given.number("subscriptions", 1);
    const std::size_t connections = given.number("connections", 1);
    counter c;
    c.wanted = given.number("n", 1'000'000) / (fan * connections) * (fan * connections);
    std::optional<companion> load = load_from(given);
    std::vector<natsConnection*> all(connections);
    std::vector<natsSubscription*> subscriptions;
    for (natsConnection*& nc : all) {
        nc = connect();
        for (std::size_t i = 0; i < fan; ++i) {
            natsSubscription*& s = subscriptions.emplace_back();
            check(natsConnection_Subscribe(&s, nc, "b", on_message, &c), "subscribe");
            check(natsSubscription_SetPendingLimits(s, -1, -1), "limits");
        }
        check(natsConnection_Flush(nc), "flush");
    }
    if (load) load->go();
    c.wait();
    report out("recv", "nats.c");
    out.number("connections", connections).number("subscriptions", fan).print(c.begin, c.end, static_cast<double>(c.wanted));
    for (natsSubscription* s : subscriptions) natsSubscription_Destroy(s);
    for (natsConnection* nc : all) natsConnection_Destroy(nc);
}

void publish_and_receive(const arguments& given) {
    counter c;
    c.wanted = given.number("n", 300'000);
    natsConnection* const nc = connect();
    natsSubscription* s = nullptr;
    check(natsConnection_Subscribe(&s, nc, "b", on_message, &c), "subscribe");
    check(natsSubscription_SetPendingLimits(s, -1, -1), "limits");
    check(natsConnection_Flush(nc), "flush");
    const mark begin = mark::now();
    publish_all(nc, payload_of(given), c.wanted);
    c.wait();
    report("pubsub", "nats.c").print(begin, c.end, static_cast<double>(c.wanted));
    natsSubscription_Destroy(s);
    natsConnection_Destroy(nc);
}

struct mux : counter {
    natsConnection* nc = nullptr;
    std::string inbox;
    std::string payload;
    std::size_t sent = 0;

    void send() {
        char reply_to[96];
        std::snprintf(reply_to, sizeof reply_to, "%s.%08zx", inbox.c_str(), sent++);
        check(natsConnection_PublishRequest(nc, "req", reply_to, payload.data(), static_cast<int>(payload.size())), "request");
    }
};

void on_reply(natsConnection*, natsSubscription*, natsMsg* m, void* closure) {
    natsMsg_Destroy(m);
    auto& all = *static_cast<mux*>(closure);
    if (all.sent < all.wanted) all.send();
    all.count();
}

void request(const arguments& given) {
    const std::size_t n = given.number("n", 20'000);
    std::optional<companion> load = load_from(given);
    if (load) load->go();
    natsConnection* const nc = connect();
    const std::string payload = payload_of(given);
    const auto once = [&](std::size_t) {
        natsMsg* reply = nullptr;
        check(natsConnection_Request(&reply, nc, "req", payload.data(), static_cast<int>(payload.size()), 5'000), "request");
        natsMsg_Destroy(reply);
    };
    for (;;) {  // until the responder is there
        natsMsg* reply = nullptr;
        const natsStatus s = natsConnection_Request(&reply, nc, "req", payload.data(), static_cast<int>(payload.size()), 1'000);
        natsMsg_Destroy(reply);
        if (s == NATS_OK) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    if (given.text("how") != "mux") {
        run_calls(given, "request", n, once);
    } else {
        mux all;
        all.nc = nc;
        all.payload = payload;
        all.wanted = n;
        natsInbox* inbox = nullptr;
        natsSubscription* s = nullptr;
        check(natsInbox_Create(&inbox), "inbox");
        all.inbox = inbox;
        check(natsConnection_Subscribe(&s, nc, (all.inbox + ".*").c_str(), on_reply, &all), "subscribe");
        check(natsConnection_Flush(nc), "flush");
        const std::size_t window = std::min(given.number("window", 64), n);
        const mark begin = mark::now();
        // The callback sends the rest; until the first reply is back it does not run, and then `sent` is its own.
        std::vector<std::string> first;
        for (std::size_t i = 0; i < window; ++i) first.push_back(all.inbox + "." + std::to_string(i));
        all.sent = window;
        for (const std::string& reply_to : first)
            check(natsConnection_PublishRequest(nc, "req", reply_to.c_str(), payload.data(), static_cast<int>(payload.size())), "request");
        all.wait();
        report("request", "nats.c").number("window", window).print(begin, all.end, static_cast<double>(n));
        natsInbox_Destroy(inbox);
        natsSubscription_Destroy(s);
    }
    natsConnection_Destroy(nc);
}

void connect_often(const arguments& given) {
    const std::size_t n = given.number("n", 200);
    std::vector<std::int64_t> latencies;
    const auto once = [&latencies] {
        const std::int64_t began = now_ns();
        natsConnection* const nc = connect();
        latencies.push_back(now_ns() - began);
        natsConnection_Destroy(nc);
    };
    once();
    const double first = static_cast<double>(latencies.front()) / 1000;
    latencies.clear();
    const mark begin = mark::now();
    for (std::size_t i = 0; i < n; ++i) once();
    const mark end = mark::now();
    report("connect", "nats.c").number("first_us", first, 1).latencies(latencies).print(begin, end, static_cast<double>(n));
}

void idle(const arguments& given) {
    const std::size_t seconds = given.number("seconds", 5);
    const long before = own_status("VmRSS");
    natsConnection* const nc = connect();
    natsSubscription* s = nullptr;
    check(natsConnection_SubscribeSync(&s, nc, "idle"), "subscribe");
    check(natsConnection_Flush(nc), "flush");
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    const mark begin = mark::now();
    std::this_thread::sleep_for(std::chrono::seconds(seconds));
    const mark end = mark::woken();
    report out("idle", "nats.c");
    out.number("rss_before_kb", static_cast<double>(before)).number("anonymous_kb", static_cast<double>(own_status("RssAnon")));
    out.number("threads", static_cast<double>(own_status("Threads"))).print(begin, end, static_cast<double>(seconds));
    natsSubscription_Destroy(s);
    natsConnection_Destroy(nc);
}

struct job {
    std::string_view name;
    void (*run)(const arguments&);
};

constexpr job jobs[] = {
    {"pub", publish},           {"pub-threads", publish_from_threads},
    {"recv", receive},          {"pubsub", publish_and_receive},
    {"request", request},       {"js-pub", jetstream_publish},
    {"kv-put", kv_put},         {"kv-get", kv_get},
    {"kv-watch", kv_watch},     {"kv-keys", kv_keys},
    {"connect", connect_often}, {"idle", idle},
};

}  // namespace

int main(int argc, char** argv) {
    const std::string_view wanted = argc > 1 ? argv[1] : "";
    if (const std::string spin = environment("NATSC_SPIN", ""); !spin.empty()) check(nats_Open(std::stol(spin)), "open");
    for (const job& j : jobs) {
        if (j.name != wanted) continue;
        j.run(arguments(argc - 1, argv + 1));
        return 0;
    }
    std::fprintf(stderr, "usage: natsc JOB [--NAME VALUE]...\n");
    return 2;
}
