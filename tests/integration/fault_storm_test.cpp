// Everything at once: many writes at a time, many watches with all kinds of settings, and faults. In the end each watch knows what is.
#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/fault_support.hpp"
#include "tests/integration/kv_watch_support.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

/// What was done last to a key, as far as that was said.
struct last_write {
    kv::revision revision;
    std::string value;  // empty: it was deleted
    bool unknown = false;
};

/// Writes up to 64 at a time. Keys that are always there, keys that come and go, and keys that are seldom written.
class storm_writer : public kv_session {
public:
    storm_writer(const nats_server& server, unsigned seed) : kv_session(server), bucket_(open("b")), random_(seed) {}

    /// Returns when all have ended.
    void write(int count) {
        for (left_ = count; left_ > 0 || writing_ > 0;) {
            while (left_ > 0 && writing_ < at_a_time_) write_one();
            io.restart();
            io.run_one_for(50ms);
            if (random_() % 500 == 0) at_a_time_ = 1 << random_() % 7;
        }
    }

    std::map<std::string, last_write> known;

private:
    void write_one() {
        --left_;
        ++writing_;
        const std::string number = std::to_string(++writes_);
        const bool stays = random_() % 3 == 0;
        const std::string key = (random_() % 2 == 0 ? "x." : "y.") +
                                (stays                  ? "stays" + std::to_string(random_() % 20)
                                 : random_() % 2 == 0 ? "comes" + std::to_string(random_() % 20)
                                                        : "seldom" + std::to_string(random_() % 300));
        const unsigned what = stays ? 9 : static_cast<unsigned>(random_() % 10);
        const std::string value = what < 4 ? std::string() : number + std::string(1 + random_() % 200, '.');
        auto done = [this, key, value](std::error_code ec, kv::revision r) {
            --writing_;
            last_write& last = known[key];
            if (ec) last.unknown = true;
            else if (r > last.revision) last.revision = r, last.value = value;
        };
        if (what < 3) bucket_.async_erase(key, {}, std::move(done));
        else if (what < 4) bucket_.async_purge(key, {}, std::move(done));
        else bucket_.async_put(key, value, {}, std::move(done));
    }

    kv::bucket bucket_;
    std::mt19937 random_;
    int left_ = 0;
    int writing_ = 0;
    int at_a_time_ = 64;
    int writes_ = 0;
};

/// A program that watches, with settings drawn at random.
struct storm_watcher {
    std::string scope;
    kv::watch_options options;
    bool slow = false;
    kv::watch watch;
    fold seen;

    /// Also checks that a state that is complete has `always`, keys that were there before it began and are never deleted.
    void take(std::size_t count, const std::set<std::string>& always) {
        for (kv::update u; count > 0 && watch.try_next(u); --count) {
            seen.apply(u.view());
            if (u.kind() != kv::update_kind::initial_done) continue;
            for (const std::string& key : always) {
                if (!key.starts_with(scope)) continue;
                CAPTURE(key);
                CHECK(seen.values.contains(key));
            }
        }
    }
};

class storm : public fault_world {
public:
    storm(unsigned seed, unsigned history, bool drops)
        : direct(truth), nc(io.get_executor(), hasty(proxy.url())), js(nc), drops_(drops), random_(seed) {
        connect(nc);
        kv::bucket_config config = named("b", history);
        if (drops) config.max_bytes = 100'000, config.discard = jetstream::discard_policy::old;
        REQUIRE_FALSE(std::get<0>(wait(kv::async_create_bucket(direct, config, {}, result))));
        auto [ec, opened] = wait(kv::async_open_bucket(js, "b", {}, result));
        REQUIRE_FALSE(ec);
        bucket_ = opened;
        writer_ = std::make_unique<storm_writer>(server, seed);
        for (int i = 0; i < 8; ++i) begin(watchers.emplace_back());
    }
    ~storm() {
        nc.close();
        static_cast<void>(run_until([this] { return listings_ == 0; }));
    }

