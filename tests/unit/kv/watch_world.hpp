// A bucket, its server, and a process that watches it into a fold, dies and resumes: a model with seeded faults.
//
// The process is the ordered machine and the watch machine, joined as the shells join them. The bucket drops its oldest messages
// when it is told to (discard old), delete markers among them.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "jetstream/machine/ordered_machine.hpp"
#include "kv/machine/watch_machine.hpp"
#include "tests/unit/jetstream/pending_count.hpp"

namespace slipstream::test {

namespace ordered = slipstream::jetstream::machine;

struct model_bucket {
    struct record {
        unsigned key = 0;
        bool marker = false;
    };
    std::map<std::uint64_t, record> records;  ///< History 1.
    std::map<unsigned, bool> last_was_put;    ///< What was last done to a key, whether or not the bucket still knows.
    std::uint64_t first_seq = 1;
    std::uint64_t last_seq = 0;
    std::int64_t created = 1'000;
    bool discards = false;  ///< The configuration says that old messages may be dropped.
    bool replicated = false;  ///< Then it is not made anew: a replica is as the bucket was at some point.
    struct stored {
        record what;
        std::uint64_t first_seq = 0;  ///< Of the bucket, until the next one was stored.
    };
    std::vector<stored> log;  ///< All that was ever stored.

    void store(unsigned key, bool marker);
    void drop(std::size_t count);
    void recreate();
    [[nodiscard]] jetstream::stream_info info() const;
    /// The records of a replica that has come as far as `sequence`; until the next call or change.
    [[nodiscard]] const std::map<std::uint64_t, record>& as_of(std::uint64_t sequence);

private:
    std::map<std::uint64_t, record> replica_;
};

/// What a user's process keeps: in memory, and what it saved.
struct model_fold {
    std::map<unsigned, std::uint64_t> values;
    kv::cursor cursor;
};

class watch_world {
public:
    static constexpr unsigned keys = 10;
    static constexpr unsigned keys_in_scope = 7;

    watch_world(std::uint64_t seed, bool discards, bool recreates, bool replicated = false);
    ~watch_world();
    void step();
    void heal();

    model_bucket bucket;
    model_fold live;
    std::vector<const char*> broken;
    unsigned resyncs = 0;
    unsigned crashes = 0;

private:
    class process;
    struct consumer {
        std::uint64_t has = 0;    ///< What its replica has.
        std::uint64_t next = 1;
        std::uint64_t delivered = 0;
        pending_count count;
        unsigned unanswered = 0;  ///< Messages since the last flow control request was answered.
        bool asked = false;
        bool interest = true;
    };
    struct frame {
        enum class kind { message, heartbeat, flow };
        kind what = kind::message;
        std::uint64_t incarnation = 0;
        ordered::message_place place;
        model_bucket::record record;
        std::uint64_t last_stream = 0;
        bool stalled = false;
    };
    struct request {
        ordered::ordered_action action;
        bool floor = false;  ///< Asked by the watch, not by the consumer.
    };

    bool chance(unsigned percent) { return random_() % 100 < percent; }
    void check(bool holds, const char* promise) {
        if (!holds) broken.push_back(promise);
    }
    void store(unsigned key, bool marker);
    void burst();
    void restart_process();
    void disconnect();
    void answer_one(bool faults);
    void deliver_one(bool faults);
    void serve();
    void heartbeats();
    void take(std::size_t count);
    void check_position();
    void catch_up(consumer& c, bool wholly);
    [[nodiscard]] static std::uint64_t pending_from(const std::map<std::uint64_t, model_bucket::record>& records, std::uint64_t next);

    std::mt19937_64 random_;
    ordered::time_point now_{std::chrono::hours(1)};
    bool recreates_;
    std::uint64_t most_behind_ = std::numeric_limits<std::uint64_t>::max();  // messages that a replica does not have
    unsigned catches_up_ = 30;                                                // of a hundred turns
    bool connected_ = true;
    bool healing_ = false;
    model_fold saved_;
    std::set<unsigned> shown_;       // since the watch began, or began again
    bool sweeps_ = true;             // at the next initial_done
    std::uint64_t last_told_ = 0;
    std::map<std::uint64_t, consumer> consumers_;
    std::set<std::uint64_t> removed_;
    std::deque<frame> wire_;
    std::deque<request> requests_;
    std::unique_ptr<process> process_;
};

}  // namespace slipstream::test
