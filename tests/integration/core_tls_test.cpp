// TLS with real servers: connections.
#include <slipstream/kv/bucket.hpp>
#include <slipstream/kv/watch.hpp>

#include "tests/integration/core_tls_fixture.hpp"
#include "tests/support/nats_cluster.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE("B4: TLS after INFO, with large payloads both ways") {
    tls_fixture t;
    client nc(t.f.context.get_executor(), t.o);
    CHECK_FALSE(nc.tls().active());
    REQUIRE_FALSE(t.connect(nc));
    CHECK(nc.tls().version == "TLSv1.3");
    CHECK_FALSE(nc.tls().cipher.empty());
    CHECK(nc.tls().peer_subject == "CN=server");
    CHECK_FALSE(nc.tls().resumed);
    CHECK(nc.server_info().tls_required);
    t.talk(nc);
    t.talk(nc, 1'000'000);
    auto user = [&]() -> asio::awaitable<void> { co_await nc.async_drain(); };
    t.f.run(user);
    CHECK_FALSE(nc.tls().active());
}

TEST_CASE("B4: TLS first") {
    tls_fixture t("handshake_first: true", false);
    t.o.tls.mode = tls_mode::first;
    client nc(t.f.context.get_executor(), t.o);
    REQUIRE_FALSE(t.connect(nc));
    CHECK(nc.tls().active());
    CHECK_FALSE(nc.server_info().version.empty());
    t.talk(nc);
    t.f.server.restart();
    REQUIRE(t.f.until([&] { return t.f.count(event_kind::connected) == 2; }));
    CHECK(nc.tls().active());
    t.talk(nc);
    nc.close();
}

TEST_CASE("B3: a server without TLS is refused where TLS is asked for, and hears nothing") {
    core_fixture f("debug: true\ntrace: true");
    connect_options o = f.options();
    o.servers = {"tls://user:secret@" + f.server.address()};
    client nc(f.context.get_executor(), o);
    auto user = [&]() -> asio::awaitable<void> {
        auto [ec] = co_await nc.async_connect(use_tuple);
        CHECK(ec == errc::tls_required);
    };
    f.run(user);
    nc.close();
    CHECK(f.server.wait_for_log("Client connection closed"));
    CHECK(f.server.log().find("CONNECT") == std::string::npos);
}

TEST_CASE("B4: a server that offers both is talked to in plain text unless something asks for TLS") {
    const certificate_folder files;
    core_fixture f(how(files.config() + "allow_non_tls: true\nauthorization { user: u, password: p }\n"));
    connect_options o = f.options();
    o.auth = user_password{"u", "p"};
    const auto encrypted = [&](const connect_options& options) {
        client nc(f.context.get_executor(), options);
        auto user = [&]() -> asio::awaitable<void> { co_await nc.async_connect(); };
        f.run(user);
        const bool out = nc.tls().active();
        nc.close();
        return out;
    };
    CHECK_FALSE(encrypted(o));
    o.tls.ca_file = files.at("ca.pem");
    CHECK(encrypted(o));
    o.tls.ca_file.clear();
    o.tls.refuse_plaintext_login = true;
    o.tls.insecure_accept_any_certificate = true;  // the system does not know the authority
    CHECK(encrypted(o));
}

TEST_CASE("B8: reconnects over TLS: subscriptions are restored, held publishes follow, sessions are resumed where the server lives on") {
    tls_fixture t;
    client nc(t.f.context.get_executor(), t.o);
    subscription in = nc.subscribe("held");
    REQUIRE_FALSE(t.connect(nc));
    t.talk(nc);
    for (int i = 0; i < 3; ++i) {
        CHECK_FALSE(nc.reconnect());
        REQUIRE(t.f.until([&] { return t.f.count(event_kind::connected) == 2U + static_cast<unsigned>(i); }));
        CHECK(nc.tls().resumed);
        CHECK(nc.tls().peer_subject == "CN=server");
        t.talk(nc);
    }
    t.f.server.kill();
    REQUIRE(t.f.until([&] { return !nc.healthy(); }));
    CHECK_FALSE(nc.tls().active());
    CHECK_FALSE(nc.publish("held", "x"));
    t.f.server.start();
    auto user = [&]() -> asio::awaitable<void> { CHECK((co_await in.async_next()).payload() == "x"); };
    t.f.run(user);
    CHECK(nc.tls().active());
    nc.close();
    connect_options never = t.o;
    never.tls.resume_sessions = false;
    client plain(t.f.context.get_executor(), never);
    REQUIRE_FALSE(t.connect(plain));
    const std::size_t before = t.f.count(event_kind::connected);
    CHECK_FALSE(plain.reconnect());
    REQUIRE(t.f.until([&] { return t.f.count(event_kind::connected) == before + 1; }));
    CHECK_FALSE(plain.tls().resumed);
    plain.close();
}

TEST_CASE("B5 B6: a cluster that tells bare addresses, with one certificate for its name") {
    const certificate_folder files;
    files.put("server.pem", issued("server", {"DNS:localhost"}));
    nats_cluster cluster(files.config());
    asio::io_context context;
    std::vector<std::string> connected;
    connect_options o;
    o.servers = {"tls://localhost:" + std::to_string(cluster.node(0).port())};
    o.reconnect_wait = 20ms;
    o.tls.ca_file = files.at("ca.pem");
    o.on_event = [&](const event& e) {
        if (e.kind == event_kind::connected) connected.push_back(e.server);
    };
    client nc(context.get_executor(), o);
    bool up = false;
    nc.async_connect([&](std::error_code ec) {
        CHECK_FALSE(ec);
        up = true;
    });
    REQUIRE(run_until(context, [&] { return up && nc.server_info().connect_urls.size() == nats_cluster::size; }, 30s));
    cluster.node(0).kill();
    REQUIRE(run_until(context, [&] { return connected.size() == 2; }, 30s));
    CHECK(connected[1].starts_with("127.0.0.1:"));
    CHECK(nc.tls().active());
    nc.close();
}

TEST_CASE("S29 B4: a watch over TLS, also over a reconnect") {
    const certificate_folder files;
    nats_server_options with_store = how(files.config());
    with_store.jetstream = true;
    core_fixture f(with_store);
    connect_options o = f.options();
    o.tls.ca_file = files.at("ca.pem");
    client nc(f.context.get_executor(), o);
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        const jetstream::context js(nc);
        const kv::bucket_config config{.bucket = "config"};
        kv::bucket bucket = co_await kv::async_get_or_create_bucket(js, config);
        kv::watch changes = bucket.watch("router.");
        co_await bucket.async_put("router.limit", "100");
        bool seen = false;
        while (!seen) {
            const kv::update u = co_await changes.async_next();
            seen = u.kind() == kv::update_kind::put && u.value() == "100";
        }
        CHECK_FALSE(nc.reconnect());
        while (f.count(event_kind::connected) != 2) co_await f.pause(1ms);
        const std::string large(200'000, 'x');
        co_await bucket.async_put("router.large", large);
        for (seen = false; !seen;) {
            const kv::update u = co_await changes.async_next();
            seen = u.kind() == kv::update_kind::put && u.value() == large;
        }
        nc.close();
    };
    f.run(user);
}
