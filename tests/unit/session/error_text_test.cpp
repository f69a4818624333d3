#include <doctest/doctest.h>

#include <string>

#include "protocol/session/error_text.hpp"
#include "protocol/session/random.hpp"

namespace slipstream::session {
namespace {

struct error_row {
    std::string_view text;
    errc code;
    bool closes;
    disconnect_reason reason;
};

using enum disconnect_reason;

// spec/protocol.md 7, row by row.
const error_row catalogue[] = {
    {"Unknown Protocol Operation", errc::protocol_error, true, protocol_error},
    {"maximum control line exceeded", errc::max_control_line, true, server_error},
    {"Maximum Payload Violation", errc::max_payload, true, max_payload},
    {"Authorization Violation", errc::authorization_violation, true, auth},
    {"Authentication Timeout", errc::authentication_timeout, true, auth},
    {"User Authentication Expired", errc::authentication_expired, true, auth},
    {"User Authentication Revoked", errc::authentication_revoked, true, auth},
    {"Account Authentication Expired", errc::account_authentication_expired, true, auth},
    {"maximum connections exceeded", errc::max_connections, true, server_error},
    {"maximum account active connections exceeded", errc::max_connections, true, server_error},
    {"Connection throttling is active. Please try again later.", errc::max_connections, true, server_error},
    {"Secure Connection - TLS Required", errc::tls_required, true, tls},
    {"invalid client protocol", errc::protocol_error, true, protocol_error},
    {"no responders requires headers support", errc::protocol_error, true, protocol_error},
    {"Stale Connection", errc::stale_connection, true, stale},
    {"Failed Account Registration", errc::authorization_violation, true, auth},
    {"attempted to connect to route port", errc::server_error, true, server_error},
    {"Rejecting connection, cluster name \"\" does not match \"C1\"", errc::server_error, true, server_error},
    {"maximum subscriptions exceeded", errc::max_subscriptions, false, none},
    {"Invalid Subject", errc::invalid_subject, false, none},
    {"Invalid Publish Subject", errc::invalid_subject, false, none},
    {"Permissions Violation for Publish to \"s\"", errc::permission_denied, false, none},
    {"Permissions Violation for Publish with Reply of \"r\"", errc::permission_denied, false, none},
    {"Permissions Violation for Subscription to \"s\"", errc::permission_denied, false, none},
};

TEST_CASE("C23 D10: every row of the -ERR catalogue has its code, and closes or not as the server does; letter case is no matter") {
    for (const error_row& row : catalogue) {
        CAPTURE(row.text);
        std::string upper(row.text);
        std::string lower(row.text);
        for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        for (const std::string& text : {std::string(row.text), upper, lower, std::string(row.text) + " and more words"}) {
            const server_error_text e = classify_error_text(text);
            CHECK(e.code == row.code);
            CHECK(e.closes == row.closes);
            if (row.closes) CHECK(e.reason == row.reason);
        }
        // One character less is another text, except where only the leading words count.
        if (row.text.find_first_of("\".,") == std::string_view::npos && !row.text.starts_with("attempted")) {
            CHECK_FALSE(classify_error_text(row.text.substr(0, row.text.size() - 1)).closes);
            CHECK(classify_error_text(row.text.substr(1)).code == errc::server_error);
        }
    }
}

TEST_CASE("A14 A15: no text and unknown texts are generic and never close the connection") {
    for (const std::string_view text :
         {"", " ", "'", "x", "Something new", "Permissions", "permissions violatio", "Authorization", "Fatal: go away"}) {
        CAPTURE(text);
        const server_error_text e = classify_error_text(text);
        CHECK(e.code == errc::server_error);
        CHECK_FALSE(e.closes);
        CHECK(e.refused == refusal::none);
        CHECK(e.subject.empty());
    }
}

struct permission_row {
    std::string_view text;
    refusal refused;
    std::string_view subject;
    std::string_view queue_group;
    std::uint64_t sid;
};

TEST_CASE("D10 W25: permission errors say what they refuse: subject, queue group, sid") {
    const permission_row table[] = {
        {R"-(Permissions Violation for Publish to "bar")-", refusal::publish, "bar", "", 0},
        {R"-(permissions violation for publish to "bar.>")-", refusal::publish, "bar.>", "", 0},
        {R"-(Permissions Violation for Publish with Reply of "$JS.ACK.x")-", refusal::publish_reply, "$JS.ACK.x", "", 0},
        {R"-(Permissions Violation for Subscription to "s")-", refusal::subscribe, "s", "", 0},
        {R"-(Permissions Violation for Subscription to "s" using queue "q")-", refusal::subscribe, "s", "q", 0},
        {R"-(Permissions Violation for Subscription to "s" (sid "1"))-", refusal::subscribe, "s", "", 1},
        {R"-(Permissions Violation for Subscription to "s" using queue "q" (sid "9007199254740991"))-", refusal::subscribe, "s", "q",
         9007199254740991U},
        {R"-(Permissions Violation for Subscription to "a.b.c.d.e", too many tokens)-", refusal::subscribe, "a.b.c.d.e", "", 0},
        // Words that only look like the server's
        {R"-(Permissions Violation for Publish to "a" using queue "q" (sid "1"))-", refusal::publish, "a", "", 0},
        {R"-(Permissions Violation for Subscription to "x (sid \"7\")")-", refusal::subscribe, R"-(x (sid "7"))-", "", 0},
        {R"-(Permissions Violation for Subscription to "a\" using queue \"b")-", refusal::subscribe, R"-(a" using queue "b)-", "", 0},
        {R"-(Permissions Violation for Subscription to "")-", refusal::subscribe, "", "", 0},
        // No sid, or none that is a number
        {R"-(Permissions Violation for Subscription to "s" (sid "abc"))-", refusal::subscribe, "s", "", 0},
        {R"-(Permissions Violation for Subscription to "s" (sid ""))-", refusal::subscribe, "s", "", 0},
        {R"-(Permissions Violation for Subscription to "s" (sid "-1"))-", refusal::subscribe, "s", "", 0},
        {R"-(Permissions Violation for Subscription to "s" (sid "99999999999999999999"))-", refusal::subscribe, "s", "", 0},
        {R"-(Permissions Violation for Subscription to "s" (sid )-", refusal::subscribe, "s", "", 0},
        {R"-(Permissions Violation for Subscription to "s" using queue q (sid "4"))-", refusal::subscribe, "s", "", 0},
        // Not parsable: a permission error about something unknown
        {"Permissions Violation", refusal::none, "", "", 0},
        {"Permissions Violation for Publish to bar", refusal::none, "", "", 0},
        {R"-(Permissions Violation for Publish to "bar)-", refusal::none, "", "", 0},
        {R"-(Permissions Violation for Publish to "bar\")-", refusal::none, "", "", 0},
        {R"-(Permissions Violation for Publish to ")-", refusal::none, "", "", 0},
        {R"-(Permissions Violation for Import of "x")-", refusal::none, "", "", 0},
    };
    for (const permission_row& row : table) {
        CAPTURE(row.text);
        const server_error_text e = classify_error_text(row.text);
        CHECK(e.code == errc::permission_denied);
        CHECK_FALSE(e.closes);
        CHECK(e.refused == row.refused);
        CHECK(e.subject == row.subject);
        CHECK(e.queue_group == row.queue_group);
        CHECK(e.sid == row.sid);
    }
}

TEST_CASE("W25: a subject comes back as it was sent, whatever Go's %q made of it") {
    const auto subject = [](std::string_view quoted) {
        return classify_error_text("Permissions Violation for Publish to \"" + std::string(quoted) + "\"").subject;
    };
    CHECK(subject(R"(x\"y\\z)"
                  "\xc3\xa9"
                  R"(\x01)") == "x\"y\\z\xc3\xa9\x01");  // the example of the specification
    CHECK(subject(R"(\a\b\f\n\r\t\v\'\")") == "\a\b\f\n\r\t\v'\"");
    CHECK(subject(R"(\x00\x7f\xFF\xfe)") == std::string("\0\x7f\xff\xfe", 4));
    CHECK(subject(R"(\u00e9\u200b\u20AC)") == "\xc3\xa9\xe2\x80\x8b\xe2\x82\xac");
    CHECK(subject(R"(\U0001f600\U0010ffff)") == "\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf");
    for (const std::string_view broken :
         {R"(\)", R"(\x)", R"(\x1)", R"(\xg1)", R"(\u12)", R"(\u12g4)", R"(\ud800)", R"(\U00110000)", R"(\Uffffffff)", R"(\q)", R"(\1)"}) {
        CAPTURE(broken);
        const server_error_text e = classify_error_text("Permissions Violation for Publish to \"a" + std::string(broken) + "\"");
        CHECK(e.code == errc::permission_denied);
        CHECK(e.refused == refusal::none);
        CHECK(e.subject.empty());
    }
}

TEST_CASE("W25: every byte string survives Go's quoting") {
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        random_stream rng(seed);
        std::string subject;
        std::string quoted;
        for (std::uint64_t i = rng.below(40); i > 0; --i) {
            const auto c = static_cast<unsigned char>(rng.below(256));
            subject += static_cast<char>(c);
            if (c == '"' || c == '\\') {
                quoted += '\\';
                quoted += static_cast<char>(c);
            } else if (c < 0x20 || c >= 0x7f) {
                constexpr std::string_view hex = "0123456789abcdef";
                quoted += "\\x";
                quoted += hex[c >> 4];
                quoted += hex[c & 15];
            } else {
                quoted += static_cast<char>(c);
            }
        }
        const server_error_text e =
            classify_error_text("Permissions Violation for Subscription to \"" + quoted + "\" using queue \"" + quoted + "\" (sid \"12\")");
        REQUIRE(e.refused == refusal::subscribe);
        REQUIRE(e.subject == subject);
        REQUIRE(e.queue_group == subject);
        REQUIRE(e.sid == 12);
    }
}

TEST_CASE("A15: a text of any size is handled in time that follows its size") {
    const std::string many(60'000, '"');
    CHECK(classify_error_text("Permissions Violation for Subscription to " + many).refused == refusal::subscribe);
    const std::string slashes(60'001, '\\');
    CHECK(classify_error_text("Permissions Violation for Publish to \"" + slashes + "\"").refused == refusal::none);
    CHECK(classify_error_text("Permissions Violation for Publish to \"" + std::string(60'000, 'a') + "\"").subject.size() == 60'000);
}

TEST_CASE("B17: login errors are told from others") {
    int logins = 0;
    for (const error_row& row : catalogue) {
        CAPTURE(row.text);
        CHECK(is_login_error(row.code) == (row.reason == auth));
        logins += row.reason == auth ? 1 : 0;
    }
    CHECK(logins == 6);
}

}  // namespace
}  // namespace slipstream::session
