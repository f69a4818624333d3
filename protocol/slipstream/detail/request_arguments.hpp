// A request's arguments, owned: initiation may happen long after the call (use_awaitable, deferred).
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>

#include <slipstream/headers.hpp>
#include <slipstream/options.hpp>
#include <slipstream/payload_view.hpp>

namespace slipstream::detail {

/// Subject, header block and payload in one run of bytes: inside the object when they are short, so that an ordinary request
/// allocates nothing for them. Move-only; a moved-from object is empty.
class request_arguments {
public:
    static constexpr std::size_t inline_size = 192;

    request_arguments(std::string_view subject, payload_view payload, const request_options& options);
    request_arguments(request_arguments&& other) noexcept;
    request_arguments& operator=(request_arguments&& other) noexcept;
    ~request_arguments() = default;

    [[nodiscard]] std::string_view subject() const noexcept { return {bytes(), subject_size_}; }
    [[nodiscard]] std::string_view header_block() const noexcept { return {bytes() + subject_size_, header_size_}; }
    [[nodiscard]] std::string_view payload() const noexcept { return {bytes() + subject_size_ + header_size_, payload_size_}; }
    [[nodiscard]] std::chrono::milliseconds timeout() const noexcept { return timeout_; }

private:
    [[nodiscard]] const char* bytes() const noexcept { return heap_ ? heap_.get() : inline_.data(); }
    void take(request_arguments& other) noexcept;

    std::unique_ptr<char[]> heap_;
    std::size_t subject_size_ = 0;
    std::size_t header_size_ = 0;
    std::size_t payload_size_ = 0;
    std::chrono::milliseconds timeout_{};
    std::array<char, inline_size> inline_;  // meaningful only up to the sum of the sizes, and only without heap_
};

}  // namespace slipstream::detail
