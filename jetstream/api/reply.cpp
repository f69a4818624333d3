// See reply.hpp.
#include "jetstream/api/reply.hpp"

#include <slipstream/error.hpp>

#include <limits>
#include <utility>

namespace slipstream::jetstream::api {
namespace {

constexpr std::int64_t first_err_code = 10'000;

bool is_err_code(std::int64_t code) noexcept { return code >= first_err_code && code <= std::numeric_limits<int>::max(); }

int narrow(std::int64_t value) noexcept { return std::in_range<int>(value) ? static_cast<int>(value) : 0; }

}  // namespace

api_error read_error(simdjson::dom::element element) {
    api_error out;
    object_reader error(element);
    simdjson::dom::element member;
    std::int64_t number = 0;
    std::string_view text;
    if (error.find("code", member) && member.is_int64() && member.get(number) == simdjson::SUCCESS) out.code = number;
    if (error.find("err_code", member) && member.is_int64() && member.get(number) == simdjson::SUCCESS) out.err_code = number;
    if (error.find("description", member) && member.get(text) == simdjson::SUCCESS) out.description = text;
    return out;
}

std::error_code to_error_code(const api_error& error) noexcept {
    if (is_err_code(error.err_code)) return static_cast<errc>(error.err_code);
    if (is_err_code(error.code)) return static_cast<errc>(error.code);
    return errc::unspecified;
}

void store(const api_error& error, error_info* info) {
    if (info == nullptr) return;
    info->code = narrow(error.code);
    info->err_code = narrow(error.err_code);
    info->description = error.description;
}

std::error_code status_error(const message_view& reply, error_info* info) {
    if (info != nullptr) {
        info->code = reply.status();
        info->err_code = 0;
        info->description = reply.headers().description();
    }
    switch (reply.status()) {
        case 404: return errc::message_not_found;
        case 400:
        case 408: return errc::bad_request;  // 408 Empty, Malformed or Bad Request
        case 412: return errc::api_level;
        case 429: return errc::too_many_requests;
        case 503: return slipstream::errc::no_responders;
        default: return errc::unspecified;
    }
}

std::error_code open_reply(const message_view& reply, json_document& out, error_info* info) {
    if (reply.status() != 0) return status_error(reply, info);
    if (!out.parse(reply.payload())) return errc::invalid_response;
    const object_reader envelope(out.root());
    if (!envelope.ok()) return errc::invalid_response;
    simdjson::dom::element element;
    if (!envelope.find("error", element)) return {};
    const api_error error = read_error(element);
    store(error, info);
    return to_error_code(error);
}

}  // namespace slipstream::jetstream::api
