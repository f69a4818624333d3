#include "kv/codec/subjects.hpp"

#include <utility>

namespace slipstream::kv::codec {
namespace {

constexpr std::string_view stream_prefix = "KV_";
constexpr std::string_view subject_root = "$KV.";

}  // namespace

std::string stream_name(std::string_view bucket) { return std::string(stream_prefix).append(bucket); }

std::optional<std::string_view> bucket_of_stream(std::string_view stream) noexcept {
    if (!stream.starts_with(stream_prefix)) return std::nullopt;
    const std::string_view bucket = stream.substr(stream_prefix.size());
    if (check_bucket_name(bucket)) return std::nullopt;
    return bucket;
}

std::string key_prefix(std::string_view bucket) { return std::string(subject_root).append(bucket).append("."); }

std::vector<std::string> filter_subjects(std::string_view key_prefix, const prefixes& which) {
    // Cut prefixes may cover each other even when the prefixes do not: "a.b.c" and "a.d" become "a.b." and "a.".
    std::vector<std::string> cut;
    cut.reserve(which.list().size());
    for (const std::string& prefix : which.list()) {
        const std::size_t dot = prefix.rfind('.');
        cut.push_back(dot == std::string::npos ? std::string() : prefix.substr(0, dot + 1));
    }
    const prefixes bases = prefixes(std::move(cut)).normalised();

    std::vector<std::string> filters;
    filters.reserve(bases.list().size());
    for (const std::string& base : bases.list()) {
        std::string filter;
        filter.reserve(key_prefix.size() + base.size() + 1);
        filters.push_back(std::move(filter.append(key_prefix).append(base).append(">")));
    }
    return filters;
}

}  // namespace slipstream::kv::codec
