#include "protocol/wire/info.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using slipstream::server_info;
using slipstream::wire::update_server_info;

namespace {

constexpr std::string_view first_info =
    R"({"server_id":"NAFI","server_name":"s1","version":"2.15.1","proto":1,"go":"go1.27.2","host":"127.0.0.1","port":14222,"headers":true,)"
    R"("max_payload":1048576,"jetstream":true,"client_id":6,"client_ip":"127.0.0.2","nonce":"abcDEF-_123","cluster":"C1","domain":"hub",)"
    R"("auth_required":true,"tls_required":true,"tls_verify":true,"tls_available":true,"ldm":false,)"
    R"("connect_urls":["127.0.0.1:4222","[::1]:4223"],"remote_account":"$G","api_lvl":5,"xkey":"XC74"})";

/// All fields, to see that nothing moved.
std::string dump(const server_info& i) {
    std::string urls;
    for (const std::string& url : i.connect_urls) urls += url + ",";
    return i.server_id + "|" + i.server_name + "|" + i.version + "|" + i.host + "|" + i.cluster + "|" + i.domain + "|" + i.client_ip + "|" +
           i.nonce + "|" + i.remote_account + "|" + urls + "|" + std::to_string(i.client_id) + "|" + std::to_string(i.max_payload) + "|" +
           std::to_string(i.proto) + "|" + std::to_string(i.port) + "|" + std::to_string(i.api_lvl) + "|" + std::to_string(i.headers) +
           std::to_string(i.auth_required) + std::to_string(i.tls_required) + std::to_string(i.tls_verify) +
           std::to_string(i.tls_available) + std::to_string(i.jetstream) + std::to_string(i.ldm);
}

server_info known() {
    server_info info;
    REQUIRE(update_server_info(info, first_info));
    return info;
}

/// Neither accepted nor changed anything.
void check_refused(std::string_view json) {
    server_info info = known();
    INFO("json: ", std::string(json.substr(0, 200)));
    CHECK_FALSE(update_server_info(info, json));
    CHECK(dump(info) == dump(known()));
}

/// Accepted, and changed nothing.
void check_ignored(std::string_view json) {
    server_info info = known();
    INFO("json: ", std::string(json.substr(0, 200)));
    CHECK(update_server_info(info, json));
    CHECK(dump(info) == dump(known()));
}

std::int64_t max_payload_of(const std::string& value) {
    server_info info;
    info.max_payload = 4242;
    CHECK(update_server_info(info, R"({"max_payload":)" + value + "}"));
    return info.max_payload;
}

}  // namespace

TEST_CASE("protocol 4: every field of a real INFO") {
    const server_info info = known();
    CHECK(dump(info) == "NAFI|s1|2.15.1|127.0.0.1|C1|hub|127.0.0.2|abcDEF-_123|$G|127.0.0.1:4222,[::1]:4223,|6|1048576|1|14222|5|1111110");
}

TEST_CASE("protocol 4: later INFOs change what they carry and keep what they omit") {
    server_info info = known();
    CHECK(update_server_info(info, R"({"ldm":true,"connect_urls":["10.0.0.1:4222"],"max_payload":1000})"));
    CHECK(info.ldm);
    CHECK(info.connect_urls == std::vector<std::string>{"10.0.0.1:4222"});
    CHECK(info.max_payload == 1000);
    CHECK(info.remote_account == "$G");
    CHECK(info.auth_required);
    CHECK(update_server_info(info, R"({"connect_urls":[],"auth_required":false})"));
    CHECK(info.connect_urls.empty());
    CHECK_FALSE(info.auth_required);
    CHECK(info.ldm);
    check_ignored("{}");
}

TEST_CASE("protocol 14: null is absent, unknown fields of any type are ignored, of repeated fields the last counts") {
    check_ignored(R"({"connect_urls":null,"server_id":null,"max_payload":null,"ldm":null,"client_id":null})");
    check_ignored(R"({"unknown":{"a":[1,{"b":null}]},"gateway_url":7,"ip":1.5,"x":"y"})");
    server_info info = known();
    CHECK(update_server_info(info, R"({"server_name":"a","server_name":"b","port":1,"port":2})"));
    CHECK(info.server_name == "b");
    CHECK(info.port == 2);
}

