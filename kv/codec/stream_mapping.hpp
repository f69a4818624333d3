// A bucket's configuration as a stream's, and back: the one builder for every way a bucket is made (contract S20, S21, W20-W24,
// spec/kv.md 2, 8).
//
// Told: a configuration from the user, or a stream's from the server. Decides: whether it is allowed, the other form of it, where
// keys of the bucket are read and written. Invariant: nothing that check_bucket_config refuses reaches the server.
#pragma once

#include <string>
#include <string_view>
#include <system_error>

#include <slipstream/jetstream/stream_config.hpp>
#include <slipstream/kv/bucket_config.hpp>

namespace slipstream::kv::codec {

/// errc::invalid_bucket, errc::invalid_config, or nothing.
std::error_code check_bucket_config(const bucket_config& config) noexcept;

/// Precondition: check_bucket_config found nothing.
jetstream::stream_config to_stream_config(const bucket_config& config);

/// errc::not_a_bucket for a stream that does not keep the last value of each key.
std::error_code check_is_bucket(const jetstream::stream_config& stream) noexcept;

/// Also of buckets that other programs made, with settings this library would not choose.
bucket_config to_bucket_config(const jetstream::stream_config& stream);
bucket_status to_bucket_status(const jetstream::stream_info& stream);

/// Subjects of a bucket's keys.
struct key_places {
    std::string read_prefix;   ///< What subjects in the stream begin with.
    std::string write_prefix;  ///< What subjects to publish to begin with.
};

/// A mirror holds the subjects of its origin and cannot be published to: its writes go to the origin, in the origin's JetStream
/// domain if it has one. With an API prefix of its own (`$JS.<domain>.API`), a client publishes below that prefix.
key_places places_of(const jetstream::stream_config& stream, std::string_view api_prefix);

/// Whether the configuration that the server keeps lacks what was asked for because the server does not know it (limit markers
/// before 2.11: old servers ignore unknown fields).
bool lost_limit_markers(const bucket_config& wanted, const jetstream::stream_config& kept) noexcept;

/// Whether a server of this version is known not to have limit markers and TTLs of single keys. An unknown version may have them.
bool is_before_limit_markers(std::string_view server_version) noexcept;

}  // namespace slipstream::kv::codec
