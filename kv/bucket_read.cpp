// Reading one key: by direct get where the bucket allows it, else from the stream's leader (contract S61-S64, W27, W42).
#include <slipstream/kv/bucket.hpp>

#include <utility>

#include "kv/bucket_impl.hpp"
#include "kv/codec/decode.hpp"
#include "kv/codec/outcome.hpp"
#include "kv/codec/subjects.hpp"
#include "kv/subject_text.hpp"
#include "kv/time_budget.hpp"
#include "kv/with_slot.hpp"

namespace slipstream::kv {
namespace {

using entry_handler = slipstream::detail::any_handler<void(std::error_code, std::optional<entry>)>;

enum class source { direct, leader, origin };

struct get_operation {
    std::shared_ptr<const bucket::impl> of;
    std::string key;
    get_options options;
    time_budget budget;
    source from;
    bool show_tombstones;
    entry_handler handler;

    void finish(std::error_code ec, std::optional<entry> found = std::nullopt) { handler.complete(ec, std::move(found)); }
};

void request(get_operation operation);

/// What of a stored message is the key's value.
std::optional<entry> value_in(get_operation& operation, const jetstream::stored_message& message) {
    // A sequence may belong to any key.
    if (operation.options.revision && codec::key_of(operation.of->key_prefix, message.subject()) != operation.key) return std::nullopt;
    if (codec::operation_of(message.headers()) != kv::operation::put) return std::nullopt;
    if (message.payload().empty() && operation.of->empty_is_tombstone && !operation.show_tombstones) return std::nullopt;
    return entry(std::move(operation.key), std::string(message.payload()), revision(message.sequence()), message.time(),
                 kv::operation::put);
}

void on_message(get_operation operation, std::error_code ec, const jetstream::stored_message& message) {
    if (ec == slipstream::errc::no_responders && operation.from == source::direct) {
        // Direct gets were switched off, or the bucket is gone: the API knows which.
        operation.from = source::leader;
        if (operation.budget.is_over()) return operation.finish(slipstream::errc::timeout);
        return request(std::move(operation));
    }
    if (ec == jetstream::errc::message_not_found) return operation.finish({});
    if (ec) return operation.finish(codec::of_bucket(ec));
    std::optional<entry> found = value_in(operation, message);
    operation.finish({}, std::move(found));
}

void request(get_operation operation) {
    const bucket::impl& of = *operation.of;  // lives in the handler as long as the request
    const subject_text subject(of.key_prefix, operation.key);
    jetstream::message_selector selector;
    if (operation.options.revision) {
        selector.sequence = operation.options.revision->value();
    } else {
        selector.last_by_subject = subject.text();
    }
    selector.direct = operation.from == source::direct;
    selector.timeout = operation.budget.left();
    selector.info = operation.options.info;

    const bool at_origin = operation.from == source::origin;
    const jetstream::context& js = at_origin ? of.origin_js : of.js;
    const std::string& stream = at_origin ? of.origin_stream : of.stream;
    const asio::cancellation_slot slot = operation.handler.slot();
    js.async_get_message(
        stream, selector,
        with_slot(slot, [operation = std::move(operation)](std::error_code ec, const jetstream::stored_message& message) mutable {
            on_message(std::move(operation), ec, message);
        }));
}

void start(std::shared_ptr<const bucket::impl> bucket, std::string key, get_options options, bool show_tombstones, entry_handler handler) {
    if (const std::error_code ec = check_key(key)) return handler.post(ec, std::nullopt);
    if (options.revision && !options.revision->is_known()) return handler.post(errc::invalid_revision, std::nullopt);
    const auto timeout = bucket->timeout_for(options.timeout);
    if (timeout.count() == 0) return handler.post(slipstream::errc::invalid_option, std::nullopt);
    // No message has sequence 0, and asking for it would mean something else.
    if (options.revision == revision(0)) return handler.post({}, std::nullopt);

    const source from = options.leader_read ? source::origin : (bucket->allow_direct ? source::direct : source::leader);
    request(get_operation{std::move(bucket), std::move(key), options, time_budget(timeout), from, show_tombstones, std::move(handler)});
}

}  // namespace

void bucket::start_get(std::string key, get_options options, handler_for<std::optional<entry>> handler) {
    start(impl_, std::move(key), options, false, std::move(handler));
}

void bucket::start_entry(std::string key, get_options options, handler_for<std::optional<entry>> handler) {
    start(impl_, std::move(key), options, true, std::move(handler));
}

}  // namespace slipstream::kv
