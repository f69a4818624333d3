// The Asio side of a watch: joins the ordered consumer, the watch machine and whoever waits for updates.
//
// Owned by the handle (watch_handle); turns that were posted hold it too, requests and the timer weakly.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <slipstream/detail/wake_timer.hpp>
#include <slipstream/jetstream/context.hpp>
#include <slipstream/jetstream/ordered_consumer.hpp>
#include <slipstream/kv/watch.hpp>

#include "kv/machine/watch_machine.hpp"

namespace slipstream::kv {

class watch_impl final : public jetstream::ordered_handler,
                         public slipstream::detail::wakeable,
                         public std::enable_shared_from_this<watch_impl> {
public:
    struct source {
        jetstream::context js;
        std::string stream;
        std::string key_prefix;
        std::chrono::milliseconds timeout{};  ///< Of the set-up.
    };

    watch_impl(source from, const prefixes& scope, const watch_options& options, watch_handler handler);

    /// `refused`: the arguments were not allowed.
    void begin(std::error_code refused);
    void stop() noexcept { finish(errc::watch_stopped); }
    /// The handle's end.
    static void release(std::shared_ptr<watch_impl> self) noexcept;
    void start_next(watch_source::next_handler handler);
    bool try_next(update& out);

    [[nodiscard]] watch_source::executor_type get_executor() const noexcept { return source_.js.get_executor(); }
    [[nodiscard]] cursor position() const noexcept { return machine_.position(); }
    [[nodiscard]] bool is_ended() const noexcept { return ended_; }
    [[nodiscard]] std::error_code end_reason() const noexcept { return end_reason_; }

private:
    // jetstream::ordered_handler
    jetstream::disposition on_message(const message_view& message, const jetstream::delivery_info& info) override;
    void on_created(const jetstream::ordered_created& facts) override;
    void on_caught_up() override;
    void on_idle(std::uint64_t frontier) override;
    void on_stalled() override;
    void on_restarted(jetstream::restart_reason reason, bool from_scratch) override;
    jetstream::ordered_verdict on_lost(const jetstream::ordered_loss& loss) override;
    void on_ended(std::error_code reason) override;
    // slipstream::detail::wakeable
    void on_wake() override;
    void on_context_end() noexcept override;

    /// While user code may be running in place.
    class telling {
    public:
        explicit telling(watch_impl& impl) noexcept : impl_(impl) { ++impl_.telling_; }
        telling(const telling&) = delete;
        telling& operator=(const telling&) = delete;
        ~telling() {
            if (--impl_.telling_ == 0 && impl_.kept_) impl_.release_kept();
        }

    private:
        watch_impl& impl_;
    };

    class posted_turn;

    [[nodiscard]] watch_handler guarded(watch_handler handler);
    [[nodiscard]] jetstream::ordered_options consumer_options() const;
    void release_kept() noexcept { const std::shared_ptr<watch_impl> last = std::move(kept_); }
    void settle();
    void ask_for_floor();
    void finish(std::error_code reason) noexcept;
    void schedule_turn() noexcept;
    void turn(watch_source::next_handler handler);
    void keep_waiting(watch_source::next_handler handler);
    void cancel(std::uint64_t id);

    source source_;
    prefixes scope_;
    watch_options options_;
    machine::watch_machine machine_;
    jetstream::ordered_consumer consumer_;
    slipstream::detail::wake_timer timer_;
    watch_source::next_handler waiter_;
    std::uint64_t waiter_id_ = 0;
    std::error_code end_reason_;
    unsigned telling_ = 0;
    std::shared_ptr<watch_impl> kept_;  // this, when the handle went while telling, or before a waiter could be told
    bool posting_ = false;  // a turn, which may find no memory
    bool ended_ = false;
    bool context_ended_ = false;
};

}  // namespace slipstream::kv
