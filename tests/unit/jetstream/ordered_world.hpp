// A model of a stream, its push consumers and the way to them, for driving the ordered machine through seeded faults.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "jetstream/machine/ordered_machine.hpp"

#include "pending_count.hpp"

namespace slipstream::test {

namespace ordered = slipstream::jetstream::machine;

/// History 1: a newer message of a key replaces the older one. Keys below `keys_in_scope` match the consumers' filter.
class ordered_world {
public:
    /// What happens is drawn from `random`: a seeded generator, or the input of a fuzzer.
    ordered_world(const ordered::ordered_settings& settings, std::function<std::uint64_t()> random);
    ordered_world(const ordered::ordered_settings& settings, std::uint64_t seed)
        : ordered_world(settings, std::mt19937_64(seed)) {}

    /// One random thing: a write, a delivery, a fault, time passing.
    void step();
    /// No more faults; everything outstanding happens.
    void heal();

    void put(unsigned key);
    /// The server drops its oldest messages, as an age or size limit does.
    void evict(std::size_t count);
    void recreate();

    static constexpr unsigned keys = 12;
    static constexpr unsigned keys_in_scope = 8;
    bool may_evict = false;
    bool may_recreate = false;
    bool replicated = false;  ///< Replicas deliver that lag behind the leader. Then nothing is evicted or made anew.
    bool goes_by_list = false;  ///< A state is a list of messages; at one that is gone the server waits until something happens.

    // What the handler saw.
    std::map<unsigned, std::uint64_t> fold;   ///< key -> sequence
    std::uint64_t last_delivered = 0;
    unsigned caught_up = 0;                   ///< since the last beginning
    unsigned beginnings = 1;
    unsigned losses = 0;
    bool ended = false;
    std::vector<const char*> broken;          ///< promises that were broken

    // The stream.
    std::map<std::uint64_t, unsigned> messages;
    std::vector<unsigned> log;  ///< Keys of all that was ever stored.
    std::uint64_t first_seq = 1;
    std::uint64_t last_seq = 0;
    std::int64_t created = 1'000;
    ordered::ordered_machine machine;
    [[nodiscard]] std::map<unsigned, std::uint64_t> truth() const;  ///< key in scope -> sequence
    [[nodiscard]] std::size_t live_consumers() const noexcept { return consumers_.size(); }

private:
    struct consumer {
        std::uint64_t has = 0;  ///< What its replica has.
        std::uint64_t next = 1;
        std::uint64_t delivered = 0;
        pending_count count;
        bool interest = true;
        std::deque<std::uint64_t> list;  ///< Still to be told, oldest first.
        std::uint64_t goes_on_at = 0;    ///< When the list is done.
        bool waits = false;
    };
    struct frame {
        std::uint64_t incarnation = 0;
        bool heartbeat = false;
        ordered::message_place place;
        unsigned key = 0;
        std::uint64_t last_stream = 0;
    };
    struct request {
        ordered::ordered_action action;
    };

    bool chance(unsigned percent) { return random_() % 100 < percent; }
    void check(bool holds, const char* promise) {
        if (!holds) broken.push_back(promise);
    }
    void pump();
    void act(const ordered::ordered_action& a);
    void answer_one(bool faults);
    void deliver_one(bool faults);
    void hand_over(const frame& f);
    void serve();
    void heartbeat_all();
    void trim();
    [[nodiscard]] const std::map<std::uint64_t, unsigned>& as_of(std::uint64_t sequence);
    [[nodiscard]] static std::uint64_t pending_from(const std::map<std::uint64_t, unsigned>& messages, std::uint64_t next);

    std::function<std::uint64_t()> random_;
    ordered::time_point now_{std::chrono::hours(1)};
    bool connected_ = true;
    bool healing_ = false;
    std::map<std::uint64_t, unsigned> replica_;  // that was looked at last
    bool evicted_ = false;
    std::map<std::uint64_t, consumer> consumers_;
    std::set<std::uint64_t> removed_;
    std::deque<frame> wire_;
    std::deque<request> requests_;
    std::vector<frame> held_;
};

}  // namespace slipstream::test
