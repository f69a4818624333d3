// The one way a message is stored under a key: published with its expectation, its result translated.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_signal.hpp>

#include "kv/bucket_impl.hpp"
#include "kv/codec/outcome.hpp"
#include "kv/own_handler.hpp"
#include "kv/subject_text.hpp"
#include "kv/time_budget.hpp"
#include "kv/with_slot.hpp"

namespace slipstream::kv {

template <class Done>
class store_operation final : public own_handler<store_operation<Done>, jetstream::publish_ack, revision> {
    using base = own_handler<store_operation<Done>, jetstream::publish_ack, revision>;
    friend base;

public:
    using typename base::request_handler;

    static request_handler begin(const std::shared_ptr<const bucket::impl>& bucket, time_budget budget, asio::cancellation_slot slot,
                                 jetstream::error_info* info, Done&& done) {
        return request_handler(base::make(bucket, budget, slot, info, std::move(done)));
    }

    asio::cancellation_slot slot() const noexcept override { return slot_; }

private:
    store_operation(std::shared_ptr<const bucket::impl> bucket, time_budget budget, asio::cancellation_slot slot,
                    jetstream::error_info* info, Done&& done) noexcept
        : bucket_(std::move(bucket)), budget_(budget), slot_(slot), info_(info), done_(std::move(done)) {}
    ~store_operation() = default;

    [[nodiscard]] asio::any_io_executor get_executor() const noexcept { return bucket_->js.get_executor(); }

    Done take_done() noexcept { return std::move(done_); }

    std::optional<std::error_code> on_reply(std::error_code ec, jetstream::publish_ack&& ack, revision& stored) {
        if (ec == slipstream::errc::no_responders && !budget_.is_over()) {
            ask_why();
            return std::nullopt;
        }
        stored = revision(ack.sequence);
        return codec::of_write(ec);
    }

    /// Nobody stores the subject: the bucket was deleted, or JetStream is not there.
    void ask_why() {
        jetstream::call_options call;
        call.timeout = budget_.left();
        call.info = info_;
        bucket_->origin_js.async_stream_info(
            bucket_->origin_stream, call,
            with_slot(slot_, [self = request_handler(this), me = this](std::error_code lookup, const jetstream::stream_info&) mutable {
                const bool tells = lookup == jetstream::errc::stream_not_found || is_final(lookup);
                static_cast<void>(self.release().release());
                me->tell(tells ? codec::of_bucket(lookup) : make_error_code(slipstream::errc::no_responders), revision());
            }));
    }

    std::shared_ptr<const bucket::impl> bucket_;
    time_budget budget_;
    asio::cancellation_slot slot_;
    jetstream::error_info* info_;
    Done done_;
};

/// Calls `done(std::error_code, revision)` later, exactly once unless it is destroyed first; errors as codec::of_write.
/// The texts are copied before this returns. There is never a message id: a conditional write that is repeated with one would
/// conflict with itself (contract W13). `slot` belongs to what `done` owns.
template <class Done>
void store_message(const std::shared_ptr<const bucket::impl>& bucket, std::string_view key, std::string_view value,
                   jetstream::publish_options options, time_budget budget, asio::cancellation_slot slot, Done done) {
    const subject_text subject(bucket->write_prefix, key);
    options.timeout = budget.left();
    auto handler = store_operation<Done>::begin(bucket, budget, slot, options.info, std::move(done));
    const jetstream::context& js = bucket->js;
    js.start_publish(js.prepare_publish(subject.text(), value, options), std::move(handler));
}

}  // namespace slipstream::kv
