// Keys, scans and histories, on a real server.
#include "tests/integration/kv_watch_support.hpp"

#include <algorithm>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/error.hpp>

using namespace slipstream;
using namespace slipstream::test;
using namespace std::chrono_literals;

namespace {

lines keys_of(watch_world& w, kv::bucket& b, kv::prefixes which = {}) {
    auto [ec, keys] = w.wait(b.async_keys(std::move(which), {}, result));
    CHECK_FALSE(ec);
    return keys;
}

std::vector<kv::entry> scan_of(watch_world& w, kv::bucket& b, kv::prefixes which = {}) {
    auto [ec, entries] = w.wait(b.async_scan(std::move(which), {}, result));
    CHECK_FALSE(ec);
    return entries;
}

kv::read_options within(std::chrono::milliseconds timeout) {
    kv::read_options o;
    o.timeout = timeout;
    return o;
}

}  // namespace

TEST_CASE("S65, S66, S72: keys and scans: sorted, live keys only, empty buckets and scopes") {
    watch_world w;
    kv::bucket b = w.make("b");
    CHECK(keys_of(w, b).empty());
    CHECK(scan_of(w, b).empty());
    for (const char* const key : {"z", "a.2", "a.1", "node.x", "gone", "purged"}) w.put(b, key, std::string("v-") + key);
    w.put(b, "empty", "");
    w.erase(b, "gone");
    w.purge(b, "purged");
    CHECK(keys_of(w, b) == lines{"a.1", "a.2", "empty", "node.x", "z"});
    CHECK(keys_of(w, b, "a.") == lines{"a.1", "a.2"});
    CHECK(keys_of(w, b, "nod") == lines{"node.x"});  // W8
    CHECK(keys_of(w, b, std::vector<std::string>{"a.", "a.1", "z"}) == lines{"a.1", "a.2", "z"});
    CHECK(keys_of(w, b, "nothing.").empty());
    CHECK(keys_of(w, b, std::vector<std::string>{}).empty());
    const std::vector<kv::entry> all = scan_of(w, b);
    REQUIRE(all.size() == 5);
    CHECK(all[1].key() == "a.2");
    CHECK(all[1].value() == "v-a.2");
    CHECK(all[1].revision() == kv::revision(2));
    CHECK(all[1].operation() == kv::operation::put);
    CHECK(all[2].is_tombstone());
    CHECK(w.consumers_become("b", 0));
}

TEST_CASE("S61, S67, W26: where an empty value stands for a delete, keys and scans hide it") {
    watch_world w;
    w.make("b");
    kv::open_options options;
    options.empty_is_tombstone = true;
    kv::bucket b = w.open("b", options);
    w.put(b, "a", "1");
    w.put(b, "t", "");
    CHECK(keys_of(w, b) == lines{"a"});
    CHECK(scan_of(w, b).size() == 1);
}

