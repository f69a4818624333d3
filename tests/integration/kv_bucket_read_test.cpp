// Reading keys on a real server.
#include "tests/integration/kv_bucket_support.hpp"

#include <doctest/doctest.h>

#include <exception>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>

using namespace slipstream;
using namespace std::chrono_literals;
using test::kv_world;
using test::result;

namespace {

kv::get_options at(kv::revision revision) {
    kv::get_options options;
    options.revision = revision;
    return options;
}

kv::get_options leader() {
    kv::get_options options;
    options.leader_read = true;
    return options;
}

/// The same bucket without direct gets.
kv::bucket without_direct(kv_world& w, std::string name) {
    kv::bucket b = w.make(name);
    auto [info_ec, stream] = w.wait(w.js.async_stream_info("KV_" + name, {}, result));
    REQUIRE_FALSE(info_ec);
    jetstream::stream_config config = stream.config;
    config.allow_direct = false;
    REQUIRE_FALSE(std::get<0>(w.wait(w.js.async_update_stream(config, {}, result))));
    return w.open(name);
}

}  // namespace

TEST_CASE("S61 S63: a key's last value, with its revision and time") {
    kv_world w;
    kv::bucket b = w.make("b");
    const auto before = std::chrono::system_clock::now();
    CHECK(w.put(b, "a.b", "v1") == kv::revision(1));
    CHECK(w.put(b, "x", "other") == kv::revision(2));
    CHECK(w.put(b, "a.b", std::string("v\0\r\n2", 5)) == kv::revision(3));
    const std::optional<kv::entry> found = w.get(b, "a.b");
    REQUIRE(found.has_value());
    CHECK(found->key() == "a.b");
    CHECK(found->value() == std::string("v\0\r\n2", 5));
    CHECK(found->revision() == kv::revision(3));
    CHECK(found->operation() == kv::operation::put);
    CHECK(found->created() > before - 1min);
    CHECK(found->created() < std::chrono::system_clock::now() + 1min);
    CHECK_FALSE(w.get(b, "missing").has_value());
    CHECK_FALSE(w.get(b, "a").has_value());
    CHECK(w.value(b, "a.b", leader()) == std::string("v\0\r\n2", 5));
    CHECK_FALSE(w.get(b, "missing", leader()).has_value());
}

TEST_CASE("W37: bad keys and revisions are refused before a byte is sent") {
    kv_world w;
    kv::bucket b = w.make("b");
    const auto before = w.nc.stats().out_msgs;
    for (const char* key : {"", ".", "a.", ".a", "a..b", "a b", "*", "a.>", "\r\n", "\xC3\xA9"}) {
        CAPTURE(key);
        CHECK(std::get<0>(w.wait(b.async_get(key, {}, result))) == kv::errc::invalid_key);
        CHECK(std::get<0>(w.wait(b.async_entry(key, {}, result))) == kv::errc::invalid_key);
    }
    CHECK(std::get<0>(w.wait(b.async_get("k", at(kv::revision()), result))) == kv::errc::invalid_revision);
    kv::get_options options;
    options.timeout = -1ms;
    CHECK(std::get<0>(w.wait(b.async_get("k", options, result))) == errc::invalid_option);
    CHECK_FALSE(w.get(b, "k", at(kv::revision(0))).has_value());
    CHECK(w.nc.stats().out_msgs == before);
}

TEST_CASE("W27 S62: deleted and purged keys have no value") {
    kv_world w;
    kv::bucket_config config;
    config.bucket = "b";
    config.history = 5;
    kv::bucket b = w.make(config);
    w.put(b, "e", "v");
    w.put(b, "p", "v");
    CHECK_FALSE(std::get<0>(w.wait(b.async_erase("e", {}, result))));
    CHECK_FALSE(std::get<0>(w.wait(b.async_purge("p", {}, result))));
    for (const char* key : {"e", "p"}) {
        CAPTURE(key);
        CHECK_FALSE(w.get(b, key).has_value());
        CHECK_FALSE(w.get(b, key, leader()).has_value());
        auto [ec, found] = w.wait(b.async_entry(key, {}, result));
        CHECK_FALSE(ec);
        CHECK_FALSE(found.has_value());
    }
    w.put(b, "e", "again");
    CHECK(w.value(b, "e") == "again");
}

