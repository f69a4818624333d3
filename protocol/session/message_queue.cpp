#include "protocol/session/message_queue.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

namespace slipstream::session {

/// The bytes follow the struct.
struct message_queue::block {
    block* next;
    std::size_t size;   // of the bytes
    std::size_t begin;  // of the oldest record
    std::size_t end;    // behind the newest

    [[nodiscard]] char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
};

/// Sizes of one message, followed by its bytes; records begin at multiples of their alignment.
struct message_queue::record {
    std::uint32_t subject;
    std::uint32_t reply_to;
    std::uint32_t header_block;
    std::uint32_t payload;

    [[nodiscard]] std::size_t text_size() const noexcept { return std::size_t{subject} + reply_to + header_block + payload; }
    /// Bytes in a block.
    [[nodiscard]] std::size_t footprint() const noexcept {
        return (sizeof(record) + text_size() + alignof(record) - 1) / alignof(record) * alignof(record);
    }
};

namespace {

char* put(char* to, std::string_view text) noexcept {
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    return to + text.size();
}

}  // namespace

message_queue::~message_queue() { clear(); }

bool message_queue::push_status(const message_view& m) {
    const auto above = [](std::size_t limit, std::size_t reserve) { return limit + std::min(reserve, SIZE_MAX - limit); };
    return push_within(m, above(max_messages_, status_messages), above(max_bytes_, status_bytes));
}

bool message_queue::push_within(const message_view& m, std::size_t max_messages, std::size_t max_bytes) {
    if (messages_ >= max_messages || bytes_ > max_bytes || m.size() > max_bytes - bytes_) return false;
    // Bounded by the parser, far below 32 bits.
    const record r{static_cast<std::uint32_t>(m.subject().size()), static_cast<std::uint32_t>(m.reply_to().size()),
                   static_cast<std::uint32_t>(m.header_block().size()), static_cast<std::uint32_t>(m.payload().size())};
    const std::size_t needed = r.footprint();
    if (tail_ == nullptr || tail_->size - tail_->end < needed) add_block(needed);
    char* const at = tail_->bytes() + tail_->end;
    std::memcpy(at, &r, sizeof r);
    put(put(put(put(at + sizeof r, m.subject()), m.reply_to()), m.header_block()), m.payload());
    tail_->end += needed;
    ++messages_;
    bytes_ += m.size();
    return true;
}

bool message_queue::pop(message& out) {
    if (messages_ == 0) return false;
    if (head_->begin == head_->end) retire_head();
    const char* const at = head_->bytes() + head_->begin;
    record r;
    std::memcpy(&r, at, sizeof r);
    const char* text = at + sizeof r;
    const auto take = [&text](std::uint32_t size) {
        const std::string_view part(text, size);
        text += size;
        return part;
    };
    const std::string_view subject = take(r.subject);
    const std::string_view reply_to = take(r.reply_to);
    const std::string_view header_block = take(r.header_block);
    const message_view view(subject, reply_to, header_block, take(r.payload));
    out.assign(view);  // may throw: the message is still queued then

    bytes_ -= view.size();
    --messages_;
    head_->begin += r.footprint();
    if (messages_ == 0) emptied();
    return true;
}

void message_queue::emptied() noexcept {
    // The newest record was the last one, so one block is left; it is written from its beginning again.
    head_->begin = head_->end = 0;
    if (head_->size > largest_kept) {
        free_block(std::exchange(head_, nullptr));
        tail_ = nullptr;
    }
    calm_ = std::exchange(grew_, false) ? 0 : std::min(calm_ + 1, calm_fills);
    if (calm_ == calm_fills && capacity_ > sizeof(block) + block_size) {
        clear();
        calm_ = 0;
    }
}

void message_queue::clear() noexcept {
    free_chain(std::exchange(head_, nullptr));
    free_chain(std::exchange(spares_, nullptr));
    tail_ = nullptr;
    spare_count_ = 0;
    messages_ = bytes_ = 0;
}

void message_queue::free_chain(block* b) noexcept {
    while (b != nullptr) free_block(std::exchange(b, b->next));
}

void message_queue::add_block(std::size_t least) {
    block* b = nullptr;
    grew_ = true;
    if (spares_ != nullptr && least <= block_size) {
        b = spares_;
        spares_ = b->next;
        --spare_count_;
    } else {
        std::size_t size = block_size;
        if (least > block_size) {
            size = std::bit_ceil(least);
        } else if (tail_ == nullptr) {
            size = std::max(smallest_block, least);
        }
        b = static_cast<block*>(::operator new(sizeof(block) + size));
        b->size = size;
        capacity_ += sizeof(block) + size;
    }
    b->next = nullptr;
    b->begin = b->end = 0;
    (tail_ == nullptr ? head_ : tail_->next) = b;
    tail_ = b;
}

void message_queue::retire_head() noexcept {
    block* const b = head_;
    head_ = b->next;
    if (b->size == block_size && spare_count_ < most_spares) {
        b->next = spares_;
        spares_ = b;
        ++spare_count_;
    } else {
        free_block(b);
    }
}

void message_queue::free_block(block* b) noexcept {
    capacity_ -= sizeof(block) + b->size;
    ::operator delete(b);
}

}  // namespace slipstream::session
