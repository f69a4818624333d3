// JetStream publish and the key-value store.
#include <optional>

#include <asio/use_awaitable.hpp>

#include "bench/macro/load.hpp"

namespace bench {

namespace jetstream = slipstream::jetstream;
namespace kv = slipstream::kv;
using slipstream::use_tuple;

namespace {

jetstream::storage_type storage(const world& w) {
    return w.given.text("storage", "memory") == "file" ? jetstream::storage_type::file : jetstream::storage_type::memory;
}

std::string key(std::size_t i) { return "key." + std::to_string(i); }

/// Made before they are measured with.
std::vector<std::string> all_keys(std::size_t n) {
    std::vector<std::string> out;
    out.reserve(n);
    for (std::size_t i = 0; i < n; ++i) out.push_back(key(i));
    return out;
}

/// A fresh bucket with all its keys. `window` puts are pending at a time.
kv::bucket filled_bucket(world& w, const std::string& name, std::size_t keys) {
    kv::bucket b;
    kv::bucket_config config;
    config.bucket = name;
    config.storage = storage(w);
    w.run_job([&]() -> asio::awaitable<void> {
        static_cast<void>(co_await kv::async_delete_bucket(w.js, name, {}, use_tuple));  // there may be none
        auto [ec, made] = co_await kv::async_create_bucket(w.js, config, {}, use_tuple);
        require(ec, "making the bucket");
        b = std::move(made);
    });
    const std::string value(w.given.number("size", 128), 'x');
    pipeline(w, 512, keys, [&](std::size_t i, auto done) {
        b.async_put(key(i), value, {}, [done](std::error_code ec, kv::revision) { done(ec); });
    }).run();
    return b;
}

void remove_bucket(world& w, const std::string& name) {
    w.run_job([&]() -> asio::awaitable<void> {
        const auto [ec] = co_await kv::async_delete_bucket(w.js, name, {}, use_tuple);
        require(ec, "deleting the bucket");
    });
}

kv::bucket existing_bucket(world& w) {
    kv::bucket b;
    w.run_job([&]() -> asio::awaitable<void> {
        auto [ec, opened] = co_await kv::async_open_bucket(w.js, w.given.text("bucket", "sync"), {}, use_tuple);
        require(ec, "opening the bucket");
        b = std::move(opened);
    });
    return b;
}

}  // namespace

void jetstream_publish(world& w) {
    jetstream::stream_config config;
    config.name = "BENCH";
    config.subjects = {"bench.js"};
    config.storage = storage(w);
    w.run_job([&]() -> asio::awaitable<void> {
        static_cast<void>(co_await w.js.async_delete_stream("BENCH", {}, use_tuple));
        const auto [ec, made] = co_await w.js.async_create_stream(config, {}, use_tuple);
        require(ec, "making the stream");
    });
    const std::string payload(w.given.number("size", 128), 'x');
    run_pipeline(w, "js-pub", w.given.number("n", 200'000), [&](std::size_t, auto done) {
        w.js.async_publish("bench.js", payload, {}, [done](std::error_code ec, const jetstream::publish_ack&) { done(ec); });
    });
    w.run_job([&]() -> asio::awaitable<void> {
        const auto [ec] = co_await w.js.async_delete_stream("BENCH", {}, use_tuple);
        require(ec, "deleting the stream");
    });
}

void kv_put(world& w) {
    const std::vector<std::string> keys = all_keys(w.given.number("keys", 1000));
    kv::bucket b = filled_bucket(w, "bench", keys.size());
    const std::string value(w.given.number("size", 128), 'x');
    run_pipeline(w, "kv-put", w.given.number("n", 20'000), [&](std::size_t i, auto done) {
        b.async_put(keys[i % keys.size()], value, {}, [done](std::error_code ec, kv::revision) { done(ec); });
    });
    remove_bucket(w, "bench");
}

void kv_get(world& w) {
    const std::vector<std::string> keys = all_keys(w.given.number("keys", 1000));
    kv::bucket b = filled_bucket(w, "bench", keys.size());
    run_pipeline(w, "kv-get", w.given.number("n", 20'000), [&](std::size_t i, auto done) {
        b.async_get(keys[i % keys.size()], {}, [done](std::error_code ec, const std::optional<kv::entry>& found) {
            if (!ec && !found) die("a key is missing");
            done(ec);
        });
    });
    remove_bucket(w, "bench");
}

void kv_fill(world& w) {
    const std::size_t keys = w.given.number("keys", 1000);
    w.begin();
    filled_bucket(w, w.given.text("bucket", "sync"), keys);
    w.end();
    report out("kv-fill", "slipstream");
    w.print(out, keys);
}

void kv_watch(world& w) {
    kv::bucket b = existing_bucket(w);
    const long before = own_status("VmRSS");
    std::size_t seen = 0;
    std::size_t bytes = 0;
    double first_ms = 0;
    w.begin();
    const std::int64_t began = now_ns();
    kv::watch_options options;
    options.timeout = std::chrono::minutes(1);
    const kv::watch all = b.watch(
        {},
        [&](const kv::update_view& u) {
            if (u.kind == kv::update_kind::put) {
                if (++seen == 1) first_ms = static_cast<double>(now_ns() - began) / 1e6;
                bytes += u.key.size() + u.value.size();
            } else if (u.kind == kv::update_kind::initial_done) {
                w.end();
                w.stop();
            }
        },
        options);
    w.run();
    report out("kv-watch", "slipstream");
    out.number("messages", w.nc.stats().in_msgs)
        .number("first_ms", first_ms, 2)
        .number("bytes", bytes)
        .number("rss_before_kb", static_cast<double>(before));
    w.print(out, seen);
}

void kv_keys(world& w) {
    kv::bucket b = existing_bucket(w);
    const long before = own_status("VmRSS");
    std::vector<std::string> keys;
    w.run_job([&]() -> asio::awaitable<void> {
        w.begin();
        kv::read_options options;
        options.timeout = std::chrono::minutes(2);
        auto [ec, all] = co_await b.async_keys({}, options, use_tuple);
        w.end();
        require(ec, "keys");
        keys = std::move(all);
    });
    report out("kv-keys", "slipstream");
    out.number("messages", w.nc.stats().in_msgs).number("rss_before_kb", static_cast<double>(before));
    w.print(out, keys.size());
}

}  // namespace bench
