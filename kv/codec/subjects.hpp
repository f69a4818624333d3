// Names of buckets and keys as names of streams and subjects, and back (ADR-8; contract S6, S68, S74, S88, W8, W9).
//
// Told: bucket and key names that have been checked, prefixes, subjects as the server sends them (anything).
// Decides: which stream, which subject, which filters. Invariant: every key that `prefixes::matches` accepts is matched by one of
// filter_subjects(), and no two filters overlap (the server refuses overlapping ones, 10138).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <slipstream/kv/key.hpp>

namespace slipstream::kv::codec {

/// `KV_<bucket>`
std::string stream_name(std::string_view bucket);

/// The bucket whose stream has this name; nothing for streams that cannot be a bucket's.
std::optional<std::string_view> bucket_of_stream(std::string_view stream) noexcept;

/// `$KV.<bucket>.`: what the subject of each of its keys begins with.
std::string key_prefix(std::string_view bucket);

/// The key that a subject stands for; nothing when the subject is outside `key_prefix` or names no key.
inline std::optional<std::string_view> key_of(std::string_view key_prefix, std::string_view subject) noexcept {
    if (subject.size() <= key_prefix.size() || !subject.starts_with(key_prefix)) return std::nullopt;
    return subject.substr(key_prefix.size());
}

/// Filters for a consumer that gets at least every key with one of the prefixes. A byte prefix is cut at its last dot, because
/// the server matches whole tokens only (`nod>` is a literal token): the caller checks each key with prefixes::matches. Empty for
/// no prefixes at all, which must never become an unfiltered consumer (S94).
std::vector<std::string> filter_subjects(std::string_view key_prefix, const prefixes& which);

}  // namespace slipstream::kv::codec
