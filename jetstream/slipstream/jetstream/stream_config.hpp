// Streams: configuration and state. Field names are the server's JSON keys.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace slipstream::jetstream {

enum class retention_policy { limits, interest, workqueue };
enum class discard_policy { old, new_ };
enum class storage_type { file, memory };
enum class store_compression { none, s2 };
enum class persist_mode { default_, async };

using wall_time = std::chrono::sys_time<std::chrono::nanoseconds>;

struct subject_transform {
    std::string src{};
    std::string dest{};
    friend bool operator==(const subject_transform&, const subject_transform&) = default;
};

struct external_stream {
    std::string api{};
    std::string deliver{};
    friend bool operator==(const external_stream&, const external_stream&) = default;
};

struct stream_source {
    std::string name{};
    std::uint64_t opt_start_seq = 0;            ///< 0 = from the beginning.
    std::optional<wall_time> opt_start_time{};    ///< Not together with opt_start_seq.
    std::string filter_subject{};
    std::vector<subject_transform> subject_transforms{};
    std::optional<external_stream> external{};
    friend bool operator==(const stream_source&, const stream_source&) = default;
};

struct placement {
    std::string cluster{};
    std::vector<std::string> tags{};
    friend bool operator==(const placement&, const placement&) = default;
};

/// Limits for the consumers of a stream; 0 = none.
struct consumer_limits {
    std::chrono::nanoseconds inactive_threshold{0};
    std::int64_t max_ack_pending = 0;
    friend bool operator==(const consumer_limits&, const consumer_limits&) = default;
};

struct republish_config {
    std::string src{};
    std::string dest{};
    bool headers_only = false;
    friend bool operator==(const republish_config&, const republish_config&) = default;
};

/// -1 means unlimited where a limit may be absent. Fields newer than server 2.10 are sent only when they are set, because a
/// server that does not know a field refuses the request.
struct stream_config {
    using nanoseconds = std::chrono::nanoseconds;

    std::string name{};
    std::string description{};
    std::vector<std::string> subjects{};
    retention_policy retention = retention_policy::limits;
    std::int64_t max_consumers = -1;
    std::int64_t max_msgs = -1;
    std::int64_t max_bytes = -1;
    std::int64_t max_msgs_per_subject = -1;
    std::int64_t max_msg_size = -1;     ///< Headers and payload.
    nanoseconds max_age{0};             ///< 0 = none, else at least 100 ms.
    discard_policy discard = discard_policy::old;
    bool discard_new_per_subject = false;
    storage_type storage = storage_type::file;
    std::int64_t num_replicas = 1;
    bool no_ack = false;
    nanoseconds duplicate_window{0};    ///< 0 = the server's default (2 minutes, or max_age if smaller).
    std::optional<slipstream::jetstream::placement> placement{};
    std::optional<stream_source> mirror{};
    std::vector<stream_source> sources{};
    store_compression compression = store_compression::none;
    std::uint64_t first_seq = 0;
    std::optional<slipstream::jetstream::subject_transform> subject_transform{};
    std::optional<republish_config> republish{};
    bool allow_direct = false;
    bool mirror_direct = false;
    bool sealed = false;
    bool deny_delete = false;
    bool deny_purge = false;
    bool allow_rollup_hdrs = false;
    slipstream::jetstream::consumer_limits consumer_limits{};
    bool allow_msg_ttl = false;                     ///< Server 2.11.
    nanoseconds subject_delete_marker_ttl{0};       ///< Server 2.11; at least 1 s.
    bool allow_msg_counter = false;                 ///< Server 2.12; cannot be changed later.
    bool allow_atomic = false;                      ///< Server 2.12: atomic batches.
    bool allow_msg_schedules = false;               ///< Server 2.12.
    slipstream::jetstream::persist_mode persist_mode = slipstream::jetstream::persist_mode::default_;  ///< Server 2.12.
    bool allow_batched = false;                     ///< Server 2.14: fast ingest.
    std::map<std::string, std::string> metadata{};    ///< Without the server's own keys (`_nats.`), which are never sent.
    /// What a newer server says beyond this list, as JSON text by member name. It is sent back, so that an update that begins
    /// from async_stream_info changes nothing that is not named here. It takes precedence over a member of the same name.
    std::map<std::string, std::string> other{};

    friend bool operator==(const stream_config&, const stream_config&) = default;
};

struct stream_state {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    std::uint64_t first_seq = 0;
    std::uint64_t last_seq = 0;
    wall_time first_ts{};
    wall_time last_ts{};
    std::uint64_t num_subjects = 0;
    std::uint64_t num_deleted = 0;      ///< Gaps between first_seq and last_seq.
    std::uint64_t consumer_count = 0;
};

struct stream_info {
    stream_config config{};
    stream_state state{};
    wall_time created{};        ///< Changes when the stream is deleted and made again, never by an update.
    std::string domain{};
    std::string leader{};         ///< Of a clustered stream.
};

}  // namespace slipstream::jetstream
