// A key and a value, owned: what a write operation keeps between its initiation and its start.
#pragma once

#include <cstddef>
#include <string_view>

#include <slipstream/detail/packed_text.hpp>
#include <slipstream/payload_view.hpp>

namespace slipstream::kv {

/// Move-only; a moved-from object is empty. What key() and value() gave does not outlive a move.
class key_value {
public:
    key_value() noexcept = default;
    key_value(std::string_view key, payload_view value) : texts_({key, value.text()}), key_size_(key.size()), value_size_(value.size()) {}

    [[nodiscard]] std::string_view key() const noexcept { return texts_.part(0, key_size_); }
    [[nodiscard]] std::string_view value() const noexcept { return texts_.part(key_size_, value_size_); }

private:
    detail::packed_text texts_;
    std::size_t key_size_ = 0;
    std::size_t value_size_ = 0;
};

}  // namespace slipstream::kv
