// When a connection is encrypted, with whom, and what is believed of what came before.
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "protocol/session/server_pool.hpp"
#include "tests/unit/session/core_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

constexpr std::string_view demanding = "INFO {\"server_id\":\"PLAIN\",\"headers\":true,\"tls_required\":true}\r\n";
constexpr std::string_view offering = "INFO {\"headers\":true,\"tls_available\":true}\r\n";
constexpr std::string_view without = "INFO {\"headers\":true}\r\n";

/// Up to the PONG; the first server is a.test.
void connected_over_tls(session_script& s, connect_options o, std::string_view info = demanding) {
    s.start(std::move(o));
    s.connect();
    s.expect_dial("a.test:1");
    s.dialed();
    s.server_says(info);
    s.expect_start_tls("a.test");
    s.secured();
    s.server_says("PONG\r\n");
    s.expect_done("connect");
    s.expect_event(event_kind::connected);
    s.expect_sent("CONNECT {~}\r\nPING\r\n");
}

/// From the loss of one connection to INFO of the next.
void redialed(session_script& s, std::string_view server, std::string_view info = demanding) {
    s.down();
    s.expect_close();
    s.expect_event(event_kind::disconnected);
    s.expect_event(event_kind::reconnecting);
    s.advance_to_dial();
    s.expect_dial(server);
    s.dialed();
    s.server_says(info);
}

}  // namespace

TEST_CASE("B4: nothing is sent to a server that demands TLS before there is TLS") {
    run_script([](session_script& s) {
        s.start(servers({"nats://user:secret@a.test:1"}));
        s.publish("held", "x");
        s.connect();
        s.expect_dial("a.test:1");
        s.dialed();
        s.server_says(demanding);
        s.expect_start_tls("a.test");
        s.expect_sent("");
        s.secured();
        s.expect_sent("CONNECT {~\"user\":\"user\",\"pass\":\"secret\"~}\r\nPING\r\n");
        s.server_says("PONG\r\n");
        s.expect_done("connect");
        s.expect_sent("PUB held 1\r\nx\r\n");
    });
}

TEST_CASE("B3: where TLS was asked for, a server without it is sent nothing at all") {
    const std::vector<std::function<void(connect_options&)>> ways = {
        [](connect_options& o) { o.servers = {"tls://user:secret@a.test:1"}; },
        [](connect_options& o) { o.tls.mode = tls_mode::required; },
        [](connect_options& o) { o.tls.ca_file = "ca.pem"; },
        [](connect_options& o) { o.tls.ca_pem = "text"; },
        [](connect_options& o) { o.tls.cert_file = "cert.pem"; },
        [](connect_options& o) { o.tls.cert_pem = "text"; },
        [](connect_options& o) { o.tls.server_name = "a.test"; },
        [](connect_options& o) { o.tls.refuse_plaintext_login = true; },
    };
    for (const auto& ask : ways) {
        run_script([&ask](session_script& s) {
            connect_options o = servers({"nats://user:secret@a.test:1"});
            ask(o);
            s.start(std::move(o));
            s.connect();
            s.expect_dial("a.test:1");
            s.dialed();
            s.server_says(without);
            s.expect_close();
            s.expect_sent("");
            s.expect_done("connect", errc::tls_required);
            s.expect_event(event_kind::connect_failed, [](const event& e) { CHECK(e.reason == disconnect_reason::tls); });
        });
        run_script([&ask](session_script& s) {  // and one that has it is taken at its word
            connect_options o = servers({"nats://user:secret@a.test:1"});
            ask(o);
            connected_over_tls(s, std::move(o), offering);
        });
    }
}

TEST_CASE("B4: TLS that is only offered is not used unasked; a login may ask for it") {
    run_script([](session_script& s) {
        s.start(servers({"nats://user:secret@a.test:1"}));
        s.connect();
        s.expect_dial("a.test:1");
        s.dialed();
        s.server_says(offering);
        s.expect_no_action();
        s.expect_sent("CONNECT {~}\r\nPING\r\n");
    });
    run_script([](session_script& s) {  // no login, nothing to protect
        connect_options o = servers({"nats://a.test:1"});
        o.tls.refuse_plaintext_login = true;
        s.start(std::move(o));
        s.connect();
        s.expect_dial("a.test:1");
        s.dialed();
        s.server_says(without);
        s.expect_sent("CONNECT {~}\r\nPING\r\n");
    });
    run_script([](session_script& s) {  // a login of the options counts as that of a URL
        connect_options o = servers({"nats://a.test:1"});
        o.auth = token_auth{"secret"};
        o.tls.refuse_plaintext_login = true;
        connected_over_tls(s, std::move(o), offering);
    });
}

