// The ordered consumer's decisions (ADR-17; spec/jetstream.md 4, 7, 8; contract W1, W2, W4-W7, W33; F4-F8, F13, F14, F17, F18, G20).
//
// Told: how creations of the consumer went, what the stream looks like, the place of each message, heartbeats, flow control
// requests, what the handler did with a message, the connection's state, the time. Emits, pulled with next_action until nothing is
// left: what to ask the server, what to tell the handler. Each server-side consumer is an incarnation with a number of its own.
// Invariants: at most one incarnation is wanted at a time and facts of older ones are ignored; delivered sequences increase
// strictly between two beginnings; the tracker moves only for messages that were kept; a flow control request is answered only
// after everything before it was taken; nothing is delivered before the start was checked.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <slipstream/jetstream/ordered_handler.hpp>

#include "jetstream/machine/delivery_status.hpp"
#include "jetstream/machine/flow_ledger.hpp"
#include "jetstream/machine/silence.hpp"
#include "jetstream/machine/time.hpp"

namespace slipstream::jetstream::machine {

struct ordered_settings {
    ordered_start start{};
    bool stream_facts = false;
    bool replay_on_restart = false;
    duration idle_heartbeat = std::chrono::seconds(2);
    duration setup_timeout = std::chrono::seconds(5);
    duration reconnect_wait = std::chrono::milliseconds(100);
    duration reconnect_max_wait = std::chrono::seconds(5);
    std::uint64_t seed = 0;
};

struct ordered_action {
    enum class kind {
        none,
        create,          ///< Subscribe to a fresh inbox and create a consumer at `start`, named for `incarnation`. Answer in `timeout`.
        read_stream,     ///< Ask for the stream's information. Answer in `timeout`.
        find_end,        ///< Ask for the sequence of the last message: of the stream, or, when `exact`, of what the filters match. Answer
                         ///< in `timeout`.
        unsubscribe,     ///< Let go of the incarnation's inbox and of messages that were put aside.
        remove,          ///< Delete the incarnation on the server; nobody waits for it.
        flow_reply,      ///< Publish nothing to `subject`.
        deliver_held,    ///< Give the messages that were put aside to on_message again, in order, then call held_done.
        tell_created,    ///< `created`
        ask_loss,        ///< `loss`; answer at once.
        tell_caught_up,
        tell_idle,       ///< `sequence`
        tell_stalled,
        tell_restarted,  ///< `reason`, `from_scratch`
        tell_ended,      ///< `error`
    };
    kind what = kind::none;
    std::uint64_t incarnation = 0;
    ordered_start start{};
    duration timeout{};
    std::string subject{};
    ordered_created created{};  // without `stream`
    ordered_loss loss{};        // without `stream`
    std::uint64_t sequence = 0;
    restart_reason reason{};
    bool from_scratch = false;
    bool exact = false;
    std::error_code error{};
};

/// Of a creation's reply.
struct creation_facts {
    std::uint64_t num_pending = 0;
    sequence_pair delivered{};
};

struct stream_facts {
    wall_time created{};
    std::uint64_t first_seq = 0;
    std::uint64_t last_seq = 0;
    /// This is what the stream's leader has. Another replica may deliver, and not have all of it yet.
    bool replicated = false;
};

inline stream_facts facts_of(const stream_info& info) noexcept {
    return {.created = info.created,
            .first_seq = info.state.first_seq,
            .last_seq = info.state.last_seq,
            .replicated = info.config.num_replicas > 1};
}

/// Where a message stands, from its ACK subject.
struct message_place {
    std::uint64_t consumer_sequence = 0;
    std::uint64_t stream_sequence = 0;
    std::uint64_t pending = 0;
    std::size_t size = 0;  ///< Bytes to keep if it has to be put aside.
};

enum class step {
    ignore,   ///< Not for the handler.
    hold,     ///< Put it aside: the start has not been checked yet.
    deliver,  ///< Hand it over and call `handled`.
};

class ordered_machine {
public:
    explicit ordered_machine(const ordered_settings& settings);

    // --- wishes ---
    void start(bool connected, time_point now);
    void stop();
    void restart(const ordered_start& from);
    void taken(std::uint64_t count);

