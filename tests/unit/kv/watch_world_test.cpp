// Watches in a model of a server with faults drawn from a seed: a watch never lies.
#include <doctest/doctest.h>

#include "watch_world.hpp"

using slipstream::test::watch_world;

namespace {

constexpr int steps = 500;

void run(watch_world& world) {
    for (int i = 0; i < steps; ++i) world.step();
    world.heal();
}

/// Every key that the bucket knows has its last value in the fold, and no deleted key is left in it, whether or not the bucket still
/// holds the marker. (A value that the bucket dropped without a marker may stay.)
void check_fold(const watch_world& world) {
    for (const char* const promise : world.broken) FAIL_CHECK(std::string(promise));
    for (const auto& [sequence, record] : world.bucket.records) {
        if (record.key >= watch_world::keys_in_scope) continue;
        const auto found = world.live.values.find(record.key);
        CHECK((found != world.live.values.end()) == !record.marker);
        if (found != world.live.values.end()) CHECK(found->second == sequence);
    }
    for (const auto& [key, sequence] : world.live.values) {
        const auto last = world.bucket.last_was_put.find(key);
        CHECK(last != world.bucket.last_was_put.end());
        if (last != world.bucket.last_was_put.end()) CHECK(last->second);
    }
}

}  // namespace

TEST_CASE(
    "I22, I23, I24, I25, W34: a bucket where only overwriting removes messages: every change arrives, over crashes, without a resync") {
    unsigned crashes = 0;
    for (std::uint64_t seed = 0; seed < 1'500; ++seed) {
        CAPTURE(seed);
        watch_world world(seed, false, false);
        run(world);
        check_fold(world);
        CHECK(world.resyncs == 0);
        crashes += world.crashes;
    }
    CHECK(crashes > 500);
}

TEST_CASE("W42, I22, I23, I24: a replicated bucket, delivered by replicas that lag behind its leader: every change arrives all the same") {
    for (std::uint64_t seed = 0; seed < 1'500; ++seed) {
        CAPTURE(seed);
        watch_world world(seed, false, false, true);
        run(world);
        check_fold(world);
        CHECK(world.resyncs == 0);
    }
}

TEST_CASE("W1, W4, W5, G10, I23: a bucket that drops its oldest messages, markers among them: no delete is lost") {
    unsigned resyncs = 0;
    for (std::uint64_t seed = 0; seed < 1'500; ++seed) {
        CAPTURE(seed);
        watch_world world(seed, true, false);
        run(world);
        check_fold(world);
        resyncs += world.resyncs;
    }
    CHECK(resyncs > 500);
}

TEST_CASE("W42, G10, I23: a replicated bucket that drops its oldest messages, delivered by replicas that lag behind: no delete is lost") {
    unsigned resyncs = 0;
    for (std::uint64_t seed = 0; seed < 1'500; ++seed) {
        CAPTURE(seed);
        watch_world world(seed, true, false, true);
        run(world);
        check_fold(world);
        resyncs += world.resyncs;
    }
    CHECK(resyncs > 500);
}

TEST_CASE("W2, I23: a bucket that is deleted and made again: the fold is the new one's") {
    for (std::uint64_t seed = 0; seed < 1'500; ++seed) {
        CAPTURE(seed);
        watch_world world(seed, seed % 2 == 0, true);
        run(world);
        check_fold(world);
    }
}
