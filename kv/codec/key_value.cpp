// Ownership of a write's arguments in one run of bytes: [key][value].
#include <slipstream/kv/key_value.hpp>

#include <algorithm>
#include <utility>

namespace slipstream::kv {

key_value::key_value(std::string_view key, payload_view value) : key_size_(key.size()), value_size_(value.size()) {
    char* to = inline_.data();
    if (key_size_ + value_size_ > inline_size) {
        heap_ = std::make_unique_for_overwrite<char[]>(key_size_ + value_size_);
        to = heap_.get();
    }
    to = std::copy_n(key.data(), key_size_, to);
    std::copy_n(value.data(), value_size_, to);
}

key_value::key_value(key_value&& other) noexcept { take(other); }

key_value& key_value::operator=(key_value&& other) noexcept {
    if (this != &other) take(other);
    return *this;
}

void key_value::take(key_value& other) noexcept {
    heap_ = std::move(other.heap_);
    key_size_ = std::exchange(other.key_size_, 0);
    value_size_ = std::exchange(other.value_size_, 0);
    if (!heap_) std::copy_n(other.inline_.data(), key_size_ + value_size_, inline_.data());
}

}  // namespace slipstream::kv
