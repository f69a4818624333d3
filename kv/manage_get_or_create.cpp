// Get or create: look the bucket up, make it when it is not there, and after every failure but cancellation look again
// (contract S34-S42 with R22, W23; failure-modes G21).
//
// Managed servers answer a creation in ways that say little (a stream limit although the bucket exists, a garbled body), a reply
// may be lost, and somebody else may be creating the same bucket. The look-up decides: only what it confirms, or a complete
// reply to the creation, becomes a handle (S32).
#include <slipstream/kv/bucket.hpp>

#include <memory>
#include <utility>

#include "kv/bucket_impl.hpp"
#include "kv/codec/outcome.hpp"
#include "kv/codec/stream_mapping.hpp"
#include "kv/codec/subjects.hpp"
#include "kv/manage.hpp"
#include "kv/steps.hpp"
#include "kv/time_budget.hpp"
#include "kv/with_slot.hpp"

namespace slipstream::kv::operations {
namespace {

/// Creations tried when the result of one was lost and the look-up does not find the bucket.
constexpr int max_creations = 3;
/// Each request gets a third of what is left, so that a silent one leaves time for those that follow.
constexpr int share = 3;

class get_or_create final : public steps<get_or_create, bucket> {
public:
    get_or_create(jetstream::context js, bucket_config config, open_options options, bucket_handler handler)
        : steps(std::move(handler)),
          js_(std::move(js)),
          config_(std::move(config)),
          options_(options),
          budget_(options.timeout.count() == 0 ? default_timeout : options.timeout),
          wanted_(codec::to_stream_config(config_)) {}

    void start() {
        connect(js_.get_executor());
        look_up();
    }

private:
    void look_up() {
        // Once it has been refused, what counts is why it could not be made.
        js_.async_stream_info(wanted_.name, call(creations_ == 0 ? options_.info : nullptr), then(&get_or_create::on_look_up));
    }

    void on_look_up(std::error_code ec, const jetstream::stream_info& stream) {
        if (!ec) return finish_with(stream);
        if (is_final(ec)) return finish(ec);
        if (is_cancelled()) return finish(asio::error::operation_aborted);
        const bool worth_creating = creations_ == 0 || (may_be_repeated_ && creations_ < max_creations);
        if (!worth_creating) return finish(create_error_);
        if (budget_.is_over()) return finish(creations_ == 0 ? codec::of_bucket(ec) : create_error_);
        create();
    }

    void create() {
        if (const std::error_code ec = check_server(js_, config_)) return finish(ec);
        ++creations_;
        js_.async_create_stream(wanted_, call(options_.info), then(&get_or_create::on_created));
    }

    void on_created(std::error_code ec, const jetstream::stream_info& stream) {
        if (!ec && codec::lost_limit_markers(config_, stream.config)) return finish(jetstream::errc::api_level);
        if (!ec) return finish_with(stream);
        if (is_final(ec)) return finish(ec);
        if (is_cancelled()) return finish(asio::error::operation_aborted);
        create_error_ = codec::of_create(ec);
        may_be_repeated_ = ec == condition::outcome_unknown || ec == condition::transient || ec == jetstream::errc::invalid_response;
        if (budget_.is_over()) return finish(create_error_);
        look_up();
    }

    void finish_with(const jetstream::stream_info& stream) {
        bucket opened;
        const std::error_code ec = accept(js_, stream, options_, opened);
        if (!ec && options_.info != nullptr) *options_.info = jetstream::error_info();  // of the look-up that found nothing
        finish(ec, std::move(opened));
    }

    [[nodiscard]] jetstream::call_options call(jetstream::error_info* info) const noexcept {
        jetstream::call_options options;
        options.timeout = budget_.share(share);
        options.info = info;
        return options;
    }

    jetstream::context js_;
    bucket_config config_;
    open_options options_;
    time_budget budget_;
    jetstream::stream_config wanted_;
    std::error_code create_error_;
    int creations_ = 0;
    bool may_be_repeated_ = false;
};

}  // namespace

void start_get_or_create_bucket(jetstream::context js, bucket_config config, open_options options, bucket_handler handler) {
    if (const std::error_code ec = codec::check_bucket_config(config)) return handler.post(ec, bucket());
    if (const std::error_code ec = check_options(options)) return handler.post(ec, bucket());
    std::make_shared<get_or_create>(std::move(js), std::move(config), options, std::move(handler))->start();
}

}  // namespace slipstream::kv::operations
