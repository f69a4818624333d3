#include "watch_process.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>

namespace slipstream::test {

using jetstream::deliver_policy;
using namespace std::chrono_literals;

// --- the bucket ---

void model_bucket::store(unsigned key, bool marker) {
    std::erase_if(records, [key](const auto& r) { return r.second.key == key; });
    records.emplace(++last_seq, record{.key = key, .marker = marker});
    last_was_put[key] = !marker;
    first_seq = records.begin()->first;
    log.push_back({.what = {.key = key, .marker = marker}, .first_seq = first_seq});
}

void model_bucket::drop(std::size_t count) {
    while (count-- > 0 && records.size() > 1) records.erase(records.begin());
    first_seq = log.back().first_seq = records.begin()->first;
}

void model_bucket::recreate() {
    records.clear();
    log.clear();
    last_was_put.clear();
    last_seq = 0;
    ++created;
    store(0, false);
}

jetstream::stream_info model_bucket::info() const {
    jetstream::stream_info out;
    out.created = jetstream::wall_time(std::chrono::nanoseconds(created));
    out.config.discard = discards ? jetstream::discard_policy::old : jetstream::discard_policy::new_;
    if (discards) out.config.max_msgs = 1'000;
    out.state.first_seq = first_seq;
    out.state.last_seq = last_seq;
    out.state.messages = records.size();
    if (replicated) out.config.num_replicas = 3;
    return out;
}

const std::map<std::uint64_t, model_bucket::record>& model_bucket::as_of(std::uint64_t sequence) {
    if (sequence >= last_seq) return records;
    replica_.clear();
    if (sequence == 0) return replica_;
    std::map<unsigned, std::uint64_t> latest;
    for (std::uint64_t s = log[sequence - 1].first_seq; s <= sequence; ++s) latest[log[s - 1].what.key] = s;
    for (const auto& [key, s] : latest) replica_.emplace(s, log[s - 1].what);
    return replica_;
}

// --- the world ---

watch_world::watch_world(std::uint64_t seed, bool discards, bool recreates, bool replicated) : random_(seed), recreates_(recreates) {
    bucket.discards = discards;
    bucket.replicated = replicated;
    if (seed % 2 == 0) most_behind_ = 9, catches_up_ = 8;  // a little behind, for long
    for (int i = 0; i < 12; ++i) bucket.store(static_cast<unsigned>(random_() % keys), false);
    process_ = std::make_unique<process>(*this, kv::cursor(), random_());
}

watch_world::~watch_world() = default;

void watch_world::restart_process() {
    ++crashes;
    // The server notices later; the connection is another one.
    for (auto& [incarnation, c] : consumers_) c.interest = false;
    wire_.clear();
    requests_.clear();
    live = saved_;
    shown_.clear();
    last_told_ = 0;
    sweeps_ = saved_.cursor.is_none();
    consumers_.clear();
    removed_.clear();
    connected_ = true;
    process_ = std::make_unique<process>(*this, saved_.cursor, random_());
}

void watch_world::disconnect() {
    connected_ = false;
    wire_.clear();
    process_->on_disconnected();
    for (const request& r : std::exchange(requests_, {}))
        process_->on_answer(r, {}, {}, make_error_code(slipstream::errc::connection_lost));
    for (auto& [incarnation, c] : consumers_) c.interest = false;
}

void watch_world::step() {
    const unsigned what = static_cast<unsigned>(random_() % 100);
    if (what < 22)
        store(static_cast<unsigned>(random_() % keys), chance(35));
    else if (what < 24 && bucket.discards)
        burst();
    else if (what < 50)
        deliver_one(true);
    else if (what < 68)
        answer_one(true);
    else if (what < 82)
        take(random_() % 4);
    else if (what < 87)
        now_ += std::chrono::milliseconds(random_() % 2'500);
    else if (what < 91)
        heartbeats();
    else if (what < 93 && connected_)
        disconnect();
    else if (what < 96 && !connected_)
        connected_ = true, process_->on_connected();
    else if (what == 96 && !consumers_.empty())
        consumers_.erase(consumers_.begin());
    else if (what == 97)
        restart_process();
    else if (what == 98 && recreates_ && chance(15))
        bucket.recreate(), consumers_.clear();
    if (chance(30)) saved_ = {.values = live.values, .cursor = process_->position()};
    process_->on_time();
    serve();
}

void watch_world::store(unsigned key, bool marker) {
    for (const auto& [sequence, record] : bucket.records) {
        if (record.key != key || key >= keys_in_scope) continue;
        for (auto& [incarnation, c] : consumers_) {
            if (sequence >= c.next) c.count.overwritten();
        }
    }
    bucket.store(key, marker);
}

/// More comes at once than the bucket keeps.
void watch_world::burst() {
    for (auto stores = random_() % 6; stores > 0; --stores) store(static_cast<unsigned>(random_() % keys), chance(50));
    bucket.drop(random_() % 9);
}

void watch_world::heal() {
    healing_ = true;
    if (!connected_) connected_ = true, process_->on_connected();
    for (int round = 0; round < 200; ++round) {
        now_ += 500ms;
        process_->on_time();
        for (int i = 0; i < 400 && (!requests_.empty() || !wire_.empty()); ++i) {
            while (!requests_.empty()) answer_one(false);
            serve();
            while (!wire_.empty()) deliver_one(false);
            take(100);
        }
        serve();
        take(100);
        if (wire_.empty()) heartbeats();
    }
    check(!process_->ended(), "the watch goes on");
    check(consumers_.size() == 1, "I20: one consumer");
}

std::uint64_t watch_world::pending_from(const std::map<std::uint64_t, model_bucket::record>& records, std::uint64_t next) {
    std::uint64_t count = 0;
    for (auto i = records.lower_bound(next); i != records.end(); ++i) count += i->second.key < keys_in_scope ? 1 : 0;
    return count;
}

void watch_world::take(std::size_t count) {
    kv::update u;
    while (count-- > 0 && process_->take(u)) {
        if (u.kind() == kv::update_kind::resync) {
            ++resyncs;
            shown_.clear();
            sweeps_ = true;
            last_told_ = 0;
            check(process_->position().is_none(), "I24: no position before the state is complete");
        } else if (u.kind() == kv::update_kind::initial_done) {
            if (std::exchange(sweeps_, false)) std::erase_if(live.values, [this](const auto& v) { return !shown_.contains(v.first); });
        } else {
            check(u.revision().value() > last_told_, "I22: revisions increase strictly");
            last_told_ = u.revision().value();
            const auto key = static_cast<unsigned>(std::stoul(u.key().substr(1)));
            shown_.insert(key);
            if (u.is_delete())
                live.values.erase(key);
            else
                live.values[key] = u.revision().value();
        }
        check_position();
    }
}

/// What a process would resume from says nothing that its fold does not know.
void watch_world::check_position() {
    const kv::cursor position = process_->position();
    if (position.is_none() || position.bucket_created_ns() != bucket.created) return;
    for (const auto& [sequence, record] : bucket.records) {
        if (sequence > position.sequence()) break;
        if (record.key >= keys_in_scope) continue;
        const auto found = live.values.find(record.key);
        check((found == live.values.end()) == record.marker, "I24: a position covers only what was taken");
    }
}

void watch_world::answer_one(bool faults) {
    if (requests_.empty() || !connected_) return;
    const auto chosen = requests_.begin() + (faults && requests_.size() > 1 && chance(20) ? 1 : 0);
    const request r = *chosen;
    requests_.erase(chosen);
    const std::error_code failure = make_error_code(slipstream::errc::timeout);
    if (!r.floor && r.action.what == ordered::ordered_action::kind::find_end) {
        if (faults && chance(8)) return process_->on_answer(r, {}, {}, failure);
        if (!r.action.exact) return process_->on_end_found(r, bucket.last_seq);
        const auto last =
            std::find_if(bucket.records.rbegin(), bucket.records.rend(), [](const auto& m) { return m.second.key < keys_in_scope; });
        return process_->on_end_found(r, last == bucket.records.rend() ? 0 : last->first);
    }
    if (r.floor || r.action.what == ordered::ordered_action::kind::read_stream) {
        if (faults && chance(8)) return process_->on_answer(r, {}, {}, failure);
        jetstream::stream_info answer = bucket.info();
        if (r.floor && bucket.replicated && faults && chance(8)) {  // by one who does not know yet that he leads no longer
            answer.state.last_seq -= random_() % bucket.last_seq;
            answer.state.first_seq = bucket.log[answer.state.last_seq - 1].first_seq;
        }
        return process_->on_answer(r, answer, {}, {});
    }
    consumer c;
    c.has = bucket.last_seq;
    if (bucket.replicated && !healing_) c.has -= random_() % std::min(bucket.last_seq + 1, most_behind_);
    const std::map<std::uint64_t, model_bucket::record>& records = bucket.as_of(c.has);
    const std::uint64_t first = records.empty() ? c.has + 1 : records.begin()->first;
    const bool by_sequence = r.action.start.policy == deliver_policy::by_start_sequence;
    // A start beyond the replica's end begins at its end.
    c.next = by_sequence ? std::max(std::min(r.action.start.sequence, c.has + 1), first) : first;
    c.interest = process_->incarnation() == r.action.incarnation;
    if (!removed_.contains(r.action.incarnation)) consumers_[r.action.incarnation] = c;
    if (faults && chance(8)) return process_->on_answer(r, {}, {}, failure);  // made, and the reply lost
    process_->on_answer(r, {}, {.num_pending = pending_from(records, c.next), .delivered = {0, c.next - 1}}, {});
}

void watch_world::catch_up(consumer& c, bool wholly) {
    if (!bucket.replicated || wholly) c.has = bucket.last_seq;
    else if (chance(catches_up_)) c.has += random_() % (bucket.last_seq - c.has + 1);
}

void watch_world::serve() {
    for (auto& [incarnation, c] : consumers_) {
        c.count.turn();
        catch_up(c, healing_);
        const std::map<std::uint64_t, model_bucket::record>& records = bucket.as_of(c.has);
        for (int burst = 0; burst < 3 && c.interest && connected_ && c.unanswered < 8; ++burst) {
            auto m = records.lower_bound(c.next);
            while (m != records.end() && m->second.key >= keys_in_scope) ++m;
            if (m == records.end()) {
                c.next = std::max(c.next, c.has + 1);
                break;
            }
            c.next = m->first + 1;
            frame f{.incarnation = incarnation, .place = {}, .record = m->second};
            f.place = {.consumer_sequence = ++c.delivered,
                       .stream_sequence = m->first,
                       .pending = c.count.said(pending_from(records, c.next)),
                       .size = 100};
            wire_.push_back(f);
            if (++c.unanswered >= 4 && !c.asked) {
                c.asked = true;
                wire_.push_back({.what = frame::kind::flow, .incarnation = incarnation, .place = {}, .record = {}});
            }
        }
    }
}

void watch_world::heartbeats() {
    for (auto& [incarnation, c] : consumers_) {
        const bool stalled = c.unanswered >= 8;
        if (!c.interest || !connected_ || (pending_from(bucket.as_of(c.has), c.next) > 0 && !stalled)) continue;
        // A consumer steps over what was dropped.
        if (!stalled) c.next = std::max(c.next, bucket.first_seq);
        frame f{.what = frame::kind::heartbeat,
                .incarnation = incarnation,
                .place = {},
                .record = {},
                .last_stream = c.next - 1,
                .stalled = stalled};
        f.place.consumer_sequence = c.delivered;
        wire_.push_back(f);
    }
}

void watch_world::deliver_one(bool faults) {
    if (wire_.empty()) return;
    const frame f = wire_.front();
    wire_.pop_front();
    if (faults && chance(4)) return;  // lost in a queue that was full
    process_->on_frame(f);
}

}  // namespace slipstream::test
