// A message read out of a stream by sequence or subject.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include <slipstream/jetstream/stream_config.hpp>
#include <slipstream/message.hpp>

namespace slipstream::jetstream {

/// Its subject, payload and headers are as stored. A direct get leaves the server's own headers (Nats-Stream, Nats-Subject,
/// Nats-Sequence, Nats-Time-Stamp) behind the stored ones; what they say is sequence(), time() and subject(), whatever a publisher
/// may have written under the same names.
class stored_message {
public:
    stored_message() noexcept = default;
    stored_message(slipstream::message&& m, std::uint64_t sequence, wall_time time) noexcept
        : message_(std::move(m)), sequence_(sequence), time_(time) {}
    /// `subject` lies in the header block of `m`, which carries another one (the reply's).
    stored_message(slipstream::message&& m, std::string_view subject, std::uint64_t sequence, wall_time time) noexcept
        : subject_offset_(static_cast<std::size_t>(subject.data() - m.header_block().data())),
          subject_size_(subject.size()),
          message_(std::move(m)),
          sequence_(sequence),
          time_(time) {}

    [[nodiscard]] std::string_view subject() const noexcept {
        if (subject_size_ == 0) return message_.subject();
        const std::string_view block = message_.header_block();
        return block.size() < subject_offset_ + subject_size_ ? std::string_view() : block.substr(subject_offset_, subject_size_);
    }
    [[nodiscard]] header_view headers() const noexcept { return message_.headers(); }
    [[nodiscard]] std::string_view payload() const noexcept { return message_.payload(); }
    [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }
    [[nodiscard]] wall_time time() const noexcept { return time_; }

private:
    std::size_t subject_offset_ = 0;
    std::size_t subject_size_ = 0;  // 0: the message's own
    slipstream::message message_;
    std::uint64_t sequence_ = 0;
    wall_time time_{};
};

}  // namespace slipstream::jetstream
