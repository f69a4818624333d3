// The argument line of MSG and HMSG as servers write it: one blank between arguments, CRLF at its end, a reply subject that does not
// begin with a digit.
//
// Told: the bytes of the frame so far. Emits: what the line says, or nothing when it is not there in full or anything about it is
// unusual; then argument_scan reads it, and knows what is wrong with it. Invariant: what is taken here means the same there.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/wire/argument_scan.hpp"

namespace slipstream::wire {

/// What the line of a message says. The views lie in the frame.
struct message_line {
    std::string_view subject;
    std::string_view reply_to;      // empty when there is none
    std::uint64_t sid = 0;
    std::uint64_t header_size = 0;  // 0 for MSG
    std::uint64_t size = 0;
    std::size_t line_size = 0;      // with its end
};

/// Reads a line from the front. False: something else is there.
class line_reader {
public:
    /// `begin` lies in the frame, which has at least a block.
    line_reader(std::string_view frame, std::size_t begin) noexcept
        : at_(frame.data() + begin), end_(frame.data() + frame.size()), last_block_(end_ - scan_detail::block) {}

    [[nodiscard]] const char* at() const noexcept { return at_; }

    /// A text and the blank behind it.
    [[gnu::always_inline]]
    bool text(std::string_view& out) noexcept {
        const char* const stop = end_of_text();
        if (stop == end_ || *stop != ' ' || stop == at_) return false;
        out = {at_, static_cast<std::size_t>(stop - at_)};
        at_ = stop + 1;
        return true;
    }

    /// A number of 1 to 19 digits and `behind`.
    [[gnu::always_inline]]
    bool number(std::uint64_t& out, char behind) noexcept {
        const char* const begin = at_;
        std::uint64_t value = 0;
        for (;; ++at_) {
            if (at_ == end_) return false;
            const unsigned d = digit(*at_);
            if (d > 9) {
                if (d != digit(behind)) return false;
                break;
            }
            value = value * 10 + d;
        }
        out = value;
        const auto count = static_cast<std::size_t>(at_++ - begin);
        return count - 1 < 19;
    }

    [[nodiscard]] bool at_digit() const noexcept { return at_ != end_ && digit(*at_) <= 9; }
    [[nodiscard]] bool line_feed() noexcept { return at_ != end_ && *at_++ == '\n'; }

private:
    static constexpr unsigned digit(char c) noexcept { return static_cast<unsigned>(static_cast<unsigned char>(c)) - '0'; }

    [[gnu::always_inline]]
    const char* end_of_text() const noexcept {
        using namespace scan_detail;
        const auto first = [](mask_type found) { return static_cast<unsigned>(std::countr_zero(found)) / bits_per_byte; };
        const char* p = at_;
        for (; p <= last_block_; p += block) {
            if (const mask_type found = low_bytes(p); found != 0) return p + first(found);
        }
        if (p == end_) return end_;
        const mask_type found = low_bytes(last_block_) >> (static_cast<unsigned>(p - last_block_) * bits_per_byte);
        return found != 0 ? p + first(found) : end_;
    }

    const char* at_;
    const char* end_;
    const char* last_block_;
};

/// `begin` is where the subject begins.
template <bool with_headers>
[[gnu::always_inline]]
inline bool read_plain_line(std::string_view frame, std::size_t begin, message_line& out) noexcept {
    if (frame.size() < scan_detail::block) return false;
    line_reader reader(frame, begin);
    if (!reader.text(out.subject) || !reader.number(out.sid, ' ')) return false;
    if (!reader.at_digit() && !reader.text(out.reply_to)) return false;
    if (with_headers && !reader.number(out.header_size, ' ')) return false;
    if (!reader.number(out.size, '\r') || !reader.line_feed()) return false;
    out.line_size = static_cast<std::size_t>(reader.at() - frame.data());
    return true;
}

}  // namespace slipstream::wire
