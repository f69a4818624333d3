// Put, update, erase and purge: one message each (contract S106-S111, W26, W35, spec/kv.md 4).
#include <slipstream/kv/bucket.hpp>

#include <utility>

#include "kv/bucket_impl.hpp"
#include "kv/codec/decode.hpp"
#include "kv/store_message.hpp"

namespace slipstream::kv {
namespace {

using revision_handler = slipstream::detail::any_handler<void(std::error_code, revision)>;

const header_map& erase_headers() {
    static const header_map headers{{codec::operation_header, "DEL"}};
    return headers;
}

const header_map& purge_headers() {
    static const header_map headers{{codec::operation_header, "PURGE"}, {codec::rollup_header, "sub"}};
    return headers;
}

struct write {
    std::string_view key;
    std::string_view value;
    std::chrono::milliseconds timeout{0};
    std::optional<revision> expected;
    std::chrono::seconds ttl{0};
    const header_map* headers = nullptr;
    jetstream::error_info* info = nullptr;
};

std::error_code check(const bucket::impl& bucket, const write& w) noexcept {
    if (const std::error_code ec = check_key(w.key)) return ec;
    if (w.expected && !w.expected->is_known()) return errc::invalid_revision;
    if (w.ttl.count() < 0 || bucket.timeout_for(w.timeout).count() == 0) return slipstream::errc::invalid_option;
    // Servers before 2.11 would store the message and ignore its TTL.
    if (w.ttl.count() > 0 && !bucket.allow_msg_ttl) return jetstream::errc::ttl_disabled;
    return {};
}

void start(const std::shared_ptr<const bucket::impl>& bucket, const write& w, revision_handler&& handler) {
    if (const std::error_code ec = check(*bucket, w)) return handler.post(ec, revision());
    jetstream::publish_options options;
    options.headers = w.headers;
    if (w.expected) options.expected_last_subject_sequence = w.expected->value();
    options.ttl = w.ttl;
    options.timeout = bucket->timeout_for(w.timeout);
    options.info = w.info;
    store_message(bucket, w.key, w.value, options, std::move(handler));
}

}  // namespace

void bucket::start_put(key_value arguments, put_options options, handler_for<revision> handler) {
    write w;
    w.key = arguments.key();
    w.value = arguments.value();
    w.timeout = options.timeout;
    w.info = options.info;
    start(impl_, w, std::move(handler));
}

void bucket::start_update(key_value arguments, revision expected, update_options options, handler_for<revision> handler) {
    write w;
    w.key = arguments.key();
    w.value = arguments.value();
    w.timeout = options.timeout;
    w.expected = expected;
    w.info = options.info;
    start(impl_, w, std::move(handler));
}

void bucket::start_erase(std::string key, erase_options options, handler_for<revision> handler) {
    write w;
    w.key = key;
    w.timeout = options.timeout;
    w.expected = options.expected;
    w.info = options.info;
    // Programs of the other convention know a conditional delete as an empty value.
    const bool as_tombstone = impl_->empty_is_tombstone && options.expected;
    if (!as_tombstone) w.headers = &erase_headers();
    start(impl_, w, std::move(handler));
}

void bucket::start_purge(std::string key, purge_options options, handler_for<revision> handler) {
    write w;
    w.key = key;
    w.timeout = options.timeout;
    w.expected = options.expected;
    w.ttl = options.ttl;
    w.headers = &purge_headers();
    w.info = options.info;
    start(impl_, w, std::move(handler));
}

}  // namespace slipstream::kv
