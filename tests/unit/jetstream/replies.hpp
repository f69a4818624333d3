// Replies for the decoders' tests.
#pragma once

#include <string>
#include <string_view>

#include <slipstream/message.hpp>

namespace slipstream::jetstream::test {

/// An API reply. Its bytes must outlive the view.
inline message_view json(std::string_view payload) { return message_view("_INBOX.a.1", {}, {}, payload); }
inline message_view with_headers(std::string_view block, std::string_view payload = {}) {
    return message_view("_INBOX.a.1", {}, block, payload);
}

/// `text` with its first `from` replaced.
inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const auto at = text.find(from);
    if (at == std::string::npos) return "the test replaces what is not there: " + std::string(from);
    return text.replace(at, from.size(), to);
}

/// What server 2.15.1 answers to STREAM.CREATE (spec/kv.md 2).
inline const std::string created_stream =
    R"({"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"KV_b","subjects":["$KV.b.\u003e"],)"
    R"("retention":"limits","max_consumers":-1,)"
    R"("max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":5,"max_msg_size":-1,"discard":"new","storage":"file",)"
    R"("num_replicas":1,)"
    R"("duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,)"
    R"("deny_delete":true,"deny_purge":false,)"
    R"("allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0",)"
    R"("_nats.ver":"2.15.1"}},)"
    R"("created":"2026-11-23T08:55:04.07610357Z","state":{"messages":3,"bytes":120,"first_seq":2,)"
    R"("first_ts":"2026-11-23T08:55:05Z","last_seq":9,)"
    R"("last_ts":"2026-11-23T08:55:06.5Z","num_subjects":2,"num_deleted":5,"consumer_count":1},"ts":"2026-11-23T08:55:07Z",)"
    R"("did_create":true})";

inline const std::string created_consumer =
    R"({"type":"io.nats.jetstream.api.v1.consumer_create_response","stream_name":"KV_b","name":"w1",)"
    R"("created":"2026-11-23T08:55:04.07610357Z","config":)"
    R"({"name":"w1","deliver_policy":"by_start_sequence","opt_start_seq":3,"ack_policy":"none","max_deliver":1,)"
    R"("filter_subject":"$KV.b.\u003e",)"
    R"("replay_policy":"instant","idle_heartbeat":5000000000,"flow_control":true,"deliver_subject":"W.1",)"
    R"("inactive_threshold":300000000000,"num_replicas":1,)"
    R"("mem_storage":true,"metadata":{"_nats.level":"5","mine":"1"}},"delivered":{"consumer_seq":0,"stream_seq":6},)"
    R"("ack_floor":{"consumer_seq":0,"stream_seq":6},)"
    R"("num_ack_pending":0,"num_redelivered":0,"num_waiting":0,"num_pending":4,"push_bound":true,"ts":"2026-11-23T08:55:07Z"})";

}  // namespace slipstream::jetstream::test
