#include "kv/machine/watch_machine.hpp"

#include <algorithm>
#include <limits>
#include <new>

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>
#include <slipstream/kv/error.hpp>

#include "kv/codec/decode.hpp"
#include "kv/codec/subjects.hpp"

namespace slipstream::kv::machine {
namespace {

using jetstream::deliver_policy;
using jetstream::disposition;
using jetstream::ordered_loss;
using jetstream::ordered_start;
using jetstream::ordered_verdict;
using std::chrono::milliseconds;

constexpr std::uint64_t last_possible = std::numeric_limits<std::uint64_t>::max();

jetstream::wall_time time_of(std::int64_t created) noexcept { return jetstream::wall_time(std::chrono::nanoseconds(created)); }

update_kind kind_of(operation o) noexcept {
    return o == operation::erase ? update_kind::erase : o == operation::purge ? update_kind::purge : update_kind::put;
}

/// Prefixes that end where a token ends are what the server's filter says; others are wider there.
bool is_exact(const prefixes& scope) noexcept {
    return std::all_of(scope.list().begin(), scope.list().end(), [](const std::string& p) { return p.empty() || p.back() == '.'; });
}

/// Of a put under headers_only the server tells the length.
std::uint64_t size_of_value(const message_view& m, bool meta_only) noexcept {
    if (!meta_only) return m.payload().size();
    const std::string_view digits = m.headers().get_last(codec::message_size_header).value_or(std::string_view());
    std::uint64_t size = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9' || size > (last_possible - 9) / 10) return 0;
        size = size * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return size;
}

/// What a message of the bucket tells. Its members are set one by one: g++ sets a whole aggregate to zero first, which takes as long.
struct change : update_view {
    change(std::string_view of, const message_view& m, const jetstream::delivery_info& place, bool is_initial, bool meta_only) noexcept {
        kind = kind_of(codec::operation_of(m));
        initial = is_initial;
        key = of;
        if (kind == update_kind::put) {
            value = m.payload();
            value_size = size_of_value(m, meta_only);
        }
        revision = kv::revision(place.stream_sequence);
        created = place.timestamp;
        delta = place.pending;
    }
};

}  // namespace

std::error_code check_watch(const prefixes& scope, const watch_options& o) noexcept {
    if (const std::error_code ec = scope.check()) return ec;
    // R20: behind the last possible sequence there is none, and the next one would wrap to 0.
    if (o.from.sequence() == last_possible) return errc::invalid_cursor;
    if (o.heartbeat < milliseconds(100) || o.inactive_threshold <= milliseconds(0) || o.timeout < milliseconds(0))
        return slipstream::errc::invalid_option;
    if (o.pending_messages == 0 || o.pending_bytes == 0) return slipstream::errc::invalid_option;
    return {};
}

watch_machine::watch_machine(watch_settings settings, watch_handler handler)
    : settings_(std::move(settings)),
      scope_is_exact_(is_exact(settings_.scope)),
      handler_(std::move(handler)),
      queue_(settings_.options.pending_messages, settings_.options.pending_bytes),
      resuming_(!settings_.options.from.is_none()),
      latest_created_(settings_.options.from.bucket_created_ns()),
      created_(latest_created_),
      position_(settings_.options.from.sequence()),
      positioned_(resuming_) {}

// --- beginnings ---

/// Also of a watch that began with updates only: after a loss nobody knows what to leave out, and a key that went away meanwhile can
/// only be missed by who is told all that are there.
ordered_start watch_machine::whole_state() const noexcept {
    return {.policy = settings_.options.include_history ? deliver_policy::all : deliver_policy::last_per_subject};
}

ordered_start watch_machine::first_start() const noexcept {
    const watch_options& o = settings_.options;
    if (!resuming_) return o.updates_only ? ordered_start{.policy = deliver_policy::new_} : whole_state();
    const cursor& from = o.from;  // R26: exclusive
    return {
        .policy = deliver_policy::by_start_sequence, .sequence = from.sequence() + 1, .stream_created = time_of(from.bucket_created_ns())};
}

void watch_machine::on_created(const jetstream::ordered_created& facts) {
    was_live_ = true;
    if (facts.stream != nullptr) {
        latest_created_ = facts.stream->created.time_since_epoch().count();
        if (resyncs_ == 0) created_ = latest_created_;
        if (facts.stream->config.num_replicas > 1) may_lag_ = true;
        guard_.expose(exposure_of(facts.stream->config, settings_.options.strict_floor));
    }
    if (fresh_) {
        const std::uint64_t begin = facts.start.policy == deliver_policy::by_start_sequence ? facts.start.sequence - 1 : facts.begins_after;
        const bool state = facts.start.policy == deliver_policy::last_per_subject;
        guard_.begin(state ? 0 : begin, facts.snapshot);
        floor_before_ = facts.stream != nullptr ? facts.stream->state.first_seq : 0;
        gone_before_ = state && !resuming_ && !may_lag_ ? facts.snapshot : 0;
        if (facts.start.policy == deliver_policy::new_) {
            position_ = begin;
            positioned_ = true;
        }
        return;
    }
    // A state that was interrupted is told from the beginning, but for what was told already: that is right unless changes of what
    // was told have left the bucket meanwhile. What a replica told may have been older than the snapshot.
    if (facts.start.policy != deliver_policy::last_per_subject || facts.stream == nullptr) return;
    if (!may_lag_) told_again_to_ = facts.snapshot;
    const std::uint64_t certain = may_lag_ ? guard_.told() : guard_.frontier();
    if (guard_.exposed() == exposure::overwrites || facts.stream->state.first_seq <= certain + 1) return;
    const bool gone =
        interrupted_by_ == jetstream::restart_reason::heartbeat_missed || interrupted_by_ == jetstream::restart_reason::server_status;
    if (begin_again(gone ? resync_reason::consumer_gone : resync_reason::gap)) restart_ = whole_state();
}

/// Everything after `ceiling` may be missing from what was told. False: the watch ends instead.
bool watch_machine::begin_again(resync_reason why, std::uint64_t ceiling) {
    if (ended_ || end_) return false;
    ceiling_ = std::min(ceiling_, ceiling);
    if (settings_.options.on_expired == on_expired::fail) {
        end_ = errc::cursor_expired;
        return false;
    }
    resuming_ = false;
    complete_ = false;
    fresh_ = true;
    gone_before_ = 0;
    told_again_to_ = 0;
    count_ = 0;
    latest_created_ = 0;
    ++resyncs_;
    guard_.begin(0, 0);
    update_view u;
    u.kind = update_kind::resync;
    u.reason = why;
    tell(u, 0);
    return true;
}

ordered_verdict watch_machine::on_lost(const ordered_loss& loss) {
    if (loss.what == ordered_loss::kind::start_clamped && loss.stream != nullptr &&
        floor_is_harmless(*loss.stream, settings_.options.strict_floor)) {
        guard_.accept(loss.floor - 1);
        cover(loss.floor - 1);
        return {.what = ordered_verdict::kind::accept};
    }
    const resync_reason why = loss.what == ordered_loss::kind::state_incomplete ? resync_reason::gap
                              : loss.what != ordered_loss::kind::start_clamped  ? resync_reason::stream_recreated
                              : was_live_                                       ? resync_reason::overrun
                                                                                : resync_reason::expired;
    if (!begin_again(why)) return {};
    return {.what = ordered_verdict::kind::restart, .from = whole_state()};
}

std::error_code watch_machine::end_for(std::error_code reason) const noexcept {
    if (end_) return end_;
    if (reason == jetstream::errc::stream_not_found) return was_live_ ? errc::bucket_deleted : errc::bucket_not_found;
    if (reason == jetstream::errc::start_sequence_clamped) return errc::cursor_expired;
    return reason;
}

void watch_machine::on_floor(const jetstream::stream_info& stream) {
    const std::int64_t created = stream.created.time_since_epoch().count();
    if (created != latest_created_) {
        // Of another stream it says nothing about this one's floor. A younger one has taken this one's place (W2); an older one's answer
        // was late.
        guard_.on_no_answer();
        if (latest_created_ != 0 && created > latest_created_ && begin_again(resync_reason::stream_recreated)) restart_ = whole_state();
        return;
    }
    const std::uint64_t certain = guard_.limit();
    if (guard_.on_floor(stream.state.first_seq, stream.state.last_seq) || ended_) return;
    if (begin_again(resync_reason::overrun, certain)) restart_ = whole_state();
}

// --- updates ---

inline bool watch_machine::is_told(const update_view& u) const noexcept {
    if (!scope_is_exact_ && !settings_.scope.matches(u.key)) return false;
    if (!u.is_delete()) return true;
    const bool skipped = settings_.options.skip_initial_deletes && !complete_ && u.revision.value() <= gone_before_;
    return !settings_.options.ignore_deletes && !skipped;
}

disposition watch_machine::on_message(const message_view& message, const jetstream::delivery_info& place) {
    if (ended_ || end_) return disposition::taken;
    const std::optional<std::string_view> key = codec::key_of(settings_.key_prefix, message.subject());
    if (!key) return pass_over(place);
    const change u(*key, message, place, !complete_, settings_.options.meta_only);
    if (!is_told(u)) return pass_over(place);
    if (!handler_ && !queue_.has_room(u)) return disposition::refused;
    arrived(place);
    ++count_;
    tell(u, place.stream_sequence);
    return handler_ ? disposition::taken : disposition::queued;
}

inline void watch_machine::arrived(const jetstream::delivery_info& place) noexcept {
    fresh_ = false;
    if (complete_)
        guard_.state_ended(place.stream_sequence - 1);
    else if (may_lag_)
        look_for_lag(place.stream_sequence);
    guard_.on_message(place.stream_sequence, place.pending, !queue_.empty());
}

/// Inside a state nothing that is skipped matters: it was overwritten, or has left the bucket before it was told. But a replica that is
/// behind its leader tells an older state than that of the snapshot, and what it skips when it catches up may be a change of what it
/// has told. It gives itself away when it has what the leader had dropped, or when more of the state comes after all was told.
void watch_machine::look_for_lag(std::uint64_t sequence) noexcept {
    const bool nothing_told = guard_.told() == 0;
    if (nothing_told ? sequence >= floor_before_ : !guard_.seemed_done()) return;
    guard_.state_ended(guard_.told());
    if (nothing_told) guard_.accept(sequence - 1);
}

disposition watch_machine::pass_over(const jetstream::delivery_info& place) noexcept {
    arrived(place);
    cover(place.stream_sequence);
    return disposition::taken;
}

void watch_machine::on_caught_up() {
    if (complete_ || ended_ || end_) return;
    complete_ = true;
    fresh_ = false;
    update_view u;
    u.kind = update_kind::initial_done;
    u.count = count_;
    // Everything up to the snapshot was told or lies outside the scope, unless a replica that lags behind tells the rest now.
    tell(u, may_lag_ ? guard_.told() : guard_.frontier());
    // What came behind it and before the state was told again may have left the bucket before it could be delivered.
    if (const std::uint64_t reached_to = std::exchange(told_again_to_, 0); reached_to > guard_.frontier() && !ended_) on_idle(reached_to);
}

void watch_machine::watch_nothing() {
    complete_ = true;
    update_view u;
    u.kind = update_kind::initial_done;
    tell(u, 0);
}

void watch_machine::on_idle(std::uint64_t frontier) {
    fresh_ = false;
    if (complete_) guard_.state_ended(frontier);
    guard_.on_idle(frontier);
    cover(frontier);
}

inline void watch_machine::tell(const update_view& u, std::uint64_t position) {
    if (handler_) {
        handler_(u);
        if (!ended_) reached(u.kind, position);
        return;
    }
    try {
        queue_.push(u, position);
    } catch (const std::bad_alloc&) {
        // What cannot be told must not be passed over: the watch ends here, and can be resumed from its position (H9).
        end_ = std::make_error_code(std::errc::not_enough_memory);
    }
}

/// What lies up to `sequence` needs no telling.
void watch_machine::cover(std::uint64_t sequence) noexcept {
    if (queue_.empty())
        position_ = std::max(position_, sequence);
    else
        queue_.extend(sequence);
}

// --- the taker ---

bool watch_machine::take(update& out) {
    std::uint64_t position = 0;
    if (!queue_.pop(out, position)) return false;
    if (out.is_change()) ++taken_;
    reached(out.kind(), position);
    return true;
}

void watch_machine::reached(update_kind kind, std::uint64_t position) noexcept {
    if (kind == update_kind::resync) {
        positioned_ = false;
        position_ = position;
        if (--resyncs_ > 0) return;
        ceiling_ = floor_guard::unlimited;
        created_ = latest_created_;
        return;
    }
    if (kind == update_kind::initial_done) positioned_ = true;
    position_ = std::max(position_, position);
}

cursor watch_machine::position() const noexcept {
    const std::uint64_t sequence = std::min({position_, guard_.limit(), ceiling_});
    return positioned_ && sequence > 0 ? cursor(sequence, created_) : cursor();
}

}  // namespace slipstream::kv::machine
