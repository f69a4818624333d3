#include <doctest/doctest.h>

#include <set>
#include <string>

#include <simdjson.h>

#include "protocol/session/connect_message.hpp"
#include "protocol/wire/frame_walker.hpp"
#include "tests/support/alloc_counter.hpp"

namespace slipstream::session {
namespace {

std::string connect(const connect_fields& fields) {
    wire::write_buffer out;
    append_connect(out, fields);
    return std::string(out.view());
}

/// The JSON between `CONNECT ` and the line end.
std::string json_of(const std::string& frame) {
    REQUIRE(frame.starts_with("CONNECT {"));
    REQUIRE(frame.ends_with("}\r\n"));
    return frame.substr(8, frame.size() - 10);
}

std::set<std::string> keys_of(const std::string& frame) {
    simdjson::dom::parser parser;
    std::set<std::string> keys;
    const std::string json = json_of(frame);
    for (const auto field : simdjson::dom::object(parser.parse(json))) CHECK(keys.insert(std::string(field.key)).second);
    return keys;
}

std::string text_of(const std::string& frame, std::string_view key) {
    simdjson::dom::parser parser;
    const std::string json = json_of(frame);
    return std::string(std::string_view(parser.parse(json)[key]));
}

const std::set<std::string> always{"verbose", "pedantic", "echo", "protocol", "headers", "no_responders", "lang", "version"};

std::set<std::string> with(std::set<std::string> keys, std::initializer_list<const char*> more) {
    keys.insert(more.begin(), more.end());
    return keys;
}

TEST_CASE("B12: CONNECT has these keys and no others") {
    const user_password user{"u", "p"};
    const token_auth token{"t"};
    CHECK(keys_of(connect({})) == always);
    CHECK(keys_of(connect({.name = "n", .login = {}})) == with(always, {"name"}));
    CHECK(keys_of(connect({.name = "n", .login = login_fields_of(user)})) == with(always, {"name", "user", "pass"}));
    CHECK(keys_of(connect({.login = login_fields_of(token)})) == with(always, {"auth_token"}));
    login_fields key;
    key.nkey = "U";
    key.sig = "s";
    CHECK(keys_of(connect({.login = key})) == with(always, {"nkey", "sig"}));
    login_fields jwt;
    jwt.jwt = "a.b.c";
    CHECK(keys_of(connect({.login = jwt})) == with(always, {"jwt"}));
    jwt.sig = "s";
    CHECK(keys_of(connect({.login = jwt})) == with(always, {"jwt", "sig"}));
}

TEST_CASE("B12: the whole frame, as the server reads it") {
    CHECK(connect({}) ==
          "CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":true,\"protocol\":1,\"headers\":true,\"no_responders\":true,"
          "\"lang\":\"c++\",\"version\":\"" SLIPSTREAM_PROJECT_VERSION "\"}\r\n");
    const user_password user{"derek", ""};
    CHECK(connect({.name = "svc", .echo = false, .headers = false, .login = login_fields_of(user)}) ==
          "CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false,\"protocol\":1,\"headers\":false,\"no_responders\":false,"
          "\"lang\":\"c++\",\"version\":\"" SLIPSTREAM_PROJECT_VERSION "\",\"name\":\"svc\",\"user\":\"derek\",\"pass\":\"\"}\r\n");
}

TEST_CASE("A23: quotes, line ends and control characters in name, user, password and token stay inside their strings") {
    const std::string nasty = "a\"b\\c/\r\nPING\r\n\t\x01\x7f<>&\xc3\xa9},\"jwt\":\"x";
    const std::string nul("x\0y", 3);
    const user_password user{nasty, secret(nasty)};
    const std::string frame = connect({.name = nasty, .login = login_fields_of(user)});
    CHECK(frame.find('\n') == frame.size() - 1);
    CHECK(keys_of(frame) == with(always, {"name", "user", "pass"}));
    CHECK(text_of(frame, "name") == nasty);
    CHECK(text_of(frame, "user") == nasty);
    CHECK(text_of(frame, "pass") == nasty);
    const token_auth token{secret(nul)};
    CHECK(text_of(connect({.login = login_fields_of(token)}), "auth_token") == nul);
    const token_auth not_utf8{
        "a\xff"
        "b"};
    CHECK(text_of(connect({.login = login_fields_of(not_utf8)}), "auth_token") ==
          "a\xef\xbf\xbd"
          "b");
}

TEST_CASE("I3: the frame is one that the walker knows, behind what was there") {
    wire::write_buffer out;
    out.append("PING\r\n");
    append_connect(out, {.name = "x"});
    out.append("PING\r\n");
    wire::frame_walker walker(out.view());
    REQUIRE(walker.next() == wire::walk_status::frame);
    REQUIRE(walker.next() == wire::walk_status::frame);
    CHECK(walker.current().kind == wire::frame_kind::connect);
    REQUIRE(walker.next() == wire::walk_status::frame);
    CHECK(walker.next() == wire::walk_status::end);
}

TEST_CASE("B13: no copy of a secret is left in memory that was outgrown: one block for the text, one for the frame") {
    const user_password user{std::string(700, '\x01'), secret(std::string(900, '\n'))};
    wire::write_buffer out;
    connect_fields fields{.name = std::string_view("name"), .login = login_fields_of(user)};
    const std::string jwt(3000, 'j');
    fields.login.jwt = jwt;
    fields.login.sig = jwt;
    const test::allocation_counter counter;
    append_connect(out, fields);
    out.append("PING\r\n");
    CHECK(counter.count() == 2);
    CHECK(out.size() > 6000);
}

}  // namespace
}  // namespace slipstream::session
