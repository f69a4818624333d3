// A key and a value, owned: what a write operation keeps between its initiation and its start.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

#include <slipstream/payload_view.hpp>

namespace slipstream::kv {

/// One run of bytes: inside the object when it is short, so that an ordinary write allocates nothing for it. Move-only; a moved-from
/// object is empty. What key() and value() gave does not outlive a move.
class key_value {
public:
    static constexpr std::size_t inline_size = 192;

    key_value() noexcept = default;
    key_value(std::string_view key, payload_view value);
    key_value(key_value&& other) noexcept;
    key_value& operator=(key_value&& other) noexcept;
    ~key_value() = default;

    [[nodiscard]] std::string_view key() const noexcept { return {bytes(), key_size_}; }
    [[nodiscard]] std::string_view value() const noexcept { return {bytes() + key_size_, value_size_}; }

private:
    [[nodiscard]] const char* bytes() const noexcept { return heap_ ? heap_.get() : inline_.data(); }
    void take(key_value& other) noexcept;

    std::unique_ptr<char[]> heap_;
    std::size_t key_size_ = 0;
    std::size_t value_size_ = 0;
    std::array<char, inline_size> inline_;  // meaningful only up to the sum of the sizes, and only without heap_
};

}  // namespace slipstream::kv
