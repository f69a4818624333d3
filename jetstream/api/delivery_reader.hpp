// The ACK subjects of one consumer, one after the other.
//
// Told: reply subjects. Emits: what parse_ack_subject emits. What stands before the sequences is the same in all deliveries of an
// ordered consumer, so it is compared with that of the last one and not read again: this runs once a delivered message.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <slipstream/jetstream/ack_subject.hpp>

namespace slipstream::jetstream::api {

class delivery_reader {
public:
    delivery_reader() noexcept = default;
    delivery_reader(const delivery_reader&) = delete;
    delivery_reader& operator=(const delivery_reader&) = delete;

    /// Null where parse_ack_subject gives nothing. It lives as long as `subject`, and until the next call.
    [[nodiscard]] const delivery_info* read(std::string_view subject) noexcept;

private:
    [[nodiscard]] bool read_numbers(std::string_view numbers) noexcept;
    [[nodiscard]] const delivery_info* read_anew(std::string_view subject) noexcept;
    void remember(std::string_view subject) noexcept;

    std::array<char, 256> head_{};  // up to the stream sequence
    std::size_t head_size_ = 0;     // 0: none is known
    delivery_info info_;            // its texts lie in head_, if that is known
};

}  // namespace slipstream::jetstream::api
