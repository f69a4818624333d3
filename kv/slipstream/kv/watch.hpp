// Watches: the state of a bucket and every change of it, resumable.
#pragma once

#include <memory>
#include <system_error>
#include <utility>

#include <slipstream/detail/any_handler.hpp>
#include <slipstream/kv/error.hpp>
#include <slipstream/kv/revision.hpp>
#include <slipstream/kv/update.hpp>
#include <slipstream/kv/watch_handler.hpp>
#include <slipstream/kv/watch_options.hpp>
#include <slipstream/tokens.hpp>

namespace slipstream::kv {

/// What stands behind a watch. Implement it to hand a fake to code that takes a kv::watcher. The destructor stops the watch.
class watch_source {
public:
    using executor_type = asio::any_io_executor;
    using next_handler = slipstream::detail::any_handler<void(std::error_code, update)>;

    virtual ~watch_source() = default;
    [[nodiscard]] virtual executor_type get_executor() const noexcept = 0;
    /// `handler` is completed exactly once and never before this returns.
    virtual void start_next(next_handler handler) = 0;
    virtual bool try_next(update& out) = 0;
    virtual void stop() noexcept = 0;
    [[nodiscard]] virtual cursor position() const noexcept = 0;
    [[nodiscard]] virtual bool is_ended() const noexcept = 0;
    [[nodiscard]] virtual std::error_code end_reason() const noexcept = 0;
};

/// Follows the keys of a bucket. Made by watcher::watch; move-only. Destroying it ends it: the server stops sending at once and its
/// consumer is deleted.
///
/// Without a cursor a watch first tells the current value of every key (the last message of each key, deletes included unless
/// skipped), then `initial_done`, then every change as it happens. With a cursor it tells every change after the cursor, and
/// `initial_done` once it has caught up with what was there when it was set up. Revisions increase strictly. No change is left
/// out: what the connection, the server or a full queue loses is found by its sequence numbers and fetched again; when it is no
/// longer there, watch_options::on_expired decides. Not seen are removals that leave no marker: age limits without limit markers,
/// markers whose own TTL has passed before they were seen, and STREAM.PURGE calls by other programs (contract W3).
///
/// A watch survives reconnects and server restarts. It ends, after the updates told so far have been taken, with:
///   errc::cursor_expired       changes were lost and on_expired is fail;
///   errc::bucket_deleted       the bucket vanished under the watch; errc::bucket_not_found when it was not there at all;
///   errc::invalid_prefix, errc::invalid_cursor, slipstream::errc::invalid_option  nothing was sent;
///   errc::watch_stopped        stop(), or a handler that threw;
///   slipstream::errc::timeout  the set-up did not complete in time; its last error if there was one;
///   slipstream::errc::permission_denied, closed, and what the server says of the set-up (jetstream::errc).
///
/// The usual loop suspends once per batch:
///
///     kv::watch w = bucket.watch("node.");
///     for (;;) {
///         kv::update u = co_await w.async_next();
///         do apply(u); while (w.try_next(u));
///         save(w.position());
///     }
///
/// Thread safety: as the client underneath, and to be used on its executor only.
class watch {
public:
    using executor_type = asio::any_io_executor;

    watch() noexcept = default;
    explicit watch(std::unique_ptr<watch_source> source) noexcept : source_(std::move(source)) {}
    watch(watch&&) noexcept = default;
    watch& operator=(watch&&) noexcept = default;
    ~watch() = default;

    /// False for a default-constructed or moved-from handle; the other functions need a true one.
    explicit operator bool() const noexcept { return static_cast<bool>(source_); }
    [[nodiscard]] executor_type get_executor() const noexcept { return source_->get_executor(); }

    /// Takes the oldest queued update; reuses the memory of `out`. False when none is queued. Never with a handler.
    bool try_next(update& out) { return source_->try_next(out); }

    /// Waits for the next update. One at a time. With a handler it only waits for the end.
    /// Completes with: the update.
    /// Errors: how the watch ended, see above, once everything queued has been taken; slipstream::errc::operation_in_progress.
    /// Cancellation: all types; no update is lost.
    /// Lifetime: the handle must live until the operation has started; when it is destroyed afterwards, the operation completes
    /// with errc::watch_stopped.
    template <asio::completion_token_for<void(std::error_code, update)> Token = default_token>
    auto async_next(Token&& token = Token()) {
        return asio::async_initiate<Token, void(std::error_code, update)>(
            [](auto handler, watch_source* source) {
                source->start_next(
                    slipstream::detail::make_any_handler<void(std::error_code, update)>(std::move(handler), source->get_executor()));
            },
            token, source_.get());
    }

    /// Ends the watch. What is queued can still be taken. No handler is called after it returns. Idempotent.
    void stop() noexcept { source_->stop(); }

    /// Where to resume so that no change is missed: after the last update that was taken (with a handler: that the handler
    /// returned from), further on while nothing in the watch's scope changes. Never beyond what was taken. None until
    /// initial_done was taken, when the watch began without a cursor or had to begin again: before that the state is incomplete.
    /// Save it only after everything taken has been applied.
    [[nodiscard]] cursor position() const noexcept { return source_->position(); }

    [[nodiscard]] bool is_ended() const noexcept { return source_->is_ended(); }  ///< The queue may still hold updates.
    [[nodiscard]] std::error_code end_reason() const noexcept { return source_->end_reason(); }  ///< No error until then.

private:
    std::unique_ptr<watch_source> source_;
};

}  // namespace slipstream::kv
