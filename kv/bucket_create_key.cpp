// Creating a key: a conditional write over nothing, or over the marker that a delete or an expiry left (contract S108,
// spec/kv.md 4, failure-modes G5).
//
// The server refuses "expect nothing" on top of a marker, and its refusal does not always say what is there (10164). So: look at
// the key's last message, and write over the marker's revision if it is one. Each round is a compare-and-set, so at most one of
// several creators wins, however the rounds interleave.
#include <slipstream/kv/bucket.hpp>

#include <cstdint>
#include <utility>

#include "kv/bucket_impl.hpp"
#include "kv/codec/decode.hpp"
#include "kv/codec/outcome.hpp"
#include "kv/steps.hpp"
#include "kv/store_message.hpp"
#include "kv/subject_text.hpp"
#include "kv/time_budget.hpp"

namespace slipstream::kv {
namespace {

using revision_handler = slipstream::detail::any_handler<void(std::error_code, revision)>;

/// A round is lost when somebody else wrote, deleted or expired the key since we looked.
constexpr int max_rounds = 5;

class create_operation final : public steps<create_operation, revision> {
public:
    create_operation(std::shared_ptr<const bucket::impl> bucket, key_value arguments, create_options options, revision_handler handler)
        : steps(std::move(handler)),
          bucket_(std::move(bucket)),
          arguments_(std::move(arguments)),
          options_(options),
          budget_(bucket_->timeout_for(options.timeout)) {}

    void start() {
        connect(bucket_->js.get_executor());
        store(0);
    }

private:
    /// `expected`: the sequence of the marker to replace, 0 for nothing.
    void store(std::uint64_t expected) {
        if (const std::error_code ec = stopped()) return end(ec);
        jetstream::publish_options options;
        options.expected_last_subject_sequence = expected;
        options.ttl = options_.ttl;
        options.timeout = budget_.left();
        options.info = options_.info;
        store_message(bucket_, arguments_.key(), arguments_.value(), options,
                      slipstream::detail::make_any_handler<void(std::error_code, revision)>(then(&create_operation::on_stored),
                                                                                            bucket_->js.get_executor()));
    }

    void on_stored(std::error_code ec, const revision& stored) {
        if (ec != errc::revision_mismatch) return end(ec, stored);
        if (++rounds_ == max_rounds) return end(errc::key_exists);
        look();
    }

    /// From the leader: another replica may not know yet what stopped us.
    void look() {
        if (const std::error_code ec = stopped()) return end(ec);
        const subject_text subject(bucket_->key_prefix, arguments_.key());
        jetstream::message_selector selector;
        selector.last_by_subject = subject.text();
        selector.timeout = budget_.left();
        selector.info = &look_info_;  // the words of the refusal stay, unless looking fails too
        bucket_->origin_js.async_get_message(bucket_->origin_stream, selector, then(&create_operation::on_last));
    }

    void on_last(std::error_code ec, const jetstream::stored_message& last) {
        if (ec == jetstream::errc::message_not_found) return store(0);  // it has expired since
        if (ec) {
            if (options_.info != nullptr) *options_.info = std::move(look_info_);
            return end(codec::of_read_before_write(ec));
        }
        if (codec::operation_of(last.headers()) == kv::operation::put) return end(errc::key_exists);
        store(last.sequence());
    }

    void end(std::error_code ec, revision stored = revision()) {
        // The first refusal's words must not stay when a later round succeeds.
        if (!ec && options_.info != nullptr) *options_.info = jetstream::error_info();
        finish(ec, stored);
    }

    /// Before a request: nothing has been stored so far.
    std::error_code stopped() const noexcept {
        if (is_cancelled()) return asio::error::operation_aborted;
        if (budget_.is_over()) return slipstream::errc::timeout_unsent;
        return {};
    }

    std::shared_ptr<const bucket::impl> bucket_;
    key_value arguments_;
    create_options options_;
    time_budget budget_;
    jetstream::error_info look_info_;
    int rounds_ = 0;
};

std::error_code check(const bucket::impl& bucket, std::string_view key, const create_options& options) noexcept {
    if (const std::error_code ec = check_key(key)) return ec;
    if (options.ttl.count() < 0 || bucket.timeout_for(options.timeout).count() == 0) return slipstream::errc::invalid_option;
    // Servers before 2.11 would store the message and ignore its TTL.
    if (options.ttl.count() > 0 && !bucket.allow_msg_ttl) return jetstream::errc::ttl_disabled;
    return {};
}

}  // namespace

void bucket::start_create(key_value arguments, create_options options, handler_for<revision> handler) {
    if (const std::error_code ec = check(*impl_, arguments.key(), options)) return handler.post(ec, revision());
    std::make_shared<create_operation>(impl_, std::move(arguments), options, std::move(handler))->start();
}

}  // namespace slipstream::kv
