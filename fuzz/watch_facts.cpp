// The watch's machine, told facts in an order that makes no sense (S87-S105, W30, W34; I22-I25): with a handler and with a queue that is
// taken from at once it tells the same, byte for byte; a queue that is seldom taken from stays within its limits, refuses only while it
// holds something, and tells a whole story: initial_done at most once for each beginning, with the right count and behind what was
// initial, keys of the scope alone where the server's filter is wider. After the end nothing is told, and an end has a reason. Options
// are refused by the rules.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>

#include "fuzz/check.hpp"
#include "fuzz/input.hpp"
#include "kv/machine/watch_machine.hpp"

using namespace slipstream;
using jetstream::deliver_policy;
using kv::update_kind;
using kv::machine::watch_machine;
using std::chrono::milliseconds;

namespace {

constexpr std::uint64_t last_possible = ~std::uint64_t{0};

/// What somebody hears of a watch.
class story {
public:
    story(const kv::prefixes& scope, bool meta_only)
        : scope_(scope),
          filtered_(std::all_of(scope.list().begin(), scope.list().end(), [](const auto& p) { return p.empty() || p.back() == '.'; })),
          meta_only_(meta_only) {}

    void hear(const kv::update_view& u) {
        FUZZ_CHECK(!ended);
        line_ = std::to_string(static_cast<int>(u.kind)) + ' ' + std::string(u.key) + ' ' + std::to_string(u.revision.value()) + ' ' +
                std::to_string(u.value_size) + ' ' + std::to_string(u.count);
        told.push_back(line_);
        if (u.kind == update_kind::resync) {
            FUZZ_CHECK(u.reason != kv::resync_reason::none);
            done_ = false;
            count_ = 0;
        } else if (u.kind == update_kind::initial_done) {
            FUZZ_CHECK(!std::exchange(done_, true) && u.count == count_);  // I25
        } else {
            ++count_;
            FUZZ_CHECK(u.initial == !done_ && u.revision.is_known() && !u.key.empty());
            FUZZ_CHECK(filtered_ || scope_.matches(u.key));
            FUZZ_CHECK(u.kind == update_kind::put || (u.value.empty() && u.value_size == 0));
            if (!meta_only_) FUZZ_CHECK(u.value_size == u.value.size());
            FUZZ_CHECK(std::all_of(u.value.begin(), u.value.end(), [&](char c) { return c == u.key.back(); }));
        }
    }

