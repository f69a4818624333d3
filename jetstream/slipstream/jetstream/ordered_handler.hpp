// What an ordered consumer is asked for and what it tells. See ordered_consumer.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <slipstream/jetstream/ack_subject.hpp>
#include <slipstream/jetstream/consumer_config.hpp>
#include <slipstream/jetstream/stream_config.hpp>
#include <slipstream/message.hpp>

namespace slipstream::jetstream {

/// Where delivery begins.
struct ordered_start {
    deliver_policy policy = deliver_policy::all;  ///< all, new_, last_per_subject or by_start_sequence.
    std::uint64_t sequence = 0;                   ///< Of by_start_sequence; at least 1.
    /// The stream's creation time, when `sequence` is remembered from earlier: a stream that was deleted and made again counts as
    /// lost messages. Zero: not known. Needs ordered_options::stream_facts.
    wall_time stream_created{};
};

/// Owning; copied by the consumer.
struct ordered_options {
    using milliseconds = std::chrono::milliseconds;

    std::vector<std::string> filter_subjects{};   ///< None = everything.
    ordered_start start{};
    bool headers_only = false;
    std::string description{};
    /// Read the stream's information with every creation of the consumer, see ordered_created::stream.
    bool stream_facts = false;
    /// Begin the whole state again when a state-sync (last_per_subject) is interrupted before it is complete, instead of leaving
    /// out what was delivered already.
    bool replay_on_restart = false;
    /// At most so long without a sign of life from the server; after two missed ones the consumer is made again. The default is
    /// 2 s: a consumer that vanished is noticed after 4 to 6 s, for half a frame a second while idle.
    milliseconds idle_heartbeat{2'000};
    milliseconds inactive_threshold{30'000};  ///< The server's reaper, should deleting fail; it must outlast short outages (contract W11).
    milliseconds setup_timeout{5'000};  ///< For the first creation, retries included.
    milliseconds reconnect_wait{100};  ///< Backoff base between attempts: the first at once, then doubled with full jitter.
    milliseconds reconnect_max_wait{5'000};
};

/// Why the server-side consumer was made again. Delivery goes on behind the last message, unless `from_scratch` says otherwise.
enum class restart_reason : std::uint8_t {
    gap,  ///< A consumer sequence was skipped: messages were lost on the way.
    heartbeat_mismatch,  ///< A heartbeat tells of messages that never came, or the server is idle before it has told all.
    heartbeat_missed,  ///< Silence: the consumer, its server or the way to it is gone.
    reconnected,  ///< The connection was lost; what was on the way went with it.
    refused,  ///< The handler refused a message and has taken everything since.
    server_status,  ///< The server says that the consumer is ending.
    create_failed,  ///< The server did not make the consumer; tried again.
};

/// The server-side consumer exists and delivers.
struct ordered_created {
    bool first = false;  ///< The first time; else it was made again.
    ordered_start start{};  ///< What was asked for.
    std::uint64_t num_pending = 0;  ///< Messages to come that existed already.
    /// Only what is above this sequence comes; 0 when the server did not say.
    std::uint64_t begins_after = 0;
    /// With ordered_options::stream_facts, else null. For by_start_sequence as of after the consumer was made, otherwise of about
    /// the same time.
    const stream_info* stream = nullptr;
    /// last_per_subject: the state told first reaches at least up to this sequence; 0 when that is not known. Of a replicated stream it
    /// is what the leader has: the replica that delivers may be behind it, and tells the rest after on_caught_up.
    std::uint64_t snapshot = 0;
};

/// Messages that should have been delivered are not in the stream any more.
struct ordered_loss {
    enum class kind : std::uint8_t {
        start_clamped,  ///< The stream begins after the sequence to start from.
        beyond_end,  ///< The stream ends before the sequence to start from: it is not the one it was remembered from.
        stream_recreated,  ///< The stream's creation time is another.
        state_incomplete,  ///< last_per_subject: more of the state came after on_caught_up; what else is missing is not known.
    };
    kind what{};
    ordered_start start{};  ///< What was asked for.
    std::uint64_t floor = 0;  ///< First sequence that can be delivered; start_clamped only.
    const stream_info* stream = nullptr;  ///< As in ordered_created.
};

/// What to do about it.
struct ordered_verdict {
    enum class kind : std::uint8_t {
        accept,  ///< Go on with what there is. Only for start_clamped; otherwise as `end`.
        restart,  ///< Begin again at `from`, as if nothing had been delivered.
        end,  ///< End with errc::start_sequence_clamped.
    };
    kind what = kind::end;
    ordered_start from{};
};

/// What became of a message.
enum class disposition : std::uint8_t {
    taken,  ///< Done with.
    queued,  ///< Kept; ordered_consumer::taken tells when it is done with. The server is held up while much is queued.
    refused,  ///< No room, not kept: only while something is queued. Delivery stops until all of that has been taken, then goes on here.
};

/// Receives what an ordered consumer delivers, in place and on its executor. It may call the consumer, also stop and destroy it;
/// it must not throw.
class ordered_handler {
public:
    virtual disposition on_message(const message_view& message, const delivery_info& info) = 0;
    /// The consumer was made, before its first message.
    virtual void on_created(const ordered_created&) {}
    /// Everything that existed when delivery began has been delivered: once, and once more after each restart from scratch.
    /// The count that servers send along (delivery_info::pending) is too low while what waits is being overwritten, and never believed
    /// alone: after last_per_subject and all, the stream's information is read, and while there are changes its last message
    /// (STREAM.INFO, STREAM.MSG.GET). Where these are forbidden, as many messages as the creation's reply announced are enough.
    virtual void on_caught_up() {}
    /// Everything up to `frontier` has been delivered or does not concern this consumer.
    virtual void on_idle(std::uint64_t frontier) { static_cast<void>(frontier); }
    /// The server holds messages back because too much of what it sent has not been taken.
    virtual void on_stalled() {}
    /// Delivery was interrupted; on_created follows. `from_scratch`: what was delivered so far comes again.
    virtual void on_restarted(restart_reason reason, bool from_scratch) { static_cast<void>(reason), static_cast<void>(from_scratch); }
    virtual ordered_verdict on_lost(const ordered_loss&) { return {}; }
    /// Nothing follows. errc::stream_not_found when the stream is gone, errc::start_sequence_clamped, slipstream::errc::closed, and
    /// the errors of the set-up. Not called for stop().
    virtual void on_ended(std::error_code reason) = 0;

protected:
    ~ordered_handler() = default;
};

}  // namespace slipstream::jetstream
