#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include <slipstream/error.hpp>

#include "protocol/session/option_check.hpp"

namespace slipstream::session {
namespace {

using namespace std::chrono_literals;

struct bad_option {
    std::string_view name;
    std::error_code ec;
    std::function<void(connect_options&)> spoil;
};

option_problem check(const connect_options& options) {
    std::vector<server_url> servers(1);
    const option_problem problem = check_options(options, servers);
    CHECK(servers.empty() == static_cast<bool>(problem.ec));
    return problem;
}

TEST_CASE("B20: the defaults are valid, and the servers come out in the order written") {
    CHECK_FALSE(check(connect_options{}).ec);
    connect_options options;
    options.servers = {"nats://b:1,a", "t@c:2,"};
    std::vector<server_url> servers;
    CHECK_FALSE(check_options(options, servers).ec);
    REQUIRE(servers.size() == 3);
    CHECK(servers[0].display() == "b:1");
    CHECK(servers[1].display() == "a:4222");
    CHECK(servers[2].display() == "c:2");
}

TEST_CASE("E13 C24: values at the edges of their ranges are valid") {
    for (const std::chrono::milliseconds value : {std::chrono::milliseconds(1), longest_option}) {
        connect_options o;
        o.connect_timeout = o.request_timeout = o.drain_timeout = o.ping_interval = o.write_timeout = value;
        o.reconnect_wait = o.reconnect_max_wait = o.reconnect_stable = value;
        o.dial_timeout = o.info_timeout = o.tls_timeout = o.login_timeout = o.lame_duck_leave = value;
        o.max_pings_out = value == longest_option ? most_pings_out : 1;
        CHECK_FALSE(check(o).ec);
    }
    connect_options o;
    o.max_reconnects = 0;
    o.outbox_bytes = 1;
    o.max_control_line = least_control_line;
    o.tcp_notsent_lowat = std::nullopt;
    o.name = std::string(max_name_size, 'x');
    o.inbox_prefix = std::string(max_inbox_prefix_size, 'x');
    o.auth = user_password{"user", ""};
    o.servers.assign(256, "h");
    CHECK_FALSE(check(o).ec);
    o.outbox_bytes = SIZE_MAX;
    o.name = "caf\xc3\xa9 \xff";
    o.auth = token_auth{"t"};
    CHECK_FALSE(check(o).ec);
}

TEST_CASE("E13 B12: each option outside its range is named") {
    using o = connect_options;
    std::vector<bad_option> table{
        {"servers", errc::invalid_option, [](o& x) { x.servers.clear(); }},
        {"servers", errc::invalid_option, [](o& x) { x.servers.assign(257, "h"); }},
        {"servers", errc::invalid_url, [](o& x) { x.servers.emplace_back(); }},
        {"servers", errc::invalid_url, [](o& x) { x.servers = {"a", "nats://u:%@h"}; }},
        {"servers", errc::invalid_url, [](o& x) { x.servers = {"wss://h:443"}; }},
        {"name", errc::invalid_option, [](o& x) { x.name = "a\nb"; }},
        {"name", errc::invalid_option, [](o& x) { x.name = std::string("a\0b", 3); }},
        {"name", errc::invalid_option, [](o& x) { x.name = "\x7f"; }},
        {"name", errc::invalid_option, [](o& x) { x.name = std::string(max_name_size + 1, 'x'); }},
        {"auth", errc::invalid_option, [](o& x) { x.auth = user_password{"", "p"}; }},
        {"auth", errc::invalid_option, [](o& x) { x.auth = token_auth{""}; }},
        {"auth", errc::nkey_malformed, [](o& x) { x.auth = nkey_seed{"x"}; }},
        {"auth", errc::creds_malformed, [](o& x) { x.auth = creds_text{"x"}; }},
        {"max_auth_failures", errc::invalid_option, [](o& x) { x.max_auth_failures = 0; }},
        {"max_pings_out", errc::invalid_option, [](o& x) { x.max_pings_out = 0; }},
        {"max_pings_out", errc::invalid_option, [](o& x) { x.max_pings_out = most_pings_out + 1; }},
        {"reconnect_max_wait", errc::invalid_option, [](o& x) { x.reconnect_max_wait = x.reconnect_wait - 1ms; }},
        {"outbox_bytes", errc::invalid_option, [](o& x) { x.outbox_bytes = 0; }},
        {"handoff_bytes", errc::invalid_option, [](o& x) { x.handoff_bytes = 0; }},
        {"max_control_line", errc::invalid_option, [](o& x) { x.max_control_line = least_control_line - 1; }},
        {"tcp_notsent_lowat", errc::invalid_option, [](o& x) { x.tcp_notsent_lowat = 0; }},
        {"tcp_notsent_lowat", errc::invalid_option, [](o& x) { x.tcp_notsent_lowat = std::size_t{1} << 31; }},
        {"inbox_prefix", errc::invalid_inbox_prefix, [](o& x) { x.inbox_prefix = "a b"; }},
    };
    const std::pair<std::string_view, std::chrono::milliseconds o::*> periods[] = {
        {"connect_timeout", &o::connect_timeout},       {"request_timeout", &o::request_timeout},   {"drain_timeout", &o::drain_timeout},
        {"ping_interval", &o::ping_interval},           {"write_timeout", &o::write_timeout},       {"reconnect_wait", &o::reconnect_wait},
        {"reconnect_max_wait", &o::reconnect_max_wait}, {"reconnect_stable", &o::reconnect_stable},
    };
    for (const auto& period : periods) {
        for (const auto value : {std::chrono::milliseconds(0), std::chrono::milliseconds(-1), std::chrono::milliseconds::min(),
                                 longest_option + 1ms, std::chrono::milliseconds::max()}) {
            table.push_back({period.first, errc::invalid_option, [member = period.second, value](o& x) { x.*member = value; }});
        }
    }
    const std::pair<std::string_view, std::optional<std::chrono::milliseconds> o::*> phases[] = {
        {"dial_timeout", &o::dial_timeout},
        {"info_timeout", &o::info_timeout},
        {"tls_timeout", &o::tls_timeout},
        {"login_timeout", &o::login_timeout},
        {"lame_duck_leave", &o::lame_duck_leave},
    };
    for (const auto& phase : phases) {
        for (const auto value : {std::chrono::milliseconds(0), longest_option + 1ms}) {
            table.push_back({phase.first, errc::invalid_option, [member = phase.second, value](o& x) { x.*member = value; }});
        }
    }
    for (const bad_option& row : table) {
        connect_options options;
        row.spoil(options);
        const option_problem problem = check(options);
        CAPTURE(row.name);
        CHECK(problem.ec == row.ec);
        CHECK(problem.option == row.name);
    }
}

TEST_CASE("B3: which servers demand TLS is kept") {
    connect_options options;
    options.servers = {"nats://a,tls://b", "TLS://u:p@h:4443"};
    std::vector<server_url> servers;
    CHECK_FALSE(check_options(options, servers).ec);
    REQUIRE(servers.size() == 3);
    CHECK_FALSE(servers[0].tls);
    CHECK(servers[1].tls);
    CHECK(servers[2].tls);
}

TEST_CASE("B21: files and memory for TLS exclude each other, and a key comes with its certificate") {
    const auto of = [](const std::function<void(tls_options&)>& set) {
        connect_options options;
        set(options.tls);
        const option_problem problem = check(options);
        CHECK(problem.option == (problem.ec ? "tls" : ""));
        return problem.ec;
    };
    using t = tls_options;
    for (const auto& good : std::vector<std::function<void(t&)>>{
             [](t& x) { x.ca_file = x.ca_pem = "x"; },
             [](t& x) { x.cert_file = "x"; },
             [](t& x) { x.cert_pem = "x", x.key_file = "x", x.key_password = "x"; },
             [](t& x) { x.cert_file = "x", x.key_pem = "x"; },
             [](t& x) { x.server_name = std::string(255, 'x'); },
         }) {
        CHECK_FALSE(of(good));
    }
    for (const auto& bad : std::vector<std::function<void(t&)>>{
             [](t& x) { x.cert_file = x.cert_pem = "x"; },
             [](t& x) { x.cert_file = x.key_file = "x", x.key_pem = "x"; },
             [](t& x) { x.key_file = "x"; },
             [](t& x) { x.key_pem = "x"; },
             [](t& x) { x.key_password = "x"; },
             [](t& x) { x.server_name = std::string(256, 'x'); },
             [](t& x) { x.server_name = "a\r\nb"; },
             [](t& x) { x.server_name = ".test"; },
             [](t& x) { x.ca_file = std::string("a\0b", 3); },
             [](t& x) { x.cipher_list = std::string("a\0b", 3); },
         }) {
        CHECK(of(bad) == errc::invalid_option);
    }
}

TEST_CASE("E8: inbox prefixes: a subject, no wildcards, nothing that the server keeps for itself") {
    for (const std::string_view good :
         {"_INBOX", "_INBOX_alice", "a.b.c", "$JS.ACKS", "$JS", "_R", "_GR", "x._R_", "$JS.ACKx.y", "caf\xc3\xa9"}) {
        CAPTURE(good);
        CHECK_FALSE(check_inbox_prefix(good));
    }
    const std::string too_long(max_inbox_prefix_size + 1, 'x');
    for (const std::string_view bad :
         {std::string_view(),          std::string_view("_INBOX."),   std::string_view(".a"),        std::string_view("a..b"),
          std::string_view("a.*"),     std::string_view(">"),         std::string_view("a.>"),       std::string_view("a*b"),
          std::string_view("a>"),      std::string_view("a b"),       std::string_view("a\r\nPING"), std::string_view("a\0b", 3),
          std::string_view("$JS.ACK"), std::string_view("$JS.ACK.x"), std::string_view("_R_"),       std::string_view("_R_.x"),
          std::string_view("_R_x"),    std::string_view("_GR_"),      std::string_view("_GR_.a"),    std::string_view(too_long)}) {
        CAPTURE(bad);
        CHECK(check_inbox_prefix(bad) == errc::invalid_inbox_prefix);
    }
}

TEST_CASE("B11: a problem names the option and never its value") {
    connect_options options;
    options.servers = {"nats://user:hunter2@h:bad"};
    const option_problem problem = check(options);
    CHECK(problem.ec == errc::invalid_url);
    CHECK(problem.option == "servers");
    CHECK(problem.ec.message().find("hunter2") == std::string::npos);
}

}  // namespace
}  // namespace slipstream::session
