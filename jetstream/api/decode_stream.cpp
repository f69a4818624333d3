// Stream configurations and states out of JSON. See decode.hpp.
#include "jetstream/api/decode.hpp"

#include "jetstream/api/elements.hpp"
#include "jetstream/api/reply.hpp"
#include "jetstream/api/words.hpp"

#include <slipstream/jetstream/create_response.hpp>

#include <algorithm>

namespace slipstream::jetstream::api {
namespace {

using simdjson::dom::element;

/// Every member that has a place in stream_config.
constexpr std::string_view known_members[] = {
    "name", "description", "subjects", "retention", "max_consumers", "max_msgs", "max_bytes", "max_msgs_per_subject",
    "max_msg_size", "max_age", "discard", "discard_new_per_subject", "storage", "num_replicas", "no_ack", "duplicate_window",
    "placement", "mirror", "sources", "compression", "first_seq", "subject_transform", "republish", "allow_direct", "mirror_direct",
    "sealed", "deny_delete", "deny_purge", "allow_rollup_hdrs", "consumer_limits", "allow_msg_ttl", "subject_delete_marker_ttl",
    "allow_msg_counter", "allow_atomic", "allow_msg_schedules", "persist_mode", "allow_batched", "metadata"};

/// A word that this version does not know is kept with the unknown members: it must survive an update.
template <class Enum>
void read_word(object_reader& in, const char* name, Enum& out, std::map<std::string, std::string>& other) {
    std::string_view word;
    in.optional(name, word);
    if (!word.empty() && !from_word(word, out)) {
        element e;
        if (in.find(name, e)) other[name] = simdjson::minify(e);
    }
}

bool read_transform(element e, subject_transform& out) {
    object_reader in(e);
    return in.optional("src", out.src).optional("dest", out.dest).ok();
}

bool read_source(element e, stream_source& out) {
    object_reader in(e);
    in.required("name", out.name).optional("opt_start_seq", out.opt_start_seq).optional("filter_subject", out.filter_subject);
    wall_time start{};
    in.optional("opt_start_time", start);
    if (start != wall_time{}) out.opt_start_time = start;
    element member;
    simdjson::dom::array transforms;
    if (in.find("subject_transforms", member) && member.get(transforms) == simdjson::SUCCESS) {
        for (const element t : transforms) {
            if (!read_transform(t, out.subject_transforms.emplace_back())) in.fail();
        }
    }
    if (in.find("external", member) && !member.is_null()) {
        object_reader external(member);
        external_stream& to = out.external.emplace();
        if (!external.optional("api", to.api).optional("deliver", to.deliver).ok()) in.fail();
    }
    return in.ok();
}

void read_limits(object_reader& in, stream_config& out) {
    in.optional("max_consumers", out.max_consumers)
        .optional("max_msgs", out.max_msgs)
        .optional("max_bytes", out.max_bytes)
        .optional("max_msgs_per_subject", out.max_msgs_per_subject)
        .optional("max_msg_size", out.max_msg_size)
        .optional("max_age", out.max_age)
        .optional("discard_new_per_subject", out.discard_new_per_subject)
        .optional("num_replicas", out.num_replicas)
        .optional("no_ack", out.no_ack)
        .optional("duplicate_window", out.duplicate_window)
        .optional("first_seq", out.first_seq);
    read_word(in, "retention", out.retention, out.other);
    read_word(in, "discard", out.discard, out.other);
    read_word(in, "storage", out.storage, out.other);
    read_word(in, "compression", out.compression, out.other);
    read_word(in, "persist_mode", out.persist_mode, out.other);
}

void read_flags(object_reader& in, stream_config& out) {
    in.optional("allow_direct", out.allow_direct)
        .optional("mirror_direct", out.mirror_direct)
        .optional("sealed", out.sealed)
        .optional("deny_delete", out.deny_delete)
        .optional("deny_purge", out.deny_purge)
        .optional("allow_rollup_hdrs", out.allow_rollup_hdrs)
        .optional("allow_msg_ttl", out.allow_msg_ttl)
        .optional("subject_delete_marker_ttl", out.subject_delete_marker_ttl)
        .optional("allow_msg_counter", out.allow_msg_counter)
        .optional("allow_atomic", out.allow_atomic)
        .optional("allow_msg_schedules", out.allow_msg_schedules)
        .optional("allow_batched", out.allow_batched);
    element member;
    if (in.find("consumer_limits", member) && !member.is_null()) {
        object_reader limits(member);
        limits.optional("inactive_threshold", out.consumer_limits.inactive_threshold)
            .optional("max_ack_pending", out.consumer_limits.max_ack_pending);
        if (!limits.ok()) in.fail();
    }
}

void read_origins(object_reader& in, stream_config& out) {
    element member;
    if (in.find("placement", member) && !member.is_null()) {
        object_reader at(member);
        placement& to = out.placement.emplace();
        if (!at.optional("cluster", to.cluster).optional("tags", to.tags).ok()) in.fail();
    }
    if (in.find("mirror", member) && !member.is_null() && !read_source(member, out.mirror.emplace())) in.fail();
    simdjson::dom::array sources;
    if (in.find("sources", member) && member.get(sources) == simdjson::SUCCESS) {
        for (const element source : sources) {
            if (!read_source(source, out.sources.emplace_back())) in.fail();
        }
    }
    if (in.find("subject_transform", member) && !member.is_null() && !read_transform(member, out.subject_transform.emplace())) in.fail();
    if (in.find("republish", member) && !member.is_null()) {
        object_reader republish(member);
        republish_config& to = out.republish.emplace();
        if (!republish.optional("src", to.src).optional("dest", to.dest).optional("headers_only", to.headers_only).ok()) in.fail();
    }
}

bool read_state(element e, stream_state& out) {
    object_reader in(e);
    in.required("messages", out.messages)
        .required("bytes", out.bytes)
        .required("first_seq", out.first_seq)
        .required("last_seq", out.last_seq);
    in.optional("first_ts", out.first_ts)
        .optional("last_ts", out.last_ts)
        .optional("num_subjects", out.num_subjects)
        .optional("num_deleted", out.num_deleted)
        .optional("consumer_count", out.consumer_count);
    return in.ok();
}

}  // namespace

void strip_metadata(std::map<std::string, std::string>& metadata) {
    std::erase_if(metadata, [](const auto& item) { return item.first.starts_with("_nats."); });
}

bool read_stream_config(element e, stream_config& out) {
    out = {};
    object_reader in(e);
    in.required("name", out.name)
        .optional("description", out.description)
        .optional("subjects", out.subjects)
        .optional("metadata", out.metadata);
    strip_metadata(out.metadata);
    read_limits(in, out);
    read_flags(in, out);
    read_origins(in, out);
    if (!in.ok()) return false;
    for (const auto member : in.object()) {
        if (member.value.is_null() || std::ranges::find(known_members, member.key) != std::end(known_members)) continue;
        out.other[std::string(member.key)] = simdjson::minify(member.value);
    }
    return true;
}

bool read_stream_info(element e, stream_info& out) {
    object_reader in(e);
    element config;
    element state;
    in.required("config", config).required("created", out.created).required("state", state).optional("domain", out.domain);
    if (!in.ok() || !read_stream_config(config, out.config) || !read_state(state, out.state)) return false;
    element cluster;
    if (in.find("cluster", cluster) && !cluster.is_null()) {
        object_reader members(cluster);
        if (!members.optional("leader", out.leader).ok()) return false;
    }
    return true;
}

std::error_code decode_stream_info(const message_view& reply, stream_info& out, error_info* info) {
    json_document document;
    if (const auto ec = open_reply(reply, document, info)) return ec;
    return read_stream_info(document.root(), out) ? std::error_code() : errc::invalid_response;
}

std::error_code decode_stream_create(const message_view& reply, stream_info& out, error_info* info) {
    const std::error_code ec = decode_stream_info(reply, out, info);
    if (!ec || ec == errc::invalid_response || reply.status() != 0) return ec;
    switch (classify_create_response(reply.payload()).outcome) {
        case create_outcome::already_exists: return errc::stream_name_in_use;
        case create_outcome::stream_limit: return errc::maximum_streams;
        default: return ec;
    }
}

}  // namespace slipstream::jetstream::api
