// A request's arguments: lent for as long as the call lasts, and owned, because initiation may happen long after it (use_awaitable,
// deferred).
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include <slipstream/detail/packed_text.hpp>
#include <slipstream/headers.hpp>
#include <slipstream/options.hpp>
#include <slipstream/payload_view.hpp>

namespace slipstream::detail {

struct request_parts {
    std::string_view subject;
    std::string_view header_block;
    std::string_view payload;
};

/// Owned. Move-only; a moved-from object is empty.
class request_arguments {
public:
    request_arguments(std::string_view subject, payload_view payload, const request_options& options)
        : request_arguments(subject, {}, payload, options) {}
    /// Of a subject in two pieces.
    request_arguments(std::string_view begin, std::string_view rest, payload_view payload, const request_options& options)
        : request_arguments(begin, rest, options.headers != nullptr ? options.headers->block() : std::string_view(), payload.text(),
                            options.timeout) {}

    [[nodiscard]] std::string_view subject() const noexcept { return texts_.part(0, subject_size_); }
    [[nodiscard]] std::string_view header_block() const noexcept { return texts_.part(subject_size_, header_size_); }
    [[nodiscard]] std::string_view payload() const noexcept { return texts_.part(subject_size_ + header_size_, payload_size_); }
    [[nodiscard]] std::chrono::milliseconds timeout() const noexcept { return timeout_; }
    [[nodiscard]] request_parts parts() const noexcept { return {subject(), header_block(), payload()}; }

private:
    request_arguments(std::string_view begin, std::string_view rest, std::string_view headers, std::string_view payload,
                      std::chrono::milliseconds timeout)
        : texts_({begin, rest, headers, payload}),
          subject_size_(begin.size() + rest.size()),
          header_size_(headers.size()),
          payload_size_(payload.size()),
          timeout_(timeout) {}

    packed_text texts_;
    std::size_t subject_size_;
    std::size_t header_size_;
    std::size_t payload_size_;
    std::chrono::milliseconds timeout_;
};

/// The arguments of a call on their way to its initiation. A handler that is there begins at once, and nothing is copied. What waits
/// for its handler moves this away, and then it owns a copy.
class lent_request {
public:
    lent_request(std::string_view subject, payload_view payload, const request_options& options) noexcept
        : subject_(subject), payload_(payload), options_(options) {}
    lent_request(lent_request&& other) : subject_(other.subject_), payload_(other.payload_), options_(other.options_) {
        if (other.owned_)
            owned_.emplace(std::move(*other.owned_));
        else
            owned_.emplace(subject_, payload_, options_);
    }
    lent_request& operator=(lent_request&&) = delete;
    ~lent_request() = default;

    [[nodiscard]] std::chrono::milliseconds timeout() const noexcept { return options_.timeout; }
    [[nodiscard]] request_parts parts() const noexcept {
        if (owned_) return owned_->parts();
        return {subject_, options_.headers != nullptr ? options_.headers->block() : std::string_view(), payload_.text()};
    }

private:
    // The caller's, not to be looked at when there is a copy.
    std::string_view subject_;
    payload_view payload_;
    request_options options_;
    std::optional<request_arguments> owned_;
};

}  // namespace slipstream::detail
