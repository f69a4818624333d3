// The least of JetStream that a bucket and its watches need, as answers of the scripted peer: one bucket "b", whose keys are only
// counted. Puts are acknowledged and told to every consumer, consumers begin with the first few values, reads are never answered.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/scripted_peer.hpp"

namespace slipstream::test {

class small_bucket {
public:
    using answers = std::optional<std::vector<peer_message>>;

    answers operator()(const std::string& subject, const std::string& reply, const std::string& body) {
        if (subject.starts_with("$KV.b.")) return put(subject, reply, body);
        if (subject == "$JS.API.STREAM.INFO.KV_b") return one(reply, info());
        if (subject.starts_with("$JS.API.CONSUMER.CREATE.KV_b.")) return create(subject, reply, body);
        if (subject.starts_with("$JS.API.CONSUMER.DELETE.KV_b.")) return remove(subject, reply);
        if (subject.starts_with("$JS.")) return std::vector<peer_message>{};
        return std::nullopt;
    }

private:
    struct consumer {
        std::string deliver_to;
        std::uint64_t delivered = 0;
    };

    static std::vector<peer_message> one(const std::string& to, std::string payload) {
        peer_message m;
        m.to = to;
        m.payload = std::move(payload);
        return {std::move(m)};
    }
    [[nodiscard]] std::string info() const {
        const std::string last = std::to_string(last_);
        return R"({"type":"io.nats.jetstream.api.v1.stream_info_response","config":{"name":"KV_b","subjects":["$KV.b.>"],)"
               R"("max_msgs_per_subject":64,"discard":"new","storage":"file","num_replicas":1,"allow_direct":true,"deny_delete":true,)"
               R"("allow_rollup_hdrs":true},"created":"2026-01-02T03:04:05Z","state":{"messages":)" +
               last + R"(,"bytes":100,"first_seq":1,"last_seq":)" + last + R"(,"consumer_count":0}})";
    }
    static peer_message stored(consumer& c, const std::string& name, const std::string& key, std::uint64_t sequence, std::uint64_t left) {
        peer_message m;
        m.to = c.deliver_to;
        m.subject = key;
        m.reply = "$JS.ACK.KV_b." + name + ".1." + std::to_string(sequence) + "." + std::to_string(++c.delivered) +
                  ".1700000000000000000." + std::to_string(left);
        m.payload = "value";
        return m;
    }
    std::vector<peer_message> put(const std::string& subject, const std::string& reply, const std::string&) {
        ++last_;
        std::vector<peer_message> out;
        for (auto& [name, c] : consumers_) out.push_back(stored(c, name, subject, last_, 0));
        peer_message ack;
        ack.to = reply;
        ack.payload = R"({"stream":"KV_b","seq":)" + std::to_string(last_) + "}";
        if (!reply.empty()) out.push_back(std::move(ack));
        return out;
    }
    std::vector<peer_message> create(const std::string& subject, const std::string& reply, const std::string& body) {
        constexpr std::string_view before = "$JS.API.CONSUMER.CREATE.KV_b.";
        const std::string name = subject.substr(before.size(), subject.find('.', before.size()) - before.size());
        const std::string key = R"("deliver_subject":")";
        const std::size_t at = body.find(key);
        if (at == std::string::npos) return {};
        consumer& c = consumers_[name];
        c = {body.substr(at + key.size(), body.find('"', at + key.size()) - at - key.size())};
        // The reply repeats the configuration that was asked for.
        const std::size_t begin = body.find(R"("config":)") + 9;
        std::size_t end = begin;
        int depth = 0;
        do {
            if (body[end] == '{') ++depth;
            if (body[end] == '}') --depth;
            ++end;
        } while (depth != 0);
        const std::string first = R"("opt_start_seq":)";
        const std::size_t asked = body.find(first);
        const std::uint64_t from = asked == std::string::npos ? 1 : std::stoull(body.substr(asked + first.size()));
        std::vector<peer_message> out =
            one(reply, R"({"type":"io.nats.jetstream.api.v1.consumer_create_response","stream_name":"KV_b","name":")" + name +
                           R"(","created":"2026-01-02T03:04:05Z","config":)" + body.substr(begin, end - begin) +
                           R"(,"delivered":{"consumer_seq":0,"stream_seq":)" + std::to_string(from - 1) +
                           R"(},"ack_floor":{"consumer_seq":0,"stream_seq":0},"num_pending":)" +
                           std::to_string(values - std::min(from - 1, values)) + "}");
        for (std::uint64_t i = from; i <= values; ++i) out.push_back(stored(c, name, "$KV.b.k" + std::to_string(i - 1), i, values - i));
        return out;
    }
    std::vector<peer_message> remove(const std::string& subject, const std::string& reply) {
        consumers_.erase(subject.substr(std::string_view("$JS.API.CONSUMER.DELETE.KV_b.").size()));
        return one(reply, R"({"type":"io.nats.jetstream.api.v1.consumer_delete_response","success":true})");
    }

    static constexpr std::uint64_t values = 3;

    std::uint64_t last_ = values;
    std::map<std::string, consumer> consumers_;
};

}  // namespace slipstream::test
