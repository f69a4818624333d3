// INFO: a refused one changes nothing, an accepted one is JSON for a slow reader too and keeps every bound, saying it twice is saying it
// once.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "fuzz/check.hpp"
#include "fuzz/json_reference.hpp"
#include "protocol/wire/info.hpp"

using slipstream::server_info;
using slipstream::wire::info_limits;
using slipstream::wire::update_server_info;

namespace {

bool same(const server_info& a, const server_info& b) {
    return a.server_id == b.server_id && a.server_name == b.server_name && a.version == b.version && a.host == b.host &&
           a.cluster == b.cluster && a.domain == b.domain && a.client_ip == b.client_ip && a.nonce == b.nonce &&
           a.remote_account == b.remote_account && a.connect_urls == b.connect_urls && a.client_id == b.client_id &&
           a.max_payload == b.max_payload && a.proto == b.proto && a.port == b.port && a.api_lvl == b.api_lvl && a.headers == b.headers &&
           a.auth_required == b.auth_required && a.tls_required == b.tls_required && a.tls_verify == b.tls_verify &&
           a.tls_available == b.tls_available && a.jetstream == b.jetstream && a.ldm == b.ldm;
}

bool has_controls(const std::string& text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < 32) || c == 127; });
}

void check_string(const std::string& text) {
    FUZZ_CHECK(text.size() <= info_limits::string_bytes);
    FUZZ_CHECK(!has_controls(text));
}

void check_bounds(const server_info& info) {
    for (const std::string* const text : {&info.server_id, &info.server_name, &info.version, &info.host, &info.cluster, &info.domain,
                                          &info.client_ip, &info.nonce, &info.remote_account}) {
        check_string(*text);
    }
    FUZZ_CHECK(info.connect_urls.size() <= info_limits::connect_urls);
    for (const std::string& url : info.connect_urls) {
        check_string(url);
        FUZZ_CHECK(!url.empty());
    }
    FUZZ_CHECK(info.max_payload >= 1 && info.max_payload <= info_limits::max_payload);
    FUZZ_CHECK(info.port >= 0 && info.port <= 65535);
    FUZZ_CHECK(info.proto >= 0 && info.api_lvl >= 0);
}

/// Of each text the last one that can be meant counts.
void check_texts(const server_info& before, const server_info& info, const fuzz::json_value& document) {
    for (const auto& [name, place] : {std::pair("server_id", &server_info::server_id), std::pair("server_name", &server_info::server_name),
                                      std::pair("version", &server_info::version), std::pair("host", &server_info::host),
                                      std::pair("cluster", &server_info::cluster), std::pair("domain", &server_info::domain),
                                      std::pair("client_ip", &server_info::client_ip), std::pair("nonce", &server_info::nonce),
                                      std::pair("remote_account", &server_info::remote_account)}) {
        std::string expected = before.*place;
        for (std::size_t i = 0; i < document.items.size(); ++i) {
            const std::string& text = document.items[i].text;
            if (document.names[i] != name || document.items[i].what != fuzz::json_value::kind::string) continue;
            if (text.size() <= info_limits::string_bytes && !has_controls(text)) expected = text;
        }
        FUZZ_CHECK(info.*place == expected);
    }
}

void check(server_info info, std::string_view json) {
    const server_info before = info;
    if (!update_server_info(info, json)) {
        FUZZ_CHECK(same(info, before));
        return;
    }
    check_bounds(info);
    const auto document = fuzz::read_json(json);
    FUZZ_CHECK(document && document->what == fuzz::json_value::kind::object);
    check_texts(before, info, *document);
    const server_info once = info;
    FUZZ_CHECK(update_server_info(info, json));
    FUZZ_CHECK(same(info, once));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view json(reinterpret_cast<const char*>(data), size);
    check({}, json);
    server_info known;
    known.server_id = "known";
    known.connect_urls = {"a:1", "b:2"};
    known.max_payload = 77;
    known.headers = known.ldm = known.tls_required = true;
    check(known, json);
    return 0;
}
