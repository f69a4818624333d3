// Consumer configurations as JSON. See encode.hpp.
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

void text(json_writer& json, const char* name, std::string_view value) {
    if (!value.empty()) json.member(name, value);
}
template <std::integral Integer>
void number(json_writer& json, const char* name, Integer value) {
    if (value != 0) json.member(name, value);
}
void duration(json_writer& json, const char* name, std::chrono::nanoseconds value) { number(json, name, std::int64_t{value.count()}); }
void flag(json_writer& json, const char* name, bool value) {
    if (value) json.member(name, true);
}

void write_delivery(json_writer& json, const consumer_config& c) {
    json.member("deliver_policy", to_word(c.deliver_policy));
    if (c.deliver_policy == deliver_policy::by_start_sequence) json.member("opt_start_seq", c.opt_start_seq);
    if (c.deliver_policy == deliver_policy::by_start_time && c.opt_start_time)
        json.member("opt_start_time", format_time(*c.opt_start_time));
    json.member("ack_policy", to_word(c.ack_policy));  // absent would mean none
    duration(json, "ack_wait", c.ack_wait);
    number(json, "max_deliver", c.max_deliver);
    if (!c.backoff.empty()) {
        json.key("backoff").begin_array();
        for (const auto d : c.backoff) json.value(d.count());
        json.end_array();
    }
    if (c.filter_subjects.size() == 1) json.member("filter_subject", c.filter_subjects.front());
    if (c.filter_subjects.size() > 1) {
        json.key("filter_subjects").begin_array();
        for (const std::string& subject : c.filter_subjects) json.value(subject);
        json.end_array();
    }
    // The server refuses last_per_subject without a filter (10094).
    if (c.filter_subjects.empty() && c.deliver_policy == deliver_policy::last_per_subject) json.member("filter_subject", ">");
    json.member("replay_policy", to_word(c.replay_policy));
}

bool negative(std::chrono::nanoseconds d) noexcept { return d.count() < 0; }

/// Sequence and time belong to their policies; the server's own texts for this look like expired cursors (contract W32).
bool start_is_consistent(const consumer_config& c) noexcept {
    const bool by_sequence = c.deliver_policy == deliver_policy::by_start_sequence;
    const bool by_time = c.deliver_policy == deliver_policy::by_start_time;
    return (c.opt_start_seq != 0) == by_sequence && c.opt_start_time.has_value() == by_time;
}

}  // namespace

std::error_code check(const consumer_config& c) noexcept {
    if (!c.name.empty()) {
        if (const auto ec = check_consumer_name(c.name)) return ec;
    }
    if (!c.durable_name.empty()) {
        if (const auto ec = check_consumer_name(c.durable_name)) return ec;
        if (!c.name.empty() && c.name != c.durable_name) return errc::invalid_consumer_name;
    }
    for (const std::string& subject : c.filter_subjects) {
        if (const auto ec = check_subscribe_subject(subject)) return ec;
    }
    if (!c.deliver_subject.empty()) {
        if (const auto ec = check_publish_subject(c.deliver_subject)) return ec;
    }
    if (!c.deliver_group.empty()) {
        if (const auto ec = check_queue_group(c.deliver_group)) return ec;
    }
    for (const auto d : c.backoff) {
        if (negative(d)) return errc::invalid_config;
    }
    const bool push = !c.deliver_subject.empty();
    const bool valid = start_is_consistent(c) && !negative(c.ack_wait) && !negative(c.idle_heartbeat) && !negative(c.inactive_threshold) &&
                       !negative(c.max_expires) && c.num_replicas >= 0 && c.max_deliver >= -1 &&
                       (push || (!c.flow_control && c.idle_heartbeat.count() == 0 && c.deliver_group.empty())) &&
                       (!c.flow_control || c.idle_heartbeat.count() > 0);
    return valid ? std::error_code() : errc::invalid_config;
}

std::string encode_create_consumer(std::string_view stream, std::string_view name, const consumer_config& c) {
    std::string out;
    out.reserve(512);
    json_writer json(out);
    json.begin_object().member("stream_name", stream).key("config").begin_object();
    json.member("name", name);
    text(json, "durable_name", c.durable_name);
    text(json, "description", c.description);
    write_delivery(json, c);
    number(json, "max_ack_pending", c.max_ack_pending);
    flag(json, "headers_only", c.headers_only);
    text(json, "deliver_subject", c.deliver_subject);
    text(json, "deliver_group", c.deliver_group);
    flag(json, "flow_control", c.flow_control);
    duration(json, "idle_heartbeat", c.idle_heartbeat);
    duration(json, "inactive_threshold", c.inactive_threshold);
    json.member("num_replicas", c.num_replicas);
    flag(json, "mem_storage", c.mem_storage);
    number(json, "rate_limit_bps", c.rate_limit_bps);
    text(json, "sample_freq", c.sample_freq);
    number(json, "max_waiting", c.max_waiting);
    number(json, "max_batch", c.max_batch);
    duration(json, "max_expires", c.max_expires);
    number(json, "max_bytes", c.max_bytes);
    if (!c.metadata.empty()) {
        json.key("metadata").begin_object();
        for (const auto& [key, value] : c.metadata) {
            if (!key.starts_with("_nats.")) json.member(key, value);
        }
        json.end_object();
    }
    json.end_object().member("action", "create").end_object();
    return out;
}

}  // namespace slipstream::jetstream::api
