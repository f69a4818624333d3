// TLS with real servers: who is trusted, and who the client is.
#include "tests/integration/core_tls_fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;

TEST_CASE("B2: a certificate for somebody else is refused, and server_name says whom to expect") {
    tls_fixture t;
    t.files.put("server.pem", issued("server", {"DNS:localhost"}));
    t.f.server.restart();
    for (const tls_mode mode : {tls_mode::automatic, tls_mode::required}) {
        t.o.tls.mode = mode;
        CHECK(t.connect_error(t.o) == errc::tls_name_mismatch);
    }
    const event& failed = t.f.first(event_kind::connect_failed);
    CHECK(failed.reason == disconnect_reason::tls);
    CHECK(failed.error == errc::tls_name_mismatch);
    CHECK(failed.detail.find("127.0.0.1") != std::string::npos);
    connect_options by_name = t.o;
    by_name.servers = {"tls://localhost:" + std::to_string(t.f.server.port())};
    CHECK_FALSE(t.connect_error(by_name));
    t.o.tls.server_name = "localhost";
    CHECK_FALSE(t.connect_error(t.o));
    t.o.tls.server_name = "other";
    CHECK(t.connect_error(t.o) == errc::tls_name_mismatch);
    t.o.tls.insecure_accept_any_certificate = true;
    CHECK_FALSE(t.connect_error(t.o));
}

TEST_CASE("B21: an authority that nobody knows, and CA files that are none") {
    tls_fixture t;
    connect_options o = t.o;
    o.tls.ca_file.clear();  // the system's
    CHECK(t.connect_error(o) == errc::tls_unknown_ca);
    o.tls.ca_pem = certificate_authority("another").pem();
    CHECK(t.connect_error(o) == errc::tls_unknown_ca);
    o.tls.ca_pem = authority().pem() + o.tls.ca_pem;
    CHECK_FALSE(t.connect_error(o));
    o.tls.ca_pem = "no certificate";
    CHECK(t.connect_error(o) == errc::tls_bad_ca);
    o = t.o;
    o.tls.ca_file = t.files.at("missing.pem");
    CHECK(t.connect_error(o) == errc::tls_bad_ca);
}

TEST_CASE("B21: client certificates from files and from memory") {
    tls_fixture t("verify: true");
    CHECK(t.connect_error(t.o) == errc::tls_client_certificate_required);
    const event& failed = t.f.first(event_kind::connect_failed);
    CHECK(failed.reason == disconnect_reason::tls);

    connect_options by_file = t.o;
    by_file.tls.cert_file = t.files.at("client.pem");
    by_file.tls.key_file = t.files.at("client.pem.key");
    CHECK_FALSE(t.connect_error(by_file));
    by_file.tls.key_file = t.files.at("server.pem.key");
    CHECK(t.connect_error(by_file) == errc::tls_bad_key);

    const certificate own = issued("client", {});
    connect_options by_memory = t.o;
    by_memory.tls.cert_pem = own.cert;
    by_memory.tls.key_pem = own.key;
    CHECK_FALSE(t.connect_error(by_memory));

    const certificate_authority other("another");
    connect_options foreign = t.o;
    foreign.tls.cert_pem = other.issue({}).both();
    CHECK(t.connect_error(foreign) == errc::tls_client_certificate_refused);
}

TEST_CASE("B21: a certificate is a login where the server maps it to a user") {
    const certificate_folder files;
    const std::string mapped =
        "authorization { users: [ { user: \"client@test\", permissions: { publish: \"in\", subscribe: \"in\" } } ] }\n";
    core_fixture f(how(files.config("verify_and_map: true") + mapped));
    connect_options o = f.options();
    o.tls.ca_file = files.at("ca.pem");
    o.tls.cert_file = files.at("client.pem");
    o.tls.key_file = files.at("client.pem.key");
    client nc(f.context.get_executor(), o);
    subscription in = nc.subscribe("in");
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        CHECK_FALSE(nc.publish("in", "x"));
        CHECK((co_await in.async_next()).payload() == "x");
        auto [ec, reply] = co_await nc.async_request("out", "x", {}, use_tuple);
        CHECK(ec == errc::permission_denied);
    };
    f.run(user);
    nc.close();
    const certificate other = issued("client", {"email:nobody@test"});
    connect_options unknown = o;
    unknown.tls.cert_file.clear();
    unknown.tls.key_file.clear();
    unknown.tls.cert_pem = other.both();
    client refused(f.context.get_executor(), unknown);
    auto stranger = [&]() -> asio::awaitable<void> {
        auto [ec] = co_await refused.async_connect(use_tuple);
        CHECK(ec == errc::authorization_violation);
    };
    f.run(stranger);
    refused.close();
}

TEST_CASE("B21 B8: files are read for every connection: one that was replaced counts from the next on") {
    tls_fixture t("verify: true");
    t.o.tls.cert_file = t.files.at("client.pem");
    t.o.tls.key_file = t.files.at("client.pem.key");
    client nc(t.f.context.get_executor(), t.o);
    REQUIRE_FALSE(t.connect(nc));
    t.files.put("client.pem", certificate_authority("another").issue({}));
    CHECK_FALSE(nc.reconnect());
    const auto failed_with = [&](errc code) {
        return [&t, code] {
            for (const event& e : t.f.events) {
                if (e.error == code) return true;
            }
            return false;
        };
    };
    REQUIRE(t.f.until(failed_with(errc::tls_client_certificate_refused)));
    t.files.put("client.pem", "gone");
    REQUIRE(t.f.until(failed_with(errc::tls_bad_certificate)));
    CHECK_FALSE(nc.healthy());
    t.files.put("client.pem", issued("client", {}));
    REQUIRE(t.f.until([&] { return nc.healthy(); }));
    t.talk(nc);
    nc.close();
}