TEST_CASE("B4: after one encrypted connection no other goes without") {
    run_script([](session_script& s) {
        connected_over_tls(s, servers({"nats://user:secret@a.test:1"}));
        redialed(s, "a.test:1", without);
        s.expect_close();
        s.expect_sent("");
        s.expect_event(event_kind::connect_failed, [](const event& e) { CHECK(e.error == errc::tls_required); });
    });
}

TEST_CASE("B4: TLS first: INFO comes inside, and one outside is the end") {
    connect_options o = servers({"nats://user:secret@a.test:1"});
    o.tls.mode = tls_mode::first;
    run_script([&o](session_script& s) {
        s.start(o);
        s.connect();
        s.expect_dial("a.test:1");
        s.dialed();
        s.expect_start_tls("a.test");
        s.expect_sent("");
        s.secured();
        s.expect_sent("");
        s.server_says(demanding);
        s.expect_no_action();
        s.expect_sent("CONNECT {~\"pass\":\"secret\"~}\r\nPING\r\n");
        s.server_says("PONG\r\n");
        s.expect_done("connect");
    });
    run_script([&o](session_script& s) {
        s.start(o);
        s.connect();
        s.expect_dial("a.test:1");
        s.dialed();
        s.expect_start_tls("a.test");
        s.server_says(without);
        s.expect_close();
        s.expect_sent("");
        s.expect_done("connect", errc::tls_failed);
    });
}

TEST_CASE("B3 B4: bytes behind the plain INFO end the attempt, in one read or in two") {
    for (const bool bytewise : {false, true}) {
        for (const std::string_view stuffed : {"PONG\r\n", "INFO {\"nonce\":\"x\"}\r\n", "-ERR 'x'\r\n", "x", "\x16"}) {
            session_script s({.bytewise = bytewise});
            s.start(servers({"nats://user:secret@a.test:1"}));
            s.connect();
            s.expect_dial("a.test:1");
            s.dialed();
            s.server_says(std::string(demanding) + std::string(stuffed));
            if (bytewise) s.expect_start_tls("a.test");
            s.expect_close();
            s.expect_sent("");
            s.expect_done("connect", errc::tls_failed);
            s.expect_event(event_kind::connect_failed, [](const event& e) {
                CHECK(e.reason == disconnect_reason::tls);
                CHECK(e.detail == "the server sent plain text where TLS begins");
            });
            s.finish();
        }
    }
}

TEST_CASE("B8: a handshake that failed is told with its words, and tried again from the beginning") {
    run_script([](session_script& s) {
        connect_options o = servers({"tls://a.test:1"});
        o.retry_on_failed_connect = true;
        s.start(std::move(o));
        s.connect();
        s.expect_dial("a.test:1");
        s.dialed();
        s.server_says(demanding);
        s.expect_start_tls("a.test");
        s.secured(errc::tls_name_mismatch, "for b.test");
        s.expect_close();
        s.expect_event(event_kind::connect_failed, [](const event& e) {
            CHECK(e.error == errc::tls_name_mismatch);
            CHECK(e.reason == disconnect_reason::tls);
            CHECK(e.detail == "for b.test");
        });
        s.expect_event(event_kind::reconnecting);
        s.advance_to_dial();
        s.expect_dial("a.test:1");
        s.check([&] { s.core().on_secured(1, {}, {}, s.now()); });  // of the attempt before
        s.dialed();
        s.expect_no_action();
        s.check([&] { s.core().on_secured(2, {}, {}, s.now()); });  // of nothing
        s.server_says(demanding);
        s.expect_start_tls("a.test");
        s.expect_sent("");
        s.secured();
        s.server_says("PONG\r\n");
        s.expect_done("connect");
    });
}

TEST_CASE("B7: TLS is under the one deadline of the attempt") {
    run_script([](session_script& s) {
        connect_options o = servers({"tls://a.test:1"});
        o.connect_timeout = 5s;
        s.start(std::move(o));
        s.connect();
        s.expect_dial("a.test:1");
        s.advance(2s);
        s.dialed();
        s.advance(1s);
        s.server_says(demanding);
        s.expect_start_tls("a.test");
        s.advance(1999ms);
        s.expect_pending("connect");
        s.advance(1ms);
        s.expect_close();
        s.expect_done("connect", errc::handshake_timeout);
    });
}

