// Buckets: what is decided when one is made, and what one says of itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <slipstream/jetstream/stream_config.hpp>

namespace slipstream::kv {

struct bucket_config {
    using nanoseconds = std::chrono::nanoseconds;

    std::string bucket{};
    std::string description{};
    unsigned history = 1;               ///< Values kept for each key, 1 to 64.
    nanoseconds ttl{0};                 ///< Age at which values vanish; 0 = never, else at least 100 ms.
    std::int64_t max_bytes = -1;        ///< Of the whole bucket; -1 = unlimited. Full: new keys are refused, overwrites may pass.
    std::int32_t max_value_size = -1;   ///< Of one value; -1 = unlimited. Headers of deletes and conditional writes need room too.
    jetstream::storage_type storage = jetstream::storage_type::file;
    unsigned replicas = 1;
    bool compression = false;
    nanoseconds limit_marker_ttl{0};    ///< Expiry leaves a delete marker for so long (at least 1 s); 0 = off. Server 2.11.
    jetstream::discard_policy discard = jetstream::discard_policy::new_;
    std::optional<jetstream::placement> placement{};
    std::optional<jetstream::republish_config> republish{};
    std::map<std::string, std::string> metadata{};
    /// This bucket is a read-only copy of another one, named by its bucket. Writes through a handle on it go to the origin.
    /// Not together with sources.
    std::optional<jetstream::stream_source> mirror{};
    /// Buckets, named by their buckets, whose keys are copied into this one. A source without subject_transforms gets the one that
    /// moves its keys here.
    std::vector<jetstream::stream_source> sources{};
};

struct bucket_status {
    std::string bucket{};
    std::uint64_t values = 0;       ///< Messages stored: markers and history included.
    std::uint64_t bytes = 0;
    std::uint64_t first_sequence = 0;
    std::uint64_t last_sequence = 0;
    jetstream::wall_time created{};
    bucket_config config;
};

/// Names of the members in which an existing bucket differs from what is wanted, in the order of bucket_config. Limits that mean
/// the same (0 and -1), and metadata that the server adds (`_nats.*`), are no difference.
std::vector<std::string> config_differences(const bucket_config& wanted, const bucket_config& actual);

}  // namespace slipstream::kv