    std::vector<std::string> told;
    bool ended = false;

private:
    const kv::prefixes& scope_;
    bool filtered_;  // by the server, which tells the same as the prefixes
    bool meta_only_;
    std::string line_;
    bool done_ = false;
    std::uint64_t count_ = 0;
};

kv::prefixes scope_of(fuzz::input& in) {
    constexpr std::array<std::string_view, 8> some{"", "a", "a.", "a.b", "b", "c.", "zz", ".."};
    std::vector<std::string> list;
    for (std::uint64_t left = in.below(3); left > 0; --left) list.emplace_back(some[in.below(some.size())]);
    return list.empty() ? kv::prefixes() : kv::prefixes(list).normalised();
}

kv::watch_options options_of(fuzz::input& in) {
    kv::watch_options o;
    const std::uint8_t flags = in.byte();
    o.ignore_deletes = (flags & 1U) != 0;
    o.skip_initial_deletes = (flags & 2U) != 0;
    o.on_expired = (flags & 4U) != 0 ? kv::on_expired::fail : kv::on_expired::resync;
    o.strict_floor = (flags & 8U) != 0;
    o.updates_only = (flags & 16U) != 0;
    o.meta_only = (flags & 32U) != 0;
    o.include_history = (flags & 64U) != 0;
    if ((flags & 128U) != 0) o.from = kv::cursor(in.below(8) == 7 ? last_possible : in.number(), 1'000);
    constexpr std::array<std::size_t, 4> messages{1'000, 3, 64, 0};
    constexpr std::array<std::size_t, 4> bytes{1'000'000, 1'000, 200'000, 0};
    constexpr std::array times{milliseconds(2'000), milliseconds(100), milliseconds(99), milliseconds(0), milliseconds(-1)};
    o.pending_messages = messages[in.below(64) % 16 % 4];
    o.pending_bytes = bytes[in.below(64) % 16 % 4];
    if (in.below(16) == 15) o.heartbeat = times[in.below(times.size())];
    if (in.below(16) == 15) o.inactive_threshold = times[in.below(times.size())];
    if (in.below(16) == 15) o.timeout = times[in.below(times.size())];
    return o;
}

bool is_allowed(const kv::prefixes& scope, const kv::watch_options& o) {
    for (const std::string& p : scope.list()) {
        if (p == "..") return false;
    }
    return o.from.sequence() != last_possible && o.heartbeat.count() >= 100 && o.inactive_threshold.count() > 0 && o.timeout.count() >= 0 &&
           o.pending_messages > 0 && o.pending_bytes > 0;
}

class nonsense {
public:
    nonsense(fuzz::input& in, kv::prefixes scope, const kv::watch_options& options)
        : in_(in),
          scope_(std::move(scope)),
          options_(options),
          in_place_(scope_, options.meta_only),
          at_once_(scope_, options.meta_only),
          seldom_(scope_, options.meta_only),
          first_({.key_prefix = "$KV.b.", .scope = scope_, .options = options}, [this](const kv::update_view& u) { in_place_.hear(u); }),
          second_({.key_prefix = "$KV.b.", .scope = scope_, .options = options}, {}),
          third_({.key_prefix = "$KV.b.", .scope = scope_, .options = options}, {}) {}

    void run() {
        FUZZ_CHECK(first_.first_start().policy == second_.first_start().policy);
        if (in_.below(16) == 15) {
            for (watch_machine* const m : machines_) m->watch_nothing();
            settle();
        }
        for (int facts = 0; facts < 400 && !in_.empty(); ++facts) {
            fact();
            settle();
        }
        if (in_.flag()) take_some(last_possible);  // else the queue is destroyed as it is
        for (const std::uint64_t sequence : {first_.position().sequence(), third_.position().sequence()}) FUZZ_CHECK(sequence <= highest_);
    }

private:
    void fact() {
        switch (in_.below(14)) {
            case 0: created(); break;
            case 1:
                for (watch_machine* const m : machines_) m->on_caught_up();
                break;
            case 2: {
                const std::uint64_t frontier = seen(in_.below(4) == 0 ? in_.number() : last_ + in_.below(3));
                for (watch_machine* const m : machines_) m->on_idle(frontier);
                break;
            }
            case 3:
                for (watch_machine* const m : machines_) m->on_stalled();
                break;
            case 4: {
                const auto why = static_cast<jetstream::restart_reason>(in_.below(7));
                for (watch_machine* const m : machines_) m->on_restarted(why);
                break;
            }
            case 5: lost(); break;
            case 6: floor(); break;
            case 7: take_some(1 + in_.below(64)); break;
            case 8:
                if (in_.below(16) == 15) end();
                break;
            case 9: now_ += milliseconds(in_.below(3'000)); break;
            default: message(); break;
        }
    }

    void message() {
        constexpr std::array<std::string_view, 6> keys{"a", "a.b", "a.c", "b", "c.d", "zzz"};
        constexpr std::array<std::string_view, 6> blocks{"",
                                                         "NATS/1.0\r\nKV-Operation: DEL\r\n\r\n",
                                                         "NATS/1.0\r\nNats-Marker-Reason: MaxAge\r\n\r\n",
                                                         "NATS/1.0\r\nNats-Msg-Size: 12\r\n\r\n",
                                                         "NATS/1.0\r\nNats-Msg-Size: 99999999999999999999999\r\n\r\n",
                                                         "NATS/1.0\r\nNats-Msg-Size: 1x\r\n\r\n"};
        const std::string subject = (in_.below(16) == 15 ? "$KV.c." : "$KV.b.") + std::string(keys[in_.below(keys.size())]);
        const std::string_view block = blocks[in_.below(blocks.size())];
        constexpr std::array<std::size_t, 4> sizes{0, 5, 900, 40'000};
        std::string value(options_.meta_only ? 0 : sizes[in_.below(64) % 16 % 4], subject.back());
        if (in_.below(64) == 63 && !options_.meta_only) value.assign(70'000, subject.back());  // more than a block of the queue
        jetstream::delivery_info place;
        place.stream_sequence = seen(in_.below(8) == 7 ? in_.number() : last_ + 1 + in_.below(2));
        place.pending = in_.below(3);
        const message_view m(subject, {}, block, value);
        FUZZ_CHECK(first_.on_message(m, place) == jetstream::disposition::taken);
        FUZZ_CHECK(second_.on_message(m, place) != jetstream::disposition::refused);
        const bool held = third_.has_updates();
        const auto what = third_.on_message(m, place);
        FUZZ_CHECK(what != jetstream::disposition::refused || held);
        if (what == jetstream::disposition::queued) ++waiting_;
        FUZZ_CHECK(waiting_ <= std::max<std::size_t>(options_.pending_messages, 1));
    }

    jetstream::stream_info stream() {
        jetstream::stream_info s;
        const std::uint64_t kind = in_.below(9);
        s.config.discard = kind == 1 ? jetstream::discard_policy::old : jetstream::discard_policy::new_;
        if (kind == 1 || kind == 2) s.config.max_bytes = 1'000;
        if (kind == 3) s.config.max_age = std::chrono::hours(1);
        if (kind == 4) s.config.allow_msg_ttl = true;
        if (kind == 5) s.config.subject_delete_marker_ttl = std::chrono::hours(1);
        if (kind == 6) s.config.mirror.emplace();
        if (kind == 7) s.config.sources.emplace_back();
        s.created = jetstream::wall_time(std::chrono::nanoseconds(500 * in_.below(4)));
        s.state.first_seq = in_.below(4) == 0 ? in_.number() : last_ + in_.below(3);
        s.state.last_seq = std::max(last_, s.state.first_seq);
        s.state.messages = in_.below(3);
        return s;
    }
    jetstream::ordered_start start() {
        constexpr std::array policies{deliver_policy::last_per_subject, deliver_policy::all, deliver_policy::new_};
        if (in_.flag()) return {.policy = deliver_policy::by_start_sequence, .sequence = 1 + seen(in_.below(last_ + 2))};
        return {.policy = policies[in_.below(policies.size())]};
    }
    void created() {
        const jetstream::stream_info s = stream();
        jetstream::ordered_created facts;
        facts.start = start();
        facts.begins_after = seen(in_.below(last_ + 2));
        facts.snapshot = seen(in_.flag() ? last_ + in_.below(4) : 0);
        if (in_.flag()) facts.stream = &s;
        for (watch_machine* const m : machines_) m->on_created(facts);
    }
    void lost() {
        const jetstream::stream_info s = stream();
        jetstream::ordered_loss loss;
        loss.what = static_cast<jetstream::ordered_loss::kind>(in_.below(3));
        loss.floor = seen(1 + in_.below(last_ + 2));
        if (in_.flag()) loss.stream = &s;
        const auto verdict = first_.on_lost(loss);
        FUZZ_CHECK(verdict.what == second_.on_lost(loss).what);
        static_cast<void>(third_.on_lost(loss));
        if (verdict.what == jetstream::ordered_verdict::kind::accept)
            FUZZ_CHECK(loss.what == jetstream::ordered_loss::kind::start_clamped && !options_.strict_floor);
    }
    void floor() {
        const jetstream::stream_info s = stream();
        FUZZ_CHECK(first_.wants_floor(now_) == second_.wants_floor(now_));
        const std::uint64_t how = in_.below(4);
        for (watch_machine* const m : machines_) {
            if (how != 0) m->on_floor_asked(now_);
            if (how == 1)
                m->on_no_floor();
            else if (how != 2)
                m->on_floor(s);
        }
    }
    void end() {
        constexpr std::array reasons{jetstream::errc::stream_not_found, jetstream::errc::start_sequence_clamped,
                                     jetstream::errc::consumer_gone};
        const std::error_code why = reasons[in_.below(reasons.size())];
        FUZZ_CHECK(first_.end_for(why) && first_.end_for(why) == second_.end_for(why) && third_.end_for(why));
        for (watch_machine* const m : machines_) {
            m->on_ended();
            FUZZ_CHECK(!m->wants_floor(now_) && m->next_deadline() == kv::machine::never);
        }
        settle();
        in_place_.ended = at_once_.ended = true;
        take_some(last_possible);  // what it had still told
        seldom_.ended = true;
    }

    void settle() {
        kv::update u;
        while (second_.take(u)) at_once_.hear(u.view());
        FUZZ_CHECK(in_place_.told == at_once_.told);
        FUZZ_CHECK(first_.position() == second_.position() && first_.wants_end() == second_.wants_end());
        const bool attention = first_.wants_end() || first_.next_deadline() != kv::machine::never;
        FUZZ_CHECK(!attention || first_.needs_attention());
        FUZZ_CHECK(first_.take_restart().has_value() == second_.take_restart().has_value());
        static_cast<void>(third_.take_restart());
        FUZZ_CHECK(options_.on_expired == kv::on_expired::fail || !first_.wants_end());
        in_place_.told.clear();
        at_once_.told.clear();
    }
    void take_some(std::uint64_t most) {
        kv::update u;
        for (; most > 0 && third_.take(u); --most) seldom_.hear(u.view());
        seldom_.told.clear();
        waiting_ -= third_.take_count();
        FUZZ_CHECK(third_.has_updates() || waiting_ == 0);
    }

    std::uint64_t seen(std::uint64_t sequence) {
        highest_ = std::max(highest_, sequence);
        if (sequence < (std::uint64_t{1} << 32U)) last_ = std::max(last_, sequence);
        return sequence;
    }

    fuzz::input& in_;
    kv::prefixes scope_;
    kv::watch_options options_;
    story in_place_;
    story at_once_;
    story seldom_;
    watch_machine first_;
    watch_machine second_;
    watch_machine third_;
    std::array<watch_machine*, 3> machines_{&first_, &second_, &third_};
    kv::machine::time_point now_{std::chrono::hours(1)};
    std::uint64_t last_ = 1;
    std::uint64_t highest_ = options_.from.sequence();
    std::size_t waiting_ = 0;  // in the queue that is seldom taken from
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 4096) return 0;
    fuzz::input in(data, size);
    const kv::watch_options options = options_of(in);
    kv::prefixes scope = scope_of(in);
    const bool allowed = is_allowed(scope, options);
    FUZZ_CHECK(allowed == !kv::machine::check_watch(scope, options));
    if (allowed) nonsense(in, std::move(scope), options).run();
    return 0;
}
