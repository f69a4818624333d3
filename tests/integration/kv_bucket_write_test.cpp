// Writing keys on a real server.
#include "tests/integration/kv_bucket_support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>

using namespace slipstream;
using namespace std::chrono_literals;
using test::error_of;
using test::kv_world;
using test::last_of;
using test::named;
using test::result;
using test::stored;

namespace {

kv::erase_options expecting(kv::revision revision) {
    kv::erase_options options;
    options.expected = revision;
    return options;
}

}  // namespace

TEST_CASE("S106 S109 L32: put, and update by compare-and-set") {
    kv_world w;
    kv::bucket b = w.make("b");
    const kv::revision first = w.put(b, "k", "1");
    auto [ec, second] = w.wait(b.async_update("k", "2", first, {}, result));
    CHECK_FALSE(ec);
    CHECK(second > first);
    CHECK(w.value(b, "k") == "2");

    jetstream::error_info info;
    kv::update_options options;
    options.info = &info;
    const std::error_code stale = error_of(w, b.async_update("k", "3", first, options, result));
    CHECK(stale == kv::errc::revision_mismatch);
    CHECK(stale == condition::conflict);
    CHECK((info.err_code == 10071 || info.err_code == 10164));
    CHECK(w.value(b, "k") == "2");
    CHECK(error_of(w, b.async_update("missing", "x", first, {}, result)) == kv::errc::revision_mismatch);
    CHECK(error_of(w, b.async_update("k", "x", kv::revision(UINT64_MAX), {}, result)) == kv::errc::revision_mismatch);

    // Revision 0: only where there is nothing.
    CHECK(error_of(w, b.async_update("k", "x", kv::revision(0), {}, result)) == kv::errc::revision_mismatch);
    CHECK_FALSE(error_of(w, b.async_update("new", "n", kv::revision(0), {}, result)));
    CHECK(w.value(b, "new") == "n");
}

TEST_CASE("W29 W37 S109: bad keys, unknown revisions and bad options are refused before a byte is sent") {
    kv_world w;
    kv::bucket b = w.make("b");
    const auto before = w.nc.stats().out_msgs;
    for (const char* key : {"", ".", "a.", "a..b", "a b", "*", ">", "k\r\nPUB x 0\r\n"}) {
        CAPTURE(key);
        CHECK(error_of(w, b.async_put(key, "v", {}, result)) == kv::errc::invalid_key);
        CHECK(error_of(w, b.async_create(key, "v", {}, result)) == kv::errc::invalid_key);
        CHECK(error_of(w, b.async_update(key, "v", kv::revision(1), {}, result)) == kv::errc::invalid_key);
        CHECK(error_of(w, b.async_erase(key, {}, result)) == kv::errc::invalid_key);
        CHECK(error_of(w, b.async_purge(key, {}, result)) == kv::errc::invalid_key);
    }
    CHECK(error_of(w, b.async_update("k", "v", kv::revision(), {}, result)) == kv::errc::invalid_revision);
    CHECK(error_of(w, b.async_erase("k", expecting(kv::revision()), result)) == kv::errc::invalid_revision);
    kv::purge_options purge;
    purge.expected = kv::revision();
    CHECK(error_of(w, b.async_purge("k", purge, result)) == kv::errc::invalid_revision);

    kv::put_options put;
    put.timeout = -1ms;
    CHECK(error_of(w, b.async_put("k", "v", put, result)) == errc::invalid_option);
    kv::create_options create;
    create.ttl = -1s;
    CHECK(error_of(w, b.async_create("k", "v", create, result)) == errc::invalid_option);
    // Without limit markers a TTL would be refused by new servers and ignored by old ones.
    create.ttl = 1s;
    CHECK(error_of(w, b.async_create("k", "v", create, result)) == jetstream::errc::ttl_disabled);
    purge.expected.reset();
    purge.ttl = 1s;
    CHECK(error_of(w, b.async_purge("k", purge, result)) == jetstream::errc::ttl_disabled);

    const std::string too_large(2'000'000, 'x');
    CHECK(error_of(w, b.async_put("k", too_large, {}, result)) == errc::max_payload);
    CHECK(error_of(w, b.async_create("k", too_large, {}, result)) == errc::max_payload);
    CHECK(w.nc.stats().out_msgs == before);
}

