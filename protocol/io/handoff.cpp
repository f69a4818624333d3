#include "protocol/io/handoff.hpp"

#include <algorithm>
#include <utility>

#include <asio/post.hpp>

#include <slipstream/error.hpp>

#include "protocol/io/client_impl.hpp"
#include "protocol/session/outbox.hpp"
#include "protocol/wire/subject_rules.hpp"

namespace slipstream::io {

std::error_code handoff::publish(const wire::outgoing& m) {
    if (!wire::is_publish_subject(m.subject)) return errc::invalid_subject;
    if (!m.reply_to.empty() && !wire::is_publish_subject(m.reply_to)) return errc::invalid_reply_subject;
    const auto most = static_cast<std::size_t>(max_payload_.load(std::memory_order_relaxed));
    if (m.payload.size() > most || m.header_block.size() > most - m.payload.size()) return errc::max_payload;
    if (!m.header_block.empty() && !headers_.load(std::memory_order_relaxed)) return errc::headers_unsupported;
    const std::size_t size = wire::publish_size(m);
    if (wire::counted_line(m, size) > most_of_line_) return errc::max_control_line;

    const std::lock_guard lock(mutex_);
    if (refusal_) return refusal_;
    if (fail_fast_ && !up_.load(std::memory_order_relaxed)) return errc::not_connected;
    const std::size_t waiting = incoming_bytes_ + being_taken_.load(std::memory_order_relaxed);
    if (waiting != 0 && (waiting > limit_ || size > limit_ - waiting)) return errc::buffer_full;  // see outbox::has_room
    // The handler first: it waits for the lock, and finds nothing if memory ends below.
    if (!filled_.load(std::memory_order_relaxed)) wake();
    place_for(size).append(size, m);
    incoming_bytes_ += size;
    return {};
}

session::handed_batch& handoff::place_for(std::size_t size) {
    if (incoming_.empty() || incoming_.waiting().back().frames.size() >= session::outbox::block_size) {
        incoming_.push({});
        if (!unused_.empty()) {
            incoming_.waiting().back().frames = std::move(unused_.back());
            unused_.pop_back();
        }
    }
    session::handed_batch& last = incoming_.waiting().back();
    constexpr std::size_t whole = session::outbox::block_capacity;
    const std::size_t filled = last.frames.size();
    if (const std::size_t had = last.frames.capacity(); filled + size > had && filled + size > small_capacity && had < whole)
        static_cast<void>(last.frames.reserve(std::max(whole - filled, size)));
    return last;
}

/// The client is looked up where the handler runs: no thread but its own ever holds it. The mark comes first: a handler that ran before
/// it was set would see no work, and nobody would wake the client again.
void handoff::wake() {
    filled_.store(true, std::memory_order_relaxed);
    try {
        asio::post(executor_, [self = shared_from_this()] {
            if (const std::shared_ptr<client_impl> client = self->client_.lock()) client->on_handed_over();
        });
    } catch (...) {
        filled_.store(false, std::memory_order_relaxed);
        throw;
    }
}

void handoff::tell(const slipstream::server_info& info, bool headers_known, bool up) noexcept {
    max_payload_.store(info.max_payload, std::memory_order_relaxed);
    headers_.store(info.headers || !headers_known, std::memory_order_relaxed);
    up_.store(up, std::memory_order_relaxed);
}

void handoff::refuse(std::error_code why) noexcept {
    const std::lock_guard lock(mutex_);
    if (!refusal_) refusal_ = why;
}

void handoff::end() noexcept {
    asio::any_io_executor ended;
    const std::lock_guard lock(mutex_);
    refusal_ = errc::closed;
    executor_.swap(ended);
    incoming_.clear();
    incoming_bytes_ = 0;
    unused_.clear();
    staged_ = {};
    taken_ = 0;
    being_taken_.store(0, std::memory_order_relaxed);
    filled_.store(false, std::memory_order_relaxed);
}

session::handed_batch& handoff::next() {
    if (taken_ == staged_.frames.size()) {
        staged_.clear();
        staged_.frames.shrink(kept_capacity);
        taken_ = 0;
        const std::lock_guard lock(mutex_);
        if (staged_.frames.capacity() != 0 && unused_.size() < most_unused) unused_.push_back(std::move(staged_.frames));
        static_cast<void>(incoming_.pop(staged_));
        incoming_bytes_ -= staged_.frames.size();
        being_taken_.store(staged_.frames.size(), std::memory_order_relaxed);
        if (staged_.frames.empty()) filled_.store(false, std::memory_order_relaxed);
    }
    return staged_;
}

// --- the client's side of it -----------------------------------------------------------------------------------------------------

void client_impl::take_handed_over(std::size_t most, bool beyond_limit, session::time_point now) {
    if (!handoff_) return;
    for (;;) {
        session::handed_batch& batch = handoff_->next();
        const std::string_view frames = handoff_->left();
        if (frames.empty()) return;
        if (most == 0) break;
        const std::size_t size = frames.size();
        most -= std::min(most, size);
        if (size == batch.frames.size()) {
            const session::batch_fate fate = core_.take_batch(batch, beyond_limit);
            if (fate == session::batch_fate::waits) return;  // goes on when something has been written
            if (fate == session::batch_fate::taken) {
                handoff_->taken_whole();
                continue;
            }
        }
        const std::size_t n = core_.take_frames(frames, beyond_limit, now);
        handoff_->taken(n);
        if (n < size) return;  // likewise
    }
    wants_turn_ = true;
}

/// Told before each event, at the end of each turn and of the client.
void client_impl::tell_handoff() noexcept {
    if (!handoff_) return;
    const client_state state = core_.state();
    if (state == client_state::closed) return handoff_->end();
    const slipstream::server_info& info = core_.server_info();
    handoff_->tell(info, !info.server_id.empty(), state == client_state::connected);
}

}  // namespace slipstream::io
