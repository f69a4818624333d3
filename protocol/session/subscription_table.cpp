#include "protocol/session/subscription_table.hpp"

#include <cassert>
#include <new>
#include <utility>

namespace slipstream::session {

subscription_state::subscription_state(std::string_view on_subject, const subscribe_options& options,
                                       std::function<void(const message_view&)> on_message)
    : subject(on_subject),
      queue_group(options.queue_group),
      handler(std::move(on_message)),
      queue(options.pending_messages, options.pending_bytes),
      max_messages(options.max_messages),
      pause_limit(options.when_full == slow_consumer_policy::pause_reading ? to_duration(options.pause_limit) : duration::zero()),
      pause_left(pause_limit) {}

delivery subscription_state::accept(const message_view& m) {
    if (slow && queue.messages() <= queue.max_messages() / 2 && queue.bytes() <= queue.max_bytes() / 2) {
        slow = false;
        pause_left = pause_limit;
    }
    if (queue.push(m) || (m.status() == 100 && queue.push_status(m))) {
        ++received;
        return delivery::queued;
    }
    // A message that never fits is not waited for.
    const bool fits_ever = queue.max_messages() != 0 && m.size() <= queue.max_bytes();
    if (pause_left > duration::zero() && fits_ever) return std::exchange(slow, true) ? delivery::full : delivery::full_first;
    ++received;
    ++dropped;
    return std::exchange(slow, true) ? delivery::dropped : delivery::dropped_first;
}

void subscription_table::add(std::shared_ptr<subscription_state> state) {
    assert(state && state->sid == 0);
    if (free_.empty()) {
        if (slots_.size() == slot_mask) throw std::bad_alloc();
        if (slots_.size() == slots_.capacity()) slots_.reserve(slots_.empty() ? 16 : 2 * slots_.size());
        free_.reserve(slots_.capacity());
        free_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    state->sid = std::uint64_t{slots_[index].generation} << slot_bits | (index + 1);
    slots_[index].state = std::move(state);
    ++size_;
}

std::shared_ptr<subscription_state> subscription_table::remove(std::uint64_t sid) noexcept {
    subscription_state* const found = find(sid);
    if (found == nullptr) return nullptr;
    const std::size_t index = (sid & slot_mask) - 1;
    slot& s = slots_[index];
    s.generation = generation_after(s.generation);
    found->sid = 0;
    free_.push_back(static_cast<std::uint32_t>(index));
    --size_;
    return std::exchange(s.state, nullptr);
}

void subscription_table::for_each(const std::function<void(subscription_state&)>& visit) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (const std::shared_ptr<subscription_state> state = slots_[i].state) visit(*state);
    }
}

}  // namespace slipstream::session
