// A list in pages (failure mode A21).
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <slipstream/jetstream/detail/operation.hpp>

#include "jetstream/api/decode.hpp"
#include "jetstream/api/encode.hpp"

namespace slipstream::jetstream {

/// Asks for the page behind what is there until the server has no more. A page that brings nothing ends it, whatever the total
/// says: that changes while the list is read. The deadline and `max_entries` bound a server that never comes to an end.
template <class Entry>
class list_call final : public operation_for<std::vector<Entry>> {
public:
    list_call(const client& nc, detail::prepared_request&& request, detail::any_handler<void(std::error_code, std::vector<Entry>)> done)
        : operation_for<std::vector<Entry>>(nc, std::move(request), request_kind::repeatable, std::move(done)),
          filter_(api::filter_of_page(this->request().payload())) {}

private:
    static constexpr std::size_t max_entries = 1'000'000;

    std::error_code on_reply(message&& reply) override {
        // A repeated page begins where the last complete one ended.
        this->result_.resize(complete_);
        if (const auto ec = api::decode_list(reply.view(), this->result_, page_, this->info())) return ec;
        if (this->result_.size() > max_entries) return errc::invalid_response;
        complete_ = this->result_.size();
        return {};
    }

    bool wants_more() override {
        if (page_.received == 0 || complete_ >= page_.total) return false;
        auto& request = this->request();
        request = detail::request_arguments(request.subject(), api::encode_page(complete_, filter_), {});
        return true;
    }

    std::string filter_;
    std::size_t complete_ = 0;
    api::page page_;
};

}  // namespace slipstream::jetstream
