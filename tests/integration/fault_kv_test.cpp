// A bucket through a connection that is cut again and again: what was reported done is there, what was reported failed is not, and
// a watch leaves nothing out.
#include <optional>
#include <random>
#include <set>

#include "tests/integration/fault_support.hpp"
#include "tests/integration/kv_watch_support.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

/// One write and what was said of it. Values are unique.
struct write_record {
    std::string key;
    std::string value;  // empty: an erase
    std::error_code ec;
    kv::revision revision;
    int ends = 0;
};

class fault_kv_world : public fault_world {
public:
    fault_kv_world() : direct(truth), nc(io.get_executor(), options()), js(nc) {
        connect(nc);
        kv::bucket_config config;
        config.bucket = "b";
        config.history = 64;  // everything that is ever written in a test stays
        auto [ec, made] = wait(kv::async_create_bucket(direct, config, {}, result));
        REQUIRE_FALSE(ec);
        whole.emplace(made);
        auto [ec2, opened] = wait(kv::async_open_bucket(js, "b", {}, result));
        REQUIRE_FALSE(ec2);
        cut.emplace(opened);
    }
    ~fault_kv_world() { nc.close(); }

    void cut_soon(std::uint64_t within) {
        const way where = random() % 2 == 0 ? way::to_server : way::to_client;
        const ending how = random() % 2 == 0 ? ending::reset : ending::fin;
        proxy.cut_after(where, 1 + random() % within, how);
    }
    /// Every revision that the bucket holds: value by number, "" for a delete.
    std::map<std::uint64_t, std::pair<std::string, std::string>> everything(const std::set<std::string>& keys) {
        std::map<std::uint64_t, std::pair<std::string, std::string>> out;
        for (const std::string& key : keys) {
            auto [ec, entries] = wait(whole->async_history(key, {}, result));
            if (ec == kv::errc::key_not_found) continue;
            REQUIRE_FALSE(ec);
            for (const kv::entry& e : entries) out[e.revision().value()] = {e.key(), std::string(e.value())};
        }
        return out;
    }
    std::map<std::string, std::string> state() {
        auto [ec, entries] = wait(whole->async_scan({}, {}, result));
        REQUIRE_FALSE(ec);
        std::map<std::string, std::string> out;
        for (const kv::entry& e : entries) out[e.key()] = e.value();
        return out;
    }

    jetstream::context direct;
    std::optional<kv::bucket> whole;  // as it is
    client nc;
    jetstream::context js;
    std::optional<kv::bucket> cut;    // through the proxy
    std::mt19937 random{4'222};
};

}  // namespace

