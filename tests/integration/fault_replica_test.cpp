// A replica that lags behind its leader, and watches that it serves.
#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/fault_support.hpp"
#include "tests/integration/kv_watch_support.hpp"
#include "tests/support/nats_cluster.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

class replicated_bucket : public kv_session {
public:
    explicit replicated_bucket(const std::string& url, kv::bucket_config config = {}) : kv_session(hasty(url)) {
        config.bucket = "b";
        config.replicas = 3;
        REQUIRE(run_until([&] {  // a cluster that has just been started may have to be asked again
            auto [ec, made] = wait(kv::async_create_bucket(js, config, {}, result));
            bucket = made;
            return !ec;
        }));
    }
    ~replicated_bucket() {
        nc.close();
        CHECK(run_until([this] {
            io.restart();
            return io.run_one_for(50ms) == 0 && io.stopped();
        }));
    }

    /// The server_name of the node that leads the bucket's stream.
    std::string leader() {
        auto [ec, reply] = wait(nc.async_request("$JS.API.STREAM.INFO.KV_b", payload_view(), {}, result));
        REQUIRE_FALSE(ec);
        const std::string_view text = reply.payload();
        constexpr std::string_view before = R"("leader":")";
        const std::size_t at = text.find(before);
        REQUIRE(at != std::string_view::npos);
        const std::string_view rest = text.substr(at + before.size());
        return std::string(rest.substr(0, rest.find('"')));
    }
    /// Puts and erases, many at a time: `truth` and `last` are what they come to.
    void change(int from, int count) {
        for (int i = from; i < from + count; ++i) {
            const std::string key = "k" + std::to_string(i % keys);
            ++outstanding_;
            if (i % 3 == 2) {
                truth.erase(key);
                bucket.async_erase(key, {}, [this](std::error_code ec, kv::revision r) { done(ec, r); });
            } else {
                const std::string value = std::to_string(i) + std::string(2'000, '.');
                truth[key] = value;
                bucket.async_put(key, value, {}, [this](std::error_code ec, kv::revision r) { done(ec, r); });
            }
            REQUIRE(run_until([this] { return outstanding_ < 200; }));
        }
        REQUIRE(run_until([this] { return outstanding_ == 0; }));
    }

    static constexpr int keys = 100;
    kv::bucket bucket;
    std::map<std::string, std::string> truth;
    kv::revision last;

private:
    void done(std::error_code ec, kv::revision r) {
        REQUIRE_FALSE(ec);
        last = std::max(last, r);
        --outstanding_;
    }
    int outstanding_ = 0;
};

struct watching {
    kv::watch watch;
    fold state;
};

/// Takes what comes until all know what was written last.
bool catch_up(replicated_bucket& w, std::deque<watching>& all) {
    return w.run_until([&] {
        for (watching& one : all) {
            for (kv::update u; one.watch.try_next(u);) one.state.apply(u.view());
        }
        return std::all_of(all.begin(), all.end(), [&](const watching& one) {
            return !one.state.initial && one.watch.position().sequence() >= w.last.value();
        });
    });
}

}  // namespace

TEST_CASE("W42, I22, I23, I24: a watch that begins on a replica behind its leader tells what the replica does not know yet") {
    nats_cluster cluster;
    replicated_bucket w(cluster.urls()[0]);
    w.change(0, 200);
    // A node that neither leads the stream nor serves the client.
    const std::string leader = w.leader();
    nats_server& slow = cluster.named(leader == "node1" ? "node2" : "node1");
    for (int round = 0; round < 3; ++round) {
        CAPTURE(round);
        slow.suspend();
        w.change(200 + 1'500 * round, 1'500);
        slow.resume();
        std::deque<watching> all;  // some of their consumers are made on the slow node
        for (int i = 0; i < 8; ++i) all.push_back({.watch = w.bucket.watch({}, {.skip_initial_deletes = i % 2 == 1}), .state = {}});
        CHECK(catch_up(w, all));
        for (const watching& one : all) {
            CHECK(one.state.values == w.truth);
            CHECK(one.state.resyncs == 0);
        }
    }
}

TEST_CASE("W42, G10, I23: a bucket that drops its oldest messages, watched on a replica behind its leader: no delete is lost") {
    nats_cluster cluster;
    kv::bucket_config config;
    config.max_bytes = 120'000;  // some 60 messages, of 100 keys
    config.discard = jetstream::discard_policy::old;
    replicated_bucket w(cluster.urls()[0], config);
    w.change(0, 200);
    const std::string leader = w.leader();
    nats_server& slow = cluster.named(leader == "node1" ? "node2" : "node1");
    unsigned resyncs = 0;
    for (int round = 0; round < 4; ++round) {
        CAPTURE(round);
        slow.suspend();
        w.change(200 + 1'600 * round, 1'500);
        slow.resume();
        kv::watch_options options;
        options.on_expired = kv::on_expired::resync;
        options.pending_messages = 10;  // the state is told in parts, by this replica and that
        std::deque<watching> all;
        for (int i = 0; i < 12; ++i) all.push_back({.watch = w.bucket.watch({}, options), .state = {}});
        w.change(1'700 + 1'600 * round, 100);  // nothing is taken meanwhile
        CHECK(catch_up(w, all));
        auto [ec, entries] = w.wait(w.bucket.async_scan({}, {}, result));
        REQUIRE_FALSE(ec);
        for (const watching& one : all) {
            for (const kv::entry& e : entries) CHECK(one.state.values.at(e.key()) == e.value());
            for (const auto& [key, value] : one.state.values) {
                CAPTURE(key);
                REQUIRE(w.truth.contains(key));
                CHECK(w.truth[key] == value);  // or the bucket has dropped it since, which no marker tells
            }
            resyncs += one.state.resyncs;
        }
    }
    MESSAGE("resyncs: " << resyncs);
}
