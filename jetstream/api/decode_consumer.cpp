// Consumers out of JSON. See decode.hpp.
#include "jetstream/api/decode.hpp"

#include "jetstream/api/elements.hpp"
#include "jetstream/api/reply.hpp"
#include "jetstream/api/words.hpp"

namespace slipstream::jetstream::api {
namespace {

using simdjson::dom::element;

template <class Enum>
void read_word(object_reader& in, const char* name, Enum& out) {
    std::string_view word;
    in.optional(name, word);
    static_cast<void>(from_word(word, out));  // a word of a newer server leaves the default: nothing here is ever sent back
}

bool read_sequences(element e, sequence_pair& out) {
    object_reader in(e);
    return in.required("consumer_seq", out.consumer_seq).required("stream_seq", out.stream_seq).ok();
}

/// Equal, or not asked for.
template <class T>
bool granted(const T& existing, const T& requested) {
    return requested == T{} || requested == existing;
}

}  // namespace

bool read_consumer_config(element e, consumer_config& out) {
    out = {};
    object_reader in(e);
    in.optional("name", out.name)
        .optional("durable_name", out.durable_name)
        .optional("description", out.description)
        .optional("opt_start_seq", out.opt_start_seq)
        .optional("ack_wait", out.ack_wait)
        .optional("max_deliver", out.max_deliver)
        .optional("backoff", out.backoff)
        .optional("max_ack_pending", out.max_ack_pending)
        .optional("headers_only", out.headers_only)
        .optional("deliver_subject", out.deliver_subject)
        .optional("deliver_group", out.deliver_group)
        .optional("flow_control", out.flow_control)
        .optional("idle_heartbeat", out.idle_heartbeat)
        .optional("inactive_threshold", out.inactive_threshold)
        .optional("num_replicas", out.num_replicas)
        .optional("mem_storage", out.mem_storage)
        .optional("rate_limit_bps", out.rate_limit_bps)
        .optional("sample_freq", out.sample_freq)
        .optional("max_waiting", out.max_waiting)
        .optional("max_batch", out.max_batch)
        .optional("max_expires", out.max_expires)
        .optional("max_bytes", out.max_bytes)
        .optional("metadata", out.metadata);
    read_word(in, "deliver_policy", out.deliver_policy);
    out.ack_policy = ack_policy::none;  // what its absence means
    read_word(in, "ack_policy", out.ack_policy);
    read_word(in, "replay_policy", out.replay_policy);
    strip_metadata(out.metadata);
    wall_time start{};
    in.optional("opt_start_time", start);
    if (start != wall_time{}) out.opt_start_time = start;
    std::string filter;
    in.optional("filter_subjects", out.filter_subjects).optional("filter_subject", filter);
    if (!filter.empty()) out.filter_subjects.assign(1, filter);
    return in.ok();
}

bool read_consumer_info(element e, consumer_info& out) {
    object_reader in(e);
    element config;
    element delivered;
    element ack_floor;
    in.required("stream_name", out.stream_name)
        .required("name", out.name)
        .required("created", out.created)
        .required("config", config)
        .required("delivered", delivered)
        .required("ack_floor", ack_floor)
        .required("num_pending", out.num_pending)
        .optional("num_ack_pending", out.num_ack_pending)
        .optional("num_redelivered", out.num_redelivered)
        .optional("num_waiting", out.num_waiting)
        .optional("push_bound", out.push_bound)
        .optional("paused", out.paused);
    return in.ok() && read_consumer_config(config, out.config) && read_sequences(delivered, out.delivered) &&
           read_sequences(ack_floor, out.ack_floor);
}

std::error_code decode_consumer_info(const message_view& reply, consumer_info& out, error_info* info) {
    json_document document;
    if (const auto ec = open_reply(reply, document, info)) return ec;
    return read_consumer_info(document.root(), out) ? std::error_code() : errc::invalid_response;
}

bool decode_requested_consumer(std::string_view request, consumer_config& out) {
    json_document document;
    if (!document.parse(request)) return false;
    object_reader in(document.root());
    element config;
    return in.required("config", config).ok() && read_consumer_config(config, out);
}

bool fulfils(const consumer_config& existing, const consumer_config& requested) {
    return existing.deliver_policy == requested.deliver_policy && existing.opt_start_seq == requested.opt_start_seq &&
           existing.opt_start_time == requested.opt_start_time && existing.ack_policy == requested.ack_policy &&
           existing.replay_policy == requested.replay_policy && existing.filter_subjects == requested.filter_subjects &&
           existing.headers_only == requested.headers_only && existing.deliver_subject == requested.deliver_subject &&
           existing.deliver_group == requested.deliver_group && existing.flow_control == requested.flow_control &&
           existing.idle_heartbeat == requested.idle_heartbeat && existing.mem_storage == requested.mem_storage &&
           existing.durable_name == requested.durable_name && existing.description == requested.description &&
           existing.metadata == requested.metadata && granted(existing.ack_wait, requested.ack_wait) &&
           granted(existing.backoff, requested.backoff) && granted(existing.max_ack_pending, requested.max_ack_pending) &&
           granted(existing.inactive_threshold, requested.inactive_threshold) && granted(existing.num_replicas, requested.num_replicas) &&
           (requested.max_deliver == -1 || existing.max_deliver == requested.max_deliver) &&
           granted(existing.rate_limit_bps, requested.rate_limit_bps) && granted(existing.sample_freq, requested.sample_freq) &&
           granted(existing.max_waiting, requested.max_waiting) && granted(existing.max_batch, requested.max_batch) &&
           granted(existing.max_expires, requested.max_expires) && granted(existing.max_bytes, requested.max_bytes);
}

}  // namespace slipstream::jetstream::api
