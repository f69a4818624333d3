// Ordered consumers (ADR-17): a stream's messages, filtered, in order, without gap or repeat, over every kind of trouble.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <slipstream/jetstream/context.hpp>
#include <slipstream/jetstream/ordered_handler.hpp>

namespace slipstream::jetstream {

/// A push consumer without acknowledgements that is watched over by sequence numbers and heartbeats, and made again under a new
/// name whenever anything is missing: after a gap, silence, a reconnect or a restart of the server. The server is throttled by
/// flow control, so that a slow taker costs bounded memory here and never the connection.
///
/// RAII: destroying the handle (or stop) unsubscribes and deletes the server's consumer at once.
/// Thread safety: as the client; to be used on its executor.
class ordered_consumer {
public:
    ordered_consumer() noexcept = default;
    /// Begins at once; everything, errors included, comes to `handler`, never before this returns.
    /// Lifetime: `handler` must live until stop() or the destruction of this handle.
    ordered_consumer(context js, std::string_view stream, ordered_options options, ordered_handler& handler);
    ordered_consumer(ordered_consumer&&) noexcept = default;
    ordered_consumer& operator=(ordered_consumer&& other) noexcept;
    ~ordered_consumer();

    explicit operator bool() const noexcept { return static_cast<bool>(impl_); }

    /// The handler is not called after this returns. Idempotent.
    void stop() noexcept;
    /// `count` more of the messages that the handler queued are done with.
    void taken(std::uint64_t count = 1);
    /// Begins again at another place, as if nothing had been delivered.
    void restart(ordered_start from);

    /// Name of the server's consumer, for monitoring; changes whenever it is made again. Empty while there is none.
    [[nodiscard]] std::string_view name() const noexcept;
    /// What the server said when it last refused to make the consumer.
    [[nodiscard]] error_info failure() const;
    /// How often it was made again.
    [[nodiscard]] std::uint64_t restarts() const noexcept;

private:
    class impl;
    std::shared_ptr<impl> impl_;
};

}  // namespace slipstream::jetstream