TEST_CASE("S108 G5: create over nothing, a value, a delete and a purge") {
    kv_world w;
    for (const unsigned history : {1U, 5U}) {
        CAPTURE(history);
        kv::bucket b = w.make(named("b" + std::to_string(history), history));
        jetstream::error_info info;
        kv::create_options options;
        options.info = &info;
        CHECK_FALSE(error_of(w, b.async_create("k", "1", options, result)));
        CHECK(info.err_code == 0);
        CHECK(error_of(w, b.async_create("k", "2", options, result)) == kv::errc::key_exists);
        CHECK(w.value(b, "k") == "1");

        CHECK_FALSE(error_of(w, b.async_erase("k", {}, result)));
        CHECK_FALSE(error_of(w, b.async_create("k", "3", options, result)));
        CHECK(info.err_code == 0);  // of the refused first round, forgotten
        CHECK(w.value(b, "k") == "3");
        CHECK(error_of(w, b.async_create("k", "4", options, result)) == kv::errc::key_exists);

        CHECK_FALSE(error_of(w, b.async_purge("k", {}, result)));
        CHECK_FALSE(error_of(w, b.async_create("k", "5", options, result)));
        CHECK(w.value(b, "k") == "5");

        // A key of which only a marker ever existed.
        CHECK_FALSE(error_of(w, b.async_erase("never", {}, result)));
        CHECK_FALSE(error_of(w, b.async_create("never", "6", options, result)));
        CHECK(w.value(b, "never") == "6");
    }
}

TEST_CASE("S108 W26: an empty value is live for create") {
    kv_world w;
    kv::bucket b = w.make("b");
    w.put(b, "k", "");
    CHECK(error_of(w, b.async_create("k", "v", {}, result)) == kv::errc::key_exists);
}

TEST_CASE("I27 G5: of many creators at once exactly one wins, over nothing and over a marker") {
    kv_world w;
    kv::bucket b = w.make("b");
    client other = w.another_client();
    jetstream::context other_js(other);
    auto [open_ec, second] = w.wait(kv::async_open_bucket(other_js, "b", {}, result));
    REQUIRE_FALSE(open_ec);
    for (int round = 0; round < 20; ++round) {
        CAPTURE(round);
        std::vector<std::future<std::tuple<std::error_code, kv::revision>>> pending;
        for (int i = 0; i < 8; ++i) {
            kv::bucket& creator = i % 2 == 0 ? b : second;
            pending.push_back(creator.async_create("lock", std::to_string(i), {}, result));
        }
        int winners = 0;
        std::string winner;
        for (std::size_t i = 0; i < pending.size(); ++i) {
            auto [ec, revision] = w.wait(std::move(pending[i]));
            if (!ec) {
                ++winners;
                winner = std::to_string(i);
            } else {
                CHECK(ec == kv::errc::key_exists);
            }
        }
        CHECK(winners == 1);
        CHECK(w.value(b, "lock") == winner);
        CHECK_FALSE(error_of(w, round % 2 == 0 ? b.async_erase("lock", {}, result) : b.async_purge("lock", {}, result)));
    }
    other.close();
}

TEST_CASE("S107 L36 W35: erase stores a marker, also for a key that does not exist") {
    kv_world w;
    kv::bucket b = w.make(named("b", 3));
    w.put(b, "k", "v");
    CHECK_FALSE(error_of(w, b.async_erase("k", {}, result)));
    CHECK_FALSE(w.get(b, "k").has_value());
    CHECK(stored(w, b) == 2);  // history is kept
    CHECK_FALSE(error_of(w, b.async_erase("absent", {}, result)));
    CHECK(stored(w, b) == 3);
}

