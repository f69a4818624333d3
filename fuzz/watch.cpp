// The watch's machine over a model of a bucket and its ordered consumer (I22-I25; W1-W6, W34): with a handler and with a queue it tells
// the same; revisions increase; initial_done comes once a beginning, with the right count; the position never runs ahead of what was
// taken nor backwards; in the end the folded updates are the bucket, unless the watch has said that it ended.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <slipstream/jetstream/error.hpp>

#include "fuzz/check.hpp"
#include "fuzz/input.hpp"
#include "kv/machine/watch_machine.hpp"

using namespace slipstream;
using jetstream::deliver_policy;
using jetstream::ordered_start;
using kv::update_kind;
using kv::machine::watch_machine;

namespace {

struct stored {
    unsigned key;
    bool put;
};

/// History 1: a newer message of a key replaces the older one.
struct bucket {
    std::map<std::uint64_t, stored> messages;
    std::uint64_t last = 0;
    jetstream::stream_info info;

    void store(unsigned key, bool put) {
        std::erase_if(messages, [key](const auto& m) { return m.second.key == key; });
        messages.emplace(++last, stored{key, put});
        refresh();
    }
    void evict() {
        if (!messages.empty()) messages.erase(messages.begin());
        refresh();
    }
    void refresh() {
        info.state.messages = messages.size();
        info.state.first_seq = messages.empty() ? last + 1 : messages.begin()->first;
        info.state.last_seq = last;
    }
};

/// What somebody makes of the updates, and what must hold for them.
class taker {
public:
    explicit taker(const kv::watch_options& options) : state_first_(options.from.is_none() && !options.updates_only) {}

    void take(const kv::update_view& u) {
        if (u.kind == update_kind::resync) {
            fold.clear();
            last_ = count_ = 0;
            done_ = false;
            state_first_ = true;
            ++resyncs;
            return;
        }
        if (u.kind == update_kind::initial_done) {
            FUZZ_CHECK(!std::exchange(done_, true));  // I25
            FUZZ_CHECK(u.count == count_);
            return;
        }
        ++count_;
        FUZZ_CHECK(u.revision.is_known() && u.revision.value() > last_);  // I22
        FUZZ_CHECK(u.initial == !done_);
        last_ = u.revision.value();
        const unsigned key = static_cast<unsigned>(u.key.back() - 'a');
        if (u.kind == update_kind::put)
            fold[key] = last_;
        else
            fold.erase(key);
    }
    void check_position(const kv::cursor& position) {
        if (!done_ && state_first_) FUZZ_CHECK(position.is_none());  // while the state is incomplete
        if (position.is_none()) return;
        if (resyncs == seen_resyncs_) FUZZ_CHECK(position.sequence() >= position_);  // I24
        seen_resyncs_ = resyncs;
        position_ = position.sequence();
    }
    [[nodiscard]] bool done() const { return done_; }

