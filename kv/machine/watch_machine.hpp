// What a watch tells and where it stands (contract S87-S105, R18-R26, W1-W6, W30, W34, W47; spec/kv.md 5; G1-G20, I22-I25).
//
// Told: what the ordered consumer delivers and how it fares, floors that were asked for, what was taken. Emits: updates, in place
// through the handler or into the queue; and, pulled: a new beginning for the consumer, the end. Invariants: initial_done once for
// each beginning and after everything that existed then; revisions increase strictly within a beginning; position() never runs
// ahead of what was taken, never covers what may have been lost, and is none while the state is incomplete.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <slipstream/jetstream/ordered_handler.hpp>
#include <slipstream/kv/key.hpp>
#include <slipstream/kv/update.hpp>
#include <slipstream/kv/watch_handler.hpp>
#include <slipstream/kv/watch_options.hpp>

#include "kv/machine/floor_guard.hpp"
#include "kv/machine/update_queue.hpp"

namespace slipstream::kv::machine {

struct watch_settings {
    std::string key_prefix;     ///< What subjects of the bucket begin with.
    prefixes scope;
    watch_options options;
};

/// errc::invalid_prefix, errc::invalid_cursor, slipstream::errc::invalid_option, or nothing.
std::error_code check_watch(const prefixes& scope, const watch_options& options) noexcept;

class watch_machine {
public:
    /// Without a handler, updates are queued. Precondition: check_watch found nothing.
    watch_machine(watch_settings settings, watch_handler handler);

    // --- what to ask for ---
    [[nodiscard]] jetstream::ordered_start first_start() const noexcept;

    // --- told by the consumer ---
    jetstream::disposition on_message(const message_view& message, const jetstream::delivery_info& place);
    void on_created(const jetstream::ordered_created& facts);
    void on_caught_up();
    void on_idle(std::uint64_t frontier);
    void on_stalled() noexcept { guard_.on_stalled(); }
    void on_restarted(jetstream::restart_reason reason) noexcept { interrupted_by_ = reason; }
    [[nodiscard]] jetstream::ordered_verdict on_lost(const jetstream::ordered_loss& loss);
    /// The consumer ended for this reason. What does it mean for the watch?
    [[nodiscard]] std::error_code end_for(std::error_code reason) const noexcept;
    /// The watch has ended, for whatever reason: nothing is told any more.
    void on_ended() noexcept { ended_ = true; }
    /// There is no key to watch.
    void watch_nothing();

    // --- retention ---
    [[nodiscard]] bool wants_floor(time_point now) const noexcept { return !ended_ && guard_.wants_floor(now); }
    [[nodiscard]] time_point next_deadline() const noexcept { return ended_ ? never : guard_.next_deadline(); }
    void on_floor_asked(time_point now) noexcept { guard_.on_asked(now); }
    void on_floor(const jetstream::stream_info& stream);
    void on_no_floor() noexcept { guard_.on_no_answer(); }

    // --- outputs ---
    /// A place for the consumer to begin again at, as if nothing had been delivered.
    [[nodiscard]] std::optional<jetstream::ordered_start> take_restart() noexcept { return std::exchange(restart_, std::nullopt); }
    /// Whether one of the two below, or next_deadline, may have something new to say.
    [[nodiscard]] bool needs_attention() const noexcept { return restart_ || end_ || guard_.next_deadline() != never; }
    /// The watch must end with this error; no error = go on.
    [[nodiscard]] std::error_code wants_end() const noexcept { return end_; }

    // --- the taker ---
    bool take(update& out);
    /// Messages taken since this was asked last.
    [[nodiscard]] std::uint64_t take_count() noexcept { return std::exchange(taken_, 0); }
    [[nodiscard]] bool has_updates() const noexcept { return !queue_.empty(); }
    [[nodiscard]] cursor position() const noexcept;

private:
    [[nodiscard]] bool is_told(const update_view& u) const noexcept;
    [[nodiscard]] jetstream::ordered_start whole_state() const noexcept;
    bool begin_again(resync_reason why, std::uint64_t ceiling = floor_guard::unlimited);
    void tell(const update_view& u, std::uint64_t position);
    void arrived(const jetstream::delivery_info& place) noexcept;
    void look_for_lag(std::uint64_t sequence) noexcept;
    jetstream::disposition pass_over(const jetstream::delivery_info& place) noexcept;
    void cover(std::uint64_t sequence) noexcept;
    void reached(update_kind kind, std::uint64_t position) noexcept;

    watch_settings settings_;
    bool scope_is_exact_;       // the server's filter needs no second look
    watch_handler handler_;
    update_queue queue_;
    floor_guard guard_;

    bool fresh_ = true;         // nothing of this beginning was told
    bool resuming_;             // this beginning continues from a cursor
    bool complete_ = false;     // initial_done was told
    std::uint64_t gone_before_ = 0;  // keys deleted up to here were gone when this state was first asked for: no value of theirs was told
    std::uint64_t told_again_to_ = 0;  // the state that is told again, after an interruption, reaches up to here
    bool may_lag_ = false;      // the bucket is replicated: what is told may end before what its leader has
    std::uint64_t floor_before_ = 0;  // the first message that the leader had before this beginning
    bool was_live_ = false;
    bool ended_ = false;
    std::uint64_t count_ = 0;
    jetstream::restart_reason interrupted_by_ = jetstream::restart_reason::gap;
    std::optional<jetstream::ordered_start> restart_;
    std::error_code end_;

    std::int64_t latest_created_;  // of the stream that the consumer reads, nanoseconds
    std::int64_t created_;      // of the stream that position_ belongs to
    unsigned resyncs_ = 0;      // told and not taken
    std::uint64_t position_;    // what was taken reaches up to here
    bool positioned_;           // position_ means something
    std::uint64_t ceiling_ = floor_guard::unlimited;  // behind it changes were lost; until the resync is taken
    std::uint64_t taken_ = 0;
};

}  // namespace slipstream::kv::machine
