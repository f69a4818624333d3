// Scans and watches that begin while the bucket changes so much that the server's count of what waits for them is wrong most of the time.
#include "tests/integration/kv_watch_support.hpp"

#include <algorithm>
#include <set>

using namespace slipstream;
using namespace slipstream::test;
using namespace std::chrono_literals;

namespace {

constexpr int staying = 200;
constexpr int rewritten = 50;

/// Keys that are left alone, keys that are written again and again, and keys that come and go, by 64 writers at a time.
class changing_bucket : public watch_world {
public:
    changing_bucket() : b(make("b")) {
        for (int i = 0; i < staying; ++i) put(b, "stay" + std::to_string(i), "v");
        for (int i = 0; i < rewritten; ++i) put(b, "again" + std::to_string(i), "v");
        for (int i = 0; i < 64; ++i) write();
    }
    void stop() {
        going_ = false;
        CHECK(run_until([this] { return writing_ == 0; }));
        CHECK(writes_ > 100);
    }

    kv::bucket b;

private:
    void write() {
        if (!going_) return;
        ++writing_;
        const std::string number = std::to_string(++writes_ / 4 % rewritten);
        const auto next = [this](std::error_code, kv::revision) {
            --writing_;
            write();
        };
        if (writes_ % 4 == 0) b.async_erase("churn" + number, {}, next);
        else if (writes_ % 4 == 1) b.async_purge("churn" + number, {}, next);
        else if (writes_ % 4 == 2) b.async_put("churn" + number, "n", {}, next);
        else b.async_put("again" + number, std::to_string(writes_), {}, next);
    }

    bool going_ = true;
    int writing_ = 0;
    int writes_ = 0;
};

template <class List, class KeyOf>
auto count(const List& list, std::string_view beginning, KeyOf key_of) {
    return std::count_if(list.begin(), list.end(), [&](const auto& e) { return std::string_view(key_of(e)).starts_with(beginning); });
}

}  // namespace

TEST_CASE("W6, L18, G3, I28: keys change during scans: each scan ends, with each key that was there throughout exactly once") {
    changing_bucket w;
    for (int round = 0; round < 30; ++round) {
        auto [failed, keys] = w.wait(w.b.async_keys({}, {}, result));
        CHECK_FALSE(failed);
        const auto itself = [](const std::string& key) { return key; };
        CHECK(std::adjacent_find(keys.begin(), keys.end(), std::greater_equal<>()) == keys.end());
        CHECK(count(keys, "stay", itself) == staying);
        CHECK(count(keys, "again", itself) == rewritten);
        auto [ec, entries] = w.wait(w.b.async_scan({}, {}, result));
        CHECK_FALSE(ec);
        const auto key_of = [](const kv::entry& e) { return std::string(e.key()); };
        CHECK(count(entries, "stay", key_of) == staying);
        CHECK(count(entries, "again", key_of) == rewritten);
        for (std::size_t i = 1; i < entries.size(); ++i) CHECK(entries[i - 1].key() < entries[i].key());
    }
    w.stop();
    CHECK(w.consumers_become("b", 0));
}

TEST_CASE("W6, I22, I25, I28: keys change while watches begin: each state has each key that was there throughout, no change is missed") {
    changing_bucket w;
    struct watched {
        kv::watch watch;
        fold seen;
        std::set<std::string> in_state;
    };
    std::vector<watched> all;
    for (int round = 0; round < 12; ++round) {
        const kv::prefixes some(std::vector<std::string>{"stay", "again"});
        watched& now = all.emplace_back(watched{w.b.watch(round % 2 == 0 ? kv::prefixes() : some), {}, {}});
        kv::update u;
        CHECK(w.run_until(
            [&] {
                while (now.seen.initial && now.watch.try_next(u)) {
                    now.seen.apply(u.view());
                    if (u.is_change()) now.in_state.insert(std::string(u.key()));
                }
                return !now.seen.initial || now.watch.is_ended();
            },
            20s));
        const auto itself = [](const std::string& key) { return key; };
        CHECK(count(now.in_state, "stay", itself) == staying);
        CHECK(count(now.in_state, "again", itself) == rewritten);
    }
    w.stop();
    auto [ec, entries] = w.wait(w.b.async_scan({}, {}, result));
    REQUIRE_FALSE(ec);
    for (std::size_t i = 0; i < all.size(); ++i) {
        CAPTURE(i);
        std::map<std::string, std::string> truth;
        for (const kv::entry& e : entries) {
            if (i % 2 == 0 || !e.key().starts_with("churn")) truth.emplace(e.key(), e.value());
        }
        CHECK(w.follow(all[i].watch, all[i].seen, [&] { return all[i].seen.values == truth; }));
        CHECK(all[i].seen.values == truth);
        CHECK(all[i].seen.resyncs == 0);
        CHECK_FALSE(all[i].watch.is_ended());
    }
}

TEST_CASE("W6, I28: keys are overwritten in the middle of a state, and then nothing happens: it has every key all the same") {
    watch_world w;
    kv::bucket b = w.make(named("b", 2));  // of more than one value the server keeps a list, and waits at each of it that is gone
    const std::string value(2'000, 'v');
    constexpr int keys = 6'000;
    int stored = 0;
    const auto count = [&](std::error_code ec, kv::revision) { stored += ec ? 0 : 1; };
    for (int i = 0; i < keys; ++i) b.async_put("k" + std::to_string(i), value, {}, count);
    REQUIRE(w.run_until([&] { return stored == keys; }));
    kv_session writer(w.server);
    kv::bucket written = writer.open("b");
    const auto overwrite_some = [&] {
        w.io.restart();
        w.io.poll();  // it is asked for, and nothing is read: the server sends its first window and waits
        REQUIRE(writer.run_until([&] { return std::get<1>(writer.wait(writer.js.async_list_consumers("KV_b", {}, result))).size() == 1; }));
        stored = 0;
        for (int i = 0; i < 600; ++i) written.async_put("k" + std::to_string(5'000 + i / 2), value, {}, count);
        REQUIRE(writer.run_until([&] { return stored == 600; }));
    };
    SUBCASE("scan") {
        auto listing = b.async_scan({}, {}, result);
        overwrite_some();
        auto [ec, entries] = w.wait(std::move(listing));
        CHECK_FALSE(ec);
        CHECK(entries.size() == keys);
    }
    SUBCASE("watch") {
        kv::watch_options o;
        o.heartbeat = 250ms;
        kv::watch watch = b.watch({}, o);
        overwrite_some();
        fold f;
        CHECK(w.follow(watch, f, [&] { return !f.initial; }));
        CHECK(f.values.size() == keys);
        CHECK(f.resyncs == 0);
    }
}
