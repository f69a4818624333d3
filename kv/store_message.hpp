// The one way a message is stored under a key: published with its expectation, its result translated.
#pragma once

#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "kv/bucket_impl.hpp"
#include "kv/codec/outcome.hpp"
#include "kv/subject_text.hpp"
#include "kv/time_budget.hpp"
#include "kv/with_slot.hpp"

namespace slipstream::kv {

/// Calls `done(std::error_code, revision)` later, exactly once unless it is destroyed first; errors as codec::of_write.
/// The texts are copied before this returns. There is never a message id: a conditional write that is repeated with one would
/// conflict with itself (contract W13). `slot` belongs to what `done` owns.
template <class Done>
void store_message(const std::shared_ptr<const bucket::impl>& bucket, std::string_view key, std::string_view value,
                   jetstream::publish_options options, time_budget budget, asio::cancellation_slot slot, Done done) {
    const subject_text subject(bucket->write_prefix, key);
    options.timeout = budget.left();
    jetstream::error_info* const info = options.info;
    auto on_ack = [bucket, budget, slot, info, done = std::move(done)](std::error_code ec, const jetstream::publish_ack& ack) mutable {
        if (ec != slipstream::errc::no_responders || budget.is_over()) {
            return done(codec::of_write(ec), ec ? revision() : revision(ack.sequence));
        }
        // Nobody stores the subject: the bucket was deleted, or JetStream is not there.
        jetstream::call_options call;
        call.timeout = budget.left();
        call.info = info;
        const auto owner = bucket;
        owner->origin_js.async_stream_info(
            owner->origin_stream, call,
            with_slot(slot, [done = std::move(done)](std::error_code lookup, const jetstream::stream_info&) mutable {
                const bool tells = lookup == jetstream::errc::stream_not_found || is_final(lookup);
                done(tells ? codec::of_bucket(lookup) : make_error_code(slipstream::errc::no_responders), revision());
            }));
    };
    bucket->js.async_publish(subject.text(), value, options, with_slot(slot, std::move(on_ack)));
}

}  // namespace slipstream::kv