TEST_CASE("B21: a refusal that comes with the first read of TLS 1.3 is one of TLS") {
    run_script([](session_script& s) {
        s.start(servers({"tls://a.test:1"}));
        s.connect();
        s.expect_dial("a.test:1");
        s.dialed();
        s.server_says(demanding);
        s.expect_start_tls("a.test");
        s.secured();
        s.expect_sent("CONNECT {~}\r\nPING\r\n");
        s.check([&] {
            s.core().on_transport_down(s.core().generation(), errc::tls_client_certificate_required, s.now(), "certificate required");
            s.pump();
        });
        s.expect_close();
        s.expect_done("connect", errc::tls_client_certificate_required);
        s.expect_event(event_kind::connect_failed, [](const event& e) {
            CHECK(e.reason == disconnect_reason::tls);
            CHECK(e.detail == "certificate required");
        });
    });
}

TEST_CASE("B1 B5: the first INFO over TLS replaces everything that a plain one said") {
    run_script([](session_script& s) {
        connected_over_tls(s, servers({"a.test:1"}),
                           "INFO {\"server_id\":\"FALSE\",\"domain\":\"d\",\"host\":\"evil.test\",\"tls_required\":true,\"ldm\":true,"
                           "\"connect_urls\":[\"evil.test:9\"]}\r\n");
        s.expect_no_event();  // no lame duck
        s.server_says("INFO {\"server_id\":\"TRUE\",\"tls_required\":true}\r\n");
        s.check([&] {
            CHECK(s.core().server_info().server_id == "TRUE");
            CHECK(s.core().server_info().domain.empty());
            CHECK(s.core().server_info().host.empty());
            CHECK(s.core().server_info().connect_urls.empty());
            CHECK_FALSE(s.core().server_info().ldm);
        });
        s.server_says("INFO {\"domain\":\"e\"}\r\n");  // from then on, what is omitted is kept
        s.check([&] { CHECK(s.core().server_info().server_id == "TRUE"); });
        redialed(s, "a.test:1");
        s.expect_start_tls("a.test");
    });
}

TEST_CASE("B5 B6: who may be behind an address that was learnt") {
    run_script([](session_script& s) {  // told over TLS: whom it was called, or the name it was learnt through
        connected_over_tls(s, servers({"a.test:1"}));
        s.server_says("INFO {\"tls_required\":true,\"connect_urls\":[\"a.test:1\",\"b.test:2\",\"10.0.0.3:3\"]}\r\n");
        redialed(s, "b.test:2");
        s.expect_start_tls("b.test|a.test");
        s.secured();
        s.server_says("PONG\r\n");
        s.expect_event(event_kind::connected);
        s.server_says("INFO {\"tls_required\":true,\"connect_urls\":[\"a.test:1\",\"b.test:2\",\"10.0.0.3:3\",\"d.test.:4\"]}\r\n");
        redialed(s, "10.0.0.3:3");
        s.expect_start_tls("10.0.0.3|a.test");
        s.secured();
        s.server_says("PONG\r\n");
        s.expect_event(event_kind::connected);
        redialed(s, "d.test.:4");  // learnt from b, which was learnt through a
        s.expect_start_tls("d.test|a.test");
    });
    run_script([](session_script& s) {  // told in plain text only: nobody but the name that the user wrote
        connected_over_tls(s, servers({"a.test:1"}), "INFO {\"tls_required\":true,\"connect_urls\":[\"evil.test:9\"]}\r\n");
        redialed(s, "evil.test:9");
        s.expect_start_tls("a.test");
    });
    run_script([](session_script& s) {  // one name for all
        connect_options o = servers({"nats://a.test:1"});
        o.tls.server_name = "cluster.test";
        s.start(std::move(o));
        s.connect();
        s.expect_dial("a.test:1");
        s.dialed();
        s.server_says(demanding);
        s.expect_start_tls("cluster.test");
        s.secured();
        s.server_says("PONG\r\nINFO {\"tls_required\":true,\"connect_urls\":[\"b.test:2\"]}\r\n");
        s.expect_event(event_kind::connected);
        redialed(s, "b.test:2");
        s.expect_start_tls("cluster.test");
    });
}

TEST_CASE("B6: addresses are verified as they are written, without what only the resolver wants") {
    const std::pair<const char*, const char*> table[] = {
        {"127.0.0.1", "127.0.0.1"},
        {"[2001:db8::1]", "2001:db8::1"},
        {"[fe80::1%25eth0]", "fe80::1"},
        {"A.Test.", "a.test"},
    };
    for (const auto& [written, name] : table) {
        std::vector<session::server_url> urls(1);
        REQUIRE_FALSE(session::parse_server_url("tls://" + std::string(written), urls[0]));
        session::server_pool pool(std::move(urls), {}, session::random_stream(1));
        CHECK(pool.current_tls_names().first.empty());
        REQUIRE(pool.next() != nullptr);
        CHECK(pool.current_tls_names().first == name);
        CHECK(pool.current_tls_names().other.empty());
    }
}
