#include "kv/codec/stream_mapping.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>

#include <slipstream/kv/error.hpp>
#include <slipstream/kv/key.hpp>

#include "kv/codec/subjects.hpp"

namespace slipstream::kv::codec {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr unsigned max_history = 64;
constexpr unsigned max_replicas = 5;
constexpr std::size_t max_description = 4096;
constexpr std::size_t max_metadata = std::size_t{128} * 1024;
constexpr nanoseconds min_ttl = 100ms;
constexpr nanoseconds min_marker_ttl = 1s;
constexpr nanoseconds default_duplicate_window = 2min;
constexpr std::string_view default_api_prefix = "$JS.API";

/// Limits are unlimited at -1; the server takes 0 for the same.
template <class Integer>
Integer limit(Integer value) noexcept {
    return value == 0 ? Integer{-1} : value;
}

std::string_view bucket_name_of(std::string_view stream) noexcept { return bucket_of_stream(stream).value_or(stream); }

bool is_server_made(std::string_view metadata_key) noexcept { return metadata_key.starts_with("_nats."); }

/// A source may be named by its bucket or, as the server does, by its stream.
std::string source_stream(std::string_view name) { return name.starts_with("KV_") ? std::string(name) : stream_name(name); }

/// The other way. A bucket whose own name begins like a stream's keeps its stream's name, so that both ways agree.
std::string source_name(std::string_view stream) {
    const std::string_view bucket = bucket_name_of(stream);
    return std::string(bucket.starts_with("KV_") ? stream : bucket);
}

bool is_allowed(const jetstream::stream_source& source) noexcept {
    return !check_bucket_name(bucket_name_of(source.name)) && (!source.external || !source.external->api.empty());
}

bool is_allowed(const std::map<std::string, std::string>& metadata) noexcept {
    std::size_t size = 0;
    for (const auto& [name, value] : metadata) {
        if (name.empty()) return false;
        size += name.size() + value.size();
    }
    return size <= max_metadata;
}

}  // namespace

std::error_code check_bucket_config(const bucket_config& config) noexcept {
    if (const std::error_code ec = check_bucket_name(config.bucket)) return ec;
    const bool sources_allowed = std::all_of(config.sources.begin(), config.sources.end(), [](const auto& s) { return is_allowed(s); });
    const bool allowed = config.history >= 1 && config.history <= max_history &&                                      //
                         (config.ttl == 0ns || config.ttl >= min_ttl) &&                                              //
                         (config.limit_marker_ttl == 0ns || config.limit_marker_ttl >= min_marker_ttl) &&             //
                         config.max_bytes >= -1 && config.max_value_size >= -1 &&                                     //
                         config.replicas >= 1 && config.replicas <= max_replicas &&                                   //
                         config.description.size() <= max_description && is_allowed(config.metadata) &&               //
                         (!config.mirror || (is_allowed(*config.mirror) && config.sources.empty())) && sources_allowed;
    return allowed ? std::error_code() : make_error_code(errc::invalid_config);
}

jetstream::stream_config to_stream_config(const bucket_config& config) {
    jetstream::stream_config stream;
    stream.name = stream_name(config.bucket);
    stream.description = config.description;
    stream.retention = jetstream::retention_policy::limits;
    stream.max_bytes = limit(config.max_bytes);
    stream.max_msgs_per_subject = config.history;
    stream.max_msg_size = limit(config.max_value_size);
    stream.max_age = config.ttl;
    stream.discard = config.discard;
    stream.storage = config.storage;
    stream.num_replicas = config.replicas;
    // Larger than max_age is refused (10052).
    stream.duplicate_window = config.ttl > 0ns ? std::min(config.ttl, default_duplicate_window) : default_duplicate_window;
    stream.placement = config.placement;
    stream.compression = config.compression ? jetstream::store_compression::s2 : jetstream::store_compression::none;
    stream.republish = config.republish;
    stream.allow_direct = true;
    stream.deny_delete = true;
    stream.allow_rollup_hdrs = true;
    if (config.limit_marker_ttl > 0ns) {
        stream.allow_msg_ttl = true;
        stream.subject_delete_marker_ttl = config.limit_marker_ttl;
    }
    for (const auto& [name, value] : config.metadata) {
        if (!is_server_made(name)) stream.metadata.emplace(name, value);
    }

    if (config.mirror) {  // a mirror has no subjects of its own (10034)
        stream.mirror = config.mirror;
        stream.mirror->name = source_stream(config.mirror->name);
        stream.mirror_direct = true;
        return stream;
    }
    stream.subjects.push_back(key_prefix(config.bucket).append(">"));
    for (const jetstream::stream_source& wanted : config.sources) {
        jetstream::stream_source& source = stream.sources.emplace_back(wanted);
        source.name = source_stream(wanted.name);
        if (source.subject_transforms.empty()) {
            jetstream::subject_transform transform;
            transform.src = key_prefix(bucket_name_of(source.name)).append(">");
            transform.dest = key_prefix(config.bucket).append(">");
            source.subject_transforms.push_back(std::move(transform));
        }
    }
    return stream;
}

