#include "tools/command/global_options.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>
#include <variant>
#include <vector>

#include <CLI/CLI.hpp>
#include <simdjson.h>

#include "tools/command/duration.hpp"

namespace command {
namespace {

using std::chrono::milliseconds;

void add_duration(CLI::App& app, const std::string& name, milliseconds& out, const std::string& help) {
    app.add_option_function<std::string>(
           name,
           [name, &out](const std::string& text) {
               const auto parsed = parse_duration(text);
               if (!parsed) throw CLI::ValidationError(name, "'" + text + "' is not a duration such as 250us, 100ms, 2s or 1m");
               out = std::chrono::ceil<milliseconds>(*parsed);
           },
           help)
        ->type_name("D");
}

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto comma = text.find(',');
        if (comma != 0) out.emplace_back(text.substr(0, comma));
        text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    }
    return out;
}

std::string context_file(const std::string& name) {
    if (name.find('/') != std::string::npos || name == "." || name == "..")
        throw CLI::ValidationError("--context", "'" + name + "' is not a context name");
    const char* config = std::getenv("XDG_CONFIG_HOME");
    const char* home = std::getenv("HOME");
    const std::string base = config != nullptr && *config != '\0' ? config : std::string(home != nullptr ? home : "") + "/.config";
    return base + "/nats/context/" + name + ".json";
}

/// What the members of `o` say; no_auth when nothing.
slipstream::authentication login_of(const global_options& o) {
    if (!o.creds_inline.empty()) return slipstream::creds_base64{o.creds_inline};
    if (!o.creds.empty()) return slipstream::creds_file{o.creds};
    if (!o.nkey.empty()) return slipstream::nkey_file{o.nkey};
    if (!o.user.empty()) return slipstream::user_password{o.user, o.password};
    if (!o.token.empty()) return slipstream::token_auth{o.token};
    return slipstream::no_auth{};
}

// ADR-21: one JSON object of strings. Members that would need a login or transport this build has not are refused, not ignored.
void read_context(global_options& out) {
    const std::string path = context_file(out.context);
    std::ifstream file(path, std::ios::binary);
    if (!file) throw CLI::ValidationError("--context", "cannot read " + path);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(text).get(object) != simdjson::SUCCESS) throw CLI::ValidationError("--context", path + " is not a JSON object");
    const auto member = [&object](std::string_view name) {
        std::string_view value;
        return object[name].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
    };
    if (!member("socks_proxy").empty()) throw CLI::ValidationError("--context", path + " uses 'socks_proxy', which is not supported yet");
    if (out.connect.servers.empty()) out.connect.servers = split_list(member("url"));
    if (std::holds_alternative<slipstream::no_auth>(out.connect.auth)) {
        if (const std::string jwt = member("user_jwt"); !jwt.empty() && member("creds").empty() && member("nkey").empty()) {
            const std::string key = member("user_seed");
            out.connect.auth = key.empty() ? slipstream::authentication(slipstream::bearer_jwt{jwt})
                                           : slipstream::authentication(slipstream::jwt_seed{jwt, key});
        } else {
            out.creds = member("creds");
            out.nkey = member("nkey");
            out.user = member("user");
            out.password = member("password");
            out.token = member("token");
            out.connect.auth = login_of(out);
        }
    }
    if (out.js_domain.empty()) out.js_domain = member("jetstream_domain");
    slipstream::tls_options& tls = out.connect.tls;
    if (tls.ca_file.empty()) tls.ca_file = member("ca");
    if (tls.cert_file.empty() && tls.key_file.empty()) {
        tls.cert_file = member("cert");
        tls.key_file = member("key");
    }
    if (bool first = false; object["tls_first"].get(first) == simdjson::SUCCESS && first) tls.mode = slipstream::tls_mode::first;
    if (const std::string prefix = member("inbox_prefix");
        !prefix.empty() && out.connect.inbox_prefix == slipstream::connect_options().inbox_prefix) {
        out.connect.inbox_prefix = prefix;
    }
}

}  // namespace

