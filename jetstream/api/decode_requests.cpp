// The small replies, and lists. See decode.hpp.
#include "jetstream/api/decode.hpp"

#include "jetstream/api/elements.hpp"
#include "jetstream/api/reply.hpp"

#include <algorithm>
#include <limits>

namespace slipstream::jetstream::api {
namespace {

using simdjson::dom::element;

/// `read` appends one entry. The list is null when it is empty.
template <class Read>
std::error_code read_list(const message_view& reply, const char* name, page& where, error_info* info, Read read) {
    json_document document;
    if (const auto ec = open_reply(reply, document, info)) return ec;
    object_reader in(document.root());
    in.required("total", where.total);
    element list;
    if (!in.ok() || !in.find(name, list)) return errc::invalid_response;
    where.received = 0;
    if (list.is_null()) return {};
    simdjson::dom::array entries;
    if (list.get(entries) != simdjson::SUCCESS) return errc::invalid_response;
    for (const element entry : entries) {
        if (!read(entry)) return errc::invalid_response;
        ++where.received;
    }
    return {};
}

bool read_success(object_reader& in) {
    bool success = false;
    in.required("success", success);
    return in.ok() && success;
}

}  // namespace

std::error_code decode_success(const message_view& reply, error_info* info) {
    json_document document;
    if (const auto ec = open_reply(reply, document, info)) return ec;
    object_reader in(document.root());
    return read_success(in) ? std::error_code() : errc::invalid_response;
}

std::error_code decode_purge(const message_view& reply, std::uint64_t& out, error_info* info) {
    json_document document;
    if (const auto ec = open_reply(reply, document, info)) return ec;
    object_reader in(document.root());
    return read_success(in) && in.required("purged", out).ok() ? std::error_code() : errc::invalid_response;
}

std::error_code decode_account_info(const message_view& reply, account_info& out, error_info* info) {
    json_document document;
    if (const auto ec = open_reply(reply, document, info)) return ec;
    object_reader in(document.root());
    in.required("memory", out.memory)
        .required("storage", out.storage)
        .required("streams", out.streams)
        .required("consumers", out.consumers)
        .optional("domain", out.domain);
    element member;
    if (in.find("limits", member) && !member.is_null()) {
        object_reader limits(member);
        limits.optional("max_memory", out.limits.max_memory)
            .optional("max_storage", out.limits.max_storage)
            .optional("max_streams", out.limits.max_streams)
            .optional("max_consumers", out.limits.max_consumers);
        if (!limits.ok()) in.fail();
    }
    if (in.find("api", member) && !member.is_null()) {
        object_reader api(member);
        std::int64_t level = 0;
        if (!api.optional("level", level).optional("total", out.api_total).optional("errors", out.api_errors).ok()) in.fail();
        out.api_level = static_cast<int>(std::clamp<std::int64_t>(level, 0, std::numeric_limits<int>::max()));
    }
    return in.ok() ? std::error_code() : errc::invalid_response;
}

std::error_code decode_list(const message_view& reply, std::vector<stream_info>& out, page& where, error_info* info) {
    return read_list(reply, "streams", where, info, [&](element e) { return read_stream_info(e, out.emplace_back()); });
}

std::error_code decode_list(const message_view& reply, std::vector<consumer_info>& out, page& where, error_info* info) {
    return read_list(reply, "consumers", where, info, [&](element e) { return read_consumer_info(e, out.emplace_back()); });
}

std::error_code decode_list(const message_view& reply, std::vector<std::string>& out, page& where, error_info* info) {
    return read_list(reply, "streams", where, info, [&](element e) {
        std::string_view name;
        if (e.get(name) != simdjson::SUCCESS) return false;
        out.emplace_back(name);
        return true;
    });
}

std::string filter_of_page(std::string_view request) {
    json_document document;
    std::string out;
    if (document.parse(request)) object_reader(document.root()).optional("subject", out);
    return out;
}

}  // namespace slipstream::jetstream::api