TEST_CASE("kv 9.6: a revision is found only under its own key") {
    kv_world w;
    kv::bucket_config config;
    config.bucket = "b";
    config.history = 2;
    for (const bool direct : {true, false}) {
        CAPTURE(direct);
        config.bucket = direct ? "direct" : "leader";
        kv::bucket b = w.make(config);
        w.put(b, "k", "1");
        w.put(b, "k", "2");
        w.put(b, "other", "3");
        CHECK_FALSE(std::get<0>(w.wait(b.async_erase("k", {}, result))));
        kv::get_options options = direct ? kv::get_options() : leader();
        const auto value_at = [&](std::uint64_t n, const char* key) {
            options.revision = kv::revision(n);
            return w.value(b, key, options);
        };
        CHECK(value_at(2, "k") == "2");
        CHECK(value_at(3, "k") == "(none)");      // another key's
        CHECK(value_at(3, "other") == "3");
        CHECK(value_at(4, "k") == "(none)");      // the marker
        CHECK(value_at(1, "k") == "(none)");      // history 2: pushed out
        CHECK(value_at(99, "k") == "(none)");     // not yet
        CHECK(value_at(UINT64_MAX, "k") == "(none)");
    }
}

TEST_CASE("S64: buckets without direct get are read through the API, also when it is switched off under a handle") {
    kv_world w;
    kv::bucket direct = w.make("b");
    kv::bucket b = without_direct(w, "b");
    w.put(b, "k", "v");
    CHECK(w.value(b, "k") == "v");
    CHECK(w.value(b, "missing") == "(none)");
    CHECK(w.value(direct, "k") == "v");  // opened before
    CHECK(w.value(direct, "missing") == "(none)");
    CHECK(w.value(b, "k", at(kv::revision(1))) == "v");
    w.put(b, "empty", "");
    CHECK(w.value(b, "empty").empty());
}

TEST_CASE("W26: an empty value is a value, unless the bucket is opened for programs that mean a delete by it") {
    kv_world w;
    kv::bucket b = w.make("b");
    const kv::revision revision = w.put(b, "k", "");
    const std::optional<kv::entry> found = w.get(b, "k");
    REQUIRE(found.has_value());
    CHECK(found->value().empty());
    CHECK(found->is_tombstone());

    kv::open_options options;
    options.empty_is_tombstone = true;
    kv::bucket compatible = w.open("b", options);
    CHECK_FALSE(w.get(compatible, "k").has_value());
    CHECK_FALSE(w.get(compatible, "k", leader()).has_value());
    auto [ec, entry] = w.wait(compatible.async_entry("k", {}, result));
    CHECK_FALSE(ec);
    REQUIRE(entry.has_value());
    CHECK(entry->revision() == revision);
    CHECK(entry->is_tombstone());
}

TEST_CASE("kv 3: headers that a writer forged do not lie about place and key") {
    kv_world w;
    kv::bucket b = w.make("b");
    header_map forged;
    REQUIRE_FALSE(forged.append("Nats-Sequence", "999"));
    REQUIRE_FALSE(forged.append("Nats-Subject", "$KV.b.evil"));
    REQUIRE_FALSE(forged.append("Nats-Time-Stamp", "1999-01-01T00:00:00Z"));
    REQUIRE_FALSE(forged.append("X", "y"));
    jetstream::publish_options options;
    options.headers = &forged;
    auto [ec, ack] = w.wait(w.js.async_publish("$KV.b.k", "v", options, result));
    REQUIRE_FALSE(ec);
    const std::optional<kv::entry> found = w.get(b, "k");
    REQUIRE(found.has_value());
    CHECK(found->revision() == kv::revision(1));
    CHECK(found->created() > std::chrono::system_clock::now() - 1h);
    CHECK(w.value(b, "k", at(kv::revision(1))) == "v");
    CHECK(w.value(b, "evil", at(kv::revision(1))) == "(none)");
}

