// Takes decisions off the front of a fuzzer's input, for targets that are driven by a list of events. Behind its end everything is
// 0 or empty, so that every input is a whole script.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fuzz {

class input {
public:
    input(const std::uint8_t* data, std::size_t size) noexcept : rest_(reinterpret_cast<const char*>(data), size) {}

    [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }

    std::uint8_t byte() noexcept {
        if (rest_.empty()) return 0;
        const auto value = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        return value;
    }
    bool flag() noexcept { return (byte() & 1U) != 0; }
    /// 0 <= result < limit. One byte up to 256, else two.
    std::uint64_t below(std::uint64_t limit) noexcept {
        std::uint64_t value = byte();
        if (limit > 256) value = value << 8U | byte();
        return value % limit;
    }
    /// Eight bytes, little-endian.
    std::uint64_t word() noexcept {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 8) value |= std::uint64_t{byte()} << shift;
        return value;
    }
    /// Small numbers mostly, and every number at times: the count of bytes comes first.
    std::uint64_t number() noexcept {
        std::uint64_t value = 0;
        for (std::size_t left = below(9); left > 0; --left) value = value << 8U | byte();
        return value;
    }
    /// At most `max` bytes (up to 255); their count comes first.
    std::string_view text(std::size_t max) noexcept {
        const auto wanted = static_cast<std::size_t>(below(max + 1));
        const std::size_t size = std::min(wanted, rest_.size());
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    /// Everything up to a line feed, which is dropped.
    std::string_view line() noexcept {
        const std::size_t end = std::min(rest_.find('\n'), rest_.size());
        const std::string_view taken = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return taken;
    }
    [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

private:
    std::string_view rest_;
};

}  // namespace fuzz
