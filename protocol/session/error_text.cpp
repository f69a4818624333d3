#include "protocol/session/error_text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace slipstream::session {

namespace {

using enum disconnect_reason;

struct row {
    std::string_view words;  // lower case; the text begins with them
    errc code;
    bool closes;
    disconnect_reason reason;
};

// spec/protocol.md 7, in its order. No row's words begin with those of an earlier one.
constexpr std::array rows{
    row{"unknown protocol operation", errc::protocol_error, true, protocol_error},
    row{"maximum control line exceeded", errc::max_control_line, true, server_error},
    row{"maximum payload violation", errc::max_payload, true, max_payload},
    row{"authorization violation", errc::authorization_violation, true, auth},
    row{"authentication timeout", errc::authentication_timeout, true, auth},
    row{"user authentication expired", errc::authentication_expired, true, auth},
    row{"user authentication revoked", errc::authentication_revoked, true, auth},
    row{"account authentication expired", errc::account_authentication_expired, true, auth},
    row{"maximum connections exceeded", errc::max_connections, true, server_error},
    row{"maximum account active connections exceeded", errc::max_connections, true, server_error},
    row{"connection throttling is active", errc::max_connections, true, server_error},
    row{"secure connection - tls required", errc::tls_required, true, tls},
    row{"invalid client protocol", errc::protocol_error, true, protocol_error},
    row{"no responders requires headers support", errc::protocol_error, true, protocol_error},
    row{"stale connection", errc::stale_connection, true, stale},
    row{"failed account registration", errc::authorization_violation, true, auth},
    row{"attempted to connect to", errc::server_error, true, server_error},  // a port that is not for clients
    row{"rejecting connection", errc::server_error, true, server_error},
    row{"maximum subscriptions exceeded", errc::max_subscriptions, false, none},
    row{"invalid subject", errc::invalid_subject, false, none},
    row{"invalid publish subject", errc::invalid_subject, false, none},
    row{"permissions violation", errc::permission_denied, false, none},
};

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Cuts `words` (lower case) off the front of `text`.
bool take_words(std::string_view& text, std::string_view words) noexcept {
    if (text.size() < words.size()) return false;
    if (!std::equal(words.begin(), words.end(), text.begin(), [](char w, char c) { return w == lower(c); })) return false;
    text.remove_prefix(words.size());
    return true;
}

int hex_value(char c) noexcept {
    c = lower(c);
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// `count` hexadecimal digits off the front of `text`.
bool take_hex(std::string_view& text, std::size_t count, std::uint32_t& value) noexcept {
    if (text.size() < count) return false;
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const int digit = hex_value(text[i]);
        if (digit < 0) return false;
        number = number << 4 | static_cast<std::uint32_t>(digit);
    }
    text.remove_prefix(count);
    value = number;
    return true;
}

bool append_utf8(std::uint32_t c, std::string& out) {
    const auto tail = [c](unsigned shift) { return static_cast<char>(0x80 | (c >> shift & 0x3f)); };
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xc0 | c >> 6);
        out += tail(0);
    } else if (c < 0x10000) {
        if (c >= 0xd800 && c <= 0xdfff) return false;
        out += static_cast<char>(0xe0 | c >> 12);
        out += tail(6);
        out += tail(0);
    } else {
        if (c > 0x10ffff) return false;
        out += static_cast<char>(0xf0 | c >> 18);
        out += tail(12);
        out += tail(6);
        out += tail(0);
    }
    return true;
}

/// One escape of Go's %q behind its backslash.
bool take_escape(std::string_view& text, std::string& out) {
    if (text.empty()) return false;
    const char c = text.front();
    text.remove_prefix(1);
    constexpr std::string_view names = "abfnrtv\\\"'";
    constexpr std::string_view values = "\a\b\f\n\r\t\v\\\"'";
    if (const std::size_t i = names.find(c); i != std::string_view::npos) {
        out += values[i];
        return true;
    }
    std::uint32_t value = 0;
    switch (c) {
        case 'x':
            if (!take_hex(text, 2, value)) return false;
            out += static_cast<char>(value);
            return true;
        case 'u': return take_hex(text, 4, value) && append_utf8(value, out);
        case 'U': return take_hex(text, 8, value) && append_utf8(value, out);
        default: return false;
    }
}

/// A Go string literal off the front of `text`. False, and `out` empty, when it is none.
bool take_quoted(std::string_view& text, std::string& out) {
    out.clear();
    if (!text.starts_with('"')) return false;
    std::string_view rest = text.substr(1);
    while (!rest.empty()) {
        const char c = rest.front();
        rest.remove_prefix(1);
        if (c == '"') {
            text = rest;
            return true;
        }
        if (c != '\\') {
            out += c;
        } else if (!take_escape(rest, out)) {
            break;
        }
    }
    out.clear();
    return false;
}

/// Digits only, at most nineteen (A3); 0 when it is anything else.
std::uint64_t to_sid(std::string_view digits) noexcept {
    if (digits.empty() || digits.size() > 19) return 0;
    std::uint64_t value = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') return 0;
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
}

/// The words after `Permissions Violation`.
void read_permission(std::string_view text, server_error_text& out) {
    if (take_words(text, " for publish to ")) {
        if (take_quoted(text, out.subject)) out.refused = refusal::publish;
    } else if (take_words(text, " for publish with reply of ")) {
        if (take_quoted(text, out.subject)) out.refused = refusal::publish_reply;
    } else if (take_words(text, " for subscription to ")) {
        if (!take_quoted(text, out.subject)) return;
        out.refused = refusal::subscribe;
        if (take_words(text, " using queue ") && !take_quoted(text, out.queue_group)) return;
        std::string sid;
        if (take_words(text, " (sid ") && take_quoted(text, sid)) out.sid = to_sid(sid);
    }
}

}  // namespace

server_error_text classify_error_text(std::string_view text) {
    server_error_text out;
    for (const row& r : rows) {
        if (!take_words(text, r.words)) continue;
        out.code = r.code;
        out.closes = r.closes;
        out.reason = r.reason;
        break;
    }
    if (out.code == errc::permission_denied) read_permission(text, out);
    return out;
}

bool is_login_error(errc code) noexcept {
    switch (code) {
        case errc::authorization_violation:
        case errc::authentication_timeout:
        case errc::authentication_expired:
        case errc::authentication_revoked:
        case errc::account_authentication_expired: return true;
        default: return false;
    }
}

}  // namespace slipstream::session
