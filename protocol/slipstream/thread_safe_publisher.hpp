// Publishing from other threads than the client's.
#pragma once

#include <memory>
#include <string_view>
#include <system_error>

#include <slipstream/client.hpp>
#include <slipstream/options.hpp>
#include <slipstream/payload_view.hpp>

namespace slipstream {

namespace io {
class handoff;
}  // namespace io

/// The one entry to a client that any thread may use at any time, without the client's executor and while others use it: messages are
/// checked and encoded on the calling thread, and handed over to the client in batches, with one wake-up for each batch. Copies
/// share what they hand over, and so do all publishers of one client.
///
/// Order: messages of one thread arrive in the order in which it published them. Those of different threads, and those that the client
/// publishes itself, have no order between them.
///
/// Lifetime: it does not keep the connection open; when the last client is gone, or the client has ended, publish gives errc::closed. It
/// may be destroyed on any thread, before or after the client and its io_context.
class thread_safe_publisher {
public:
    /// One that always gives errc::closed.
    thread_safe_publisher() noexcept = default;
    /// To be called on the client's executor, as everything of a client; then hand copies to the threads.
    explicit thread_safe_publisher(const client& of);

    /// Hands a message over. It is copied; the client sends it as one that it had published itself, down or up. Any thread.
    /// What the client has not taken over yet is bounded by connect_options::handoff_bytes; it takes nothing over while its own outbox is
    /// full. client::async_flush covers what was published before it began, unless the outbox is full.
    /// Errors, nothing handed over: errc::invalid_subject, errc::invalid_reply_subject, errc::max_control_line, errc::max_payload and
    /// errc::headers_unsupported (by the server's last INFO), errc::buffer_full, errc::not_connected
    /// (connect_options::fail_fast), errc::draining, errc::closed. A message that the next server cannot take is dropped and told as
    /// event_kind::server_error.
    std::error_code publish(std::string_view subject, payload_view payload, publish_options options = {});

private:
    std::shared_ptr<io::handoff> handoff_;
};

}  // namespace slipstream
