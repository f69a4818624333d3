// See store_message.hpp.
#include "kv/store_message.hpp"

#include <cstdint>
#include <utility>

#include <slipstream/jetstream/detail/operation.hpp>
#include <slipstream/jetstream/detail/replies.hpp>

#include "kv/codec/outcome.hpp"
#include "kv/with_slot.hpp"

namespace slipstream::kv {
namespace {

using revision_handler = slipstream::detail::any_handler<void(std::error_code, revision)>;

class store_operation final : public jetstream::operation_for<revision> {
public:
    store_operation(const std::shared_ptr<const bucket::impl>& bucket, slipstream::detail::prepared_request&& request,
                    revision_handler&& handler)
        : operation_for(bucket->js.connection(), std::move(request), jetstream::request_kind::publish, std::move(handler)),
          bucket_(bucket) {}

private:
    std::error_code on_reply(message&& reply) override {
        if (asks_why_) {
            jetstream::stream_info stream;
            const std::error_code ec = jetstream::api::decode_stream_info(reply.view(), stream, info());
            return ec ? ec : make_error_code(slipstream::errc::no_responders);
        }
        std::uint64_t sequence = 0;
        const std::error_code ec = jetstream::api::decode_stored_sequence(reply.view(), sequence, info());
        result_ = revision(sequence);
        return ec;
    }

    /// Nobody stores the subject: the bucket was deleted, or JetStream is not there.
    bool wants_to_verify(std::error_code ec) override {
        if (asks_why_ || ec != slipstream::errc::no_responders || remaining().count() <= 0) return false;
        asks_why_ = true;
        if (info() != nullptr) *info() = {};
        replace_request(bucket_->origin_js.prepare_stream_info(bucket_->origin_stream, {}).request, jetstream::request_kind::repeatable);
        return true;
    }

    std::error_code result_of(std::error_code ec) const override {
        if (!asks_why_) return codec::of_write(ec);
        const bool tells = ec == jetstream::errc::stream_not_found || is_final(ec);
        return tells ? codec::of_bucket(ec) : make_error_code(slipstream::errc::no_responders);
    }

    std::shared_ptr<const bucket::impl> bucket_;
    bool asks_why_ = false;
};

}  // namespace

void store_message(const std::shared_ptr<const bucket::impl>& bucket, std::string_view key, std::string_view value,
                   const jetstream::publish_options& options, revision_handler&& handler) {
    if (bucket->unwritable) return handler.post(bucket->unwritable, revision());
    jetstream::start_operation<store_operation>(bucket, bucket->js.prepare_publish(bucket->write_prefix, key, value, options),
                                                std::move(handler));
}

}  // namespace slipstream::kv
