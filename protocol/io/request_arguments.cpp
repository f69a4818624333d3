#include <slipstream/detail/request_arguments.hpp>

#include <algorithm>
#include <utility>

namespace slipstream::detail {

request_arguments::request_arguments(std::string_view begin, std::string_view rest, payload_view payload, const request_options& options)
    : subject_size_(begin.size() + rest.size()), payload_size_(payload.size()), timeout_(options.timeout) {
    const std::string_view headers = options.headers != nullptr ? options.headers->block() : std::string_view();
    header_size_ = headers.size();
    const std::size_t total = subject_size_ + header_size_ + payload_size_;
    char* to = inline_.data();
    if (total > inline_size) {
        heap_ = std::make_unique_for_overwrite<char[]>(total);
        to = heap_.get();
    }
    to = std::copy_n(begin.data(), begin.size(), to);
    to = std::copy_n(rest.data(), rest.size(), to);
    to = std::copy_n(headers.data(), header_size_, to);
    std::copy_n(payload.data(), payload_size_, to);
}

request_arguments::request_arguments(request_arguments&& other) noexcept { take(other); }

request_arguments& request_arguments::operator=(request_arguments&& other) noexcept {
    if (this != &other) take(other);
    return *this;
}

void request_arguments::take(request_arguments& other) noexcept {
    heap_ = std::move(other.heap_);
    subject_size_ = std::exchange(other.subject_size_, 0);
    header_size_ = std::exchange(other.header_size_, 0);
    payload_size_ = std::exchange(other.payload_size_, 0);
    timeout_ = other.timeout_;
    if (!heap_) std::copy_n(other.inline_.data(), subject_size_ + header_size_ + payload_size_, inline_.data());
}

}  // namespace slipstream::detail
