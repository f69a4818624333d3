// Ownership of a write's arguments in one block: [key][value].
#include <slipstream/kv/key_value.hpp>

#include <cstring>
#include <utility>

namespace slipstream::kv {

key_value::key_value(std::string_view key, payload_view value)
    : bytes_(new char[key.size() + value.size()]), key_size_(key.size()), value_size_(value.size()) {
    if (!key.empty()) std::memcpy(bytes_.get(), key.data(), key.size());
    if (!value.empty()) std::memcpy(bytes_.get() + key.size(), value.data(), value.size());
}

key_value::key_value(key_value&& other) noexcept
    : bytes_(std::move(other.bytes_)), key_size_(std::exchange(other.key_size_, 0)), value_size_(std::exchange(other.value_size_, 0)) {}

key_value& key_value::operator=(key_value&& other) noexcept {
    if (this != &other) {
        bytes_ = std::move(other.bytes_);
        key_size_ = std::exchange(other.key_size_, 0);
        value_size_ = std::exchange(other.value_size_, 0);
    }
    return *this;
}

}  // namespace slipstream::kv
