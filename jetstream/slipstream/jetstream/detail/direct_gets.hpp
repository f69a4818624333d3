// Direct reads of subjects that begin alike, for the layer above.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include <slipstream/jetstream/detail/prepared_request.hpp>
#include <slipstream/jetstream/error.hpp>

namespace slipstream::jetstream::api {

/// Direct reads of the last messages under subjects that all begin alike. What they have in common is checked and put together once.
class direct_gets {
public:
    /// Covers nothing.
    direct_gets() = default;
    /// `prefix` is the API's. Covers nothing when the stream's name is none, or a subject that begins so would not be valid.
    direct_gets(std::string_view prefix, std::string_view stream, std::string_view begin);

    /// False when the read has to be prepared by the context, which says why it is refused or sends the subject in the body.
    [[nodiscard]] bool covers(std::string_view rest) const noexcept { return !rest.empty() && rest.size() <= room_; }
    /// Asks for the last message under `begin` and `rest`. Precondition: covers(rest), and `rest` would be a valid subject alone.
    [[nodiscard]] detail::prepared_request prepare(std::string_view rest, std::chrono::milliseconds timeout, error_info* info) const {
        request_options options;
        options.timeout = timeout;
        return {{}, detail::request_arguments(subject_, rest, {}, options), info};
    }

private:
    std::string subject_;  // `<prefix>.DIRECT.GET.<stream>.<begin>`
    std::size_t room_ = 0;
};

}  // namespace slipstream::jetstream::api
