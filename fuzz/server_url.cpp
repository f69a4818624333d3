// Server URLs (B11, B20, W17): what is accepted is displayed without the login and read again as the same endpoint; a password or
// token that was planted in the URL comes out of `login` exactly and out of nothing else; a discovered server never brings a login.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fuzz/check.hpp"
#include "fuzz/input.hpp"
#include "protocol/session/server_url.hpp"

using namespace slipstream;
using session::server_url;

namespace {

void check_endpoint(const server_url& url) {
    FUZZ_CHECK(!url.host.empty() && url.host.size() <= server_url::max_host && url.port != 0);
    const std::string_view address(url.host.data(), std::min(url.host.find('%'), url.host.size()));
    FUZZ_CHECK(std::none_of(url.host.begin(), url.host.end(), [](char c) { return c <= ' ' || c >= 127; }));
    // The zone of an IPv6 address is the name of an interface: its letters stay as they are.
    FUZZ_CHECK(std::none_of(address.begin(), address.end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
    FUZZ_CHECK(url.host.find_first_of("@/?#[]\\\"'") == std::string::npos);
    server_url again;
    FUZZ_CHECK(!session::parse_server_url(url.display(), again));
    FUZZ_CHECK(again.same_endpoint(url));
    FUZZ_CHECK(std::holds_alternative<no_auth>(again.login));
}

void check_any(std::string_view text) {
    server_url url;
    url.host = "as.before";
    if (session::parse_server_url(text, url)) {
        FUZZ_CHECK(url.host == "as.before" && std::holds_alternative<no_auth>(url.login));
    } else {
        check_endpoint(url);
        if (text.find('@') == std::string_view::npos) FUZZ_CHECK(std::holds_alternative<no_auth>(url.login));
    }
    server_url found;
    if (!session::parse_discovered_server(text, found)) {
        check_endpoint(found);
        FUZZ_CHECK(std::holds_alternative<no_auth>(found.login) && !found.tls);
    }
    std::vector<server_url> list;
    if (!session::parse_server_list(text, list)) {
        FUZZ_CHECK(!list.empty() && list.size() <= 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), ',')));
        for (const server_url& one : list) check_endpoint(one);
    }
}

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        constexpr char digits[] = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
    return out;
}

/// A login with any bytes in it, in front of what may or may not be an endpoint.
void check_login(fuzz::input in) {
    const bool token_only = in.flag();
    const std::string user = "user-" + std::string(in.text(20));
    const std::string secret = "s3cret!" + std::string(in.text(20));  // no host or port looks like it
    const std::string url_text = "nats://" +
                                 (token_only ? percent_encoded(secret) : percent_encoded(user) + ":" + percent_encoded(secret)) + "@" +
                                 std::string(in.rest());
    server_url url;
    if (session::parse_server_url(url_text, url)) return;
    FUZZ_CHECK(url.display().find(secret) == std::string::npos && url.host.find(secret) == std::string::npos);
    check_endpoint(url);
    if (in.rest().find('@') != std::string_view::npos) return;  // then the login is longer
    if (token_only) {
        const auto* const token = std::get_if<token_auth>(&url.login);
        FUZZ_CHECK(token != nullptr && token->token.reveal() == secret);
    } else {
        const auto* const login = std::get_if<user_password>(&url.login);
        FUZZ_CHECK(login != nullptr && login->user == user && login->password.reveal() == secret);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    check_any(input);
    check_any("u:p@" + std::string(input));
    check_login(fuzz::input(data, size));
    return 0;
}