TEST_CASE("W26 S110: erase with an expected revision is a true compare-and-set delete") {
    kv_world w;
    kv::bucket b = w.make("b");
    const kv::revision first = w.put(b, "k", "1");
    const kv::revision second = w.put(b, "k", "2");
    CHECK(error_of(w, b.async_erase("k", expecting(first), result)) == kv::errc::revision_mismatch);
    CHECK(w.value(b, "k") == "2");
    CHECK_FALSE(error_of(w, b.async_erase("k", expecting(second), result)));
    CHECK_FALSE(w.get(b, "k").has_value());
    CHECK(error_of(w, b.async_erase("absent", expecting(second), result)) == kv::errc::revision_mismatch);

    auto [ec, marker] = w.wait(w.js.async_get_message("KV_b", last_of("$KV.b.k"), result));
    REQUIRE_FALSE(ec);
    CHECK(marker.headers().get("KV-Operation") == "DEL");
    CHECK(marker.payload().empty());
}

TEST_CASE("W26 S110: for programs of the other convention the conditional delete is an empty value") {
    kv_world w;
    w.make("b");
    kv::open_options compatible;
    compatible.empty_is_tombstone = true;
    kv::bucket b = w.open("b", compatible);
    const kv::revision first = w.put(b, "k", "1");
    CHECK(error_of(w, b.async_erase("k", expecting(kv::revision(first.value() + 1)), result)) == kv::errc::revision_mismatch);
    CHECK_FALSE(error_of(w, b.async_erase("k", expecting(first), result)));
    CHECK_FALSE(w.get(b, "k").has_value());
    auto [ec, tombstone] = w.wait(b.async_entry("k", {}, result));
    CHECK_FALSE(ec);
    REQUIRE(tombstone.has_value());
    CHECK(tombstone->is_tombstone());
    CHECK(error_of(w, b.async_create("k", "2", {}, result)) == kv::errc::key_exists);
    CHECK_FALSE(error_of(w, b.async_update("k", "2", tombstone->revision(), {}, result)));
    CHECK(w.value(b, "k") == "2");
    // A plain erase is a marker in either convention.
    CHECK_FALSE(error_of(w, b.async_erase("k", {}, result)));
    CHECK_FALSE(error_of(w, b.async_create("k", "3", {}, result)));
}

TEST_CASE("R9: purge removes a key's history and leaves one marker") {
    kv_world w;
    kv::bucket b = w.make(named("b", 10));
    for (int i = 0; i < 5; ++i) w.put(b, "k", std::to_string(i));
    const kv::revision other = w.put(b, "other", "v");
    CHECK(stored(w, b) == 6);
    CHECK_FALSE(error_of(w, b.async_purge("k", {}, result)));
    CHECK(stored(w, b) == 2);
    CHECK_FALSE(w.get(b, "k").has_value());
    CHECK(w.value(b, "other") == "v");

    kv::purge_options options;
    options.expected = other;
    CHECK_FALSE(error_of(w, b.async_purge("other", options, result)));
    CHECK(error_of(w, b.async_purge("other", options, result)) == kv::errc::revision_mismatch);
    CHECK_FALSE(error_of(w, b.async_purge("k", {}, result)));  // again: idempotent
}

TEST_CASE("W36 L37: a full bucket refuses new keys, and says so") {
    kv_world w;
    kv::bucket_config config = named("b");
    config.max_bytes = 20'000;
    kv::bucket b = w.make(config);
    const std::string value(4000, 'x');
    std::error_code full;
    int accepted = 0;
    for (int i = 0; i < 20 && !full; ++i) {
        full = std::get<0>(w.wait(b.async_put("k" + std::to_string(i), value, {}, result)));
        if (!full) ++accepted;
    }
    CHECK(full == kv::errc::bucket_full);
    CHECK(accepted >= 3);
    CHECK(error_of(w, b.async_create("new", value, {}, result)) == kv::errc::bucket_full);
    // Overwriting frees what it replaces; old servers count before they free.
    const std::error_code overwritten = error_of(w, b.async_put("k0", value, {}, result));
    CHECK(overwritten ==
          (w.server.version() >= test::server_version{2, 11, 0} ? std::error_code() : make_error_code(kv::errc::bucket_full)));
    CHECK_FALSE(error_of(w, b.async_erase("k0", {}, result)));
    CHECK_FALSE(error_of(w, b.async_put("new", value, {}, result)));
}

