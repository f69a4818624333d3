#include "protocol/io/handoff.hpp"

#include <utility>

#include <asio/post.hpp>

#include <slipstream/error.hpp>

#include "protocol/io/client_impl.hpp"
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
    const std::size_t waiting = incoming_.size() + being_taken_.load(std::memory_order_relaxed);
    if (waiting != 0 && (waiting > limit_ || size > limit_ - waiting)) return errc::buffer_full;  // see outbox::has_room
    // The handler first: it waits for the lock, and finds nothing if memory ends below.
    if (!filled_.load(std::memory_order_relaxed)) wake();
    wire::encode_publish(incoming_, size, m);
    return {};
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
    incoming_.shrink(0);
    staged_.clear();
    staged_.shrink(0);
    taken_ = 0;
    being_taken_.store(0, std::memory_order_relaxed);
    filled_.store(false, std::memory_order_relaxed);
}

std::string_view handoff::next() {
    if (taken_ == staged_.size()) {
        staged_.clear();
        staged_.shrink(kept_capacity);
        taken_ = 0;
        const std::lock_guard lock(mutex_);
        staged_.swap(incoming_);
        being_taken_.store(staged_.size(), std::memory_order_relaxed);
        if (staged_.empty()) filled_.store(false, std::memory_order_relaxed);
    }
    return staged_.view().substr(taken_);
}

}  // namespace slipstream::io