TEST_CASE_FIXTURE(
    fault_kv_world,
    "W13 I1 I15 I16 G7: cut anywhere during puts: stored where a revision was told, unknown where it is unknown, nothing twice") {
    std::vector<write_record> writes(2'000);
    std::size_t started = 0;
    std::size_t ended = 0;
    std::set<std::string> keys;
    while (started < writes.size()) {
        cut_soon(2'000);
        for (int i = 0; i < 10; ++i) {
            const std::size_t id = started++;
            write_record& w = writes[id];
            w.key = "k" + std::to_string(id % 100);
            w.value = "v" + std::to_string(id);
            keys.insert(w.key);
            cut->async_put(w.key, w.value, {.timeout = 20s}, [&w, &ended](std::error_code ec, kv::revision r) {
                ++w.ends;
                w.ec = ec;
                w.revision = r;
                ++ended;
            });
        }
        REQUIRE(run_until([&] { return ended + 5 >= started; }));
    }
    proxy.pass();
    REQUIRE(run_until([&] { return ended == started; }));
    std::map<std::string, std::uint64_t> stored;
    for (const auto& [revision, entry] : everything(keys)) {
        CHECK(stored.emplace(entry.second, revision).second);  // each value once
    }
    std::size_t done = 0;
    std::size_t unknown = 0;
    for (const write_record& w : writes) {
        CAPTURE(w.value);
        CHECK(w.ends == 1);
        if (!w.ec) {
            ++done;
            REQUIRE(stored.contains(w.value));
            CHECK(stored[w.value] == w.revision.value());
        } else {
            ++unknown;
            CHECK(w.ec == condition::outcome_unknown);
        }
    }
    CHECK(events[event_kind::disconnected] > 50);
    CHECK(done > 500);
    CHECK(unknown > 20);
}

TEST_CASE_FIXTURE(fault_kv_world,
                  "I26 W13 G6: cut anywhere during compare-and-set: a counter is never further than what was or may have been done") {
    kv::revision last = std::get<1>(wait(whole->async_put("counter", "0", {}, result)));
    REQUIRE(last.is_known());
    std::uint64_t value = 0;
    std::uint64_t done = 0;
    std::uint64_t unknown = 0;
    std::uint64_t conflicts = 0;
    const auto read_back = [&] {
        auto [ec, found] = wait(whole->async_get("counter", {.leader_read = true}, result));
        REQUIRE_FALSE(ec);
        REQUIRE(found);
        value = std::stoull(std::string(found->value()));
        last = found->revision();
    };
    for (int round = 0; round < 600; ++round) {
        if (round % 3 == 0) cut_soon(700);
        const auto [ec, r] = wait(cut->async_update("counter", std::to_string(value + 1), last, {.timeout = 20s}, result));
        if (!ec) {
            CHECK(r > last);
            ++done;
            ++value;
            last = r;
            continue;
        }
        // The bytes of a lost attempt may come later than the look at what is stored: then the next attempt is a conflict.
        if (ec == condition::outcome_unknown)
            ++unknown;
        else {
            CHECK(ec == kv::errc::revision_mismatch);
            ++conflicts;
        }
        read_back();
    }
    proxy.pass();
    read_back();
    CHECK(value >= done);
    CHECK(value <= done + unknown);
    CHECK(conflicts <= unknown);
    CHECK(unknown > 10);
    CHECK(done > 200);
}

TEST_CASE_FIXTURE(
    fault_kv_world,
    "I22 I23 G1 W5: cut anywhere under a watch, also when it resumes from its cursor: every revision is told, once, in order") {
    struct change {
        std::uint64_t revision;
        std::string key;
        std::string value;
        bool operator==(const change&) const = default;
    };
    std::vector<change> written;
    std::vector<change> told;
    kv::watch_options o;
    o.heartbeat = 250ms;
    kv::watch watch = cut->watch({}, o);
    fold f;
    kv::update u;
    const auto take = [&] {
        while (watch.try_next(u)) {
            if (u.view().is_change()) told.push_back({u.view().revision.value(), std::string(u.view().key), std::string(u.view().value)});
            f.apply(u.view());
        }
        return told.size() >= written.size() || watch.is_ended();
    };
    REQUIRE(run_until([&] {  // from here on every revision is told: a state has only the last one of each key
        static_cast<void>(take());
        return !f.initial;
    }));
    std::size_t resumed = 0;
    for (int round = 0; round < 120; ++round) {
        CAPTURE(round);
        cut_soon(4'000);
        for (int i = 0; i < 30; ++i) {
            const std::string key = "k" + std::to_string(random() % 100);
            const bool erase = random() % 5 == 0;
            const std::string value = erase ? std::string() : "v" + std::to_string(written.size());
            auto [ec, r] = erase ? wait(whole->async_erase(key, {}, result)) : wait(whole->async_put(key, value, {}, result));
            REQUIRE_FALSE(ec);
            written.push_back({r.value(), key, value});
            static_cast<void>(take());
        }
        if (round % 10 == 9 && !watch.position().is_none()) {
            // As a program that was restarted: what was taken is what is remembered.
            kv::watch_options again = o;
            again.from = watch.position();
            f.initial = true;
            watch = cut->watch({}, again);
            ++resumed;
        }
        if (round % 4 == 3) REQUIRE(run_until(take));
        REQUIRE_FALSE(watch.is_ended());
    }
    proxy.pass();
    REQUIRE(run_until(take));
    CHECK(told.size() == written.size());
    CHECK(told == written);
    CHECK(f.values == state());
    CHECK(f.resyncs == 0);
    CHECK(resumed > 0);
    CHECK(events[event_kind::disconnected] > 20);
}
