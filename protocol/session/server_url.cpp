#include "protocol/session/server_url.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <slipstream/error.hpp>

#include "protocol/auth/wipe.hpp"

namespace slipstream::session {

namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) noexcept { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z'); }

int hex_value(char c) noexcept {
    if (is_digit(c)) return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// False on a percent sign that is not followed by two hexadecimal digits. `+` is no blank here (RFC 3986).
bool percent_decode(std::string_view text, std::string& out) {
    out.clear();
    out.reserve(text.size());  // the only allocation: nothing is left behind unwiped
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (text.size() - i < 3) return false;
        const int high = hex_value(text[i + 1]);
        const int low = hex_value(text[i + 2]);
        if (high < 0 || low < 0) return false;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return true;
}

bool decode_secret(std::string_view text, secret& out) {
    std::string plain;
    const bool decoded = percent_decode(text, plain);
    if (decoded) out = secret(plain);
    auth::wipe(plain);
    return decoded;
}

bool parse_login(std::string_view text, authentication& out) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) {
        token_auth token;
        if (text.empty() || !decode_secret(text, token.token)) return false;
        out = std::move(token);
        return true;
    }
    user_password login;
    if (colon == 0 || !percent_decode(text.substr(0, colon), login.user)) return false;
    if (!decode_secret(text.substr(colon + 1), login.password)) return false;
    out = std::move(login);
    return true;
}

bool parse_port(std::string_view text, std::uint16_t& out) noexcept {
    if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), is_digit)) return false;
    unsigned value = 0;
    for (const char c : text) value = value * 10 + static_cast<unsigned>(c - '0');
    if (value == 0 || value > 65535) return false;
    out = static_cast<std::uint16_t>(value);
    return true;
}

/// What is between the brackets; a zone is written %25 and a name (RFC 6874). The resolver has the last word on the rest.
bool parse_ipv6(std::string_view text, std::string& out) {
    const std::size_t percent = text.find('%');
    const std::string_view address = text.substr(0, percent);
    const auto of_address = [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; };
    if (address.find(':') == std::string_view::npos || !std::all_of(address.begin(), address.end(), of_address)) return false;
    std::string host(address);
    std::transform(host.begin(), host.end(), host.begin(), lower);
    if (percent != std::string_view::npos) {
        std::string_view zone = text.substr(percent + 1);
        if (zone.starts_with("25")) zone.remove_prefix(2);
        const auto of_zone = [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; };
        if (zone.empty() || !std::all_of(zone.begin(), zone.end(), of_zone)) return false;
        host.append("%").append(zone);
    }
    out = std::move(host);
    return true;
}

bool parse_name(std::string_view text, std::string& out) {
    const auto of_name = [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; };
    if (text.empty() || text.front() == '.' || text.front() == '-' || !std::all_of(text.begin(), text.end(), of_name)) return false;
    if (text.find("..") != std::string_view::npos) return false;
    out.assign(text);
    std::transform(out.begin(), out.end(), out.begin(), lower);
    return true;
}

bool parse_endpoint(std::string_view text, server_url& out) {
    std::string_view host = text;
    std::string_view port;
    bool with_port = false;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return false;
        host = text.substr(1, end - 1);
        const std::string_view rest = text.substr(end + 1);
        with_port = rest.starts_with(':');
        if (!with_port && !rest.empty()) return false;
        if (with_port) port = rest.substr(1);
        if (!parse_ipv6(host, out.host)) return false;
    } else {
        const std::size_t colon = text.find(':');
        with_port = colon != std::string_view::npos;
        if (with_port) {
            host = text.substr(0, colon);
            port = text.substr(colon + 1);  // another colon (a bare IPv6 address) is no digit
        }
        if (!parse_name(host, out.host)) return false;
    }
    out.port = server_url::default_port;
    return out.host.size() <= server_url::max_host && (!with_port || parse_port(port, out.port));
}

bool has_scheme(std::string_view text, std::string_view scheme) noexcept {
    return text.size() >= scheme.size() &&
           std::equal(scheme.begin(), scheme.end(), text.begin(), [](char a, char b) { return a == lower(b); });
}

bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

}  // namespace

std::string server_url::display() const {
    std::string shown = host;
    if (host.find(':') != std::string::npos) {
        if (const std::size_t zone = shown.find('%'); zone != std::string::npos) shown.insert(zone + 1, "25");
        shown = '[' + shown + ']';
    }
    return shown + ':' + std::to_string(port);
}

std::error_code parse_server_url(std::string_view text, server_url& out) {
    server_url url;
    if (has_scheme(text, "nats://")) {
        text.remove_prefix(7);
    } else if (has_scheme(text, "tls://")) {
        text.remove_prefix(6);
        url.tls = true;
    }
    // The authority ends where a path, query or fragment begins (RFC 3986); of these only a lone slash is understood. Another
    // scheme ends up here with the slashes behind its colon.
    const std::size_t end = std::min(text.find_first_of("/?#"), text.size());
    if (const std::string_view rest = text.substr(end); !rest.empty() && rest != "/") return errc::invalid_url;
    text = text.substr(0, end);
    if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
        if (!parse_login(text.substr(0, at), url.login)) return errc::invalid_url;
        text.remove_prefix(at + 1);
    }
    if (!parse_endpoint(text, url)) return errc::invalid_url;
    out = std::move(url);
    return {};
}

std::error_code parse_server_list(std::string_view text, std::vector<server_url>& out) {
    std::vector<server_url> found;
    for (bool more = true; more;) {
        const std::size_t comma = text.find(',');
        more = comma != std::string_view::npos;
        const std::string_view one = trimmed(text.substr(0, comma));
        if (more) text.remove_prefix(comma + 1);
        if (one.empty()) {
            if (!more && !found.empty()) break;  // a comma at the end
            return errc::invalid_url;
        }
        if (const std::error_code ec = parse_server_url(one, found.emplace_back())) return ec;
    }
    out = std::move(found);
    return {};
}

std::error_code parse_discovered_server(std::string_view text, server_url& out) {
    server_url url;
    if (!parse_endpoint(text, url)) return errc::invalid_url;
    out = std::move(url);
    return {};
}

}  // namespace slipstream::session
