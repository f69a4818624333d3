// Reads of many keys: keys, scan, history.
#include <chrono>
#include <memory>
#include <utility>

#include <slipstream/error.hpp>
#include <slipstream/kv/bucket.hpp>

#include "kv/bucket_impl.hpp"
#include "kv/codec/subjects.hpp"
#include "kv/collection.hpp"
#include "kv/machine/collector.hpp"

namespace slipstream::kv {
namespace {

using std::chrono::milliseconds;

jetstream::ordered_options drain_options() {
    jetstream::ordered_options o;
    o.start.policy = jetstream::deliver_policy::last_per_subject;
    o.replay_on_restart = true;
    o.description = "slipstream kv read";
    // Short, because a drain whose last message was purged meanwhile ends with a heartbeat (W6); not so short that a server busy
    // for a moment would have it begun again.
    o.idle_heartbeat = milliseconds(1'000);
    o.inactive_threshold = milliseconds(10'000);  // W11
    return o;
}

/// keys and scan.
template <class Collector>
void drain(const bucket::impl& of, const prefixes& which, const read_options& asked, typename collection<Collector>::handler_type handler) {
    const milliseconds timeout = of.timeout_for(asked.timeout);
    if (timeout.count() == 0) return handler.post(slipstream::errc::invalid_option, {});
    if (const std::error_code ec = which.check()) return handler.post(ec, {});
    if (which.list().empty()) return handler.post({}, {});
    prefixes scope = which.normalised();
    jetstream::ordered_options options = drain_options();
    options.filter_subjects = codec::filter_subjects(of.key_prefix, scope);
    Collector collector({.key_prefix = of.key_prefix, .scope = std::move(scope), .empty_is_tombstone = of.empty_is_tombstone});
    std::make_shared<collection<Collector>>(of.js, std::move(collector), std::move(handler), asked.info)
        ->start(of.stream, std::move(options), timeout);
}

}  // namespace

void bucket::start_keys(prefixes which, read_options options, handler_for<std::vector<std::string>> handler) {
    drain<machine::key_collector>(*impl_, which, options, std::move(handler));
}

void bucket::start_scan(prefixes which, read_options options, handler_for<std::vector<entry>> handler) {
    drain<machine::entry_collector>(*impl_, which, options, std::move(handler));
}

void bucket::start_history(std::string key, read_options options, handler_for<std::vector<entry>> handler) {
    const milliseconds timeout = impl_->timeout_for(options.timeout);
    if (timeout.count() == 0) return handler.post(slipstream::errc::invalid_option, {});
    if (const std::error_code ec = check_key(key)) return handler.post(ec, {});
    jetstream::ordered_options drain = drain_options();
    drain.start.policy = jetstream::deliver_policy::all;
    drain.filter_subjects = {impl_->key_prefix + key};
    using history = collection<machine::history_collector>;
    std::make_shared<history>(impl_->js, machine::history_collector(impl_->key_prefix, std::move(key)), std::move(handler), options.info,
                              errc::key_not_found)
        ->start(impl_->stream, std::move(drain), timeout);
}

}  // namespace slipstream::kv