    // --- facts ---
    void on_connected();
    void on_disconnected();
    void on_closed();
    /// The server forbids the subscription.
    void on_denied(std::error_code ec);
    void on_created(std::uint64_t incarnation, const creation_facts& facts);
    void on_create_failed(std::uint64_t incarnation, std::error_code ec);
    void on_stream(std::uint64_t incarnation, const stream_facts& facts);
    void on_stream_failed(std::uint64_t incarnation, std::error_code ec);
    /// Answers find_end: 0 when there is no message; none when it cannot be answered.
    void on_end_found(std::uint64_t incarnation, std::optional<std::uint64_t> sequence);
    [[nodiscard]] step on_message(std::uint64_t incarnation, const message_place& place) {
        const bool is_next = place.consumer_sequence == received_ + 1 && place.stream_sequence > frontier_;
        if (!is_next || phase_ != phase::live || !is_current(incarnation)) [[unlikely]]
            return on_other_message(incarnation, place);
        silence_.heard();
        return step::deliver;
    }
    /// After step::hold: there was no memory for it.
    void on_not_held(std::uint64_t incarnation);
    void handled(const message_place& place, disposition what) {
        if (what == disposition::queued) flow_.queued();
        if (phase_ != phase::live || trouble_) return;  // stopped or begun again by the handler
        if (what == disposition::refused) return refused();
        told_ = place.stream_sequence;
        reached(told_);
        count(place);
    }
    void on_status(std::uint64_t incarnation, const delivery_status& status);
    void held_done();
    void answer(const ordered_verdict& verdict);
    void on_time(time_point now);

    // --- outputs ---
    /// Whether next_action has something to say or decide.
    [[nodiscard]] bool has_actions() const noexcept {
        return !actions_.empty() || trouble_.has_value() || (phase_ == phase::waiting && retry_at_ == at_once);
    }
    bool next_action(ordered_action& out, time_point now);
    [[nodiscard]] time_point next_deadline() const noexcept;

    // --- observers ---
    /// The wanted incarnation; 0 when there is none.
    [[nodiscard]] std::uint64_t incarnation() const noexcept { return current_; }
    [[nodiscard]] bool is_live() const noexcept { return phase_ == phase::live; }
    [[nodiscard]] bool is_ended() const noexcept { return phase_ == phase::ended; }
    /// How often the consumer was made again.
    [[nodiscard]] std::uint64_t restarts() const noexcept { return last_incarnation_ > 0 ? last_incarnation_ - 1 : 0; }

private:
    enum class phase {
        idle,      // not started
        offline,   // no connection: wait for one
        waiting,   // until retry_at_
        creating,  // replies are outstanding
        asking,    // the handler decides about a loss
        live,
        paused,    // the handler is full: until everything queued has been taken
        ended,
    };
    /// Something that ends the current incarnation; carried out by next_action, which knows the time.
    struct trouble {
        restart_reason reason{};
        bool told = true;      // the handler hears of it
        bool at_once = false;  // no failure: without delay
    };

    /// Whether all that was waiting for an incarnation has come, see nothing_pending.
    struct end_search {
        std::uint64_t expected = 0;  // consumer sequence of the last message that was waiting in the beginning
        bool steady = true;          // the server has told the same with each message
        bool none_said = false;      // the server has said last that no more are waiting
        bool asking = false;         // find_end has no answer yet
        bool asking_exact = false;   // ... and was asked for exactly
        bool blind = false;          // it cannot be answered
        unsigned answers = 0;
        std::uint64_t end = 0;       // the last answer
        bool exact = false;          // ... that was asked for exactly
        std::uint64_t asked_at = 0;  // frontier_ when it was asked for
        std::uint64_t idle_at = std::numeric_limits<std::uint64_t>::max();     // what an idle server had considered
        std::uint64_t idle_after = std::numeric_limits<std::uint64_t>::max();  // received_ when it last said that it is idle
    };

    static constexpr time_point at_once = time_point::min();
    /// One request; more than one may fit into the time that a set-up has.
    static constexpr duration request_timeout = std::chrono::seconds(5);
    /// Answers to find_end, after which a state is taken for complete when the last of them has come.
    static constexpr unsigned most_answers = 8;

