// Whether retention overtook a watch (contract W3, W4, W34, R21; failure-modes G10).
//
// A consumer that lags behind the stream's floor skips what it has not delivered, and its own sequence stays contiguous: only the
// stream sequence jumps. Told: how the bucket may lose messages, how far the watch has come, the floor when somebody asked for it.
// Decides: which jumps may hide a loss, when to ask for the floor, whether something was lost. Invariants: a jump counts as
// harmless only by a floor read after it, so a limit() for positions never lies behind something that may be lost.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

#include <slipstream/jetstream/stream_config.hpp>

namespace slipstream::kv::machine {

using time_point = std::chrono::steady_clock::time_point;
inline constexpr time_point never = time_point::max();

/// How messages that nobody overwrote can leave the bucket.
enum class exposure {
    overwrites,  ///< Not at all.
    age,         ///< After a time: only a watch that lags behind can miss them.
    size,        ///< Whenever something else is stored: a burst may push them out before they are delivered.
};

/// `strict` is watch_options::strict_floor.
exposure exposure_of(const jetstream::stream_config& stream, bool strict) noexcept;

/// Whether newer revisions of the same keys explain every floor of this stream. Overwriting never empties a stream.
bool floor_is_harmless(const jetstream::stream_info& stream, bool strict) noexcept;

class floor_guard {
public:
    static constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();
    /// Between two questions for the floor.
    static constexpr std::chrono::milliseconds spacing{250};

    /// Everything up to `frontier` was told; what lies up to `snapshot` is part of the state and may vanish before it is told.
    void begin(std::uint64_t frontier, std::uint64_t snapshot) noexcept;
    void expose(exposure how) noexcept { exposure_ = how; }
    [[nodiscard]] exposure exposed() const noexcept { return exposure_; }

    /// A message was delivered; `pending` more wait on the server, `backlog` says that earlier ones have not been taken.
    void on_message(std::uint64_t sequence, std::uint64_t pending, bool backlog) noexcept {
        behind_ = behind_ || backlog;
        if (sequence > frontier() && sequence - frontier() > 1) jump();
        frontier_ = std::max(frontier_, sequence);
        behind_ = pending > 0;
    }
    /// The server is idle and has considered everything up to `sequence`.
    void on_idle(std::uint64_t sequence) noexcept;
    void on_stalled() noexcept { behind_ = true; }
    /// The whole state was told, and delivery has come as far as `sequence`. When that is before the snapshot, a replica delivers that
    /// was behind its leader: what it skips from here on may have been removed by retention.
    void state_ended(std::uint64_t sequence) noexcept {
        if (sequence < snapshot_) snapshot_ = 0;
    }
    /// Something was told, and the server said that nothing was left.
    [[nodiscard]] bool seemed_done() const noexcept { return frontier_ > 0 && !behind_; }
    /// What lies up to `sequence` is known not to be missing.
    void accept(std::uint64_t sequence) noexcept;

    [[nodiscard]] bool wants_floor(time_point now) const noexcept { return open_ && !asked_ && now >= next_question_; }
    void on_asked(time_point now) noexcept;
    /// The stream's first and last sequence, read after on_asked. False: messages were lost. An answer that knows less than was
    /// delivered before the question is none: somebody still takes himself for the leader.
    [[nodiscard]] bool on_floor(std::uint64_t first_sequence, std::uint64_t last_sequence) noexcept;
    void on_no_answer() noexcept;
    [[nodiscard]] time_point next_deadline() const noexcept { return open_ && !asked_ ? next_question_ : never; }

    /// Up to here everything was told for certain.
    [[nodiscard]] std::uint64_t limit() const noexcept;
    /// What was delivered reaches up to here, the snapshot left aside.
    [[nodiscard]] std::uint64_t told() const noexcept { return frontier_; }
    [[nodiscard]] std::uint64_t frontier() const noexcept { return frontier_ > snapshot_ ? frontier_ : snapshot_; }

private:
    void jump() noexcept;

    exposure exposure_ = exposure::overwrites;
    std::uint64_t frontier_ = 0;
    std::uint64_t snapshot_ = 0;
    bool behind_ = false;
    std::optional<std::uint64_t> open_;     // where the earliest jump began that no question covers
    std::optional<std::uint64_t> asked_;    // where the earliest jump began that the pending question covers
    std::uint64_t asked_at_ = 0;            // frontier_ then
    time_point next_question_{};
};

}  // namespace slipstream::kv::machine
