#include "watch_script.hpp"

#include <algorithm>

doctest::String doctest::StringMaker<std::vector<std::string>>::convert(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines) out += "\n    " + line;
    return out.c_str();
}

namespace slipstream::test {

std::string render(const kv::update_view& u) {
    std::string out = kv::to_string(u.kind);
    if (u.kind == kv::update_kind::resync) return out + " " + kv::to_string(u.reason);
    if (u.kind == kv::update_kind::initial_done) return out + " " + std::to_string(u.count);
    out += " " + std::string(u.key);
    if (u.kind == kv::update_kind::put) out += "=" + std::string(u.value);
    out += " @" + std::to_string(u.revision.value());
    return u.initial ? out + " initial" : out;
}

jetstream::ordered_start from(std::uint64_t sequence) {
    return {.policy = jetstream::deliver_policy::by_start_sequence, .sequence = sequence};
}

watch_script::watch_script(kv::watch_options options, kv::prefixes scope, bool in_place)
    : machine({.key_prefix = "$KV.b.", .scope = scope.normalised(), .options = options},
              in_place ? kv::watch_handler([this](const kv::update_view& u) { told.push_back(render(u)); }) : kv::watch_handler()) {
    stream.created = monday;
    stream.config.discard = jetstream::discard_policy::new_;
    stream.state.messages = 1;
    stream.state.first_seq = 1;
}

void watch_script::created(jetstream::ordered_start start, std::uint64_t pending, std::uint64_t begins_after, std::uint64_t snapshot) {
    jetstream::ordered_created facts;
    facts.first = delivered_ == 0;
    facts.start = start;
    facts.num_pending = pending;
    facts.begins_after = begins_after;
    facts.snapshot = snapshot;
    stream.state.last_seq = std::max(stream.state.last_seq, snapshot);
    facts.stream = &stream;
    machine.on_created(facts);
}

jetstream::disposition watch_script::deliver(const message_view& m, std::uint64_t sequence, std::uint64_t pending) {
    jetstream::delivery_info place;
    place.stream_sequence = sequence;
    stream.state.last_seq = std::max(stream.state.last_seq, sequence);
    place.consumer_sequence = ++delivered_;
    place.pending = pending;
    place.timestamp = jetstream::wall_time(std::chrono::nanoseconds(sequence));
    return machine.on_message(m, place);
}

jetstream::disposition watch_script::put(std::string_view key, std::string_view value, std::uint64_t sequence, std::uint64_t pending) {
    const std::string subject = "$KV.b." + std::string(key);
    return deliver(message_view(subject, "", "", value), sequence, pending);
}

jetstream::disposition watch_script::mark(std::string_view key, std::string_view operation, std::uint64_t sequence, std::uint64_t pending) {
    const std::string subject = "$KV.b." + std::string(key);
    const std::string block = "NATS/1.0\r\nKV-Operation: " + std::string(operation) + "\r\n\r\n";
    return deliver(message_view(subject, "", block, ""), sequence, pending);
}

lines watch_script::take_all() {
    lines out;
    kv::update u;
    while (machine.take(u)) out.push_back(render(u.view()));
    return out;
}

}  // namespace slipstream::test