TEST_CASE("kv 4: values that other programs wrote with headers are values") {
    kv_world w;
    kv::bucket b = w.make("b");
    header_map headers;
    REQUIRE_FALSE(headers.append("KV-Operation", "PUT"));
    jetstream::publish_options options;
    options.headers = &headers;
    REQUIRE_FALSE(std::get<0>(w.wait(w.js.async_publish("$KV.b.k", "v", options, result))));
    CHECK(w.value(b, "k") == "v");
}

TEST_CASE("performance: many reads in flight at once") {
    kv_world w;
    kv::bucket b = w.make("b");
    for (int i = 0; i < 100; ++i) w.put(b, "k" + std::to_string(i), std::to_string(i));
    std::vector<std::future<std::tuple<std::error_code, std::optional<kv::entry>>>> pending;
    for (int i = 0; i < 1000; ++i) pending.push_back(b.async_get("k" + std::to_string(i % 100), {}, result));
    int right = 0;
    for (int i = 0; i < 1000; ++i) {
        auto [ec, found] = w.wait(std::move(pending[static_cast<std::size_t>(i)]));
        if (!ec && found && found->value() == std::to_string(i % 100)) ++right;
    }
    CHECK(right == 1000);
}

TEST_CASE("I6: a large value, up to what the server takes") {
    kv_world w;
    kv::bucket b = w.make("b");
    const std::string large(1'000'000, 'x');
    w.put(b, "large", large);
    CHECK(w.value(b, "large") == large);
    CHECK(w.value(b, "large", leader()) == large);
}

TEST_CASE("kv 1: the longest key") {
    kv_world w;
    kv::bucket b = w.make(std::string(252, 'b'));
    std::string key(1024, 'k');
    for (std::size_t i = 40; i < key.size() - 1; i += 41) key[i] = '.';
    w.put(b, key, "v");
    CHECK(w.value(b, key) == "v");
    CHECK(w.value(b, key, leader()) == "v");
    CHECK_FALSE(std::get<0>(w.wait(b.async_update(key, "w", kv::revision(1), {}, result))));
    CHECK(w.value(b, key) == "w");
}

TEST_CASE("design.md: operations as coroutines, on handles that do not outlive their start") {
    kv_world w;
    w.make("b");
    std::string seen;
    bool done = false;
    const auto story = [&]() -> asio::awaitable<void> {
        // Temporaries live until the operation is over, and the operation keeps what it needs.
        const kv::revision first = co_await (co_await kv::async_open_bucket(w.js, "b")).async_create("k", "1");
        kv::bucket b = co_await kv::async_open_bucket(w.js, "b", {.operation_timeout = 10s});
        auto pending = b.async_update("k", "2", first, {.timeout = 5s}, deferred);
        const kv::revision second = co_await std::move(pending)(asio::use_awaitable_t<asio::any_io_executor>());
        auto [ec, refused] = co_await b.async_update("k", "3", first, {}, use_tuple);
        const std::optional<kv::entry> found = co_await b.async_get("k", {.revision = second});
        co_await b.async_erase("k", {.expected = second});
        seen = found->value() + (ec == kv::errc::revision_mismatch ? " refused" : " taken");
        try {
            co_await b.async_put("bad key", "v");
        } catch (const std::system_error& error) {
            seen += error.code() == kv::errc::invalid_key ? " invalid" : " other";
        }
        done = true;
    };
    asio::co_spawn(w.io, story, [](std::exception_ptr failed) {
        if (failed) std::rethrow_exception(failed);
    });
    CHECK(w.run_until([&] { return done; }));
    CHECK(seen == "2 refused invalid");
}
