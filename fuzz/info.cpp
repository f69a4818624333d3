// INFO: a refused one changes nothing, an accepted one keeps every bound, saying it twice is saying it once.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/check.hpp"
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

void check_string(const std::string& text) {
    FUZZ_CHECK(text.size() <= info_limits::string_bytes);
    FUZZ_CHECK(std::none_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < 32) || c == 127; }));
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

void check(server_info info, std::string_view json) {
    const server_info before = info;
    if (!update_server_info(info, json)) {
        FUZZ_CHECK(same(info, before));
        return;
    }
    check_bounds(info);
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