std::error_code check_is_bucket(const jetstream::stream_config& stream) noexcept {
    if (!bucket_of_stream(stream.name) || stream.max_msgs_per_subject < 1) return errc::not_a_bucket;
    return {};
}

bucket_config to_bucket_config(const jetstream::stream_config& stream) {
    bucket_config config;
    config.bucket = bucket_name_of(stream.name);
    config.description = stream.description;
    config.history = static_cast<unsigned>(std::clamp<std::int64_t>(stream.max_msgs_per_subject, 0, INT32_MAX));
    config.ttl = stream.max_age;
    config.max_bytes = limit(stream.max_bytes);
    config.max_value_size = static_cast<std::int32_t>(std::clamp<std::int64_t>(limit(stream.max_msg_size), -1, INT32_MAX));
    config.storage = stream.storage;
    config.replicas = static_cast<unsigned>(std::clamp<std::int64_t>(stream.num_replicas, 0, INT32_MAX));
    config.compression = stream.compression != jetstream::store_compression::none;
    config.limit_marker_ttl = stream.subject_delete_marker_ttl;
    config.discard = stream.discard;
    config.placement = stream.placement;
    config.republish = stream.republish;
    for (const auto& [name, value] : stream.metadata) {
        if (!is_server_made(name)) config.metadata.emplace(name, value);
    }
    config.mirror = stream.mirror;
    if (config.mirror) config.mirror->name = source_name(stream.mirror->name);
    config.sources = stream.sources;
    for (jetstream::stream_source& source : config.sources) source.name = source_name(source.name);
    return config;
}

bucket_status to_bucket_status(const jetstream::stream_info& stream) {
    bucket_status status;
    status.bucket = bucket_name_of(stream.config.name);
    status.values = stream.state.messages;
    status.bytes = stream.state.bytes;
    status.first_sequence = stream.state.first_seq;
    status.last_sequence = stream.state.last_seq;
    status.created = stream.created;
    status.config = to_bucket_config(stream.config);
    return status;
}

key_places places_of(const jetstream::stream_config& stream, std::string_view api_prefix) {
    key_places places;
    places.read_prefix = key_prefix(bucket_name_of(stream.mirror ? stream.mirror->name : stream.name));
    if (stream.mirror && stream.mirror->external && !stream.mirror->external->api.empty()) {
        places.write_prefix.append(stream.mirror->external->api).append(".");
    } else if (api_prefix != default_api_prefix) {
        places.write_prefix.append(api_prefix).append(".");
    }
    places.write_prefix.append(places.read_prefix);
    return places;
}

bool lost_limit_markers(const bucket_config& wanted, const jetstream::stream_config& kept) noexcept {
    return wanted.limit_marker_ttl > 0ns && kept.subject_delete_marker_ttl == 0ns;
}

bool is_before_limit_markers(std::string_view server_version) noexcept {
    unsigned major = 0;
    unsigned minor = 0;
    const char* const end = server_version.data() + server_version.size();
    const auto first = std::from_chars(server_version.data(), end, major);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.') return false;
    if (std::from_chars(first.ptr + 1, end, minor).ec != std::errc{}) return false;
    return major < 2 || (major == 2 && minor < 11);
}

}  // namespace slipstream::kv::codec

namespace slipstream::kv {

std::vector<std::string> config_differences(const bucket_config& wanted, const bucket_config& actual) {
    // As streams both are in the same, normal form: what the server adds and what only looks different is gone.
    const jetstream::stream_config a = codec::to_stream_config(wanted);
    const jetstream::stream_config b = codec::to_stream_config(actual);
    std::vector<std::string> names;
    const auto compare = [&](const char* name, bool equal) {
        if (!equal) names.emplace_back(name);
    };
    compare("bucket", a.name == b.name);
    compare("description", a.description == b.description);
    compare("history", a.max_msgs_per_subject == b.max_msgs_per_subject);
    compare("ttl", a.max_age == b.max_age);
    compare("max_bytes", a.max_bytes == b.max_bytes);
    compare("max_value_size", a.max_msg_size == b.max_msg_size);
    compare("storage", a.storage == b.storage);
    compare("replicas", a.num_replicas == b.num_replicas);
    compare("compression", a.compression == b.compression);
    compare("limit_marker_ttl", a.subject_delete_marker_ttl == b.subject_delete_marker_ttl);
    compare("discard", a.discard == b.discard);
    compare("placement", a.placement == b.placement);
    compare("republish", a.republish == b.republish);
    compare("metadata", a.metadata == b.metadata);
    compare("mirror", a.mirror == b.mirror);
    compare("sources", a.sources == b.sources);
    return names;
}

}  // namespace slipstream::kv