TEST_CASE("protocol 14: escapes are decoded") {
    server_info info;
    CHECK(update_server_info(info, R"({"server_name":"a\u003eb\u003c\u0026 \"q\" \\ \/ \u00e9 \ud83d\ude00"})"));
    CHECK(info.server_name == "a>b<& \"q\" \\ / \xc3\xa9 \xf0\x9f\x98\x80");
    CHECK(update_server_info(info, " \t{ \"server_id\" : \"x\" } \r\n"));
    CHECK(info.server_id == "x");
}

TEST_CASE("A12: bad JSON leaves everything as it was") {
    for (const char* const json : {"",
                                   " ",
                                   "{",
                                   "}",
                                   "[]",
                                   "1",
                                   "null",
                                   "\"x\"",
                                   "{}x",
                                   "{} {}",
                                   R"({"server_id":"x")",
                                   R"({"server_id":"x",})",
                                   R"({"server_id" "x"})",
                                   R"({server_id:"x"})",
                                   R"({"server_id":'x'})",
                                   R"({"port":01})",
                                   R"({"port":+1})",
                                   R"({"port":0x10})",
                                   R"({"ldm":True})",
                                   R"({"server_id":"x","connect_urls":["a",]})",
                                   R"({"server_id":"\x"})",
                                   R"({"server_id":"\u12"})",
                                   "not json at all",
                                   "\xff\xfe",
                                   "{\"server_id\":\"a\nb\"}",
                                   "{\"server_id\":\"\xff\"}",
                                   "[{\"server_id\":\"x\"}]"}) {
        check_refused(json);
    }
    check_refused(std::string_view("{\"server_id\":\"x\"}\0", 18));
    check_refused(std::string_view());
}

TEST_CASE("A12: wrong types leave everything as it was, also what came before them") {
    for (const char* const field : {R"("connect_urls":[1,null])",
                                    R"("connect_urls":"a")",
                                    R"("connect_urls":{})",
                                    R"("connect_urls":["a",["b"]])",
                                    R"("connect_urls":[null])",
                                    R"("server_id":1)",
                                    R"("server_name":true)",
                                    R"("version":[])",
                                    R"("host":{})",
                                    R"("nonce":1)",
                                    R"("remote_account":false)",
                                    R"("cluster":[])",
                                    R"("domain":1)",
                                    R"("client_ip":1)",
                                    R"("port":"4222")",
                                    R"("proto":true)",
                                    R"("max_payload":"1")",
                                    R"("max_payload":[1])",
                                    R"("client_id":"6")",
                                    R"("client_id":{})",
                                    R"("api_lvl":"5")",
                                    R"("headers":1)",
                                    R"("headers":"true")",
                                    R"("ldm":"yes")",
                                    R"("tls_required":0)",
                                    R"("tls_verify":[])",
                                    R"("tls_available":{})",
                                    R"("auth_required":1)",
                                    R"("jetstream":"on")"}) {
        check_refused(std::string(R"({"server_name":"changed",)") + field + "}");
        check_refused(std::string("{") + field + R"(,"server_name":"changed"})");
    }
}

TEST_CASE("A13: max_payload is between 1 and 64 MiB whatever the server says") {
    constexpr std::int64_t most = std::int64_t{64} * 1024 * 1024;
    CHECK(max_payload_of("1") == 1);
    CHECK(max_payload_of("1048576") == 1048576);
    CHECK(max_payload_of("67108864") == most);
    CHECK(max_payload_of("67108865") == most);
    CHECK(max_payload_of("2147483648") == most);
    CHECK(max_payload_of("9223372036854775807") == most);
    CHECK(max_payload_of("9223372036854775808") == most);
    CHECK(max_payload_of("18446744073709551615") == most);
    for (const char* const bad : {"0", "-0", "-1", "-9223372036854775808", "1.5", "1e30", "-1e30", "0.0"}) {
        INFO("value ", bad);
        CHECK(max_payload_of(bad) == 4242);
    }
    CHECK(server_info().max_payload == 1048576);
}

