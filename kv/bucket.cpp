// The handle itself: what it knows, and the bucket's status.
#include <slipstream/kv/bucket.hpp>

#include <utility>

#include <slipstream/subject.hpp>

#include "kv/bucket_impl.hpp"
#include "kv/codec/outcome.hpp"
#include "kv/codec/stream_mapping.hpp"
#include "kv/codec/subjects.hpp"
#include "kv/out_of_memory.hpp"

namespace slipstream::kv {
namespace {

/// The origin of a mirror may live behind another API prefix (another domain).
jetstream::context context_of_origin(const jetstream::context& js, const jetstream::stream_config& stream) {
    if (!stream.mirror || !stream.mirror->external || stream.mirror->external->api.empty()) return js;
    jetstream::context_options options;
    options.api_prefix = stream.mirror->external->api;
    options.timeout = js.default_timeout();
    return jetstream::context(js.connection(), std::move(options));
}

}  // namespace

std::shared_ptr<const bucket::impl> make_bucket_impl(const jetstream::context& js, const jetstream::stream_info& stream,
                                                     const open_options& options) {
    codec::key_places places = codec::places_of(stream.config, js.api_prefix());
    bucket_config config = codec::to_bucket_config(stream.config);
    // A mirror's origin says what its subjects begin with.
    const std::error_code unwritable = check_publish_subject(places.write_prefix + "k");
    jetstream::api::direct_gets direct_gets(js.api_prefix(), stream.config.name, places.read_prefix);
    return std::make_shared<const bucket::impl>(bucket::impl{
        .js = js,
        .name = config.bucket,
        .stream = stream.config.name,
        .key_prefix = std::move(places.read_prefix),
        .write_prefix = std::move(places.write_prefix),
        .unwritable = unwritable,
        .direct_gets = std::move(direct_gets),
        .origin_js = context_of_origin(js, stream.config),
        .origin_stream = stream.config.mirror ? stream.config.mirror->name : stream.config.name,
        .config = std::move(config),
        .created = stream.created,
        .operation_timeout = options.operation_timeout,
        .allow_direct = stream.config.allow_direct,
        .allow_msg_ttl = stream.config.allow_msg_ttl,
        .empty_is_tombstone = options.empty_is_tombstone,
    });
}

bucket::executor_type bucket::get_executor() const noexcept { return impl_->js.get_executor(); }

const std::string& bucket::name() const noexcept { return impl_->name; }

const jetstream::context& bucket::context() const noexcept { return impl_->js; }

const bucket_config& bucket::config() const noexcept { return impl_->config; }

void bucket::start_status(read_options options, handler_for<bucket_status> handler) {
    const auto timeout = impl_->timeout_for(options.timeout);
    if (timeout.count() == 0) return handler.post(slipstream::errc::invalid_option, bucket_status());

    jetstream::call_options call;
    call.timeout = timeout;
    call.info = options.info;
    auto read = [](std::error_code ec, const jetstream::stream_info& stream, bucket_status& status) {
        if (!ec) status = codec::to_bucket_status(stream);
        return codec::of_bucket(ec);
    };
    impl_->js.async_stream_info(impl_->stream, call, ends_with(std::move(handler), read));
}

}  // namespace slipstream::kv
