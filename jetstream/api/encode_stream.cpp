// Stream configurations as JSON. See encode.hpp.
#include "jetstream/api/encode.hpp"

#include "jetstream/api/names.hpp"
#include "jetstream/api/time.hpp"
#include "jetstream/api/words.hpp"

#include <slipstream/detail/json_writer.hpp>
#include <slipstream/jetstream/error.hpp>
#include <slipstream/subject.hpp>

namespace slipstream::jetstream::api {
namespace {

using detail::json_writer;

/// Writes the members of a configuration, except those that `other` replaces.
class member_writer {
public:
    member_writer(json_writer& json, const std::map<std::string, std::string>& other) noexcept : json_(json), other_(other) {}

    template <class T>
    void always(const char* name, const T& value) {
        if (!other_.contains(name)) json_.member(name, value);
    }
    void always(const char* name, std::chrono::nanoseconds value) { always(name, std::int64_t{value.count()}); }
    template <class T>
    void unless_default(const char* name, const T& value) {
        if (value != T{}) always(name, value);
    }
    /// True when the caller shall write the value.
    bool begin(const char* name) {
        if (other_.contains(name)) return false;
        json_.key(name);
        return true;
    }

private:
    json_writer& json_;
    const std::map<std::string, std::string>& other_;
};

void write_strings(json_writer& json, const std::vector<std::string>& list) {
    json.begin_array();
    for (const std::string& s : list) json.value(s);
    json.end_array();
}

void write_transform(json_writer& json, const subject_transform& t) {
    json.begin_object().member("src", t.src).member("dest", t.dest).end_object();
}

void write_source(json_writer& json, const stream_source& source) {
    json.begin_object().member("name", source.name);
    if (source.opt_start_seq != 0) json.member("opt_start_seq", source.opt_start_seq);
    if (source.opt_start_time) json.member("opt_start_time", format_time(*source.opt_start_time));
    if (!source.filter_subject.empty()) json.member("filter_subject", source.filter_subject);
    if (!source.subject_transforms.empty()) {
        json.key("subject_transforms").begin_array();
        for (const subject_transform& t : source.subject_transforms) write_transform(json, t);
        json.end_array();
    }
    if (source.external) {
        json.key("external").begin_object().member("api", source.external->api);
        if (!source.external->deliver.empty()) json.member("deliver", source.external->deliver);
        json.end_object();
    }
    json.end_object();
}

void write_limits(member_writer& out, const stream_config& c) {
    out.always("retention", to_word(c.retention));
    out.always("max_consumers", c.max_consumers);
    out.always("max_msgs_per_subject", c.max_msgs_per_subject);
    out.always("max_msgs", c.max_msgs);
    out.always("max_bytes", c.max_bytes);
    out.always("max_age", c.max_age);
    out.always("max_msg_size", c.max_msg_size);
    out.always("storage", to_word(c.storage));
    out.always("discard", to_word(c.discard));
    out.unless_default("discard_new_per_subject", c.discard_new_per_subject);
    out.always("num_replicas", c.num_replicas);
    out.unless_default("no_ack", c.no_ack);
    if (c.duplicate_window.count() != 0) out.always("duplicate_window", c.duplicate_window);
    out.unless_default("first_seq", c.first_seq);
}

void write_origins(json_writer& json, member_writer& out, const stream_config& c) {
    if (c.placement && out.begin("placement")) {
        json.begin_object();
        if (!c.placement->cluster.empty()) json.member("cluster", c.placement->cluster);
        if (!c.placement->tags.empty()) write_strings(json.key("tags"), c.placement->tags);
        json.end_object();
    }
    if (c.mirror && out.begin("mirror")) write_source(json, *c.mirror);
    if (!c.sources.empty() && out.begin("sources")) {
        json.begin_array();
        for (const stream_source& source : c.sources) write_source(json, source);
        json.end_array();
    }
    if (c.subject_transform && out.begin("subject_transform")) write_transform(json, *c.subject_transform);
    if (c.republish && out.begin("republish")) {
        json.begin_object().member("src", c.republish->src).member("dest", c.republish->dest);
        if (c.republish->headers_only) json.member("headers_only", true);
        json.end_object();
    }
}

void write_flags(json_writer& json, member_writer& out, const stream_config& c) {
    if (c.compression != store_compression::none) out.always("compression", to_word(c.compression));
    out.unless_default("allow_direct", c.allow_direct);
    out.unless_default("mirror_direct", c.mirror_direct);
    out.unless_default("sealed", c.sealed);
    out.unless_default("deny_delete", c.deny_delete);
    out.unless_default("deny_purge", c.deny_purge);
    out.unless_default("allow_rollup_hdrs", c.allow_rollup_hdrs);
    if (c.consumer_limits != consumer_limits{} && out.begin("consumer_limits")) {
        json.begin_object();
        if (c.consumer_limits.inactive_threshold.count() != 0)
            json.member("inactive_threshold", c.consumer_limits.inactive_threshold.count());
        if (c.consumer_limits.max_ack_pending != 0) json.member("max_ack_pending", c.consumer_limits.max_ack_pending);
        json.end_object();
    }
    out.unless_default("allow_msg_ttl", c.allow_msg_ttl);
    if (c.subject_delete_marker_ttl.count() != 0) out.always("subject_delete_marker_ttl", c.subject_delete_marker_ttl);
    out.unless_default("allow_msg_counter", c.allow_msg_counter);
    out.unless_default("allow_atomic", c.allow_atomic);
    out.unless_default("allow_msg_schedules", c.allow_msg_schedules);
    if (c.persist_mode != persist_mode::default_) out.always("persist_mode", to_word(c.persist_mode));
    out.unless_default("allow_batched", c.allow_batched);
}

bool negative(std::chrono::nanoseconds d) noexcept { return d.count() < 0; }

std::error_code check_source(const stream_source& source) noexcept {
    if (const auto ec = check_stream_name(source.name)) return ec;
    if (!source.filter_subject.empty()) return check_subscribe_subject(source.filter_subject);
    return source.opt_start_seq != 0 && source.opt_start_time ? std::error_code(errc::invalid_config) : std::error_code();
}

}  // namespace

std::error_code check(const stream_config& c) noexcept {
    if (const auto ec = check_stream_name(c.name)) return ec;
    for (const std::string& subject : c.subjects) {
        if (const auto ec = check_subscribe_subject(subject)) return ec;
    }
    for (const std::int64_t limit : {c.max_consumers, c.max_msgs, c.max_bytes, c.max_msgs_per_subject, c.max_msg_size}) {
        if (limit < -1) return errc::invalid_config;
    }
    if (c.num_replicas < 0 || negative(c.max_age) || negative(c.duplicate_window) || negative(c.subject_delete_marker_ttl) ||
        negative(c.consumer_limits.inactive_threshold)) {
        return errc::invalid_config;
    }
    if (c.mirror) {
        if (const auto ec = check_source(*c.mirror)) return ec;
    }
    for (const stream_source& source : c.sources) {
        if (const auto ec = check_source(source)) return ec;
    }
    return {};
}

std::string encode_stream(const stream_config& c) {
    std::string out;
    out.reserve(512);
    json_writer json(out);
    member_writer members(json, c.other);
    json.begin_object();
    members.always("name", c.name);
    members.unless_default("description", c.description);
    if (!c.subjects.empty() && members.begin("subjects")) write_strings(json, c.subjects);
    write_limits(members, c);
    write_origins(json, members, c);
    write_flags(json, members, c);
    if (!c.metadata.empty() && members.begin("metadata")) {
        json.begin_object();
        for (const auto& [key, value] : c.metadata) {
            if (!key.starts_with("_nats.")) json.member(key, value);
        }
        json.end_object();
    }
    for (const auto& [name, value] : c.other) json.key(name).raw(value);
    json.end_object();
    return out;
}

}  // namespace slipstream::jetstream::api
