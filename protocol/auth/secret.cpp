// Secret bytes: copied into memory of their own, wiped in a way that no optimiser removes.
#include <slipstream/secret.hpp>

#include <cstring>
#include <utility>

#include <sodium/utils.h>

namespace slipstream {

secret::secret(std::string_view bytes) {
    if (bytes.empty()) return;
    bytes_ = new char[bytes.size()];
    size_ = bytes.size();
    std::memcpy(bytes_, bytes.data(), size_);
}

secret::secret(secret&& other) noexcept : bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}

secret& secret::operator=(secret other) noexcept {
    std::swap(bytes_, other.bytes_);  // `other` wipes what this held
    std::swap(size_, other.size_);
    return *this;
}

secret::~secret() {
    if (bytes_ == nullptr) return;
    sodium_memzero(bytes_, size_);
    delete[] bytes_;
}

}  // namespace slipstream
