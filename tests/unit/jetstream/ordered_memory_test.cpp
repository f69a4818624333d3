// The ordered machine needs no memory after it was made: whatever happens, what follows from it is said (H9).
#include <chrono>
#include <cstdint>
#include <random>

#include <doctest/doctest.h>

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>

#include "jetstream/machine/ordered_machine.hpp"
#include "tests/support/alloc_counter.hpp"

using namespace slipstream;
using namespace slipstream::jetstream::machine;
using namespace std::chrono_literals;

namespace {

/// Facts in any order, mostly such that the machine gets on.
class random_life {
public:
    explicit random_life(std::uint64_t seed) : random_(seed), machine_(settings(seed)) {}

    /// Returns the allocations inside the machine.
    std::uint64_t live() {
        const test::allocation_counter counter;
        machine_.start(chance(2), now_);
        pump();
        for (int i = 0; i < 300; ++i) {
            fact(machine_.incarnation());
            pump();
        }
        machine_.stop();
        pump();
        return counter.count();
    }
    [[nodiscard]] std::uint64_t incarnations() const { return incarnations_; }

private:
    static ordered_settings settings(std::uint64_t seed) {
        ordered_settings s;
        s.start.policy = seed % 3 == 0 ? jetstream::deliver_policy::all : jetstream::deliver_policy::last_per_subject;
        s.stream_facts = seed % 2 == 0;
        s.replay_on_restart = seed % 5 == 0;
        return s;
    }
    bool chance(unsigned one_in) { return random_() % one_in == 0; }

    void fact(std::uint64_t incarnation) {
        delivery_status status;
        switch (random_() % 12) {
            case 0: machine_.on_disconnected(); break;
            case 1:
            case 2: machine_.on_connected(); break;
            case 3:
            case 4: machine_.on_created(incarnation, {.num_pending = random_() % 2, .delivered = {0, last_}}); break;
            case 5: machine_.on_stream(incarnation, {.created = jetstream::wall_time(1s), .first_seq = 1, .last_seq = last_ + 1}); break;
            case 6: machine_.on_create_failed(incarnation, make_error_code(jetstream::errc::temporarily_unavailable)); break;
            case 7:
                status.what = chance(3) ? delivery_status::kind::other : delivery_status::kind::idle_heartbeat;
                status.last_consumer = consumer_;
                status.last_stream = last_;
                machine_.on_status(incarnation, status);
                break;
            case 8:
                now_ += std::chrono::seconds(random_() % 4);
                machine_.on_time(now_);
                break;
            default: {
                const message_place place{.consumer_sequence = consumer_ + (chance(8) ? 2 : 1), .stream_sequence = last_ + 1};
                if (machine_.on_message(incarnation, place) != step::deliver) break;
                machine_.handled(place, chance(6) ? jetstream::disposition::queued : jetstream::disposition::taken);
                ++consumer_;
                ++last_;
                machine_.taken(random_() % 2);
            }
        }
    }
    void pump() {
        ordered_action a;
        for (int actions = 0; machine_.next_action(a, now_); ++actions) {
            REQUIRE(actions < 100);
            if (a.what == ordered_action::kind::create) {
                ++incarnations_;
                consumer_ = 0;
            }
            if (a.what == ordered_action::kind::ask_loss) machine_.answer({.what = jetstream::ordered_verdict::kind::restart});
        }
    }

    std::mt19937_64 random_;
    ordered_machine machine_;
    time_point now_{1h};
    std::uint64_t consumer_ = 0;
    std::uint64_t last_ = 1;
    std::uint64_t incarnations_ = 0;
};

}  // namespace

TEST_CASE("H9: facts, actions and beginnings of an ordered consumer take no memory") {
    std::uint64_t incarnations = 0;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        CAPTURE(seed);
        random_life life(seed);
        CHECK(life.live() == 0);
        incarnations += life.incarnations();
    }
    CHECK(incarnations > 1'000);
}
