// The one way a message is stored under a key: published with its expectation, its result translated.
#pragma once

#include <memory>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/post.hpp>
#include <asio/recycling_allocator.hpp>

#include <slipstream/detail/any_handler.hpp>

#include "kv/bucket_impl.hpp"
#include "kv/codec/outcome.hpp"
#include "kv/subject_text.hpp"
#include "kv/time_budget.hpp"
#include "kv/with_slot.hpp"

namespace slipstream::kv {

/// It is itself the handler of its request.
template <class Done>
class store_operation final : public slipstream::detail::handler_base<std::error_code, jetstream::publish_ack> {
public:
    using request_handler = slipstream::detail::any_handler<void(std::error_code, jetstream::publish_ack)>;

    static request_handler make(const std::shared_ptr<const bucket::impl>& bucket, time_budget budget, asio::cancellation_slot slot,
                                jetstream::error_info* info, Done&& done) {
        memory from_where;
        store_operation* const place = std::allocator_traits<memory>::allocate(from_where, 1);
        // Nothing of this throws.
        return request_handler(::new (static_cast<void*>(place)) store_operation(bucket, budget, slot, info, std::move(done)));
    }

    // What the context calls.
    void complete(std::error_code ec, jetstream::publish_ack&& ack) override {
        request_handler self(this);
        if (ec == slipstream::errc::no_responders && !budget_.is_over()) return ask_why();
        Done done = std::move(done_);
        self = request_handler();
        done(codec::of_write(ec), ec ? revision() : revision(ack.sequence));
    }
    void post(std::error_code ec, jetstream::publish_ack&& ack) override {
        asio::post(bucket_->js.get_executor(), [self = request_handler(this), ec, late = std::move(ack)]() mutable {
            self.complete(ec, std::move(late));
        });
    }
    void destroy() noexcept override {
        memory from_where;
        this->~store_operation();
        std::allocator_traits<memory>::deallocate(from_where, this, 1);
    }
    asio::cancellation_slot slot() const noexcept override { return slot_; }

private:
    using memory = asio::recycling_allocator<store_operation>;

    store_operation(std::shared_ptr<const bucket::impl> bucket, time_budget budget, asio::cancellation_slot slot,
                    jetstream::error_info* info, Done&& done) noexcept
        : bucket_(std::move(bucket)), budget_(budget), slot_(slot), info_(info), done_(std::move(done)) {}
    ~store_operation() = default;

    /// Nobody stores the subject: the bucket was deleted, or JetStream is not there.
    void ask_why() {
        jetstream::call_options call;
        call.timeout = budget_.left();
        call.info = info_;
        bucket_->origin_js.async_stream_info(
            bucket_->origin_stream, call,
            with_slot(slot_, [done = std::move(done_)](std::error_code lookup, const jetstream::stream_info&) mutable {
                const bool tells = lookup == jetstream::errc::stream_not_found || is_final(lookup);
                done(tells ? codec::of_bucket(lookup) : make_error_code(slipstream::errc::no_responders), revision());
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
    auto handler = store_operation<Done>::make(bucket, budget, slot, options.info, std::move(done));
    const jetstream::context& js = bucket->js;
    js.start_publish(js.prepare_publish(subject.text(), value, options), std::move(handler));
}

}  // namespace slipstream::kv
