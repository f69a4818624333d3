// A key and a value, owned: what a write operation keeps between its initiation and its start.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include <slipstream/payload_view.hpp>

namespace slipstream::kv {

/// One block of memory. Move-only; a moved-from object is empty.
class key_value {
public:
    key_value() noexcept = default;
    key_value(std::string_view key, payload_view value);
    key_value(key_value&& other) noexcept;
    key_value& operator=(key_value&& other) noexcept;
    ~key_value() = default;

    [[nodiscard]] std::string_view key() const noexcept { return {bytes_.get(), key_size_}; }
    [[nodiscard]] std::string_view value() const noexcept { return {bytes_.get() + key_size_, value_size_}; }

private:
    std::unique_ptr<char[]> bytes_;
    std::size_t key_size_ = 0;
    std::size_t value_size_ = 0;
};

}  // namespace slipstream::kv
