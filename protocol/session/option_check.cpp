#include "protocol/session/option_check.hpp"

#include <algorithm>
#include <climits>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include <slipstream/error.hpp>
#include <slipstream/subject.hpp>

#include "protocol/auth/login_check.hpp"
#include "protocol/session/server_pool.hpp"

namespace slipstream::session {

namespace {

using std::chrono::milliseconds;

bool in_range(milliseconds value) noexcept { return value >= milliseconds(1) && value <= longest_option; }

bool plain_text(std::string_view text) noexcept {
    return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// What is given twice, by half, or cannot be passed on as it is.
bool consistent(const tls_options& tls) noexcept {
    const std::string* const texts[] = {&tls.ca_file,     &tls.ca_pem,      &tls.cert_file,   &tls.cert_pem,
                                        &tls.key_file,    &tls.server_name, &tls.cipher_list, &tls.cipher_suites};
    const auto holds_nul = [](const std::string* s) { return s->find('\0') != std::string::npos; };
    if (std::any_of(std::begin(texts), std::end(texts), holds_nul)) return false;
    const bool with_cert = !tls.cert_file.empty() || !tls.cert_pem.empty();
    const bool with_key = !tls.key_file.empty() || !tls.key_pem.empty();
    if ((!tls.cert_file.empty() && !tls.cert_pem.empty()) || (!tls.key_file.empty() && !tls.key_pem.empty())) return false;
    if ((with_key || !tls.key_password.empty()) && !with_cert) return false;
    return tls.server_name.size() <= server_url::max_host && plain_text(tls.server_name) && !tls.server_name.starts_with('.');
}

}  // namespace

option_problem check_servers(const std::vector<std::string>& entries, std::vector<server_url>& servers) {
    constexpr std::string_view name = "servers";
    std::vector<server_url> all;
    for (const std::string& entry : entries) {
        std::vector<server_url> some;
        if (const std::error_code ec = parse_server_list(entry, some)) return {ec, name};
        if (all.size() + some.size() > server_pool::max_servers) return {errc::invalid_option, name};
        std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    if (all.empty()) return {errc::invalid_option, name};
    servers = std::move(all);
    return {};
}

namespace {

option_problem check_rest(const connect_options& o) {
    struct period {
        std::string_view name;
        milliseconds value;
    };
    const period periods[] = {
        {"connect_timeout", o.connect_timeout},   {"request_timeout", o.request_timeout},       {"drain_timeout", o.drain_timeout},
        {"ping_interval", o.ping_interval},       {"write_timeout", o.write_timeout},           {"reconnect_wait", o.reconnect_wait},
        {"reconnect_stable", o.reconnect_stable}, {"reconnect_max_wait", o.reconnect_max_wait},
    };
    for (const period& p : periods) {
        if (!in_range(p.value)) return {errc::invalid_option, p.name};
    }
    const std::pair<std::string_view, std::optional<milliseconds>> phases[] = {
        {"dial_timeout", o.dial_timeout},
        {"info_timeout", o.info_timeout},
        {"tls_timeout", o.tls_timeout},
        {"login_timeout", o.login_timeout},
        {"lame_duck_leave", o.lame_duck_leave},
    };
    for (const auto& [name, value] : phases) {
        if (value && !in_range(*value)) return {errc::invalid_option, name};
    }
    if (o.reconnect_max_wait < o.reconnect_wait) return {errc::invalid_option, "reconnect_max_wait"};
    if (o.max_pings_out < 1 || o.max_pings_out > most_pings_out) return {errc::invalid_option, "max_pings_out"};
    if (o.name.size() > max_name_size || !plain_text(o.name)) return {errc::invalid_option, "name"};
    if (const std::error_code ec = auth::check_login(o.auth)) return {ec, "auth"};
    if (o.max_auth_failures == 0U) return {errc::invalid_option, "max_auth_failures"};
    if (!consistent(o.tls)) return {errc::invalid_option, "tls"};
    if (o.outbox_bytes == 0) return {errc::invalid_option, "outbox_bytes"};
    if (o.handoff_bytes == 0) return {errc::invalid_option, "handoff_bytes"};
    if (o.max_control_line < least_control_line) return {errc::invalid_option, "max_control_line"};
    if (o.tcp_notsent_lowat && (*o.tcp_notsent_lowat == 0 || *o.tcp_notsent_lowat > std::size_t{INT_MAX})) {
        return {errc::invalid_option, "tcp_notsent_lowat"};
    }
    if (const std::error_code ec = check_inbox_prefix(o.inbox_prefix)) return {ec, "inbox_prefix"};
    return {};
}

}  // namespace

option_problem check_options(const connect_options& options, std::vector<server_url>& servers) {
    servers.clear();
    if (const option_problem problem = check_rest(options); problem.ec) return problem;
    return check_servers(options.servers, servers);
}

std::error_code check_inbox_prefix(std::string_view prefix) noexcept {
    if (prefix.size() > max_inbox_prefix_size || check_publish_subject(prefix)) return errc::invalid_inbox_prefix;
    // Wildcards inside a token are legal in a subject, but nobody means them here.
    if (prefix.find_first_of("*>") != std::string_view::npos) return errc::invalid_inbox_prefix;
    // What the server refuses as a reply subject; the dot comes from the inbox that is appended.
    if (prefix == "$JS.ACK" || prefix.starts_with("$JS.ACK.") || prefix.starts_with("_R_") || prefix.starts_with("_GR_")) {
        return errc::invalid_inbox_prefix;
    }
    return {};
}

}  // namespace slipstream::session