TEST_CASE("kv 6: a value beyond the bucket's limit; headers count") {
    kv_world w;
    kv::bucket_config config = named("b");
    config.max_value_size = 100;
    kv::bucket b = w.make(config);
    CHECK_FALSE(error_of(w, b.async_put("k", std::string(100, 'x'), {}, result)));
    CHECK(error_of(w, b.async_put("k", std::string(101, 'x'), {}, result)) == kv::errc::value_too_large);
    CHECK(error_of(w, b.async_create("new", std::string(100, 'x'), {}, result)) == kv::errc::value_too_large);
    CHECK_FALSE(error_of(w, b.async_erase("k", {}, result)));
}

TEST_CASE("W25 L31: a denied write fails at once, and only the denied one") {
    test::nats_server_options server;
    server.config =
        "accounts { A { jetstream: enabled, users [ { user: u, password: p, permissions { publish { deny: [\"$KV.b.secret.>\"] } } } ] } "
        "}\n"
        "no_auth_user: u\n";
    kv_world w(server);
    kv::bucket b = w.make("b", {.operation_timeout = 120s});
    auto denied = b.async_put("secret.k", "v", {}, result);
    auto allowed = b.async_put("public.k", "v", {}, result);
    const std::error_code ec = error_of(w, std::move(denied));
    CHECK(ec == errc::permission_denied);
    CHECK(ec == condition::denied);
    CHECK_FALSE(error_of(w, std::move(allowed)));
    CHECK(error_of(w, b.async_create("secret.k", "v", {}, result)) == errc::permission_denied);
    CHECK(error_of(w, b.async_erase("secret.k", {}, result)) == errc::permission_denied);
    CHECK(w.nc.healthy());
}

TEST_CASE("I26: updates of many writers through one key never lose one") {
    kv_world w;
    kv::bucket b = w.make("b");
    client other = w.another_client();
    jetstream::context other_js(other);
    auto [open_ec, second] = w.wait(kv::async_open_bucket(other_js, "b", {}, result));
    REQUIRE_FALSE(open_ec);
    w.put(b, "counter", "0");
    int done = 0;
    int conflicts = 0;
    // Two readers of the same revision write; one of them is refused and tries again.
    for (int round = 0; round < 20; ++round) {
        const kv::entry seen = *w.get(b, "counter");
        const std::string next = std::to_string(std::stoi(seen.value()) + 1);
        auto a = b.async_update("counter", next, seen.revision(), {}, result);
        auto c = second.async_update("counter", next, seen.revision(), {}, result);
        const std::error_code ec_a = error_of(w, std::move(a));
        const std::error_code ec_c = error_of(w, std::move(c));
        done += (ec_a ? 0 : 1) + (ec_c ? 0 : 1);
        conflicts += (ec_a == kv::errc::revision_mismatch ? 1 : 0) + (ec_c == kv::errc::revision_mismatch ? 1 : 0);
    }
    CHECK(done == 20);
    CHECK(conflicts == 20);
    CHECK(w.value(b, "counter") == "20");
    other.close();
}

TEST_CASE("performance L40: many puts in flight at once keep their order") {
    kv_world w;
    kv::bucket b = w.make("b");
    std::vector<std::future<std::tuple<std::error_code, kv::revision>>> pending;
    for (int i = 0; i < 1000; ++i) pending.push_back(b.async_put("k" + std::to_string(i), "v", {}, result));
    for (std::uint64_t i = 0; i < 1000; ++i) {
        auto [ec, revision] = w.wait(std::move(pending[i]));
        CHECK_FALSE(ec);
        CHECK(revision == kv::revision(i + 1));
    }
}
