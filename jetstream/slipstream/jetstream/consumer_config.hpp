// Consumers: what the server is asked for, and what it answers. Field names are the server's JSON keys.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <slipstream/jetstream/stream_config.hpp>

namespace slipstream::jetstream {

enum class deliver_policy { all, last, new_, by_start_sequence, by_start_time, last_per_subject };
enum class ack_policy { none, all, explicit_, flow_control };  ///< flow_control: server 2.14.
enum class replay_policy { instant, original };

/// Zero and empty mean "the server's default" except where something else is said.
struct consumer_config {
    using nanoseconds = std::chrono::nanoseconds;

    std::string name{};                           ///< Empty: durable_name, else one is made up (22 random characters).
    std::string durable_name{};                   ///< Set: the consumer outlives its subscribers. Equal to `name` if both are set.
    std::string description{};
    jetstream::deliver_policy deliver_policy = deliver_policy::all;
    std::uint64_t opt_start_seq = 0;            ///< Only with by_start_sequence.
    std::optional<wall_time> opt_start_time{};    ///< Only with by_start_time.
    jetstream::ack_policy ack_policy = ack_policy::explicit_;
    nanoseconds ack_wait{0};
    std::int64_t max_deliver = -1;
    std::vector<nanoseconds> backoff{};           ///< Waits between deliveries; overrides ack_wait.
    std::vector<std::string> filter_subjects{};   ///< None = everything; one is sent as filter_subject. They must not overlap.
    jetstream::replay_policy replay_policy = replay_policy::instant;
    std::int64_t max_ack_pending = 0;
    bool headers_only = false;
    std::string deliver_subject{};                ///< Set for push consumers.
    std::string deliver_group{};
    bool flow_control = false;
    nanoseconds idle_heartbeat{0};
    nanoseconds inactive_threshold{0};
    std::int64_t num_replicas = 0;              ///< 0 = the stream's.
    bool mem_storage = false;
    std::uint64_t rate_limit_bps = 0;           ///< Push only, bits per second.
    std::string sample_freq{};                    ///< Of acknowledgement metrics: "100" or "100%".
    std::int64_t max_waiting = 0;               ///< Pull only, as the three below: limits for pull requests.
    std::int64_t max_batch = 0;
    nanoseconds max_expires{0};
    std::int64_t max_bytes = 0;
    std::map<std::string, std::string> metadata{};    ///< Without the server's own keys (`_nats.`), which are never sent.

    friend bool operator==(const consumer_config&, const consumer_config&) = default;
};

struct sequence_pair {
    std::uint64_t consumer_seq = 0;
    std::uint64_t stream_seq = 0;
};

struct consumer_info {
    std::string stream_name{};
    std::string name{};
    wall_time created{};
    consumer_config config{};
    sequence_pair delivered{};    ///< In a create reply, stream_seq reveals where delivery begins (start - 1 when honoured).
    sequence_pair ack_floor{};
    std::uint64_t num_pending = 0;
    std::uint64_t num_ack_pending = 0;
    std::uint64_t num_redelivered = 0;
    std::uint64_t num_waiting = 0;
    bool push_bound = false;    ///< Somebody is subscribed to deliver_subject.
    bool paused = false;
};

}  // namespace slipstream::jetstream