    /// So many writes, and what happens to the connection, the server and the watches meanwhile.
    void round(int writes) {
        std::atomic<bool> done = false;
        std::thread writing([&] {
            writer_->write(writes);
            done = true;
        });
        list();
        int suspended = 0;
        while (!done || suspended > 0) {
            io.restart();
            io.run_one_for(2ms);
            for (storm_watcher& w : watchers) w.take(w.slow ? random_() % 2 : random_() % 50, always_);
            if (suspended > 0 && --suspended == 0) server.resume();
            if (suspended > 0) continue;
            if (random_() % 150 == 0) cut();
            if (random_() % 2'000 == 0) server.restart();
            if (random_() % 500 == 0) server.suspend(), suspended = 1 + static_cast<int>(random_() % 200);
            if (random_() % 200 == 0) change(watchers[random_() % watchers.size()]);
            if (random_() % 100 == 0) list();
        }
        writing.join();
        proxy.pass();
    }
    /// Whether all watches come to know what the bucket holds.
    bool come_to_rest() {
        auto [ec, info] = wait(direct.async_stream_info("KV_b", {}, result));
        REQUIRE_FALSE(ec);
        first_sequence_ = info.state.first_seq;
        const bool rests = run_until(
            [this] {
                for (storm_watcher& w : watchers) {
                    w.take(1'000'000, always_);
                    REQUIRE_FALSE(w.watch.is_ended());
                }
                return std::all_of(watchers.begin(), watchers.end(), [this](const storm_watcher& w) { return wrong_in(w).empty(); });
            },
            60s);
        REQUIRE(run_until([this] { return listings_ == 0; }));
        if (drops_) return rests;
        for (const auto& [key, last] : writer_->known) {
            if (key.find("stays") != std::string::npos && last.revision.is_known()) always_.insert(key);
        }
        return rests;
    }
    /// A key of which the watch knows something else than is so; empty: none.
    std::string wrong_in(const storm_watcher& w) const {
        if (w.seen.initial) return "(the state is incomplete)";
        for (const auto& [key, last] : writer_->known) {
            if (last.unknown || !key.starts_with(w.scope)) continue;
            const auto found = w.seen.values.find(key);
            const bool has = found != w.seen.values.end();
            const bool gone = last.value.empty();
            // A value that the bucket has dropped leaves no marker: who was told it keeps it.
            if (!gone && last.revision.value() < first_sequence_) continue;
            if (has == gone || (has && found->second != last.value)) return key;
        }
        return {};
    }

    jetstream::context direct;
    client nc;
    jetstream::context js;
    std::vector<storm_watcher> watchers;

private:
    void cut() {
        proxy.cut_after(random_() % 2 == 0 ? way::to_client : way::to_server, random_() % 20'000,
                        random_() % 2 == 0 ? ending::reset : ending::fin);
    }
    void begin(storm_watcher& w) {
        constexpr std::array<const char*, 4> scopes{"", "", "x.", "x.s"};
        constexpr std::array<std::size_t, 4> limits{20, 50, 1'000, 100'000};
        w.scope = scopes[random_() % scopes.size()];
        w.slow = random_() % 3 == 0;
        w.options = {};
        w.options.heartbeat = 250ms;
        w.options.on_expired = kv::on_expired::resync;
        w.options.include_history = random_() % 3 == 0;
        w.options.skip_initial_deletes = random_() % 3 == 0;
        w.options.pending_messages = limits[random_() % limits.size()];
        w.seen = {};
        w.watch = bucket_.watch(w.scope, w.options);
    }
    void list() {
        ++listings_;
        bucket_.async_keys({}, {}, [this, wanted = always_](std::error_code ec, const std::vector<std::string>& keys) {
            --listings_;
            if (ec) return;  // it takes longer than it may
            CHECK(std::includes(keys.begin(), keys.end(), wanted.begin(), wanted.end()));
        });
    }
    /// Its program is started again, with the position that it has saved, or as another one.
    void change(storm_watcher& w) {
        const kv::cursor position = w.watch.position();
        if (random_() % 2 == 0 || position.is_none()) return begin(w);
        w.options.from = position;
        w.seen.resume();
        w.watch = bucket_.watch(w.scope, w.options);
    }

    bool drops_;
    std::mt19937 random_;
    kv::bucket bucket_;
    std::unique_ptr<storm_writer> writer_;
    std::uint64_t first_sequence_ = 0;
    std::set<std::string> always_;
    int listings_ = 0;  // under way
};

void run_storm(unsigned seed, unsigned history, bool drops) {
    CAPTURE(seed);
    CAPTURE(history);
    CAPTURE(drops);
    storm s(seed, history, drops);
    for (int round = 0; round < 4; ++round) {
        CAPTURE(round);
        s.round(3'000);
        CHECK(s.come_to_rest());
        for (const storm_watcher& w : s.watchers) {
            CAPTURE(w.scope);
            CAPTURE(w.options.include_history);
            CAPTURE(w.options.skip_initial_deletes);
            CAPTURE(w.options.pending_messages);
            CHECK(s.wrong_in(w) == "");
            if (!drops) CHECK(w.seen.resyncs == 0);
        }
    }
}

}  // namespace

TEST_CASE("I22, I23, I24, I25, I28, G1, G2: a storm over a bucket: each watch knows in the end what the bucket holds, without a resync") {
    for (const unsigned history : {1U, 3U}) run_storm(history, history, false);
}

TEST_CASE("W4, G10, I23, I24, I28: a storm over a bucket that drops its oldest messages: no delete is lost") {
    for (const unsigned history : {1U, 3U}) run_storm(10 + history, history, true);
}
