// Opening, making, deleting and listing buckets: one API call each (contract S20-S33, W20-W24, spec/kv.md 2).
#include <slipstream/kv/bucket.hpp>

#include <algorithm>
#include <utility>

#include "kv/bucket_impl.hpp"
#include "kv/codec/outcome.hpp"
#include "kv/codec/stream_mapping.hpp"
#include "kv/codec/subjects.hpp"
#include "kv/manage.hpp"
#include "kv/out_of_memory.hpp"
#include "kv/with_slot.hpp"

namespace slipstream::kv::operations {
namespace {

jetstream::call_options call_of(std::chrono::milliseconds timeout, jetstream::error_info* info) noexcept {
    jetstream::call_options call;
    call.timeout = timeout.count() == 0 ? default_timeout : timeout;
    call.info = info;
    return call;
}

}  // namespace

std::error_code check_options(const open_options& options) noexcept {
    if (options.timeout.count() < 0 || options.operation_timeout.count() <= 0) return slipstream::errc::invalid_option;
    return {};
}

std::error_code check_server(const jetstream::context& js, const bucket_config& config) noexcept {
    // An old server takes the request, ignores what it does not know, and keeps a bucket without markers.
    const bool too_old = config.limit_marker_ttl.count() > 0 && codec::is_before_limit_markers(js.connection().server_info().version);
    return too_old ? make_error_code(jetstream::errc::api_level) : std::error_code();
}

std::error_code accept(const jetstream::context& js, const jetstream::stream_info& stream, const open_options& options, bucket& out) {
    if (const std::error_code ec = codec::check_is_bucket(stream.config)) return ec;
    out = bucket(make_bucket_impl(js, stream, options));
    return {};
}

void start_open_bucket(jetstream::context js, std::string name, open_options options, bucket_handler handler) {
    if (const std::error_code ec = check_bucket_name(name)) return handler.post(ec, bucket());
    if (const std::error_code ec = check_options(options)) return handler.post(ec, bucket());
    auto read = [js, options](std::error_code ec, const jetstream::stream_info& stream, bucket& opened) {
        return ec ? codec::of_bucket(ec) : accept(js, stream, options, opened);
    };
    js.async_stream_info(codec::stream_name(name), call_of(options.timeout, options.info), ends_with(std::move(handler), std::move(read)));
}

void start_create_bucket(jetstream::context js, bucket_config config, open_options options, bucket_handler handler) {
    if (const std::error_code ec = codec::check_bucket_config(config)) return handler.post(ec, bucket());
    if (const std::error_code ec = check_options(options)) return handler.post(ec, bucket());
    if (const std::error_code ec = check_server(js, config)) return handler.post(ec, bucket());
    const jetstream::stream_config wanted = codec::to_stream_config(config);
    auto read = [js, config = std::move(config), options](std::error_code ec, const jetstream::stream_info& stream, bucket& made) {
        if (ec) return codec::of_create(ec);
        if (codec::lost_limit_markers(config, stream.config)) return make_error_code(jetstream::errc::api_level);
        return accept(js, stream, options, made);
    };
    js.async_create_stream(wanted, call_of(options.timeout, options.info), ends_with(std::move(handler), std::move(read)));
}

void start_delete_bucket(jetstream::context js, std::string name, manage_options options, plain_handler handler) {
    if (const std::error_code ec = check_bucket_name(name)) return handler.post(ec);
    if (options.timeout.count() < 0) return handler.post(slipstream::errc::invalid_option);
    const asio::cancellation_slot slot = handler.slot();
    js.async_delete_stream(
        codec::stream_name(name), call_of(options.timeout, options.info),
        with_slot(slot, [handler = std::move(handler)](std::error_code ec) mutable { handler.complete(codec::of_bucket(ec)); }));
}

void start_list_buckets(jetstream::context js, manage_options options, list_handler handler) {
    if (options.timeout.count() < 0) return handler.post(slipstream::errc::invalid_option, {});
    auto read = [](std::error_code ec, const std::vector<jetstream::stream_info>& streams, std::vector<bucket_status>& found) {
        for (const jetstream::stream_info& stream : streams) {
            if (!codec::check_is_bucket(stream.config)) found.push_back(codec::to_bucket_status(stream));
        }
        std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.bucket < b.bucket; });
        return ec;
    };
    // Without a subject filter: mirrors have no subjects.
    js.async_list_streams({}, call_of(options.timeout, options.info), ends_with(std::move(handler), read));
}

}  // namespace slipstream::kv::operations
