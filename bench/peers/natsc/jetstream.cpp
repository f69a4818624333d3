// JetStream and the key-value store, with nats.c.
#include "bench/peers/natsc/natsc.hpp"

namespace bench {

namespace {

struct jetstream {
    natsConnection* nc = connect();
    jsCtx* js = nullptr;
    explicit jetstream(std::size_t window = 4096) {
        jsOptions options;
        jsOptions_Init(&options);
        options.PublishAsync.MaxPending = static_cast<std::int64_t>(window);
        check(natsConnection_JetStream(&js, nc, &options), "JetStream");
    }
    jetstream(const jetstream&) = delete;
    jetstream& operator=(const jetstream&) = delete;
    ~jetstream() {
        jsCtx_Destroy(js);
        natsConnection_Destroy(nc);
    }
};

jsStorageType storage(const arguments& given) { return given.text("storage", "memory") == "file" ? js_FileStorage : js_MemoryStorage; }

void kv_calls(const arguments& given, bool put) {
    const std::size_t keys = given.number("keys", 1000);
    jetstream j;
    kvConfig config;
    kvConfig_Init(&config);
    config.Bucket = "bench";
    config.StorageType = storage(given);
    kvStore* kv = nullptr;
    js_DeleteKeyValue(j.js, "bench");
    check(js_CreateKeyValue(&kv, j.js, &config), "making the bucket");
    const std::string value = payload_of(given);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < keys; ++i) names.push_back("key." + std::to_string(i));
    const auto key = [&names](std::size_t i) { return names[i % names.size()].c_str(); };
    for (std::size_t i = 0; i < keys; ++i)
        check(kvStore_Put(nullptr, kv, key(i), value.data(), static_cast<int>(value.size())), "put");
    run_calls(given, put ? "kv-put" : "kv-get", given.number("n", 20'000), [&](std::size_t i) {
        if (put) {
            std::uint64_t revision = 0;
            check(kvStore_Put(&revision, kv, key(i), value.data(), static_cast<int>(value.size())), "put");
        } else {
            kvEntry* entry = nullptr;
            check(kvStore_Get(&entry, kv, key(i)), "get");
            kvEntry_Destroy(entry);
        }
    });
    kvStore_Destroy(kv);
    js_DeleteKeyValue(j.js, "bench");
}

void kv_sync(const arguments& given, bool only_keys) {
    jetstream j;
    kvStore* kv = nullptr;
    check(js_KeyValue(&kv, j.js, given.text("bucket", "sync").c_str()), "opening the bucket");
    kvWatchOptions options;
    kvWatchOptions_Init(&options);
    std::size_t entries = 0;
    mark end;
    const mark begin = mark::now();
    if (only_keys) {
        kvKeysList list = {nullptr, 0};
        options.Timeout = 120'000;
        check(kvStore_Keys(&list, kv, &options), "keys");
        end = mark::now();
        entries = static_cast<std::size_t>(list.Count);
        kvKeysList_Destroy(&list);
    } else {
        kvWatcher* watcher = nullptr;
        check(kvStore_WatchAll(&watcher, kv, &options), "watch");
        for (kvEntry* entry = nullptr;; ++entries) {
            check(kvWatcher_Next(&entry, watcher, 60'000), "next");
            if (entry == nullptr) break;
            kvEntry_Destroy(entry);
        }
        end = mark::now();
        kvWatcher_Stop(watcher);
        kvWatcher_Destroy(watcher);
    }
    report(only_keys ? "kv-keys" : "kv-watch", "nats.c").print(begin, end, static_cast<double>(entries));
    kvStore_Destroy(kv);
}

}  // namespace

void jetstream_publish(const arguments& given) {
    const std::size_t n = given.number("n", 200'000);
    const std::size_t window = given.number("window", 1);
    jetstream j(window);
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    const char* subjects[] = {"bench.js"};
    config.Name = "BENCH";
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.Storage = storage(given);
    js_DeleteStream(j.js, "BENCH", nullptr, nullptr);
    check(js_AddStream(nullptr, j.js, &config, nullptr, nullptr), "making the stream");
    const std::string payload = payload_of(given);
    if (window == 1) {
        run_calls(given, "js-pub", n, [&](std::size_t) {
            jsPubAck* ack = nullptr;
            check(js_Publish(&ack, j.js, "bench.js", payload.data(), static_cast<int>(payload.size()), nullptr, nullptr), "publish");
            jsPubAck_Destroy(ack);
        });
    } else {
        const mark begin = mark::now();
        for (std::size_t i = 0; i < n; ++i)
            check(js_PublishAsync(j.js, "bench.js", payload.data(), static_cast<int>(payload.size()), nullptr), "publish");
        check(js_PublishAsyncComplete(j.js, nullptr), "acknowledgements");
        const mark end = mark::now();
        report("js-pub", "nats.c").number("window", window).print(begin, end, static_cast<double>(n));
    }
    js_DeleteStream(j.js, "BENCH", nullptr, nullptr);
}

void kv_put(const arguments& given) { kv_calls(given, true); }
void kv_get(const arguments& given) { kv_calls(given, false); }

void kv_watch(const arguments& given) { kv_sync(given, false); }
void kv_keys(const arguments& given) { kv_sync(given, true); }

}  // namespace bench
