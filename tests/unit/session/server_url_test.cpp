#include <doctest/doctest.h>

#include <string>
#include <variant>
#include <vector>

#include <slipstream/error.hpp>

#include "protocol/session/random.hpp"
#include "protocol/session/server_url.hpp"

namespace slipstream::session {
namespace {

/// Host, port and login in one line that only a test may print.
std::string shown(const server_url& url) {
    std::string text = url.host + "|" + std::to_string(url.port);
    if (const auto* user = std::get_if<user_password>(&url.login)) {
        text += "|user=" + user->user + "|pass=" + std::string(user->password.reveal());
    }
    if (const auto* token = std::get_if<token_auth>(&url.login)) text += "|token=" + std::string(token->token.reveal());
    return url.tls ? text + "|tls" : text;
}

struct good_url {
    std::string_view text;
    std::string_view parts;
    std::string_view display;
};

TEST_CASE("B20 W18: server URLs that are understood") {
    const good_url table[] = {
        {"nats://127.0.0.1:4222", "127.0.0.1|4222", "127.0.0.1:4222"},
        {"nats://example.com", "example.com|4222", "example.com:4222"},
        {"example.com", "example.com|4222", "example.com:4222"},
        {"example.com:1", "example.com|1", "example.com:1"},
        {"example.com:65535", "example.com|65535", "example.com:65535"},
        {"Example.COM:4333", "example.com|4333", "example.com:4333"},
        {"NATS://h:4222/", "h|4222", "h:4222"},
        {"tls://h:4443", "h|4443|tls", "h:4443"},
        {"TLS://u:p@h", "h|4222|user=u|pass=p|tls", "h:4222"},
        {"my_host-1.local.:00080", "my_host-1.local.|80", "my_host-1.local.:80"},
        // IPv6
        {"nats://[::1]:4222", "::1|4222", "[::1]:4222"},
        {"[::1]", "::1|4222", "[::1]:4222"},
        {"nats://[2001:DB8::A]:5", "2001:db8::a|5", "[2001:db8::a]:5"},
        {"[::ffff:127.0.0.1]:4222", "::ffff:127.0.0.1|4222", "[::ffff:127.0.0.1]:4222"},
        {"nats://[fe80::1%25eth0]:4222", "fe80::1%eth0|4222", "[fe80::1%25eth0]:4222"},
        {"nats://[fe80::1%eth0]:4222", "fe80::1%eth0|4222", "[fe80::1%25eth0]:4222"},
        {"nats://u:p@[::1]:4222", "::1|4222|user=u|pass=p", "[::1]:4222"},
        // Login
        {"nats://user:pass@h:4222", "h|4222|user=user|pass=pass", "h:4222"},
        {"user:pass@h", "h|4222|user=user|pass=pass", "h:4222"},
        {"nats://user:@h", "h|4222|user=user|pass=", "h:4222"},
        {"nats://s3cr3t@h:4222", "h|4222|token=s3cr3t", "h:4222"},
        {"s3cr3t@h", "h|4222|token=s3cr3t", "h:4222"},
        {"nats://a:b:c@h", "h|4222|user=a|pass=b:c", "h:4222"},
        {"nats://a:b@c@h", "h|4222|user=a|pass=b@c", "h:4222"},
        {"nats://a@b@h", "h|4222|token=a@b", "h:4222"},
        {"nats://u%40x:p%3A%2F%40%25@h", "h|4222|user=u@x|pass=p:/@%", "h:4222"},
        {"nats://a%3Ab@h", "h|4222|token=a:b", "h:4222"},
        {"nats://u:p%2c%2Cq@h", "h|4222|user=u|pass=p,,q", "h:4222"},
        {"nats://u:a+b%2B@h", "h|4222|user=u|pass=a+b+", "h:4222"},
        {"nats://%C3%A9:%22%5C@h", "h|4222|user=\xc3\xa9|pass=\"\\", "h:4222"},
        {"nats://u:p%0d%0aPING@h", "h|4222|user=u|pass=p\r\nPING", "h:4222"},
    };
    for (const good_url& row : table) {
        CAPTURE(row.text);
        server_url url;
        REQUIRE_FALSE(parse_server_url(row.text, url));
        CHECK(shown(url) == row.parts);
        CHECK(url.display() == row.display);
    }
}

TEST_CASE("B20: server URLs that are refused, leaving the result alone") {
    const std::string long_host(256, 'a');
    const std::string_view table[] = {
        "", " ", "nats://", "tls://", ":", ":4222", "nats://:4222", "h:", "h:0", "h:65536", "h:4294971518", "h:99999999999999999999",
        "h:-1", "h:+1", "h:42x", "h:4222:", "h:1:2", "::1", "fe80::1:4222", "[", "[]", "[]:4222", "[::1", "[::1]x", "[::1]4222",
        "[::1]:", "[1.2.3.4]", "[::g]", "[::1%]", "[::1%25]", "[::1%25a/b]", "[::1%25a b]", "h ost", "h\tost", "h\nost", ".h", "-h", "a..b",
        "h%41", "h\xc3\xa9", "*", "h/path", "h:4222/path", "h?x=1", "h/?x", "h#f", "ws://h:80", "wss://h:443", "WS://h", "http://h",
        "nats:/h", "nats:h", "nats//h", "nats://nats://h", "://h", "//h",
        // Login
        "@h", "nats://@h", "nats://:@h", "nats://:p@h", "nats://u:p@", "nats://u:p@:4222", "nats://u%@h", "nats://u%4@h", "nats://u%4g@h",
        "nats://u:%zz@h", "nats://u:p%@h", "nats://u/x:p@h", "nats://u:p/q@h", "nats://u:p?q@h", "nats://u:p#q@h"};
    for (const std::string_view text : table) {
        CAPTURE(text);
        server_url url;
        url.host = "untouched";
        CHECK(parse_server_url(text, url) == errc::invalid_url);
        CHECK(shown(url) == "untouched|4222");
    }
    server_url url;
    CHECK(parse_server_url(long_host, url) == errc::invalid_url);
    CHECK_FALSE(parse_server_url(std::string_view(long_host).substr(1), url));
}

TEST_CASE("B20 W18: lists; blanks around entries and a comma at the end are ignored") {
    const auto parse = [](std::string_view text) {
        std::vector<server_url> urls;
        if (parse_server_list(text, urls)) return std::string("refused");
        std::string all;
        for (const server_url& url : urls) all += shown(url) + ";";
        return all;
    };
    CHECK(parse("a") == "a|4222;");
    CHECK(parse("a,") == "a|4222;");
    CHECK(parse("a , ") == "a|4222;");
    CHECK(parse("nats://a:1,b:2, tls://c") == "a|1;b|2;c|4222|tls;");
    CHECK(parse("\tnats://u:p@a,t@b\n") == "a|4222|user=u|pass=p;b|4222|token=t;");
    CHECK(parse("[::1]:1,[::2]:2") == "::1|1;::2|2;");
    for (const std::string_view wrong : {"", " ", ",", ",a", "a,,b", "a,,", "a, ,b", "a,b c", "a,ws://b", "a b"}) {
        CAPTURE(wrong);
        CHECK(parse(wrong) == "refused");
    }
    std::vector<server_url> urls(3);
    CHECK(parse_server_list("a,%", urls) == errc::invalid_url);
    CHECK(urls.size() == 3);
}

TEST_CASE("A13 B5: servers learnt from others are host and port alone") {
    server_url url;
    CHECK_FALSE(parse_discovered_server("10.0.0.1:4222", url));
    CHECK(shown(url) == "10.0.0.1|4222");
    CHECK_FALSE(parse_discovered_server("[::1]:4333", url));
    CHECK(shown(url) == "::1|4333");
    CHECK_FALSE(parse_discovered_server("host", url));
    for (const std::string_view wrong : {"", "nats://h:1", "tls://h", "u:p@h", "t@h:1", "h:1/", "h:1,g:2", "h:0", " h", "h\r\n"}) {
        CAPTURE(wrong);
        CHECK(parse_discovered_server(wrong, url) == errc::invalid_url);
    }
}

TEST_CASE("B11 W17: what is shown of a URL never holds its login") {
    // Whatever is around it: the secret is not in the displayed form of anything that parses.
    constexpr std::string_view secret_text = "hunter2";
    int parsed = 0;
    for (const std::string_view before :
         {"nats://", "tls://", "", "nats://user:", "nats://user:x@", "user:", "nats://a%40", "nats://hunter2:"}) {
        for (const std::string_view after : {"@h", "@h:4222", "@h:4222/", "@[::1]:4222", "%40x@h", ":x@h", "@@h", ":@h"}) {
            const std::string text = std::string(before) + std::string(secret_text) + std::string(after);
            CAPTURE(text);
            server_url url;
            if (parse_server_url(text, url)) continue;
            ++parsed;
            CHECK(url.display().find(secret_text) == std::string::npos);
            CHECK(url.host.find(secret_text) == std::string::npos);
        }
    }
    CHECK(parsed == 8 * 8);
}

TEST_CASE("B20: random bytes neither crash the parser nor get a user's text into the displayed form") {
    constexpr std::string_view alphabet = "nats:/@[]%,.a1:@ \x01\xff?#-_4222";
    int parsed = 0;
    for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
        random_stream rng(seed);
        std::string text;
        if (rng.below(2) == 0) text = "nats://";
        const std::uint64_t size = rng.below(24);
        for (std::uint64_t i = 0; i < size; ++i) text += alphabet[rng.below(alphabet.size())];
        std::vector<server_url> urls;
        if (parse_server_list(text, urls)) continue;
        for (const server_url& url : urls) {
            ++parsed;
            REQUIRE(!url.host.empty());
            REQUIRE(url.port != 0);
            REQUIRE(url.display().find('@') == std::string::npos);
            server_url again;  // what is displayed is a URL of the same endpoint
            REQUIRE_FALSE(parse_server_url(url.display(), again));
            REQUIRE(again.same_endpoint(url));
        }
    }
    CHECK(parsed > 100);
}

}  // namespace
}  // namespace slipstream::session
