// A bounded read of many messages: drains an ordered consumer into a collector (contract S65-S79, W6, W7, W10-W12, W40, W41).
//
// It owns itself from start() until its end, which is told in a turn of its own, and lets go of the consumer on every way out: completion,
// deadline, cancellation, the end of the client or of the execution context.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/error.hpp>
#include <asio/post.hpp>

#include <slipstream/detail/any_handler.hpp>
#include <slipstream/detail/wake_timer.hpp>
#include <slipstream/error.hpp>
#include <slipstream/jetstream/context.hpp>
#include <slipstream/jetstream/ordered_consumer.hpp>

#include "kv/codec/outcome.hpp"
#include "kv/out_of_memory.hpp"

namespace slipstream::kv {

template <class Collector>
class collection final : public jetstream::ordered_handler,
                         public slipstream::detail::wakeable,
                         public std::enable_shared_from_this<collection<Collector>> {
public:
    using result = typename Collector::result;
    using handler_type = slipstream::detail::any_handler<void(std::error_code, result)>;
    using milliseconds = std::chrono::milliseconds;

    /// `info`, when not null, receives the server's words. `empty`: the error when there is no message at all; none = an empty result.
    collection(jetstream::context js, Collector collector, handler_type handler, jetstream::error_info* info, std::error_code empty = {})
        : js_(std::move(js)), collector_(std::move(collector)), handler_(std::move(handler)), info_(info), empty_(empty) {
        if (info_ != nullptr) *info_ = {};
    }

    void start(std::string_view stream, jetstream::ordered_options options, milliseconds timeout) {
        connect_cancellation();
        timer_ = slipstream::detail::wake_timer(js_.get_executor(), this->weak_from_this());
        timer_.wake_at(std::chrono::steady_clock::now() + std::min<milliseconds>(timeout, std::chrono::hours(24 * 365)));
        options.headers_only = Collector::headers_only;
        options.setup_timeout = timeout;
        consumer_ = jetstream::ordered_consumer(js_, stream, std::move(options), *this);
        self_ = this->shared_from_this();  // not before all of it could begin
    }

private:
    jetstream::disposition on_message(const message_view& message, const jetstream::delivery_info& info) override {
        any_ = true;
        gather([&] { collector_.add(message, info); });
        return jetstream::disposition::taken;
    }
    void on_created(const jetstream::ordered_created& facts) override {
        gather([&] { collector_.expect(facts.num_pending); });
    }
    void on_restarted(jetstream::restart_reason, bool from_scratch) override {
        if (!from_scratch) return;
        collector_.clear();
        any_ = false;
    }
    void on_caught_up() override {
        if (!any_ && empty_) finish(empty_);
        else finish({});
    }
    void on_ended(std::error_code reason) override {
        // The reason matters more than the server's words, should there be no memory for them.
        if (info_ != nullptr) static_cast<void>(unless_out_of_memory([this] { *info_ = consumer_.failure(); }));
        finish(codec::of_bucket(reason));
    }

    void on_wake() override {
        if (ended_) return tell();
        // A consumer that was never asked for was held up before the first byte of it left.
        const bool unsent = consumer_.name().empty() && consumer_.restarts() == 0;
        finish(unsent ? slipstream::errc::timeout_unsent : slipstream::errc::timeout);
    }
    void on_context_end() noexcept override {
        const std::shared_ptr<collection> keep = std::move(self_);
        const handler_type unheard = std::move(handler_);
        consumer_.stop();
    }

    void connect_cancellation() {
        asio::cancellation_slot slot = handler_.slot();
        if (!slot.is_connected()) return;
        slot.assign([weak = this->weak_from_this(), executor = js_.get_executor()](asio::cancellation_type type) {
            // The event loop may be gone, and this with it.
            if (type == asio::cancellation_type::none || weak.expired()) return;
            asio::post(executor, [weak] {
                if (const auto self = weak.lock()) self->finish(asio::error::operation_aborted);
            });
        });
    }

    /// A collection that lacks a message must not pass for a whole one.
    template <class Step>
    void gather(Step&& step) {
        if (const std::error_code ec = unless_out_of_memory(step)) finish(ec);
    }

    void finish(std::error_code ec) {
        if (ended_) return;
        ended_ = true;
        end_reason_ = ec;
        consumer_.stop();
        const std::shared_ptr<collection> self = this->shared_from_this();
        // When there is no memory for a turn, the timer has one: its wait is pending as it is.
        if (unless_out_of_memory([&] { asio::post(js_.get_executor(), [self] { self->tell(); }); }))
            return timer_.wake_at(slipstream::detail::wake_timer::time_point::min());
        timer_.stop();
        self_.reset();  // the turn has it
    }

    void tell() {
        const std::shared_ptr<collection> keep = std::move(self_);
        timer_.stop();
        result gathered;
        if (!end_reason_) end_reason_ = unless_out_of_memory([&] { gathered = collector_.finish(); });
        handler_type handler = std::move(handler_);
        handler.complete(end_reason_, end_reason_ ? result() : std::move(gathered));
    }

    jetstream::context js_;
    Collector collector_;
    handler_type handler_;
    jetstream::error_info* info_;
    std::error_code empty_;
    jetstream::ordered_consumer consumer_;
    slipstream::detail::wake_timer timer_;
    std::shared_ptr<collection> self_;  // until the end
    std::error_code end_reason_;
    bool any_ = false;
    bool ended_ = false;
};

}  // namespace slipstream::kv
