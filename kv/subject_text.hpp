// Prefix and key as one text, without allocation for keys of ordinary length: what takes a subject copies it anyway.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace slipstream::kv {

class subject_text {
public:
    subject_text(std::string_view prefix, std::string_view key) : size_(prefix.size() + key.size()) {
        char* out = small_;
        if (size_ > sizeof small_) {
            large_.resize(size_);
            out = large_.data();
        }
        if (!prefix.empty()) std::memcpy(out, prefix.data(), prefix.size());
        if (!key.empty()) std::memcpy(out + prefix.size(), key.data(), key.size());
    }

    [[nodiscard]] std::string_view text() const noexcept { return {size_ > sizeof small_ ? large_.data() : small_, size_}; }

private:
    std::size_t size_;
    char small_[256];
    std::string large_;
};

}  // namespace slipstream::kv
