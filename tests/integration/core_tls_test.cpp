// TLS with real servers.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <slipstream/kv/bucket.hpp>
#include <slipstream/kv/watch.hpp>

#include "tests/integration/core_fixture.hpp"
#include "tests/support/nats_cluster.hpp"
#include "tests/support/tls_certificates.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

namespace fs = std::filesystem;

const certificate_authority& authority() {
    static const certificate_authority ca;
    return ca;
}

certificate issued(const std::string& subject, std::vector<std::string> names, const std::string& usage = "serverAuth,clientAuth") {
    certificate_wish wish;
    wish.subject = subject;
    wish.names = std::move(names);
    wish.usage = usage;
    return authority().issue(wish);
}

/// Certificates as files, for as long as it lives.
class folder {
public:
    folder() {
        std::string pattern = fs::temp_directory_path() / "slipstream-tls-XXXXXX";
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
        put("ca.pem", authority().pem());
        put("server.pem", issued("server", {"DNS:localhost", "IP:127.0.0.1"}));
        put("client.pem", issued("client", {"email:client@test"}));
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    void put(const std::string& name, const std::string& text) const {
        std::ofstream file(path_ / name, std::ios::trunc | std::ios::binary);
        file << text;
        REQUIRE(file.flush());
    }
    void put(const std::string& name, const certificate& c) const {
        put(name, c.cert);
        put(name + ".key", c.key);
    }
    [[nodiscard]] std::string at(const std::string& name) const { return path_ / name; }
    /// `tls {}` of a server, with more in it.
    [[nodiscard]] std::string config(const std::string& more = {}, const std::string& name = "server.pem") const {
        return "tls { cert_file: \"" + at(name) + "\", key_file: \"" + at(name) + ".key\", ca_file: \"" + at("ca.pem") + "\", " + more +
               " }\n";
    }

private:
    fs::path path_;
};

nats_server_options how(const std::string& config, bool sends_info = true) {
    nats_server_options out;
    out.jetstream = false;
    out.config = config;
    out.sends_info = sends_info;
    return out;
}

struct tls_fixture {
    folder files;
    core_fixture f;
    connect_options o;

    explicit tls_fixture(const std::string& more = {}, bool sends_info = true) : f(how(files.config(more), sends_info)) {
        o = f.options();
        o.tls.ca_file = files.at("ca.pem");
    }
    std::error_code connect(client& nc) {
        std::error_code out = errc::closed;
        auto user = [&]() -> asio::awaitable<void> {
            auto [ec] = co_await nc.async_connect(use_tuple);
            out = ec;
        };
        f.run(user);
        return out;
    }
    std::error_code connect_error(const connect_options& options) {
        client nc(f.context.get_executor(), options);
        const std::error_code ec = connect(nc);
        nc.close();
        return ec;
    }
    /// A message there and back.
    void talk(client& nc, std::size_t size = 5) {
        subscription in = nc.subscribe("in");
        const std::string payload(size, 'x');
        auto user = [&]() -> asio::awaitable<void> {
            CHECK_FALSE(nc.publish("in", payload));
            const message m = co_await in.async_next();
            CHECK(m.payload() == payload);
        };
        f.run(user);
    }
};

}  // namespace

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
    const folder files;
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
    const folder files;
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
    const folder files;
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