    [[nodiscard]] bool is_current(std::uint64_t incarnation) const noexcept {
        return incarnation == current_ && current_ != 0 && !trouble_;
    }
    void baseline(const ordered_start& from) noexcept;
    [[nodiscard]] ordered_start next_start() const noexcept;
    void fail(restart_reason reason);
    void carry_out(time_point now);
    void tell_restarted(restart_reason reason);
    void abandon();
    void end(std::error_code ec);

    void create(time_point now);
    [[nodiscard]] bool must_verify() const noexcept;
    void read_stream();
    void failed(std::error_code ec);
    void check_start();
    [[nodiscard]] std::uint64_t clamped_to() const noexcept;
    void go_live();

    step on_other_message(std::uint64_t incarnation, const message_place& place);
    void refused();
    void on_heartbeat(const delivery_status& status);
    [[nodiscard]] bool considered_all(std::uint64_t stream);
    /// The server is idle, and more must come.
    [[nodiscard]] bool stands_still() const noexcept {
        return search_.exact && search_.idle_after == received_ && search_.end > frontier_;
    }
    void reached(std::uint64_t sequence) noexcept {
        positioned_ = true;
        frontier_ = std::max(frontier_, sequence);
    }
    /// The message is one of this incarnation's.
    void count(const message_place& place) {
        received_ = place.consumer_sequence;
        search_.none_said = place.pending == 0;
        search_.steady = search_.steady && received_ + place.pending == search_.expected;
        if (search_.none_said && !caught_up_) nothing_pending();
    }
    void nothing_pending();
    void find_end(bool exact);
    /// Whether what is told first is a state, in which no key may be missing.
    [[nodiscard]] bool is_state() const noexcept {
        return asked_.policy == deliver_policy::last_per_subject || asked_.policy == deliver_policy::all;
    }
    void caught_up();
    void flow_answer(std::optional<std::string> subject);
    ordered_action& emit(ordered_action::kind what);
    void forget_told() noexcept;

    ordered_settings settings_;
    ordered_start begin_;            // of the state being told; changed by restart
    pacing pacing_;
    silence silence_;
    flow_ledger flow_;
    std::vector<ordered_action> actions_;  // empty when all have been told
    std::size_t next_ = 0;

    phase phase_ = phase::idle;
    bool connected_ = false;
    bool was_live_ = false;          // set up at least once
    bool caught_up_ = false;
    bool began_ = false;             // went live, and the time is not known yet
    bool remove_ = true;             // the current incarnation may exist on the server
    std::optional<trouble> trouble_;
    time_point setup_deadline_ = never;
    time_point retry_at_ = never;
    time_point live_since_{};
    std::error_code last_error_;     // of the set-up
    unsigned unanswered_ = 0;        // creations in a row that nobody answered

    std::uint64_t last_incarnation_ = 0;
    std::uint64_t current_ = 0;
    std::uint64_t to_remove_ = 0;    // an incarnation to delete once there is a connection
    ordered_start asked_;            // by the current incarnation
    duration timeout_{};
    std::optional<creation_facts> creation_;
    std::optional<stream_facts> facts_;
    std::optional<stream_facts> known_;  // read before the next creation
    bool needs_facts_ = false;
    bool reread_ = false;            // the stream must be read (again) after the creation
    ordered_loss loss_;
    bool told_too_little_ = false;   // more of the state came after all of it was said to be told
    std::optional<std::uint64_t> snapshot_;  // the state told first contains everything up to here

    wall_time identity_{};           // creation time of the stream that frontier_ belongs to
    std::uint64_t frontier_ = 0;     // stream sequence up to which everything was delivered or does not concern us
    bool positioned_ = false;        // frontier_ is known
    std::uint64_t told_ = 0;         // highest stream sequence that the handler has taken of it
    std::uint64_t received_ = 0;     // consumer sequence of the last message kept by this incarnation
    end_search search_;
    std::size_t held_bytes_ = 0;
    std::string early_request_;      // a flow control request that came before the start was checked
};

}  // namespace slipstream::jetstream::machine
