// The one type that holds passwords, tokens, seeds and JWTs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace slipstream {

/// Owns secret bytes: wiped when destroyed or overwritten, no printer, no comparison, no implicit conversion to text.
class secret {
public:
    secret() noexcept = default;
    secret(std::string_view bytes);  // NOLINT(google-explicit-constructor): options read naturally
    secret(const char* text) : secret(std::string_view(text)) {}
    secret(const std::string& text) : secret(std::string_view(text)) {}
    secret(const secret& other) : secret(other.reveal()) {}
    secret(secret&& other) noexcept;
    secret& operator=(secret other) noexcept;
    ~secret();

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// The bytes themselves. Named so that every use is found by searching for it.
    [[nodiscard]] std::string_view reveal() const noexcept { return {bytes_, size_}; }

private:
    char* bytes_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace slipstream