void add_global_options(CLI::App& app, global_options& out) {
    out.connect.servers.clear();
    app.fallthrough();
    const std::string connection = "Connection";
    app.add_option_function<std::string>(
           "-s,--server", [&out](const std::string& list) { out.connect.servers = split_list(list); },
           "Server URLs, comma-separated (or NATS_URL); default nats://127.0.0.1:4222")
        ->type_name("URL[,URL]");
    app.add_option("--creds", out.creds, "Credentials file: a user's JWT and seed")->type_name("FILE");
    app.add_option_function<std::string>(
           "--creds-inline", [&out](const std::string& text) { out.creds_inline = text; },
           "The same in base64; goes before --creds. Others can read it in the list of processes: better NATS_CREDS_B64")
        ->type_name("BASE64");
    app.add_option("--nkey", out.nkey, "File with the seed of a user's key")->type_name("FILE");
    app.add_option("--user", out.user, "User name");
    app.add_option_function<std::string>("--password", [&out](const std::string& text) { out.password = text; }, "Password");
    app.add_option_function<std::string>("--token", [&out](const std::string& text) { out.token = text; }, "Token");
    app.add_option("--tls-ca", out.connect.tls.ca_file, "Trust the certificates of this file, and demand TLS; default: the system's")
        ->type_name("FILE");
    app.add_option("--tls-cert", out.connect.tls.cert_file, "Client certificate; demands TLS")->type_name("FILE");
    app.add_option("--tls-key", out.connect.tls.key_file, "Its key; default: in the certificate's file")->type_name("FILE");
    app.add_flag_callback(
        "--tls-first", [&out] { out.connect.tls.mode = slipstream::tls_mode::first; }, "TLS before the server's first word");
    app.add_option("--context", out.context, "Named context of ~/.config/nats/context")->type_name("NAME");
    app.add_option("--name", out.connect.name, "Name shown in the server's monitoring");
    app.add_option("--inbox-prefix", out.connect.inbox_prefix, "Prefix of reply subjects")->type_name("SUBJECT");
    app.add_option("--js-domain", out.js_domain, "JetStream domain");
    add_duration(app, "--timeout", out.timeout, "Deadline of one operation");
    add_duration(app, "--connect-timeout", out.connect.connect_timeout, "Deadline of one connection attempt");
    add_duration(app, "--ping-interval", out.connect.ping_interval, "Ping a silent server after this time");
    app.add_option("--max-pings-out", out.connect.max_pings_out, "Unanswered pings before the server is given up");
    add_duration(app, "--reconnect-wait", out.connect.reconnect_wait, "Base of the reconnect backoff");
    add_duration(app, "--reconnect-max-wait", out.connect.reconnect_max_wait, "Cap of the reconnect backoff");
    app.add_option_function<int>(
           "--max-reconnects",
           [&out](int n) {
               if (n >= 0) out.connect.max_reconnects = static_cast<unsigned>(n);
           },
           "Failed attempts in a row per server; -1 = for ever (default)")
        ->type_name("N");
    app.add_flag_callback("--no-randomize", [&out] { out.connect.randomize_servers = false; }, "Try servers in the order given");
    app.add_option("--outbox", out.connect.outbox_bytes, "Bytes kept for sending, also while down")->type_name("BYTES");
    app.add_option("--pending-msgs", out.pending_msgs, "Queue limit of a subscription or watch, in messages")->type_name("N");
    app.add_option("--pending-bytes", out.pending_bytes, "Queue limit of a subscription or watch, in bytes")->type_name("BYTES");
    add_duration(app, "--write-timeout", out.connect.write_timeout, "Give up a server that takes no byte for so long");
    app.add_flag("--json", out.json, "One JSON object a line");
    app.add_flag("--events", out.events, "Print connection events too");
    app.add_option_function<std::string>(
           "--for",
           [&out](const std::string& text) {
               out.run_for = parse_duration(text);
               if (!out.run_for) throw CLI::ValidationError("--for", "'" + text + "' is not a duration such as 250us, 100ms, 2s or 1m");
           },
           "Stop after this time")
        ->type_name("D");
}

void resolve_connect_options(global_options& out) {
    const bool with_creds = !out.creds_inline.empty() || !out.creds.empty();
    if (int{with_creds} + int{!out.nkey.empty()} + int{!out.user.empty()} + int{!out.token.empty()} > 1)
        throw CLI::ValidationError("login", "only one of --creds, --nkey, --user and --token");
    if (!out.password.empty() && out.user.empty()) throw CLI::ValidationError("--password", "needs --user");
    out.connect.auth = login_of(out);
    if (const char* inline_creds = std::getenv("NATS_CREDS_B64");
        inline_creds != nullptr && *inline_creds != '\0' && std::holds_alternative<slipstream::no_auth>(out.connect.auth)) {
        out.connect.auth = slipstream::creds_base64{inline_creds};
    }
    if (!out.context.empty()) read_context(out);
    out.creds_inline = out.password = out.token = slipstream::secret();  // the login has them
    if (out.connect.servers.empty()) {
        if (const char* url = std::getenv("NATS_URL"); url != nullptr) out.connect.servers = split_list(url);
    }
    if (out.connect.servers.empty()) out.connect.servers = slipstream::connect_options().servers;
    if (out.timeout.count() > 0) out.connect.request_timeout = out.timeout;
}

}  // namespace command
