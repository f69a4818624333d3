#include <slipstream/thread_safe_publisher.hpp>

#include "protocol/io/client_impl.hpp"
#include "protocol/io/handoff.hpp"

namespace slipstream {

thread_safe_publisher::thread_safe_publisher(const client& of) : handoff_(of.impl_->share_handoff()) {}

std::error_code thread_safe_publisher::publish(std::string_view subject, payload_view payload, publish_options options) {
    if (!handoff_) return errc::closed;
    const std::string_view headers = options.headers != nullptr ? options.headers->block() : std::string_view();
    return handoff_->publish({subject, options.reply_to, headers, payload.text()});
}

}  // namespace slipstream
