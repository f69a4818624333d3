// What a broken, hostile or unhappy server leads to.
#include <string>

#include <doctest/doctest.h>

#include "tests/unit/session/core_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE("A11 A1 A3 A4: bytes that are not the protocol close the connection at once, and nothing after them is looked at") {
    for (const std::string_view bytes : {"MSG a 1 2147483647\r\n", "MSG a 1 -1\r\n\r\n", "MSG a 1 1\r\nxyPING\r\n", "PUB a 1\r\nx\r\n",
                                         "\r\n", "HMSG a 1 5 4\r\n", "MSG a 1 18446744073709551616\r\n"}) {
        run_script([bytes](session_script& s) {
            s.timely_writes();
            connected(s);
            int seen = 0;
            s.subscribe("sub", "a", {}, [&seen](const message_view&) { ++seen; });
            s.request("request", "svc", "");
            s.flush("flush");
            s.server_says(std::string(bytes) + "MSG a 1 1\r\nx\r\nPONG\r\n");
            s.expect_event(event_kind::disconnected, [](const event& e) {
                CHECK(e.reason == disconnect_reason::protocol_error);
                CHECK(e.error == errc::protocol_error);
                CHECK_FALSE(e.detail.empty());
            });
            s.expect_close();
            s.expect_dial("127.0.0.1:4222");
            s.expect_done("request", errc::connection_lost);
            s.expect_done("flush", errc::connection_lost);
            s.check([&] { CHECK(seen == 0); });
        });
    }
}

TEST_CASE("A12: a later INFO that is not valid is told once and changes nothing") {
    run_script([](session_script& s) {
        connected(s);
        s.server_says("INFO {\"connect_urls\":[1,null]}\r\nINFO {\r\nINFO \r\nINFO {\"max_payload\":\"1\"}\r\n");
        s.expect_event(event_kind::server_error, [](const event& e) { CHECK(e.error == errc::protocol_error); });
        s.expect_no_event();
        s.expect_state(client_state::connected);
        s.check([&] {
            CHECK(s.core().server_info().max_payload == 1048576);
            CHECK(s.core().server_info().server_id == "N1");
        });
    });
}

TEST_CASE("A13: max_payload of INFO is clamped") {
    session_script s;
    connected(s);
    s.server_says("INFO {\"max_payload\":-1}\r\nINFO {\"max_payload\":0}\r\n");
    CHECK(s.core().server_info().max_payload == 1048576);
    s.server_says("INFO {\"max_payload\":9223372036854775807}\r\n");
    CHECK(s.core().server_info().max_payload == 64 * 1024 * 1024);
    s.finish();
}

TEST_CASE("A14 A15: an -ERR that does not close is told, at most once a second for each kind") {
    run_script([](session_script& s) {
        connected(s);
        s.server_says("-ERR\r\n-ERR ''\r\n-ERR 'What is this'\r\n-ERR 'Invalid Subject'\r\n-ERR 'Invalid Subject'\r\n");
        s.expect_event(event_kind::server_error, [](const event& e) {
            CHECK(e.error == errc::server_error);
            CHECK(e.detail.empty());
        });
        s.expect_event(event_kind::server_error, [](const event& e) { CHECK(e.error == errc::invalid_subject); });
        s.expect_no_event();
        s.expect_state(client_state::connected);
        s.advance(1s);
        s.server_says("-ERR 'What is this'\r\n");
        s.expect_event(event_kind::server_error, [](const event& e) { CHECK(e.detail == "What is this"); });
        s.expect_no_event();
    });
}

