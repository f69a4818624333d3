// Reading one key: by direct get where the bucket allows it, else from the stream's leader (contract S61-S64, W27, W42).
#include <slipstream/kv/bucket.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <slipstream/jetstream/detail/operation.hpp>
#include <slipstream/jetstream/detail/replies.hpp>

#include "kv/bucket_impl.hpp"
#include "kv/codec/decode.hpp"
#include "kv/codec/outcome.hpp"
#include "kv/codec/subjects.hpp"
#include "kv/subject_text.hpp"

namespace slipstream::kv {
namespace {

using std::chrono::milliseconds;
using entry_handler = slipstream::detail::any_handler<void(std::error_code, std::optional<entry>)>;

enum class source { direct, leader, origin };

slipstream::detail::prepared_request prepare(const bucket::impl& of, std::string_view key, const get_options& options, milliseconds timeout,
                                             source from) {
    if (from == source::direct && !options.revision && of.direct_gets.covers(key))
        return of.direct_gets.prepare(key, timeout, options.info);

    const subject_text subject(of.key_prefix, key);
    jetstream::message_selector selector;
    if (options.revision) {
        selector.sequence = options.revision->value();
    } else {
        selector.last_by_subject = subject.text();
    }
    selector.direct = from == source::direct;
    selector.timeout = timeout;
    selector.info = options.info;
    const bool at_origin = from == source::origin;
    return (at_origin ? of.origin_js : of.js).prepare_get_message(at_origin ? of.origin_stream : of.stream, selector);
}

class get_operation final : public jetstream::operation_for<std::optional<entry>> {
public:
    get_operation(std::shared_ptr<const bucket::impl>&& of, std::string&& key, const get_options& options, milliseconds timeout,
                  source from, bool show_tombstones, entry_handler&& handler)
        : operation_for(of->js.connection(), prepare(*of, key, options, timeout, from), jetstream::request_kind::repeatable,
                        std::move(handler)),
          of_(std::move(of)),
          key_(std::move(key)),
          revision_(options.revision),
          from_(from),
          show_tombstones_(show_tombstones) {}

private:
    std::error_code on_reply(message&& reply) override {
        if (from_ == source::direct) {
            jetstream::api::direct_reply found;
            if (const auto ec = jetstream::api::read_direct_message(reply.view(), found, info())) return ec;
            if (found.has_headers && codec::operation_of(reply.headers()) != kv::operation::put) return {};
            read_value(found.subject, reply.payload(), revision(found.sequence), found.time);
        } else {
            jetstream::stored_message found;
            if (const auto ec = jetstream::api::decode_message(reply.view(), found, info())) return ec;
            if (codec::operation_of(found.headers()) != kv::operation::put) return {};
            read_value(found.subject(), found.payload(), revision(found.sequence()), found.time());
        }
        return {};
    }

    /// What of a put is the key's value; the result stays empty when nothing is.
    void read_value(std::string_view subject, std::string_view payload, revision at, jetstream::wall_time time) {
        // A sequence may belong to any key.
        if (revision_ && codec::key_of(of_->key_prefix, subject) != key_) return;
        if (payload.empty() && of_->empty_is_tombstone && !show_tombstones_) return;
        result_.emplace(std::move(key_), std::string(payload), at, time, kv::operation::put);
    }

    /// Direct gets were switched off, or the bucket is gone: the API knows which.
    bool wants_to_verify(std::error_code ec) override {
        if (ec != slipstream::errc::no_responders || from_ != source::direct) return false;
        from_ = source::leader;
        if (info() != nullptr) *info() = {};
        get_options options;
        options.revision = revision_;
        request() = prepare(*of_, key_, options, {}, from_).request;
        return true;
    }

    std::error_code result_of(std::error_code ec) const override {
        if (ec == jetstream::errc::message_not_found) return {};
        // There was no time to ask who knows.
        if (ec == slipstream::errc::no_responders && remaining().count() <= 0) return slipstream::errc::timeout;
        return codec::of_bucket(ec);
    }

    std::shared_ptr<const bucket::impl> of_;
    std::string key_;
    std::optional<revision> revision_;
    source from_;
    bool show_tombstones_;
};

void start(std::shared_ptr<const bucket::impl> bucket, std::string&& key, const get_options& options, bool show_tombstones,
           entry_handler&& handler) {
    if (const std::error_code ec = check_key(key)) return handler.post(ec, std::nullopt);
    if (options.revision && !options.revision->is_known()) return handler.post(errc::invalid_revision, std::nullopt);
    const auto timeout = bucket->timeout_for(options.timeout);
    if (timeout.count() == 0) return handler.post(slipstream::errc::invalid_option, std::nullopt);
    // No message has sequence 0, and asking for it would mean something else.
    if (options.revision == revision(0)) return handler.post({}, std::nullopt);

    const source from = options.leader_read ? source::origin : (bucket->allow_direct ? source::direct : source::leader);
    jetstream::start_operation<get_operation>(std::move(bucket), std::move(key), options, timeout, from, show_tombstones,
                                              std::move(handler));
}

}  // namespace

void bucket::start_get(std::string key, get_options options, handler_for<std::optional<entry>> handler) {
    start(impl_, std::move(key), options, false, std::move(handler));
}

void bucket::start_entry(std::string key, get_options options, handler_for<std::optional<entry>> handler) {
    start(impl_, std::move(key), options, true, std::move(handler));
}

}  // namespace slipstream::kv
