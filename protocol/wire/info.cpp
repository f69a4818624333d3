#include "protocol/wire/info.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <simdjson.h>

namespace slipstream::wire {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

enum class field_result { taken, wrong_type };

bool acceptable(std::string_view text) noexcept {
    return text.size() <= info_limits::string_bytes && std::none_of(text.begin(), text.end(), [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte < ' ' || byte == 0x7f;
           });
}

field_result read(element value, std::string& to) {
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) return field_result::wrong_type;
    if (acceptable(text)) to = text;
    return field_result::taken;
}

field_result read(element value, bool& to) {
    return value.get_bool().get(to) == simdjson::SUCCESS ? field_result::taken : field_result::wrong_type;
}

/// Integers from 0 to the type's maximum; others that are numbers leave `to` alone.
template <class Integer>
field_result read(element value, Integer& to) {
    switch (value.type()) {
        case element_type::INT64:
        case element_type::UINT64: {
            std::uint64_t number = 0;
            if (value.get_uint64().get(number) != simdjson::SUCCESS) return field_result::taken;  // negative
            if (number <= static_cast<std::uint64_t>(std::numeric_limits<Integer>::max())) to = static_cast<Integer>(number);
            return field_result::taken;
        }
        case element_type::DOUBLE: return field_result::taken;
        default: return field_result::wrong_type;
    }
}

field_result read_port(element value, int& to) {
    int port = to;
    const field_result result = read(value, port);
    if (port <= 65535) to = port;
    return result;
}

field_result read_max_payload(element value, std::int64_t& to) {
    std::uint64_t number = 0;
    const field_result result = read(value, number);
    if (number != 0) to = static_cast<std::int64_t>(std::min(number, static_cast<std::uint64_t>(info_limits::max_payload)));
    return result;
}

field_result read(element value, std::vector<std::string>& to) {
    simdjson::dom::array entries;
    if (value.get_array().get(entries) != simdjson::SUCCESS) return field_result::wrong_type;
    std::vector<std::string> urls;
    for (const element entry : entries) {
        std::string_view text;
        if (entry.get_string().get(text) != simdjson::SUCCESS) return field_result::wrong_type;
        if (!text.empty() && acceptable(text) && urls.size() < info_limits::connect_urls) urls.emplace_back(text);
    }
    to = std::move(urls);
    return field_result::taken;
}

field_result read_field(server_info& info, std::string_view key, element value) {
    if (value.is_null()) return field_result::taken;
    if (key == "server_id") return read(value, info.server_id);
    if (key == "server_name") return read(value, info.server_name);
    if (key == "version") return read(value, info.version);
    if (key == "host") return read(value, info.host);
    if (key == "cluster") return read(value, info.cluster);
    if (key == "domain") return read(value, info.domain);
    if (key == "client_ip") return read(value, info.client_ip);
    if (key == "nonce") return read(value, info.nonce);
    if (key == "remote_account") return read(value, info.remote_account);
    if (key == "connect_urls") return read(value, info.connect_urls);
    if (key == "client_id") return read(value, info.client_id);
    if (key == "max_payload") return read_max_payload(value, info.max_payload);
    if (key == "proto") return read(value, info.proto);
    if (key == "port") return read_port(value, info.port);
    if (key == "api_lvl") return read(value, info.api_lvl);
    if (key == "headers") return read(value, info.headers);
    if (key == "auth_required") return read(value, info.auth_required);
    if (key == "tls_required") return read(value, info.tls_required);
    if (key == "tls_verify") return read(value, info.tls_verify);
    if (key == "tls_available") return read(value, info.tls_available);
    if (key == "jetstream") return read(value, info.jetstream);
    if (key == "ldm") return read(value, info.ldm);
    return field_result::taken;
}

}  // namespace

bool update_server_info(server_info& info, std::string_view json) {
    if (json.empty() || json.size() > info_limits::json_bytes) return false;
    if (json.starts_with("\xef\xbb\xbf")) return false;  // versions of simdjson differ on a byte order mark
    simdjson::dom::parser parser(info_limits::json_bytes);
    // Reserved by hand: parse() alone would take simdjson's default depth.
    simdjson::error_code error = parser.allocate(std::max<std::size_t>(json.size(), 64), info_limits::json_depth);
    simdjson::dom::object fields;
    if (error == simdjson::SUCCESS) error = parser.parse(json.data(), json.size(), true).get_object().get(fields);
    if (error == simdjson::MEMALLOC) throw std::bad_alloc();
    if (error != simdjson::SUCCESS) return false;

    server_info updated = info;
    for (const auto [key, value] : fields) {
        if (read_field(updated, key, value) == field_result::wrong_type) return false;
    }
    info = std::move(updated);
    return true;
}

}  // namespace slipstream::wire
