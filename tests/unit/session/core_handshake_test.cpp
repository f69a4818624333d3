// What a server may say before a connection is up, and what is said to it.
#include <string>

#include <doctest/doctest.h>

#include "tests/unit/session/core_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE("B3 C19: what follows in the read that ended an attempt says nothing about the next one") {
    run_script([](session_script& s) {
        s.start(servers({"tls://a.test:1", "b.test:2"}));
        s.connect();
        s.expect_dial("a.test:1");
        s.dialed();
        s.server_says("INFO {}\r\nPONG\r\nINFO {}\r\nPONG\r\n");
        s.expect_close();
        s.expect_dial("b.test:2");
        s.dialed();
        s.server_says(session_script::plain_info);
        s.expect_sent("CONNECT {~}\r\nPING\r\n");
        s.expect_pending("connect");
        s.server_says("PONG\r\n");
        s.expect_done("connect");
    });
}

TEST_CASE("B11 W18: the login of the URL is sent, and shown nowhere") {
    run_script([](session_script& s) {
        s.start(servers({"nats://us%40er:p%2Fss@a.test:1"}));
        s.connect();
        s.expect_dial("a.test:1");
        s.dialed();
        s.server_says(session_script::plain_info);
        s.expect_sent("CONNECT {~\"user\":\"us@er\",\"pass\":\"p/ss\"~}\r\nPING\r\n");
        s.server_says("-ERR 'Authorization Violation'\r\n");
        s.expect_done("connect", errc::authorization_violation);
        s.expect_event(event_kind::connect_failed, [](const event& e) {
            CHECK(e.server == "a.test:1");
            CHECK(e.detail.find("ss") == std::string::npos);
        });
    });
}

TEST_CASE("A9 A10: frames in the segment of the first PONG are handled") {
    run_script([](session_script& s) {
        s.start();
        s.connect();
        s.expect_dial("127.0.0.1:4222");
        s.dialed();
        s.server_says(session_script::plain_info);
        s.server_says("PONG\r\nINFO {\"remote_account\":\"$G\",\"max_payload\":10}\r\nPING\r\n");
        s.expect_sent("CONNECT {~}\r\nPING\r\nPONG\r\n");
        s.check([&] {
            CHECK(s.core().server_info().remote_account == "$G");
            CHECK(s.core().server_info().version == "2.15.1");
        });
        s.expect_publish("a", "12345678901", errc::max_payload);
        s.publish("a", "1234567890");
    });
}

TEST_CASE("A10: INFO, -ERR and PONG in one segment are taken in their order") {
    run_script([](session_script& s) {
        s.start();
        s.connect();
        s.expect_dial("127.0.0.1:4222");
        s.dialed();
        s.server_says("INFO {\"version\":\"1\"}\r\nINFO {\"version\":\"2\",\"max_payload\":5}\r\nPING\r\n");
        s.expect_sent("CONNECT {~}\r\nPING\r\nPONG\r\n");  // once, however many INFOs
        s.server_says("+OK\r\nPONG\r\n");
        s.expect_done("connect");
        s.check([&] { CHECK(s.core().server_info().version == "2"); });
        s.expect_publish("a", "123456", errc::max_payload);
    });
}

TEST_CASE("B7: what comes before INFO is not the protocol, but a PING waits and an -ERR is the reason") {
    for (const std::string_view bytes :
         {"PONG\r\n", "+OK\r\n", "MSG a 1 0\r\n\r\n", "HTTP/1.1 400\r\n", "INFO {\"max_payload\":\"x\"}\r\n"}) {
        run_script([bytes](session_script& s) {
            s.start();
            s.connect();
            s.expect_dial("127.0.0.1:4222");
            s.dialed();
            s.server_says(bytes);
            s.expect_sent("");
            s.expect_close();
            s.expect_done("connect", errc::protocol_error);
            s.expect_event(event_kind::connect_failed, [](const event& e) {
                CHECK(e.reason == disconnect_reason::protocol_error);
                CHECK_FALSE(e.detail.empty());
            });
        });
    }
    run_script([](session_script& s) {
        s.start();
        s.connect();
        s.expect_dial("127.0.0.1:4222");
        s.dialed();
        s.server_says("PING\r\n");
        s.expect_sent("");
        s.server_says(session_script::plain_info);
        s.expect_sent("CONNECT {~}\r\nPING\r\n");
        s.server_says("PONG\r\n");
        s.expect_done("connect");
    });
    run_script([](session_script& s) {
        s.start();
        s.connect();
        s.expect_dial("127.0.0.1:4222");
        s.dialed();
        s.server_says("-ERR 'maximum connections exceeded'\r\n");
        s.expect_close();
        s.expect_done("connect", errc::max_connections);
    });
}

TEST_CASE("C23: an -ERR before the end of file is the cause, also one of no known kind") {
    run_script([](session_script& s) {
        s.start();
        s.connect();
        s.expect_dial("127.0.0.1:4222");
        s.dialed();
        s.server_says(session_script::plain_info);
        s.server_says("-ERR 'The moon is full'\r\n");
        s.expect_pending("connect");
        s.down();
        s.expect_close();
        s.expect_done("connect", errc::server_error);
        s.expect_event(event_kind::connect_failed, [](const event& e) {
            CHECK(e.reason == disconnect_reason::server_error);
            CHECK(e.detail == "The moon is full");
        });
    });
}
