// The ACK subjects of one consumer, one after the other.
//
// Told: reply subjects. Emits: what parse_ack_subject emits. What stands before the numbers is the same in all deliveries of a
// consumer, so it is compared with that of the last one and not read again: this runs once a delivered message.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <slipstream/jetstream/ack_subject.hpp>

namespace slipstream::jetstream::api {

class delivery_reader {
public:
    /// False where parse_ack_subject gives nothing; `out` then holds anything.
    bool read(std::string_view subject, delivery_info& out) noexcept;

private:
    struct part {
        std::uint16_t at = 0;
        std::uint16_t size = 0;
        [[nodiscard]] std::string_view in(std::string_view subject) const noexcept { return {subject.data() + at, size}; }
    };

    void remember(std::string_view subject, const delivery_info& info) noexcept;

    std::array<char, 256> head_{};  // up to the first number
    std::size_t head_size_ = 0;     // 0: none is known
    part domain_;
    part stream_;
    part consumer_;
};

}  // namespace slipstream::jetstream::api
