#include "protocol/wire/info.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "protocol/wire/json_reader.hpp"

namespace slipstream::wire {
namespace {

bool acceptable(std::string_view text, const json_reader& from) noexcept {
    return text.size() <= info_limits::string_bytes && !from.controls();
}

// Each reads a value; false: it is not JSON, or has not the field's type.

bool read(json_reader& in, std::string& to) {
    std::string_view text;
    if (!in.string(text)) return false;
    if (acceptable(text, in)) to = text;
    return true;
}

bool read(json_reader& in, bool& to) { return in.boolean(to); }

/// Integers from 0 to the type's maximum; others that are numbers leave `to` alone.
template <class Integer>
bool read(json_reader& in, Integer& to, std::uint64_t most = static_cast<std::uint64_t>(std::numeric_limits<Integer>::max())) {
    json_reader::number_value number;
    if (!in.number(number)) return false;
    if (number.natural && number.value <= most) to = static_cast<Integer>(number.value);
    return true;
}

bool read_max_payload(json_reader& in, std::int64_t& to) {
    std::uint64_t number = 0;
    if (!read(in, number)) return false;
    if (number != 0) to = static_cast<std::int64_t>(std::min(number, static_cast<std::uint64_t>(info_limits::max_payload)));
    return true;
}

bool read(json_reader& in, std::vector<std::string>& to) {
    std::vector<std::string> urls;
    const bool read_all = in.array([&] {
        std::string_view text;
        if (!in.string(text)) return false;
        if (!text.empty() && acceptable(text, in) && urls.size() < info_limits::connect_urls) urls.emplace_back(text);
        return true;
    });
    if (read_all) to = std::move(urls);
    return read_all;
}

bool read_field(server_info& info, std::string_view key, json_reader& in) {
    if (in.null()) return true;
    if (key == "server_id") return read(in, info.server_id);
    if (key == "server_name") return read(in, info.server_name);
    if (key == "version") return read(in, info.version);
    if (key == "host") return read(in, info.host);
    if (key == "cluster") return read(in, info.cluster);
    if (key == "domain") return read(in, info.domain);
    if (key == "client_ip") return read(in, info.client_ip);
    if (key == "nonce") return read(in, info.nonce);
    if (key == "remote_account") return read(in, info.remote_account);
    if (key == "connect_urls") return read(in, info.connect_urls);
    if (key == "client_id") return read(in, info.client_id);
    if (key == "max_payload") return read_max_payload(in, info.max_payload);
    if (key == "proto") return read(in, info.proto);
    if (key == "port") return read(in, info.port, 65535);
    if (key == "api_lvl") return read(in, info.api_lvl);
    if (key == "headers") return read(in, info.headers);
    if (key == "auth_required") return read(in, info.auth_required);
    if (key == "tls_required") return read(in, info.tls_required);
    if (key == "tls_verify") return read(in, info.tls_verify);
    if (key == "tls_available") return read(in, info.tls_available);
    if (key == "jetstream") return read(in, info.jetstream);
    if (key == "ldm") return read(in, info.ldm);
    return in.skip();
}

}  // namespace

bool update_server_info(server_info& info, std::string_view json) {
    if (json.size() > info_limits::json_bytes) return false;
    server_info updated = info;
    json_reader in(json, info_limits::json_depth);
    if (!in.object([&](std::string_view key) { return read_field(updated, key, in); }) || !in.at_end()) return false;
    info = std::move(updated);
    return true;
}

}  // namespace slipstream::wire