TEST_CASE("S71, G14: more keys than any acknowledgement window") {
    watch_world w;
    kv::bucket b = w.make("b");
    for (int i = 0; i < 1'600; ++i) w.put(b, "k" + std::to_string(i), std::to_string(i));
    const lines keys = keys_of(w, b);
    CHECK(keys.size() == 1'600);
    CHECK(std::is_sorted(keys.begin(), keys.end()));
    const std::vector<kv::entry> entries = scan_of(w, b);
    REQUIRE(entries.size() == 1'600);
    for (const kv::entry& e : entries) CHECK(e.key() == "k" + e.value());
}

TEST_CASE("W10, L23: a scan of many large values neither stalls nor costs the connection") {
    watch_world w;
    kv::bucket b = w.make("b");
    for (int i = 0; i < 80; ++i) w.put(b, "k" + std::to_string(i), std::string(900'000, static_cast<char>('a' + i % 26)));
    const std::vector<kv::entry> entries = scan_of(w, b);
    REQUIRE(entries.size() == 80);
    for (const kv::entry& e : entries) CHECK(e.value().size() == 900'000);
    CHECK(w.nc.stats().reconnects == 0);
}

TEST_CASE("G17: history: every revision kept, deletes included; a key without one is not found") {
    watch_world w;
    kv::bucket_config config;
    config.bucket = "b";
    config.history = 3;
    kv::bucket b = w.make(config);
    for (const char* const v : {"1", "2", "3"}) w.put(b, "k", v);
    w.put(b, "k.sub", "x");
    w.erase(b, "k");
    auto [ec, history] = w.wait(b.async_history("k", {}, result));
    REQUIRE_FALSE(ec);
    REQUIRE(history.size() == 3);
    CHECK(history[0].value() == "2");
    CHECK(history[0].revision() == kv::revision(2));
    CHECK(history[1].value() == "3");
    CHECK(history[2].operation() == kv::operation::erase);
    CHECK(history[2].revision() == kv::revision(5));
    CHECK(std::get<0>(w.wait(b.async_history("nope", {}, result))) == kv::errc::key_not_found);
    CHECK(std::get<0>(w.wait(b.async_history("bad key", {}, result))) == kv::errc::invalid_key);
    CHECK(w.consumers_become("b", 0));
}

TEST_CASE("W37: bad prefixes and options are refused before a byte is sent") {
    watch_world w;
    kv::bucket b = w.make("b");
    const auto before = w.nc.stats().out_msgs;
    CHECK(std::get<0>(w.wait(b.async_keys("a.*", {}, result))) == kv::errc::invalid_prefix);
    CHECK(std::get<0>(w.wait(b.async_scan("a b", {}, result))) == kv::errc::invalid_prefix);
    CHECK(std::get<0>(w.wait(b.async_keys({}, within(-1ms), result))) == slipstream::errc::invalid_option);
    CHECK(w.nc.stats().out_msgs == before);
}

TEST_CASE("S76, W12, E1: one deadline for all of it") {
    watch_world w;
    kv::bucket b = w.make("b", {.operation_timeout = 120s});
    w.put(b, "a", "1");
    w.server.suspend();
    CHECK(std::get<0>(w.wait(b.async_keys({}, within(400ms), result))) == slipstream::errc::timeout);
    w.server.resume();
    CHECK(keys_of(w, b) == lines{"a"});
    // A server that wakes up with both requests may take up the deletion before the creation; then its reaper (30 s) removes it.
    CHECK(w.consumers_become("b", 0, 45s));
    w.server.kill();
    REQUIRE(w.run_until([&] { return !w.nc.healthy(); }));
    CHECK(std::get<0>(w.wait(b.async_keys({}, within(300ms), result))) == slipstream::errc::timeout_unsent);
    w.server.start();
}

TEST_CASE("W7, W40: the server is restarted during a scan: it begins again and is complete") {
    watch_world w;
    kv::bucket b = w.make("b");
    for (int i = 0; i < 2'000; ++i) w.put(b, "k" + std::to_string(i), std::string(500, 'v'));
    auto scan = b.async_scan({}, {}, result);
    for (int i = 0; i < 3; ++i) w.io.restart(), w.io.run_one_for(10ms);
    w.restart_server();
    auto [ec, entries] = w.wait(std::move(scan));
    CHECK_FALSE(ec);
    CHECK(entries.size() == 2'000);
}

TEST_CASE("W41, E9, I20: a cancelled scan leaves nothing behind, at whatever moment") {
    watch_world w;
    kv::bucket b = w.make("b");
    for (int i = 0; i < 100; ++i) w.put(b, "k" + std::to_string(i), std::string(1'000, 'v'));
    for (int moment = 0; moment < 12; ++moment) {
        asio::cancellation_signal cancel;
        int calls = 0;
        std::error_code outcome;
        b.async_scan({}, {}, asio::bind_cancellation_slot(cancel.slot(), [&](std::error_code ec, std::vector<kv::entry>) {
                         outcome = ec;
                         ++calls;
                     }));
        for (int i = 0; i < moment; ++i) w.io.restart(), w.io.run_one_for(1ms);
        cancel.emit(asio::cancellation_type::terminal);
        REQUIRE(w.run_until([&] { return calls == 1; }));
        CHECK((outcome == asio::error::operation_aborted || !outcome));
    }
    CHECK(w.consumers_become("b", 0));
}

TEST_CASE("S57, S78: a bucket that is gone; a client that is closed") {
    watch_world w;
    kv::bucket b = w.make("b");
    REQUIRE_FALSE(std::get<0>(w.wait(kv::async_delete_bucket(w.js, "b", {}, result))));
    jetstream::error_info info;
    kv::read_options o;
    o.info = &info;
    CHECK(std::get<0>(w.wait(b.async_keys({}, o, result))) == kv::errc::bucket_not_found);
    CHECK(info.err_code == 10059);
    CHECK_FALSE(info.description.empty());
    w.nc.close();
    CHECK(std::get<0>(w.wait(b.async_scan({}, {}, result))) == slipstream::errc::closed);
}
