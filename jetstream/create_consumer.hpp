// Making a consumer, also over a lost connection (failure mode F17).
#pragma once

#include <string>
#include <utility>

#include <slipstream/jetstream/detail/operation.hpp>

#include "jetstream/api/decode.hpp"
#include "jetstream/api/subjects.hpp"

namespace slipstream::jetstream {

/// When the reply to an earlier attempt was lost and the server now says that the name is taken, the consumer that has it may be
/// the one of that attempt: it is looked up, and is the result if it is what was asked for.
class create_consumer_call final : public operation_for<consumer_info> {
public:
    create_consumer_call(const client& nc, detail::prepared_request&& request, std::string prefix,
                         detail::any_handler<void(std::error_code, consumer_info)> done)
        : operation_for<consumer_info>(nc, std::move(request), request_kind::repeatable, std::move(done)),
          prefix_(std::move(prefix)) {}

private:
    std::error_code on_reply(message&& reply) override {
        const std::error_code ec = api::decode_consumer_info(reply.view(), result_, info());
        if (!taken_) return ec;
        if (ec) return ec == errc::consumer_not_found ? taken_ : ec;
        return api::fulfils(result_.config, requested_) ? std::error_code() : taken_;
    }

    bool wants_to_verify(std::error_code ec) override {
        const bool name_is_taken = ec == errc::consumer_exists || ec == errc::consumer_name_in_use;
        if (!name_is_taken || !reply_lost() || taken_ || !api::decode_requested_consumer(request().payload(), requested_)) return false;
        taken_ = ec;
        // `<prefix>.CONSUMER.CREATE.<stream>.<name>` and `<prefix>.CONSUMER.INFO.<stream>.<name>`
        const std::string_view names = request().subject().substr(prefix_.size() + 1 + api::verbs::consumer_create.size() + 1);
        request() = detail::request_arguments(api::subject(prefix_, api::verbs::consumer_info, names), {}, {});
        return true;
    }

    std::string prefix_;
    std::error_code taken_;  // set: the request is the look-up
    consumer_config requested_;
};

}  // namespace slipstream::jetstream
