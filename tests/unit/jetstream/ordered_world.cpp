#include "ordered_world.hpp"

#include <algorithm>
#include <utility>

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>

namespace slipstream::test {

using ordered::ordered_action;
using kind = ordered_action::kind;
using jetstream::deliver_policy;
using namespace std::chrono_literals;

namespace {

/// Faults may delay the set-up for as long as they like.
ordered::ordered_settings with_patience(ordered::ordered_settings settings) {
    settings.setup_timeout = std::chrono::hours(24);
    return settings;
}

}  // namespace

ordered_world::ordered_world(const ordered::ordered_settings& settings, std::function<std::uint64_t()> random)
    : machine(with_patience(settings)), random_(std::move(random)) {
    for (unsigned i = 0; i < 20; ++i) put(static_cast<unsigned>(random_() % keys));
    machine.start(true, now_);
    pump();
}

void ordered_world::put(unsigned key) {
    std::erase_if(messages, [this, key](const auto& m) {
        if (m.second != key) return false;
        for (auto& [incarnation, c] : consumers_) {
            if (key < keys_in_scope && m.first >= c.next) c.count.overwritten();
        }
        return true;
    });
    for (auto& [incarnation, c] : consumers_) c.waits = c.waits && key >= keys_in_scope;
    messages.emplace(++last_seq, key);
    log.push_back(key);
    trim();
}

void ordered_world::evict(std::size_t count) {
    evicted_ = true;
    while (count-- > 0 && !messages.empty()) messages.erase(messages.begin());
    trim();
}

void ordered_world::recreate() {
    messages.clear();
    log.clear();
    consumers_.clear();
    first_seq = 1;
    last_seq = 0;
    ++created;
    for (unsigned i = 0; i < 3; ++i) put(static_cast<unsigned>(random_() % keys));
}

void ordered_world::trim() { first_seq = messages.empty() ? last_seq + 1 : messages.begin()->first; }

std::map<unsigned, std::uint64_t> ordered_world::truth() const {
    std::map<unsigned, std::uint64_t> out;
    for (const auto& [sequence, key] : messages) {
        if (key < keys_in_scope) out[key] = sequence;
    }
    return out;
}

/// What a replica holds that has come as far as `sequence`; until the next call or change.
const std::map<std::uint64_t, unsigned>& ordered_world::as_of(std::uint64_t sequence) {
    if (sequence >= last_seq) return messages;
    std::map<unsigned, std::uint64_t> latest;
    for (std::uint64_t s = 1; s <= sequence; ++s) latest[log[s - 1]] = s;
    replica_.clear();
    for (const auto& [key, s] : latest) replica_.emplace(s, key);
    return replica_;
}

std::uint64_t ordered_world::pending_from(const std::map<std::uint64_t, unsigned>& messages, std::uint64_t next) {
    std::uint64_t count = 0;
    for (auto i = messages.lower_bound(next); i != messages.end(); ++i) count += i->second < keys_in_scope ? 1 : 0;
    return count;
}

void ordered_world::step() {
    const unsigned what = static_cast<unsigned>(random_() % 100);
    if (what < 30)
        put(static_cast<unsigned>(random_() % keys));
    else if (what < 60)
        deliver_one(true);
    else if (what < 75)
        answer_one(true);
    else if (what < 80)
        now_ += std::chrono::milliseconds(random_() % 3'000);
    else if (what < 84)
        heartbeat_all();
    else if (what < 86 && connected_) {
        connected_ = false;
        wire_.clear();
        machine.on_disconnected();
        for (const request& r : std::exchange(requests_, {})) {
            const std::error_code lost = make_error_code(slipstream::errc::connection_lost);
            if (r.action.what == kind::create)
                machine.on_create_failed(r.action.incarnation, lost);
            else if (r.action.what == kind::find_end)
                machine.on_end_found(r.action.incarnation, std::nullopt);
            else
                machine.on_stream_failed(r.action.incarnation, lost);
        }
        for (auto& [incarnation, c] : consumers_) c.interest = false;
    } else if (what < 92 && !connected_) {
        connected_ = true;
        machine.on_connected();
    } else if (what < 93 && !consumers_.empty()) {
        consumers_.erase(consumers_.begin());  // deleted under us
    } else if (what < 94 && may_evict)
        evict(random_() % 5);
    else if (what == 94 && may_recreate && chance(30))
        recreate();
    machine.on_time(now_);
    serve();
    pump();
}

void ordered_world::heal() {
    healing_ = true;
    if (!connected_) {
        connected_ = true;
        machine.on_connected();
    }
    for (int round = 0; round < 200; ++round) {
        now_ += 500ms;
        machine.on_time(now_);
        pump();
        while (!requests_.empty() || !wire_.empty()) {
            while (!requests_.empty()) answer_one(false);
            pump();
            serve();
            while (!wire_.empty()) deliver_one(false);
            pump();
        }
        serve();
        if (wire_.empty()) heartbeat_all();
    }
}

void ordered_world::pump() {
    ordered_action a;
    while (machine.next_action(a, now_)) act(a);
}

void ordered_world::act(const ordered_action& a) {
    switch (a.what) {
        case kind::create: check(machine.incarnation() == a.incarnation, "I20: one wanted incarnation"); [[fallthrough]];
        case kind::read_stream:
        case kind::find_end: requests_.push_back({a}); break;
        case kind::unsubscribe:
            held_.clear();
            if (const auto c = consumers_.find(a.incarnation); c != consumers_.end()) c->second.interest = false;
            break;
        case kind::remove:
            consumers_.erase(a.incarnation);
            removed_.insert(a.incarnation);  // a creation on its way is handled before
            break;
        case kind::deliver_held: {
            const auto aside = std::exchange(held_, {});
            for (const frame& f : aside) hand_over(f);
            machine.held_done();
            break;
        }
        case kind::tell_caught_up: ++caught_up; break;
        case kind::tell_restarted:
            if (a.from_scratch) fold.clear(), last_delivered = 0;
            break;
        case kind::ask_loss: {
            if (a.loss.what == jetstream::ordered_loss::kind::start_clamped) {
                check(a.loss.floor > a.start.sequence, "W1: the floor is above the start");
                if (!evicted_ && created == 1'000) {
                    // Only newer messages of the same keys moved the floor (W34).
                    machine.answer({.what = jetstream::ordered_verdict::kind::accept});
                    break;
                }
            }
            check(evicted_ || may_recreate, "W1: no loss without a cause");
            ++losses;
            // As a key-value watch does: forget, and begin with the state.
            ++beginnings;
            caught_up = 0;
            fold.clear();
            last_delivered = 0;
            machine.answer({.what = jetstream::ordered_verdict::kind::restart, .from = {.policy = deliver_policy::last_per_subject}});
            break;
        }
        case kind::tell_ended: ended = true; break;
        default: break;
    }
}

void ordered_world::answer_one(bool faults) {
    if (requests_.empty() || !connected_) return;
    // Replies to two requests may come in any order, and so may the server's work on them.
    const auto chosen = requests_.begin() + (faults && requests_.size() > 1 && chance(20) ? 1 : 0);
    const ordered_action a = chosen->action;
    requests_.erase(chosen);
    const std::error_code failure =
        chance(50) ? make_error_code(jetstream::errc::temporarily_unavailable) : make_error_code(slipstream::errc::timeout);
    if (a.what == kind::find_end) {
        if (faults && chance(10)) return machine.on_end_found(a.incarnation, std::nullopt);
        if (!a.exact) return machine.on_end_found(a.incarnation, last_seq);
        const auto last = std::find_if(messages.rbegin(), messages.rend(), [](const auto& m) { return m.second < keys_in_scope; });
        return machine.on_end_found(a.incarnation, last == messages.rend() ? 0 : last->first);
    }
    if (a.what == kind::read_stream) {
        if (faults && chance(10)) return machine.on_stream_failed(a.incarnation, failure);
        return machine.on_stream(
            a.incarnation,
            {.created = jetstream::wall_time(std::chrono::nanoseconds(created)), .first_seq = first_seq, .last_seq = last_seq,
             .replicated = replicated});
    }
    if (faults && chance(10) && failure != slipstream::errc::timeout) return machine.on_create_failed(a.incarnation, failure);
    consumer c;
    c.has = replicated && !healing_ ? last_seq - random_() % (last_seq + 1) : last_seq;
    const std::map<std::uint64_t, unsigned>& there = as_of(c.has);
    const std::uint64_t first = c.has == last_seq ? first_seq : there.empty() ? 1 : there.begin()->first;
    const bool by_sequence = a.start.policy == deliver_policy::by_start_sequence;
    // A start beyond the replica's end begins at its end.
    const std::uint64_t wanted = replicated ? std::min(a.start.sequence, c.has + 1) : a.start.sequence;
    c.next = by_sequence ? std::max(wanted, first) : a.start.policy == deliver_policy::new_ ? c.has + 1 : first;
    c.interest = machine.incarnation() == a.incarnation;
    if (goes_by_list && a.start.policy == deliver_policy::last_per_subject) {
        for (const auto& [sequence, key] : there) {
            if (key < keys_in_scope) c.list.push_back(sequence);
        }
        c.goes_on_at = c.has + 1;
    }
    if (!removed_.contains(a.incarnation)) consumers_[a.incarnation] = c;
    if (faults && chance(10))
        return machine.on_create_failed(a.incarnation, make_error_code(slipstream::errc::timeout));  // the reply was lost
    machine.on_created(a.incarnation, {.num_pending = pending_from(there, c.next), .delivered = {0, c.next - 1}});
}

void ordered_world::serve() {
    for (auto& [incarnation, c] : consumers_) {
        if (!c.interest || !connected_) continue;
        c.count.turn();
        if (!replicated || healing_) c.has = last_seq;
        else if (chance(30)) c.has += random_() % (last_seq - c.has + 1);
        const std::map<std::uint64_t, unsigned>& there = as_of(c.has);
        for (int burst = 0; burst < 3 && !c.waits; ++burst) {
            auto m = there.lower_bound(c.next);
            while (m != there.end() && m->second >= keys_in_scope) ++m;
            if (!c.list.empty()) {
                const std::uint64_t listed = c.list.front();
                c.list.pop_front();
                m = there.find(listed);
                if (m == there.end()) {
                    c.next = c.list.empty() ? c.goes_on_at : listed + 1;
                    c.waits = true;
                    break;
                }
            }
            if (m == there.end()) {
                c.next = std::max(c.next, c.has + 1);
                break;
            }
            c.next = m->first + 1;
            const ordered::message_place place{.consumer_sequence = ++c.delivered,
                                               .stream_sequence = m->first,
                                               .pending = c.count.said(pending_from(there, c.next)),
                                               .size = 100};
            wire_.push_back({.incarnation = incarnation, .place = place, .key = m->second});
        }
    }
}

void ordered_world::heartbeat_all() {
    for (auto& [incarnation, c] : consumers_) {
        if (!c.interest || !connected_ || (!c.waits && pending_from(as_of(c.has), c.next) > 0)) continue;
        c.waits = false;
        wire_.push_back(
            {.incarnation = incarnation, .heartbeat = true, .place = {.consumer_sequence = c.delivered}, .last_stream = c.next - 1});
    }
}

void ordered_world::deliver_one(bool faults) {
    if (wire_.empty()) return;
    const frame f = wire_.front();
    wire_.pop_front();
    if (faults && chance(4)) return;  // lost in a queue that was full
    if (!f.heartbeat) return hand_over(f);
    ordered::delivery_status status;
    status.what = ordered::delivery_status::kind::idle_heartbeat;
    status.last_consumer = f.place.consumer_sequence;
    status.last_stream = f.last_stream;
    machine.on_status(f.incarnation, status);
}

void ordered_world::hand_over(const frame& f) {
    const ordered::step s = machine.on_message(f.incarnation, f.place);
    if (s == ordered::step::hold) held_.push_back(f);
    if (s != ordered::step::deliver) return;
    check(f.place.stream_sequence > last_delivered, "I19: sequences increase strictly");
    last_delivered = f.place.stream_sequence;
    fold[f.key] = f.place.stream_sequence;
    machine.handled(f.place, jetstream::disposition::taken);
}

}  // namespace slipstream::test
