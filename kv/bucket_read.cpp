// Reading one key: by direct get where the bucket allows it, else from the stream's leader (contract S61-S64, W27, W42).
#include <slipstream/kv/bucket.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <asio/any_io_executor.hpp>

#include "kv/bucket_impl.hpp"
#include "kv/codec/decode.hpp"
#include "kv/codec/outcome.hpp"
#include "kv/codec/subjects.hpp"
#include "kv/own_handler.hpp"
#include "kv/subject_text.hpp"
#include "kv/time_budget.hpp"

namespace slipstream::kv {
namespace {

using std::chrono::milliseconds;
using entry_handler = slipstream::detail::any_handler<void(std::error_code, std::optional<entry>)>;

enum class source { direct, leader, origin };

class get_operation final : public own_handler<get_operation, jetstream::stored_message, std::optional<entry>> {
    friend own_handler;

public:
    static void start(std::shared_ptr<const bucket::impl> of, std::string&& key, const get_options& options, milliseconds timeout,
                      source from, bool show_tombstones, entry_handler&& handler) {
        get_operation* const place = make(std::move(of), std::move(key), options, timeout, from, show_tombstones, std::move(handler));
        place->request(timeout);
    }

    asio::cancellation_slot slot() const noexcept override { return handler_.slot(); }

private:
    get_operation(std::shared_ptr<const bucket::impl>&& of, std::string&& key, const get_options& options, milliseconds timeout,
                  source from, bool show_tombstones, entry_handler&& handler) noexcept
        : of_(std::move(of)),
          key_(std::move(key)),
          options_(options),
          budget_(timeout),
          from_(from),
          show_tombstones_(show_tombstones),
          handler_(std::move(handler)) {}
    ~get_operation() = default;

    [[nodiscard]] asio::any_io_executor get_executor() const noexcept { return of_->js.get_executor(); }

    auto take_done() noexcept {
        return [handler = std::move(handler_)](std::error_code ec, std::optional<entry>&& found) mutable {
            handler.complete(ec, std::move(found));
        };
    }

    std::optional<std::error_code> on_reply(std::error_code ec, jetstream::stored_message&& message, std::optional<entry>& found) {
        if (!ec) {
            read_value(message, found);
            return std::error_code();
        }
        if (ec == slipstream::errc::no_responders && from_ == source::direct) {
            // Direct gets were switched off, or the bucket is gone: the API knows which.
            from_ = source::leader;
            if (budget_.is_over()) return make_error_code(slipstream::errc::timeout);
            request(budget_.left());
            return std::nullopt;
        }
        return ec == jetstream::errc::message_not_found ? std::error_code() : codec::of_bucket(ec);
    }

    void request(milliseconds timeout) {
        request_handler self(this);
        const subject_text subject(of_->key_prefix, key_);
        jetstream::message_selector selector;
        if (options_.revision) {
            selector.sequence = options_.revision->value();
        } else {
            selector.last_by_subject = subject.text();
        }
        selector.direct = from_ == source::direct;
        selector.timeout = timeout;
        selector.info = options_.info;

        const bool at_origin = from_ == source::origin;
        const jetstream::context& js = at_origin ? of_->origin_js : of_->js;
        const std::string& stream = at_origin ? of_->origin_stream : of_->stream;
        auto prepared = js.prepare_get_message(stream, selector);
        if (selector.direct)
            js.start_get_direct(std::move(prepared), std::move(self));
        else
            js.start_get_message(std::move(prepared), std::move(self));
    }

    /// What of a stored message is the key's value; leaves `found` empty when nothing is.
    void read_value(const jetstream::stored_message& message, std::optional<entry>& found) {
        // A sequence may belong to any key.
        if (options_.revision && codec::key_of(of_->key_prefix, message.subject()) != key_) return;
        if (codec::operation_of(message.headers()) != kv::operation::put) return;
        if (message.payload().empty() && of_->empty_is_tombstone && !show_tombstones_) return;
        found.emplace(std::move(key_), std::string(message.payload()), revision(message.sequence()), message.time(), kv::operation::put);
    }

    std::shared_ptr<const bucket::impl> of_;
    std::string key_;
    get_options options_;
    time_budget budget_;
    source from_;
    bool show_tombstones_;
    entry_handler handler_;
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
    get_operation::start(std::move(bucket), std::move(key), options, timeout, from, show_tombstones, std::move(handler));
}

}  // namespace

void bucket::start_get(std::string key, get_options options, handler_for<std::optional<entry>> handler) {
    start(impl_, std::move(key), options, false, std::move(handler));
}

void bucket::start_entry(std::string key, get_options options, handler_for<std::optional<entry>> handler) {
    start(impl_, std::move(key), options, true, std::move(handler));
}

}  // namespace slipstream::kv
