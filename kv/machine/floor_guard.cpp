#include "kv/machine/floor_guard.hpp"

#include <algorithm>

namespace slipstream::kv::machine {

exposure exposure_of(const jetstream::stream_config& s, bool strict) noexcept {
    const bool limited = s.max_bytes > 0 || s.max_msgs > 0;
    // What a mirror or an aggregate holds is decided by its origin too.
    if (strict || s.mirror || !s.sources.empty() || (limited && s.discard == jetstream::discard_policy::old)) return exposure::size;
    if (s.max_age.count() > 0 || s.allow_msg_ttl || s.subject_delete_marker_ttl.count() > 0) return exposure::age;
    return exposure::overwrites;
}

bool floor_is_harmless(const jetstream::stream_info& stream, bool strict) noexcept {
    return exposure_of(stream.config, strict) == exposure::overwrites && stream.state.messages > 0;
}

void floor_guard::begin(std::uint64_t frontier, std::uint64_t snapshot) noexcept {
    frontier_ = frontier;
    snapshot_ = snapshot;
    behind_ = false;
    open_.reset();
    // A question that is on its way belongs to what was before.
    if (asked_) asked_ = unlimited;
}

void floor_guard::jump() noexcept {
    const bool suspect = exposure_ == exposure::size || (exposure_ == exposure::age && behind_);
    if (suspect && !open_) open_ = frontier();
}

void floor_guard::on_idle(std::uint64_t sequence) noexcept {
    if (sequence > frontier()) jump();
    frontier_ = std::max(frontier_, sequence);
    behind_ = false;
}

void floor_guard::accept(std::uint64_t sequence) noexcept { frontier_ = std::max(frontier_, sequence); }

void floor_guard::on_asked(time_point now) noexcept {
    asked_ = open_;
    asked_at_ = frontier_;
    open_.reset();
    next_question_ = now + spacing;
}

bool floor_guard::on_floor(std::uint64_t first_sequence, std::uint64_t last_sequence) noexcept {
    if (last_sequence < asked_at_) on_no_answer();
    if (!asked_) return true;
    const std::uint64_t from = *asked_;
    asked_.reset();
    return from == unlimited || first_sequence <= from + 1;
}

void floor_guard::on_no_answer() noexcept {
    if (asked_ && *asked_ != unlimited) open_ = std::min(*asked_, open_.value_or(unlimited));
    asked_.reset();
}

std::uint64_t floor_guard::limit() const noexcept { return std::min(open_.value_or(unlimited), asked_.value_or(unlimited)); }

}  // namespace slipstream::kv::machine