TEST_CASE("W48: the server's words in an event are cut") {
    session_script s;
    connected(s);
    s.server_says("-ERR '" + std::string(60'000, 'x') + "'\r\n");
    s.expect_event(event_kind::server_error, [](const event& e) { CHECK(e.detail.size() == 512); });
    s.finish();
}

TEST_CASE("C23 B18: an -ERR that closes is the cause, subscriptions stay, and the client comes back") {
    struct row {
        std::string_view text;
        errc code;
        disconnect_reason reason;
    };
    for (const row& r : {row{"Stale Connection", errc::stale_connection, disconnect_reason::stale},
                         row{"maximum connections exceeded", errc::max_connections, disconnect_reason::server_error},
                         row{"User Authentication Expired", errc::authentication_expired, disconnect_reason::auth},
                         row{"Maximum Payload Violation", errc::max_payload, disconnect_reason::max_payload},
                         row{"Unknown Protocol Operation", errc::protocol_error, disconnect_reason::protocol_error}}) {
        run_script([r](session_script& s) {
            connected(s);
            s.subscribe("sub", "a");
            s.server_says("-ERR '" + std::string(r.text) + "'\r\n");
            s.expect_event(event_kind::disconnected, [&](const event& e) {
                CHECK(e.error == r.code);
                CHECK(e.reason == r.reason);
                CHECK(e.detail == r.text);
            });
            s.expect_close();
            s.expect_dial("127.0.0.1:4222");
            s.handshake("SUB a 1\r\n");
            s.expect_state(client_state::connected);
        });
    }
}

TEST_CASE("D5: the end of file after an -ERR of no known kind has its words; a later one has not") {
    run_script([](session_script& s) {
        connected(s);
        s.server_says("-ERR 'Out of order'\r\n");
        s.expect_event(event_kind::server_error);
        s.down();
        s.expect_event(event_kind::disconnected, [](const event& e) {
            CHECK(e.error == errc::server_error);
            CHECK(e.detail == "Out of order");
        });
    });
    run_script([](session_script& s) {
        connected(s);
        s.server_says("-ERR 'Out of order'\r\nPING\r\n");
        s.expect_event(event_kind::server_error);
        s.down();
        s.expect_event(event_kind::disconnected, [](const event& e) {
            CHECK(e.reason == disconnect_reason::eof);
            CHECK(e.detail.empty());
        });
    });
}

TEST_CASE("B17: refused credentials do not end a client that has been connected") {
    run_script([](session_script& s) {
        connected(s);
        s.down();
        s.expect_event(event_kind::disconnected);
        s.expect_event(event_kind::reconnecting);
        s.expect_close();
        for (int i = 0; i < 5; ++i) {
            s.advance_to_dial();
            s.expect_dial("127.0.0.1:4222");
            s.dialed();
            s.server_says(session_script::plain_info);
            s.server_says("-ERR 'Authorization Violation'\r\n");
            s.expect_close();
            s.expect_event(event_kind::connect_failed, [](const event& e) { CHECK(e.error == errc::authorization_violation); });
            s.expect_event(event_kind::reconnecting);
        }
        s.expect_state(client_state::reconnecting);
    });
}

TEST_CASE("I3 A11: a message that the end of a connection has cut off leaves nothing behind") {
    for (const std::string_view part : {"MSG a 1 100\r\nPONG\r\n", "MSG a 1", "IN", "HMSG a 1 12 20\r\nNATS/1.0\r\n"}) {
        run_script([part](session_script& s) {
            connected(s);
            s.subscribe("sub", "a");
            s.server_says(part);
            s.down();
            s.expect_close();
            s.advance_to_dial();
            s.expect_dial("127.0.0.1:4222");
            s.handshake("SUB a 1\r\n");
            s.server_says("MSG a 1 1\r\nx\r\n");
            s.expect_queued("sub", "x");
        });
    }
}

TEST_CASE("A8: how large a message may be follows INFO") {
    session_script s;
    connected(s);
    s.server_says("MSG a 1 " + std::to_string(9 * 1024 * 1024) + "\r\n");
    s.expect_event(event_kind::disconnected, [](const event& e) { CHECK(e.error == errc::protocol_error); });
    s.expect_event(event_kind::reconnecting);
    s.expect_close();
    s.expect_dial("127.0.0.1:4222");
    s.handshake("", "INFO {\"max_payload\":10485760}\r\n");
    s.expect_event(event_kind::connected);
    s.server_says("MSG a 1 " + std::to_string(9 * 1024 * 1024) + "\r\n");
    s.expect_no_event();
    s.server_says("INFO {");  // a part of the payload
    s.expect_no_event();
    s.finish();
}

TEST_CASE("A8 I9: memory for a large message grows with what has arrived") {
    session_script s;
    connected(s);
    s.subscribe("sub", "a");
    s.server_says("MSG a 1 1000000\r\n");
    CHECK(s.core().read_space().size() < 200'000);
    s.server_says(std::string(1'000'000, 'x'));
    s.server_says("\r\n");
    message m;
    CHECK(s.subscription("sub")->queue.pop(m));
    CHECK(m.payload().size() == 1'000'000);
    s.finish();
}
