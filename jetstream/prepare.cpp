// The halves of the context's operations that check and copy arguments, before anything is sent.
#include <slipstream/jetstream/context.hpp>

#include "jetstream/api/encode.hpp"
#include "jetstream/api/names.hpp"
#include "jetstream/api/subjects.hpp"
#include "jetstream/context_impl.hpp"

#include <slipstream/error.hpp>
#include <slipstream/headers.hpp>
#include <slipstream/subject.hpp>

#include <charconv>
#include <utility>

namespace slipstream::jetstream {
namespace {

using detail::prepared_request;
using std::chrono::milliseconds;

prepared_request refuse(std::error_code ec, error_info* info) { return {ec, detail::request_arguments({}, {}, {}), info}; }

/// The first thing that is wrong: the context's own options, the timeout, or what the call has checked of its arguments.
template <class Context, class Options>
std::error_code problem(const Context& context, const Options& options, std::error_code name = {}, std::error_code rest = {}) {
    if (context.invalid) return context.invalid;
    if (options.timeout.count() < 0) return slipstream::errc::invalid_option;
    return name ? name : rest;
}

/// A checked request for the API.
template <class Context, class Options>
prepared_request prepare(const Context& context, std::string_view subject, std::string_view body, const Options& options) {
    request_options request;
    request.timeout = options.timeout.count() != 0 ? options.timeout : context.timeout;
    return {{}, detail::request_arguments(subject, body, request), options.info};
}

std::error_code append_number(header_map& headers, std::string_view name, std::uint64_t number, std::string_view unit = {}) {
    char text[24];
    char* end = std::to_chars(text, text + 20, number).ptr;
    end = std::copy(unit.begin(), unit.end(), end);
    return headers.set(name, std::string_view(text, static_cast<std::size_t>(end - text)));
}

bool has_expectations(const publish_options& o) noexcept {
    return !o.msg_id.empty() || !o.expected_stream.empty() || o.expected_last_sequence || o.expected_last_subject_sequence ||
           !o.expected_last_msg_id.empty() || o.ttl.count() > 0;
}

/// Options replace headers of the same name: the server looks at the first one only.
std::error_code append_expectations(header_map& headers, const publish_options& o) {
    std::error_code ec;
    const auto add = [&](std::error_code result) { ec = ec ? ec : result; };
    if (!o.msg_id.empty()) add(headers.set("Nats-Msg-Id", o.msg_id));
    if (!o.expected_stream.empty()) add(headers.set("Nats-Expected-Stream", o.expected_stream));
    if (o.expected_last_sequence) add(append_number(headers, "Nats-Expected-Last-Sequence", *o.expected_last_sequence));
    if (o.expected_last_subject_sequence) {
        add(append_number(headers, "Nats-Expected-Last-Subject-Sequence", *o.expected_last_subject_sequence));
    }
    if (!o.expected_last_msg_id.empty()) add(headers.set("Nats-Expected-Last-Msg-Id", o.expected_last_msg_id));
    if (o.ttl.count() > 0) add(append_number(headers, "Nats-TTL", static_cast<std::uint64_t>(o.ttl.count()), "s"));
    return ec;
}

}  // namespace

context::prepared context::prepare_account_info(const call_options& options) const {
    if (const auto ec = problem(*impl_, options)) return refuse(ec, options.info);
    return prepare(*impl_, api::subject(impl_->prefix, api::verbs::account_info), {}, options);
}

context::prepared context::prepare_create_stream(const stream_config& config, const call_options& options) const {
    if (const auto ec = problem(*impl_, options, api::check(config))) return refuse(ec, options.info);
    return prepare(*impl_, api::subject(impl_->prefix, api::verbs::stream_create, config.name), api::encode_stream(config), options);
}

context::prepared context::prepare_update_stream(const stream_config& config, const call_options& options) const {
    if (const auto ec = problem(*impl_, options, api::check(config))) return refuse(ec, options.info);
    return prepare(*impl_, api::subject(impl_->prefix, api::verbs::stream_update, config.name), api::encode_stream(config), options);
}

context::prepared context::prepare_stream_info(std::string_view name, const call_options& options) const {
    if (const auto ec = problem(*impl_, options, api::check_stream_name(name))) return refuse(ec, options.info);
    return prepare(*impl_, api::subject(impl_->prefix, api::verbs::stream_info, name), {}, options);
}

context::prepared context::prepare_delete_stream(std::string_view name, const call_options& options) const {
    if (const auto ec = problem(*impl_, options, api::check_stream_name(name))) return refuse(ec, options.info);
    return prepare(*impl_, api::subject(impl_->prefix, api::verbs::stream_delete, name), {}, options);
}

context::prepared context::prepare_purge_stream(std::string_view name, const purge_options& options) const {
    if (const auto ec = problem(*impl_, options, api::check_stream_name(name), api::check(options))) return refuse(ec, options.info);
    return prepare(*impl_, api::subject(impl_->prefix, api::verbs::stream_purge, name), api::encode_purge(options), options);
}

context::prepared context::prepare_list_streams(std::string_view subject, const call_options& options) const {
    const auto valid = subject.empty() ? std::error_code() : check_subscribe_subject(subject);
    if (const auto ec = problem(*impl_, options, valid)) return refuse(ec, options.info);
    return prepare(*impl_, api::subject(impl_->prefix, api::verbs::stream_list), api::encode_page(0, subject), options);
}

context::prepared context::prepare_list_stream_names(std::string_view subject, const call_options& options) const {
    const auto valid = subject.empty() ? std::error_code() : check_subscribe_subject(subject);
    if (const auto ec = problem(*impl_, options, valid)) return refuse(ec, options.info);
    return prepare(*impl_, api::subject(impl_->prefix, api::verbs::stream_names), api::encode_page(0, subject), options);
}

context::prepared context::prepare_publish(std::string_view subject, payload_view payload, const publish_options& options) const {
    if (const auto ec = problem(*impl_, options, check_publish_subject(subject))) return refuse(ec, options.info);
    return prepare_publish(subject, {}, payload, options);
}

context::prepared context::prepare_publish(std::string_view begin, std::string_view rest, payload_view payload,
                                           const publish_options& options) const {
    if (const auto ec = problem(*impl_, options)) return refuse(ec, options.info);
    if (options.ttl.count() < 0) return refuse(slipstream::errc::invalid_option, options.info);
    request_options request;
    request.timeout = options.timeout.count() != 0 ? options.timeout : impl_->timeout;
    request.headers = options.headers;
    if (!has_expectations(options)) return {{}, detail::request_arguments(begin, rest, payload, request), options.info};
    header_map headers;
    if (options.headers != nullptr) headers = *options.headers;
    if (const auto ec = append_expectations(headers, options)) return refuse(ec, options.info);
    request.headers = &headers;
    return {{}, detail::request_arguments(begin, rest, payload, request), options.info};
}

context::prepared context::prepare_get_message(std::string_view stream, const message_selector& selector) const {
    if (const auto ec = problem(*impl_, selector, api::check_stream_name(stream), api::check(selector))) return refuse(ec, selector.info);
    const std::string_view subject = selector.last_by_subject;
    if (selector.direct && subject.size() <= api::max_subject_in_line && !check_publish_subject(subject)) {
        return prepare(*impl_, api::subject_for_call(impl_->prefix, api::verbs::direct_get, stream, subject).text(), {}, selector);
    }
    const std::string_view verb = selector.direct ? api::verbs::direct_get : api::verbs::message_get;
    return prepare(*impl_, api::subject(impl_->prefix, verb, stream), api::encode_get_message(selector), selector);
}

context::prepared context::prepare_create_consumer(std::string_view stream, const consumer_config& config,
                                                   const call_options& options) const {
    if (const auto ec = problem(*impl_, options, api::check_stream_name(stream), api::check(config))) return refuse(ec, options.info);
    std::string name = !config.name.empty() ? config.name : config.durable_name;
    if (name.empty()) {
        // Named by us, so that a creation that is repeated makes one consumer and not two.
        client nc = impl_->nc;
        const std::string inbox = nc.new_inbox();
        name = inbox.substr(inbox.rfind('.') + 1);
    }
    return prepare(*impl_, api::subject(impl_->prefix, api::verbs::consumer_create, stream, name),
                   api::encode_create_consumer(stream, name, config), options);
}

context::prepared context::prepare_consumer_info(std::string_view stream, std::string_view consumer, const call_options& options) const {
    if (const auto ec = problem(*impl_, options, api::check_stream_name(stream), api::check_consumer_name(consumer)))
        return refuse(ec, options.info);
    return prepare(*impl_, api::subject(impl_->prefix, api::verbs::consumer_info, stream, consumer), {}, options);
}

context::prepared context::prepare_delete_consumer(std::string_view stream, std::string_view consumer, const call_options& options) const {
    if (const auto ec = problem(*impl_, options, api::check_stream_name(stream), api::check_consumer_name(consumer)))
        return refuse(ec, options.info);
    return prepare(*impl_, api::subject(impl_->prefix, api::verbs::consumer_delete, stream, consumer), {}, options);
}

context::prepared context::prepare_list_consumers(std::string_view stream, const call_options& options) const {
    if (const auto ec = problem(*impl_, options, api::check_stream_name(stream))) return refuse(ec, options.info);
    return prepare(*impl_, api::subject(impl_->prefix, api::verbs::consumer_list, stream), {}, options);
}

}  // namespace slipstream::jetstream
