// The context: the handle, and the halves of its operations that send. The other halves are in prepare.cpp.
#include <slipstream/jetstream/context.hpp>

#include "jetstream/api/decode.hpp"
#include "jetstream/api/names.hpp"
#include "jetstream/api/publish_ack.hpp"
#include "jetstream/call.hpp"
#include "jetstream/context_impl.hpp"
#include "jetstream/create_consumer.hpp"
#include "jetstream/list.hpp"

#include <slipstream/error.hpp>

#include <utility>

namespace slipstream::jetstream {
namespace {

/// One request whose reply `decode` reads from a view.
template <class Result, std::error_code (*Decode)(const message_view&, Result&, error_info*)>
void start_call(const client& nc, detail::prepared_request&& request, request_kind kind,
                detail::any_handler<void(std::error_code, Result)> done) {
    start_operation<call<Result>>(nc, std::move(request), kind, std::move(done),
                                  [](message&& reply, Result& out, error_info* info) { return Decode(reply.view(), out, info); });
}

class success_call final : public operation_for<> {
public:
    using operation_for<>::operation_for;

private:
    std::error_code on_reply(message&& reply) override { return api::decode_success(reply.view(), info()); }
};

class publish_call final : public operation_for<publish_ack> {
public:
    using operation_for<publish_ack>::operation_for;

private:
    std::error_code on_reply(message&& reply) override { return api::decode_publish_ack(reply.view(), result_, info()); }
    /// The message had left and no word came back (contract W13).
    std::error_code result_of(std::error_code ec) const override {
        return ec == slipstream::errc::timeout || ec == slipstream::errc::connection_lost ? slipstream::errc::outcome_unknown : ec;
    }
};

}  // namespace

context::context(client nc) : context(std::move(nc), context_options()) {}

context::context(client nc, context_options options) {
    auto made = std::make_shared<impl>(impl{std::move(nc), {}, options.timeout, {}});
    made->invalid = api::make_api_prefix(options.domain, options.api_prefix, made->prefix);
    if (!made->invalid && options.timeout.count() <= 0) made->invalid = errc::invalid_config;
    impl_ = std::move(made);
}

const client& context::connection() const noexcept { return impl_->nc; }
client::executor_type context::get_executor() const noexcept { return impl_->nc.get_executor(); }
const std::string& context::api_prefix() const noexcept { return impl_->prefix; }
std::chrono::milliseconds context::default_timeout() const noexcept { return impl_->timeout; }

void context::start_account_info(prepared&& request, handler<account_info> done) const {
    start_call<account_info, api::decode_account_info>(impl_->nc, std::move(request), request_kind::repeatable, std::move(done));
}

void context::start_create_stream(prepared&& request, handler<stream_info> done) const {
    start_call<stream_info, api::decode_stream_create>(impl_->nc, std::move(request), request_kind::repeatable, std::move(done));
}

void context::start_update_stream(prepared&& request, handler<stream_info> done) const {
    start_call<stream_info, api::decode_stream_info>(impl_->nc, std::move(request), request_kind::once, std::move(done));
}

void context::start_stream_info(prepared&& request, handler<stream_info> done) const {
    start_call<stream_info, api::decode_stream_info>(impl_->nc, std::move(request), request_kind::repeatable, std::move(done));
}

void context::start_success(prepared&& request, handler<> done) const {
    start_operation<success_call>(impl_->nc, std::move(request), request_kind::once, std::move(done));
}

void context::start_purge_stream(prepared&& request, handler<std::uint64_t> done) const {
    start_call<std::uint64_t, api::decode_purge>(impl_->nc, std::move(request), request_kind::once, std::move(done));
}

void context::start_list_streams(prepared&& request, handler<std::vector<stream_info>> done) const {
    start_operation<list_call<stream_info>>(impl_->nc, std::move(request), std::move(done));
}

void context::start_list_stream_names(prepared&& request, handler<std::vector<std::string>> done) const {
    start_operation<list_call<std::string>>(impl_->nc, std::move(request), std::move(done));
}

void context::start_list_consumers(prepared&& request, handler<std::vector<consumer_info>> done) const {
    start_operation<list_call<consumer_info>>(impl_->nc, std::move(request), std::move(done));
}

void context::start_publish(prepared&& request, handler<publish_ack> done) const {
    start_operation<publish_call>(impl_->nc, std::move(request), request_kind::publish, std::move(done));
}

void context::start_get_message(prepared&& request, handler<stored_message> done) const {
    start_call<stored_message, api::decode_message>(impl_->nc, std::move(request), request_kind::repeatable, std::move(done));
}

void context::start_get_direct(prepared&& request, handler<stored_message> done) const {
    start_operation<call<stored_message>>(impl_->nc, std::move(request), request_kind::repeatable, std::move(done),
                                          api::decode_direct_message);
}

void context::start_create_consumer(prepared&& request, handler<consumer_info> done) const {
    start_operation<create_consumer_call>(impl_->nc, std::move(request), impl_->prefix, std::move(done));
}

void context::start_consumer_info(prepared&& request, handler<consumer_info> done) const {
    start_call<consumer_info, api::decode_consumer_info>(impl_->nc, std::move(request), request_kind::repeatable, std::move(done));
}

}  // namespace slipstream::jetstream
