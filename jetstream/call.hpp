// The simplest operation: one request and its reply.
#pragma once

#include <system_error>
#include <utility>

#include <slipstream/jetstream/detail/operation.hpp>

namespace slipstream::jetstream {

template <class Result>
class call final : public operation_for<Result> {
public:
    using decoder = std::error_code (*)(message&& reply, Result& out, error_info* info);

    call(const client& nc, detail::prepared_request&& request, request_kind kind, detail::any_handler<void(std::error_code, Result)> done,
         decoder decode)
        : operation_for<Result>(nc, std::move(request), kind, std::move(done)), decode_(decode) {}

private:
    std::error_code on_reply(message&& reply) override { return decode_(std::move(reply), this->result_, this->info()); }

    decoder decode_;
};

}  // namespace slipstream::jetstream