    std::map<unsigned, std::uint64_t> fold;
    unsigned resyncs = 0;

private:
    bool state_first_;
    bool done_ = false;
    std::uint64_t last_ = 0;
    std::uint64_t count_ = 0;
    std::uint64_t position_ = 0;
    unsigned seen_resyncs_ = 0;
};

kv::watch_options options_of(std::uint8_t flags) {
    kv::watch_options o;
    o.ignore_deletes = (flags & 1U) != 0;
    o.skip_initial_deletes = (flags & 2U) != 0;
    o.on_expired = (flags & 4U) != 0 ? kv::on_expired::fail : kv::on_expired::resync;
    o.strict_floor = (flags & 8U) != 0;
    o.updates_only = (flags & 16U) != 0;
    if ((flags & 32U) != 0) o.from = kv::cursor(10, 1'000);
    return o;
}

class world {
public:
    world(fuzz::input& in, std::uint8_t flags)
        : in_(in),
          options_(options_of(flags)),
          ages_((flags & 64U) != 0),
          in_place_(options_),
          queued_(options_),
          first_(settings(), [this](const kv::update_view& u) { in_place_.take(u); }),
          second_(settings(), {}) {
        bucket_.info.created = jetstream::wall_time(std::chrono::nanoseconds(1'000));
        bucket_.info.config.discard = jetstream::discard_policy::new_;
        if (ages_) bucket_.info.config.max_age = std::chrono::hours(1);
        for (unsigned i = 0; i < 10; ++i) bucket_.store(i % keys, true);
        if (!options_.from.is_none()) {  // who has a cursor has the state up to it
            for (const auto& [sequence, m] : bucket_.messages) in_place_.fold[m.key] = queued_.fold[m.key] = sequence;
        }
    }

    void run() {
        if (in_.flag()) store();
        begin(first_.first_start());
        for (int events = 0; events < 400 && !in_.empty() && !ended_; ++events) {
            event();
            settle();
        }
        heal();
    }

private:
    static constexpr unsigned keys = 6;

    [[nodiscard]] kv::machine::watch_settings settings() const { return {.key_prefix = "$KV.b.", .scope = {}, .options = options_}; }

    void store() {
        const unsigned key = static_cast<unsigned>(in_.below(keys));
        bucket_.store(key, in_.below(3) != 0);
    }

    void event() {
        switch (in_.below(10)) {
            case 0:
            case 1: store(); break;
            case 2:
                if (ages_) bucket_.evict();
                break;
            case 3:
                first_.on_restarted(jetstream::restart_reason::heartbeat_missed);
                second_.on_restarted(jetstream::restart_reason::heartbeat_missed);
                make_again();
                break;
            case 4: floor(in_.flag()); break;
            case 5:
                first_.on_stalled();
                second_.on_stalled();
                break;
            case 6: now_ += std::chrono::milliseconds(in_.below(1'000)); break;
            default: deliver(); break;
        }
    }

    // --- the ordered consumer ---

    /// As if nothing had been delivered.
    void begin(const ordered_start& start) {
        begin_ = start;
        caught_up_ = false;
        last_ = start.policy == deliver_policy::by_start_sequence ? start.sequence - 1 : 0;
        positioned_ = start.policy == deliver_policy::by_start_sequence;
        create(start);
    }
    /// Where the interruption was.
    void make_again() {
        if (!positioned_ || (begin_.policy == deliver_policy::last_per_subject && !caught_up_)) return create(begin_);
        create({.policy = deliver_policy::by_start_sequence, .sequence = last_ + 1});
    }
    void create(const ordered_start& start) {
        const bool clamped = start.policy == deliver_policy::by_start_sequence && bucket_.info.state.first_seq > start.sequence;
        if (clamped) {
            jetstream::ordered_loss loss;
            loss.start = start;
            loss.floor = bucket_.info.state.first_seq;
            loss.stream = &bucket_.info;
            const auto verdict = first_.on_lost(loss);
            const auto same = second_.on_lost(loss);
            FUZZ_CHECK(verdict.what == same.what && verdict.from.policy == same.from.policy);
            if (verdict.what == jetstream::ordered_verdict::kind::restart) return begin(verdict.from);
            if (verdict.what == jetstream::ordered_verdict::kind::end) return end();
            last_ = std::max(last_, loss.floor - 1);
        }
        next_ = start.policy == deliver_policy::by_start_sequence ? start.sequence
                : start.policy == deliver_policy::new_            ? bucket_.last + 1
                                                                  : 1;
        if (start.policy == deliver_policy::new_) last_ = bucket_.last, positioned_ = true;
        jetstream::ordered_created facts;
        facts.start = start;
        facts.num_pending = pending();
        facts.begins_after = next_ - 1;
        facts.stream = &bucket_.info;
        facts.snapshot = start.policy == deliver_policy::last_per_subject ? bucket_.last : 0;
        snapshot_ = facts.snapshot;
        first_.on_created(facts);
        second_.on_created(facts);
        // Who asks for another beginning hears nothing more of this one.
        if (!begun_again() && pending() == 0) caught_up();
    }
    bool begun_again() {
        const auto restart = first_.take_restart();
        FUZZ_CHECK(restart.has_value() == second_.take_restart().has_value());
        if (restart) begin(*restart);
        return restart.has_value();
    }
    [[nodiscard]] std::uint64_t pending() const {
        return static_cast<std::uint64_t>(std::distance(bucket_.messages.lower_bound(next_), bucket_.messages.end()));
    }
    void deliver() {
        const auto m = bucket_.messages.lower_bound(next_);
        if (m == bucket_.messages.end()) {
            next_ = std::max(next_, bucket_.last + 1);
            caught_up();
            if (positioned_ && bucket_.last <= last_) return;
            last_ = bucket_.last;
            positioned_ = true;
            first_.on_idle(last_);
            second_.on_idle(last_);
            return;
        }
        next_ = m->first + 1;
        if (m->first > last_) {  // else told before the interruption
            const std::string subject = {'$', 'K', 'V', '.', 'b', '.', static_cast<char>('a' + m->second.key)};
            const std::string block = m->second.put ? "" : "NATS/1.0\r\nKV-Operation: DEL\r\n\r\n";
            jetstream::delivery_info place;
            place.stream_sequence = m->first;
            place.pending = pending();
            const message_view message(subject, {}, block, m->second.put ? "v" : "");
            FUZZ_CHECK(first_.on_message(message, place) == jetstream::disposition::taken);
            FUZZ_CHECK(second_.on_message(message, place) != jetstream::disposition::refused);
            last_ = m->first;
            positioned_ = true;
        }
        if (pending() == 0) caught_up();
    }
    void caught_up() {
        if (std::exchange(caught_up_, true)) return;
        if (snapshot_ > last_) last_ = snapshot_, positioned_ = true;
        first_.on_caught_up();
        second_.on_caught_up();
    }
    void floor(bool answered) {
        FUZZ_CHECK(first_.wants_floor(now_) == second_.wants_floor(now_));
        if (!first_.wants_floor(now_)) return;
        for (watch_machine* const m : {&first_, &second_}) {
            m->on_floor_asked(now_);
            if (answered)
                m->on_floor(bucket_.info);
            else
                m->on_no_floor();
        }
    }
    void end() {
        ended_ = true;
        for (watch_machine* const m : {&first_, &second_}) {
            FUZZ_CHECK(m->end_for(make_error_code(jetstream::errc::start_sequence_clamped)));
            m->on_ended();
        }
    }

    // --- what comes out ---

    void settle() {
        for (int turns = 0; !ended_; ++turns) {
            FUZZ_CHECK(turns < 100);
            FUZZ_CHECK(first_.wants_end() == second_.wants_end());
            if (first_.wants_end()) end();
            take();
            if (!begun_again()) break;
        }
        take();
    }
    void take() {
        kv::update u;
        while (second_.take(u)) queued_.take(u.view());
        FUZZ_CHECK(in_place_.fold == queued_.fold && in_place_.resyncs == queued_.resyncs && in_place_.done() == queued_.done());
        FUZZ_CHECK(first_.position() == second_.position());
        FUZZ_CHECK(first_.position().sequence() <= std::max(bucket_.last, options_.from.sequence()));
        in_place_.check_position(first_.position());
        queued_.check_position(second_.position());
        FUZZ_CHECK(options_.on_expired == kv::on_expired::resync || queued_.resyncs == 0);
    }

    void heal() {
        for (int rounds = 0; rounds < 40 && !ended_; ++rounds) {
            deliver();
            settle();
            now_ += std::chrono::seconds(1);
            floor(true);
            settle();
        }
        if (ended_) return;
        FUZZ_CHECK(first_.position().sequence() == bucket_.last);
        if (options_.from.is_none()) FUZZ_CHECK(in_place_.done() || options_.updates_only);
        const bool updates_only = options_.updates_only && options_.from.is_none() && in_place_.resyncs == 0;
        for (const auto& [sequence, m] : bucket_.messages) {
            if (updates_only && sequence <= 11) continue;  // it was there before
            const auto told = in_place_.fold.find(m.key);
            if (m.put)
                FUZZ_CHECK(told != in_place_.fold.end() && told->second == sequence);
            else
                FUZZ_CHECK(told == in_place_.fold.end() || options_.ignore_deletes);
        }
    }

    fuzz::input& in_;
    kv::watch_options options_;
    bool ages_;
    bucket bucket_;
    taker in_place_;
    taker queued_;
    watch_machine first_;
    watch_machine second_;
    kv::machine::time_point now_{std::chrono::hours(1)};

    ordered_start begin_;
    std::uint64_t next_ = 1;
    std::uint64_t last_ = 0;
    std::uint64_t snapshot_ = 0;
    bool positioned_ = false;
    bool caught_up_ = false;
    bool ended_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 4096) return 0;
    fuzz::input in(data, size);
    const std::uint8_t flags = in.byte();
    world(in, flags).run();
    return 0;
}