TEST_CASE("A13: other numbers outside their range leave what is there") {
    check_ignored(R"({"port":65536,"proto":-1,"api_lvl":2147483648,"client_id":-1})");
    check_ignored(R"({"port":-1,"proto":1.5,"api_lvl":1e3,"client_id":0.5})");
    server_info info;
    CHECK(update_server_info(info, R"({"port":65535,"proto":2147483647,"api_lvl":0,"client_id":18446744073709551615})"));
    CHECK(info.port == 65535);
    CHECK(info.proto == 2147483647);
    CHECK(info.client_id == 18446744073709551615U);
    check_refused(R"({"server_name":"changed","client_id":18446744073709551616})");
}

TEST_CASE("A13 B14: long strings and strings with control characters leave what is there") {
    const std::string good(255, 'h');
    server_info info;
    CHECK(update_server_info(info, R"({"host":")" + good + R"(","nonce":")" + good + R"("})"));
    CHECK(info.host == good);
    CHECK(info.nonce == good);
    for (const char* const field :
         {"server_id", "server_name", "version", "host", "cluster", "domain", "client_ip", "nonce", "remote_account"}) {
        const std::string start = std::string("{\"") + field + "\":\"";
        check_ignored(start + std::string(256, 'x') + "\"}");
        check_ignored(start + std::string(65536, 'x') + "\"}");
        check_ignored(start + R"(a\r\nb"})");
        check_ignored(start + R"(a\u0000b"})");
        check_ignored(start + R"(\u007f"})");
        check_ignored(start + R"(\u001b[31m"})");
    }
}

TEST_CASE("A13: 100000 connect_urls and long ones are cut to 256 entries of at most 255 bytes") {
    std::string json = R"({"connect_urls":[)";
    for (int i = 0; i < 50'000; ++i) json += "\"h" + std::to_string(i) + ":4222\",";
    json += R"("last:1"]})";
    server_info info;
    REQUIRE(json.size() < 1024 * 1024);
    CHECK(update_server_info(info, json));
    REQUIRE(info.connect_urls.size() == 256);
    CHECK(info.connect_urls.front() == "h0:4222");
    CHECK(info.connect_urls.back() == "h255:4222");

    CHECK(update_server_info(
        info, R"({"connect_urls":[")" + std::string(256, 'x') + R"(","","a\nb",")" + std::string(255, 'y') + R"(","ok:1"]})"));
    CHECK(info.connect_urls == std::vector<std::string>{std::string(255, 'y'), "ok:1"});
}

TEST_CASE("A18: depth, size, big numbers, lone surrogates, byte order mark") {
    const auto nested = [](std::size_t depth) { return R"({"x":)" + std::string(depth, '[') + std::string(depth, ']') + "}"; };
    check_ignored(nested(50));
    check_refused(nested(100));
    check_refused(nested(100'000));
    check_refused(R"({"x":)" + std::string(100'000, '['));
    std::string objects;
    for (int i = 0; i < 10'000; ++i) objects += R"({"a":)";
    check_refused(objects + "1" + std::string(10'000, '}'));
    check_refused(R"({"x":)" + std::string(400, '9') + "}");
    check_refused(R"({"server_name":"changed","port":)" + std::string(400, '9') + "}");
    check_refused(R"({"server_name":"\ud800"})");
    check_refused(R"({"server_name":"\udc00\ud800"})");
    check_refused("\xef\xbb\xbf{}");
    check_ignored(R"({"x":")" + std::string(1024 * 1024 - 20, 'y') + "\"}");
    check_refused(R"({"x":")" + std::string(1024 * 1024, 'y') + "\"}");
}
