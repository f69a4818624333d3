#include "ordered_script.hpp"

#include <utility>

doctest::String doctest::StringMaker<std::vector<std::string>>::convert(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines) out += "\n    " + line;
    return out.c_str();
}

namespace slipstream::test {

using ordered::ordered_action;
using kind = ordered_action::kind;

std::string render(const jetstream::ordered_start& start) {
    using jetstream::deliver_policy;
    switch (start.policy) {
        case deliver_policy::all: return "all";
        case deliver_policy::new_: return "new";
        case deliver_policy::last_per_subject: return "last_per_subject";
        case deliver_policy::by_start_sequence: return "from " + std::to_string(start.sequence);
        default: return "?";
    }
}

namespace {

const char* name(jetstream::restart_reason reason) {
    using jetstream::restart_reason;
    switch (reason) {
        case restart_reason::gap: return "gap";
        case restart_reason::heartbeat_mismatch: return "heartbeat_mismatch";
        case restart_reason::heartbeat_missed: return "heartbeat_missed";
        case restart_reason::reconnected: return "reconnected";
        case restart_reason::refused: return "refused";
        case restart_reason::server_status: return "server_status";
        case restart_reason::create_failed: return "create_failed";
    }
    return "?";
}

const char* name(jetstream::ordered_loss::kind what) {
    using k = jetstream::ordered_loss::kind;
    switch (what) {
        case k::start_clamped: return "clamped";
        case k::beyond_end: return "beyond_end";
        case k::stream_recreated: return "recreated";
        case k::state_incomplete: return "state_incomplete";
    }
    return "?";
}

}  // namespace

std::string render(const ordered_action& a) {
    const std::string number = "#" + std::to_string(a.incarnation);
    switch (a.what) {
        case kind::none: return "none";
        case kind::create: return "create" + number + " " + render(a.start);
        case kind::read_stream: return "read" + number;
        case kind::find_end: return (a.exact ? "find_end" : "find_stream_end") + number;
        case kind::unsubscribe: return "unsubscribe" + number;
        case kind::remove: return "remove" + number;
        case kind::flow_reply: return "reply " + a.subject;
        case kind::deliver_held: return "deliver_held";
        case kind::tell_created:
            return std::string(a.created.first ? "created first " : "created again ") + render(a.created.start) + " pending " +
                   std::to_string(a.created.num_pending) + " after " + std::to_string(a.created.begins_after) + " snapshot " +
                   std::to_string(a.created.snapshot);
        case kind::ask_loss: return std::string("lost ") + name(a.loss.what) + " floor " + std::to_string(a.loss.floor);
        case kind::tell_caught_up: return "caught_up";
        case kind::tell_idle: return "idle " + std::to_string(a.sequence);
        case kind::tell_stalled: return "stalled";
        case kind::tell_restarted: return std::string("restarted ") + name(a.reason) + (a.from_scratch ? " from scratch" : "");
        case kind::tell_ended: return "ended " + a.error.message();
    }
    return "?";
}

std::string find(const lines& in, std::string_view beginning) {
    for (const std::string& line : in) {
        if (line.starts_with(beginning)) return line;
    }
    return {};
}

lines ordered_script::pump() {
    lines out;
    ordered_action a;
    while (machine.next_action(a, now)) {
        if (a.what == kind::find_end && !shows_ends) {
            machine.on_end_found(a.incarnation, std::nullopt);
            continue;
        }
        out.push_back(render(a));
        if (a.what == kind::unsubscribe) held.clear();
        if (a.what != kind::deliver_held) continue;
        const auto aside = std::exchange(held, {});
        for (const auto& place : aside) {
            if (machine.on_message(a.incarnation, place) != ordered::step::deliver) continue;
            delivered.push_back(place.stream_sequence);
            machine.handled(place, jetstream::disposition::taken);
        }
        machine.held_done();
    }
    return out;
}

void ordered_script::go_live(std::uint64_t pending, jetstream::sequence_pair where) {
    machine.start(true, now);
    pump();
    machine.on_created(machine.incarnation(), {.num_pending = pending, .delivered = where});
    pump();
}

bool ordered_script::message(std::uint64_t consumer_sequence, std::uint64_t stream_sequence, std::uint64_t pending,
                             jetstream::disposition what) {
    const ordered::message_place place{
        .consumer_sequence = consumer_sequence, .stream_sequence = stream_sequence, .pending = pending, .size = 100};
    const ordered::step s = machine.on_message(machine.incarnation(), place);
    if (s == ordered::step::hold) held.push_back(place);
    if (s != ordered::step::deliver) return false;
    if (what != jetstream::disposition::refused) delivered.push_back(stream_sequence);
    machine.handled(place, what);
    return true;
}

void ordered_script::heartbeat(std::uint64_t last_consumer, std::uint64_t last_stream, std::string_view stalled) {
    ordered::delivery_status status;
    status.what = ordered::delivery_status::kind::idle_heartbeat;
    status.code = 100;
    status.last_consumer = last_consumer;
    status.last_stream = last_stream;
    status.answer_to = stalled;
    machine.on_status(machine.incarnation(), status);
}

void ordered_script::flow_request(std::string_view subject) {
    ordered::delivery_status status;
    status.what = ordered::delivery_status::kind::flow_control;
    status.code = 100;
    status.answer_to = subject;
    machine.on_status(machine.incarnation(), status);
}

}  // namespace slipstream::test
