// A borrowed sequence of bytes: what publish and request take as payload.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace slipstream {

/// Converts from text and from byte spans. Borrows: the bytes are copied (or sent) before the call that takes it returns.
class payload_view {
public:
    constexpr payload_view() noexcept = default;
    constexpr payload_view(std::string_view text) noexcept : data_(text.data()), size_(text.size()) {}
    constexpr payload_view(const char* text) noexcept : payload_view(std::string_view(text)) {}
    payload_view(const std::string& text) noexcept : data_(text.data()), size_(text.size()) {}
    payload_view(std::span<const std::byte> bytes) noexcept : data_(reinterpret_cast<const char*>(bytes.data())), size_(bytes.size()) {}
    payload_view(std::span<const unsigned char> bytes) noexcept
        : data_(reinterpret_cast<const char*>(bytes.data())), size_(bytes.size()) {}
    payload_view(std::span<const char> bytes) noexcept : data_(bytes.data()), size_(bytes.size()) {}

    [[nodiscard]] constexpr const char* data() const noexcept { return data_; }
    [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
    [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] constexpr std::string_view text() const noexcept { return {data_, size_}; }

private:
    const char* data_ = "";
    std::size_t size_ = 0;
};

}  // namespace slipstream
