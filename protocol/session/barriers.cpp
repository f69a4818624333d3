#include "protocol/session/barriers.hpp"

#include <utility>

#include "protocol/wire/encoder.hpp"

namespace slipstream::session {

std::uint64_t barriers::flush(detail::plain_completion done, time_point deadline) {
    const std::uint64_t fence = context_.streaming() ? queue_fence() : held;
    barrier& b = add(std::move(done), deadline);
    b.fence = fence;
    return id_of(b);
}

std::uint64_t barriers::drain(std::shared_ptr<subscription_state> s, detail::plain_completion done, time_point deadline) {
    const std::uint64_t fence = queue_fence();
    barrier& b = add(std::move(done), deadline);
    b.fence = fence;
    b.subscription = std::move(s);
    return id_of(b);
}

void barriers::cancel(std::uint64_t id) {
    const auto index = static_cast<std::uint32_t>(id);
    if (index >= slots_.size()) return;
    barrier& b = *slots_[index];
    if (b.fence == 0 || id_of(b) != id || !b.completion) return;
    context_.out.finish(std::move(b.completion), operation_aborted());
    if (!b.subscription) finish(b, {});
}

std::uint64_t barriers::queue_fence() {
    outbox& box = context_.box;
    if (shared_until_ != 0 && shared_until_ == box.appended() && reached_ < fences_) return fences_;
    queue_ping(fences_ + 1);
    shared_until_ = box.appended();
    return ++fences_;
}

void barriers::queue_ping(std::uint64_t fence) {
    static_cast<void>(
        context_.box.protocol_frames().reserve(16));  // what may throw comes first: a PING without its entry would shift all PONGs
    pings_.expect({fence, context_.sequence + 1});
    wire::encode_ping(context_.box.protocol_frames());
    ++context_.sequence;
}

void barriers::on_pong() {
    pong_queue::ping answered;
    if (!pings_.on_pong(answered)) return;
    subscriptions_.confirm(answered.sequence);
    if (answered.fence == 0) return;
    reached_ = answered.fence;
    for (barrier* b = first_; b != nullptr && (b->fence <= reached_ || b->fence == held);) {
        barrier& each = *b;
        b = b->next;
        if (each.fence != held) finish(each, {});
    }
}

void barriers::on_up() {
    if (first_ == nullptr) return;
    const std::uint64_t fence = queue_fence();
    for (barrier* b = first_; b != nullptr; b = b->next) b->fence = fence;
}

void barriers::on_lost() {
    pings_.clear();
    shared_until_ = 0;
    for (barrier* b = first_; b != nullptr;) {
        barrier& each = *b;
        b = b->next;
        if (each.fence != held) finish(each, errc::connection_lost);
    }
}

void barriers::on_time(time_point now) {
    while (deadline_entry* due = deadlines_.pop_due(now)) finish(static_cast<barrier&>(*due), errc::timeout);
}

std::size_t barriers::on_the_wire() const noexcept {
    std::size_t n = 0;
    for (const barrier* b = first_; b != nullptr; b = b->next) n += b->fence != held ? 1 : 0;
    return n;
}

void barriers::finish_all(std::error_code ec) {
    pings_.clear();
    shared_until_ = 0;
    while (first_ != nullptr) finish(*first_, ec);
}

void barriers::finish_held(std::error_code ec) {
    for (barrier* b = first_; b != nullptr;) {
        barrier& each = *b;
        b = b->next;
        if (each.fence == held) finish(each, ec);
    }
}

barriers::barrier& barriers::add(detail::plain_completion done, time_point deadline) {
    if (free_.empty()) {
        free_.reserve(slots_.size() + 1);  // so that finish() never allocates
        auto made = std::make_unique<barrier>();
        made->index = static_cast<std::uint32_t>(slots_.size());
        slots_.push_back(std::move(made));
        free_.push_back(slots_.back()->index);
    }
    barrier& b = *slots_[free_.back()];
    deadlines_.arm(b, deadline);
    try {
        context_.out.begin();
    } catch (...) {
        deadlines_.disarm(b);
        throw;
    }
    free_.pop_back();
    b.generation = (b.generation + 1) & 0x3fff'ffffU;
    if (b.generation == 0) b.generation = 1;
    b.completion = std::move(done);
    b.previous = last_;
    b.next = nullptr;
    (last_ != nullptr ? last_->next : first_) = &b;
    last_ = &b;
    ++pending_;
    return b;
}

void barriers::finish(barrier& b, std::error_code ec) {
    deadlines_.disarm(b);
    (b.previous != nullptr ? b.previous->next : first_) = b.next;
    (b.next != nullptr ? b.next->previous : last_) = b.previous;
    b.fence = 0;
    --pending_;
    auto done = std::move(b.completion);
    auto s = std::move(b.subscription);
    free_.push_back(b.index);
    if (s) subscriptions_.end(*s, errc::subscription_closed);
    context_.out.finish(std::move(done), ec);
}

}  // namespace slipstream::session
