// The ordered machine in a model of a server with faults drawn from a seed.
#include <doctest/doctest.h>

#include "ordered_world.hpp"

using namespace slipstream::test;
using slipstream::jetstream::deliver_policy;

namespace {

constexpr std::uint64_t seeds = 1'500;
constexpr std::uint64_t steps = 400;

void run(ordered_world& world, std::uint64_t count = steps) {
    for (std::uint64_t i = 0; i < count; ++i) world.step();
    world.heal();
}

void check_promises(const ordered_world& world) {
    for (const char* const promise : world.broken) FAIL_CHECK(promise);
    CHECK_FALSE(world.ended);
    CHECK(world.caught_up == 1);                        // I25
    CHECK(world.live_consumers() == 1);                 // I20
}

/// A state of which nothing may be lost, with the stream's information or without.
ordered::ordered_settings state_settings(std::uint64_t seed) {
    ordered::ordered_settings settings;
    settings.start.policy = deliver_policy::last_per_subject;
    settings.stream_facts = seed % 2 == 0;
    settings.seed = seed;
    return settings;
}

void check_state(const ordered_world& world) {
    check_promises(world);
    CHECK(world.fold == world.truth());
    CHECK(world.losses == 0);
}

}  // namespace

TEST_CASE("I19, I20, I22, I25: a state-sync ends with the stream's state, whatever happens on the way") {
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        CAPTURE(seed);
        ordered::ordered_settings settings = state_settings(seed);
        settings.replay_on_restart = seed % 3 == 0;
        ordered_world world(settings, seed);
        run(world);
        check_state(world);
    }
}

TEST_CASE("W6, I28: while the keys of a state are overwritten, the server's count of what waits is too low: none is missing all the same") {
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        CAPTURE(seed);
        ordered_world world(state_settings(seed), seed);
        run(world, 10 + seed % 40);  // few: later writes replace what was lost
        check_state(world);
    }
}

TEST_CASE("W6, I28: the server stands still at each message of a state that was overwritten: no key is missing all the same") {
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        CAPTURE(seed);
        ordered_world world(state_settings(seed), seed);
        world.goes_by_list = true;
        world.replicated = seed % 3 == 0;
        run(world, 10 + seed % 60);
        check_state(world);
    }
}

TEST_CASE("W42, I19, I20, I22, I25: replicas that lag behind the leader deliver: the rest follows the state") {
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        CAPTURE(seed);
        ordered::ordered_settings settings = state_settings(seed);
        if (seed % 4 == 3) settings.start.policy = deliver_policy::all;
        settings.replay_on_restart = seed % 3 == 0;
        ordered_world world(settings, seed);
        world.replicated = true;
        run(world, 20 + seed % 100);  // few: later writes replace what was lost
        check_state(world);
    }
}

TEST_CASE("I19, I23: a resume tells everything behind the cursor") {
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        CAPTURE(seed);
        ordered::ordered_settings settings;
        settings.start = {.policy = deliver_policy::by_start_sequence,
                          .sequence = 10,
                          .stream_created = slipstream::jetstream::wall_time(std::chrono::nanoseconds(1'000))};
        settings.stream_facts = true;
        settings.seed = seed;
        ordered_world world(settings, seed);
        world.may_evict = true;  // overwriting moves the floor too: what is lost that way must be found
        run(world);
        check_promises(world);
        std::map<unsigned, std::uint64_t> wanted = world.truth();
        if (world.losses == 0) std::erase_if(wanted, [](const auto& m) { return m.second < 10; });
        for (const auto& [key, sequence] : wanted) CHECK(world.fold[key] == sequence);
    }
}

TEST_CASE("W2, I22: a stream that is made again under the consumer is noticed") {
    std::uint64_t recreated = 0;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        CAPTURE(seed);
        ordered::ordered_settings settings;
        settings.start.policy = deliver_policy::last_per_subject;
        settings.stream_facts = true;
        settings.seed = seed;
        ordered_world world(settings, seed);
        world.may_evict = true;
        world.may_recreate = true;
        run(world);
        if (world.created != 1'000) ++recreated;
        check_promises(world);
        for (const auto& [key, sequence] : world.truth()) CHECK(world.fold[key] == sequence);
    }
    CHECK(recreated > seeds / 20);
}

TEST_CASE("I19: updates only: everything that is written after the first creation is told") {
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        CAPTURE(seed);
        ordered::ordered_settings settings;
        settings.start.policy = deliver_policy::new_;
        settings.seed = seed;
        ordered_world world(settings, seed);
        world.may_evict = true;
        world.heal();
        const std::uint64_t begun = world.last_seq;
        run(world);
        check_promises(world);
        for (const auto& [key, sequence] : world.truth()) {
            if (sequence > begun) CHECK(world.fold[key] == sequence);
        }
    }
}
