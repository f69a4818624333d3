// Every login over TLS at real servers: let in, let in again after a reconnect, refused with its reason, and silent all the time.
#include <algorithm>
#include <sstream>

#include <slipstream/detail/base64.hpp>

#include "tests/integration/core_tls_fixture.hpp"
#include "tests/integration/login_support.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

const std::string the_password = "password-that-nobody-sees";
const std::string the_token = "token-that-nobody-sees";
const std::string traced = "debug: true\ntrace: true\n";

/// Users with a password and with a key.
std::string named_users(const test_key& key) {
    return "authorization { users: [ { user: plain, password: \"" + the_password + "\" }, { nkey: " + key.public_key() + " } ] }\n";
}
const std::string one_token = "authorization { token: \"" + the_token + "\" }\n";

/// A server with TLS, and clients of it that log in each in its own way.
struct tls_logins {
    certificate_folder files;
    core_fixture f;
    connect_options base;
    std::vector<std::string> secrets{the_password, the_token};

    /// `tls`: more of the server's `tls {}`; "verify: true" asks for a certificate of the client, which it then has.
    tls_logins(const std::string& users, const std::string& tls) : f(how(files.config(tls) + traced + users)) {
        base = f.options();
        base.servers = {"tls://" + f.server.address()};
        base.tls.ca_file = files.at("ca.pem");
        if (tls.empty()) return;
        base.tls.cert_file = files.at("client.pem");
        base.tls.key_file = files.at("client.pem.key");
        secrets.push_back(body_of(files.text("client.pem.key")));
    }

    connect_options with(authentication login) const {
        connect_options o = base;
        o.auth = std::move(login);
        return o;
    }
    /// Credentials in the URL.
    connect_options with_url(const std::string& userinfo) const {
        connect_options o = base;
        o.servers = {"tls://" + userinfo + "@" + f.server.address()};
        return o;
    }

    /// All connect, send and receive, and do so again when the server has been killed and started.
    void let_in(const std::vector<connect_options>& ways) {
        f.events.clear();
        std::vector<client> clients;
        std::vector<subscription> inboxes;
        for (const connect_options& o : ways) {
            clients.emplace_back(f.context.get_executor(), o);
            inboxes.push_back(clients.back().subscribe("in." + std::to_string(inboxes.size())));
            auto story = [&]() -> asio::awaitable<void> {
                const auto [ec] = co_await clients.back().async_connect(use_tuple);
                CHECK_FALSE(ec);
            };
            f.run(story);
        }
        talk(clients, inboxes);
        f.server.restart();
        REQUIRE(f.until([&] { return f.count(event_kind::connected) == 2 * ways.size(); }));
        talk(clients, inboxes);
        for (client& nc : clients) nc.close();
        CHECK(f.server.wait_for_log("CONNECT {"));  // the log shows what is sent
        says_nothing();
    }
    /// Each is refused as `wanted`.
    void refused(const std::vector<connect_options>& ways, std::error_code wanted) {
        f.events.clear();
        for (const connect_options& o : ways) {
            client nc(f.context.get_executor(), o);
            std::error_code ec;
            auto story = [&]() -> asio::awaitable<void> { std::tie(ec) = co_await nc.async_connect(use_tuple); };
            f.run(story);
            CHECK(ec == wanted);
            nc.close();
        }
        CHECK(f.count(event_kind::connect_failed) == ways.size());
        says_nothing();
    }
    void says_nothing() const {
        const std::string log = said_by(f.server);
        for (const std::string& secret : secrets) CHECK(log.find(secret) == std::string::npos);
        std::vector<std::string> ours = secrets;
        ours.emplace_back("eyJ");  // how JWTs begin
        for (const event& e : f.events) {
            for (const std::string& text : {e.detail, e.server, e.subject, e.error.message()}) {
                for (const std::string& secret : ours) CHECK(text.find(secret) == std::string::npos);
            }
        }
    }

private:
    /// The server's log. What older servers trace of CONNECT shows tokens, whoever sent them.
    static std::string said_by(const nats_server& server) {
        const std::string log = server.log();
        if (server.version() >= server_version{2, 15, 0}) return log;
        std::string out;
        std::istringstream lines(log);
        for (std::string line; std::getline(lines, line);) {
            if (line.find("[TRC]") == std::string::npos) out += line + '\n';
        }
        return out;
    }
    static std::string body_of(const std::string& pem) { return pem.substr(pem.find('\n') + 1, 40); }

    void talk(std::vector<client>& clients, std::vector<subscription>& inboxes) {
        for (std::size_t i = 0; i < clients.size(); ++i) {
            CHECK(clients[i].tls().active());
            CHECK(clients[i].tls().version == "TLSv1.3");
            CHECK(clients[i].tls().peer_subject == "CN=server");
            auto story = [&]() -> asio::awaitable<void> {
                CHECK_FALSE(clients[i].publish("in." + std::to_string(i), "x"));
                const message m = co_await inboxes[i].async_next();
                CHECK(m.payload() == "x");
            };
            f.run(story);
        }
    }
};

/// Answers on another thread, after a while.
struct late_provider {
    login answer;
    std::vector<std::thread> threads{};

    credential_provider callback() {
        return {[this](const login_request&, login_reply reply) {
            threads.emplace_back([this, reply = std::move(reply)] {
                std::this_thread::sleep_for(50ms);
                reply(answer);
            });
        }};
    }
    ~late_provider() {
        for (std::thread& t : threads) t.join();
    }
};

}  // namespace

TEST_CASE("S11 B11 B14 I8: over TLS, with and without a certificate: passwords, keys, signers and providers") {
    const test_key key = user_key();
    for (const std::string tls : {"", "verify: true"}) {
        CAPTURE(tls);
        tls_logins t(named_users(key), tls);
        t.secrets.push_back(key.seed());
        t.secrets.push_back(user_key(1).seed());
        late_signer later{key};
        late_provider provider{user_password{"plain", the_password}};
        late_provider key_provider{nkey_seed{key.seed()}};
        t.let_in({
            t.with(user_password{"plain", the_password}),
            t.with_url("plain:" + the_password),
            t.with(nkey_seed{key.seed()}),
            t.with(nkey_file{write(t.f, "seed", key.seed() + "\n")}),
            t.with(nkey_signer{key.public_key(), later.callback()}),
            t.with(provider.callback()),
            t.with(key_provider.callback()),
        });
        CHECK(later.threads.size() == 2);  // one signature for each connection
        const test_key another = user_key(1);
        late_signer other{another};
        t.secrets.emplace_back("not-the-password");
        t.refused(
            {
                t.with(no_auth{}),
                t.with(user_password{"plain", "not-the-password"}),
                t.with_url("plain:not-the-password"),
                t.with_url("not-the-password"),
                t.with(nkey_seed{another.seed()}),
                t.with(nkey_signer{key.public_key(), other.callback()}),
            },
            errc::authorization_violation);
    }
}

TEST_CASE("S11 B11 I8: over TLS, with and without a certificate: tokens") {
    for (const std::string tls : {"", "verify: true"}) {
        CAPTURE(tls);
        tls_logins t(one_token, tls);
        late_provider provider{token_auth{the_token}};
        t.let_in({t.with(token_auth{the_token}), t.with_url(the_token), t.with(provider.callback())});
        t.secrets.emplace_back("not-the-token");
        t.refused({t.with(token_auth{"not-the-token"}), t.with_url("not-the-token")}, errc::authorization_violation);
    }
}

TEST_CASE("S9 S10 B11 B14 B16 I8: over TLS, with and without a certificate: credentials and JWTs in every form") {
    const test_key key = user_key();
    const test_key account = account_key();
    const std::string jwt = make_user_jwt(key, account);
    const std::string document = make_creds(jwt, key.seed());
    for (const std::string tls : {"", "verify: true"}) {
        CAPTURE(tls);
        tls_logins t(operator_config(), tls);
        t.secrets.push_back(key.seed());
        late_signer later{key};
        late_provider provider{creds_text{document}};
        t.let_in({
            t.with(creds_text{document}),
            t.with(creds_base64{detail::encode_base64(document)}),
            t.with(creds_file{write(t.f, "user.creds", document)}),
            t.with(creds_file{write(t.f, "jwt", jwt + "\n"), write(t.f, "seed", key.seed())}),
            t.with(jwt_seed{jwt, key.seed()}),
            t.with(jwt_signer{jwt, later.callback()}),
            t.with(bearer_jwt{make_user_jwt(key, account, {.bearer = true})}),
            t.with(provider.callback()),
        });
        CHECK(later.threads.size() == 2);
        const test_key another = user_key(1);
        t.secrets.push_back(another.seed());
        late_signer wrong{another};
        t.refused(
            {
                t.with(bearer_jwt{jwt}),
                t.with(creds_text{make_creds(make_user_jwt(another, account_key(0x60)), another.seed())}),
                t.with(jwt_signer{jwt, wrong.callback()}),
            },
            errc::authorization_violation);
    }
}

TEST_CASE("B1 B21 I8: no login reaches a server that cannot be verified, or that does not get the certificate it asks for") {
    const test_key key = user_key();
    const std::string document = creds_of(key);
    tls_logins t(operator_config(), "verify: true");
    t.secrets.push_back(key.seed());
    int signatures = 0;
    const signer counting = [&](const std::string& nonce, const signature_reply& reply) {
        ++signatures;
        reply(key.sign(nonce));
    };
    const std::string jwt = make_user_jwt(key, account_key());
    const auto every_way = [&] {
        return std::vector<connect_options>{
            t.with(user_password{"plain", the_password}),
            t.with_url(the_token),
            t.with(token_auth{the_token}),
            t.with(nkey_seed{key.seed()}),
            t.with(creds_text{document}),
            t.with(jwt_signer{jwt, counting}),
            t.with(nkey_signer{key.public_key(), counting}),
        };
    };
    SUBCASE("an authority that is not trusted") {
        t.files.put("other.pem", certificate_authority("another").pem());
        t.base.tls.ca_file = t.files.at("other.pem");
        t.refused(every_way(), errc::tls_unknown_ca);
        CHECK(signatures == 0);
    }
    SUBCASE("another name than the certificate's") {
        t.base.tls.server_name = "elsewhere.test";
        t.refused(every_way(), errc::tls_name_mismatch);
        CHECK(signatures == 0);
    }
    SUBCASE("no certificate of its own") {
        t.base.tls.cert_file.clear();
        t.base.tls.key_file.clear();
        // With TLS 1.3 the client learns so after its own half of the handshake: CONNECT may be on its way by then, and is not read.
        t.refused(every_way(), errc::tls_client_certificate_required);
    }
    CHECK(t.f.server.log().find("CONNECT {") == std::string::npos);
}

TEST_CASE("B16 B21: verify_and_map: the certificate is the login, over reconnects, TLS after INFO and first") {
    for (const std::string first : {"", "handshake_first: true, "}) {
        CAPTURE(first);
        const certificate_folder files;
        const std::string users =
            "authorization { users: [ { user: \"client@test\", permissions: { publish: \"in\", subscribe: \"in\" } },"
            " { user: \"second@test\", permissions: { publish: \"out\", subscribe: \"in\" } } ] }\n";
        core_fixture f(how(files.config(first + "verify_and_map: true") + traced + users, first.empty()));
        connect_options o = f.options();
        o.servers = {"tls://" + f.server.address()};
        if (!first.empty()) o.tls.mode = tls_mode::first;
        o.tls.ca_file = files.at("ca.pem");
        o.tls.cert_file = files.at("client.pem");
        o.tls.key_file = files.at("client.pem.key");
        client nc(f.context.get_executor(), o);
        const auto allowed = [&](const std::string& subject) -> asio::awaitable<bool> {
            const auto [ec, reply] = co_await nc.async_request(subject, "x", {}, use_tuple);
            co_return ec != errc::permission_denied;  // nobody answers, and no inbox is allowed
        };
        auto story = [&]() -> asio::awaitable<void> {
            co_await nc.async_connect();
            CHECK_FALSE(co_await allowed("out"));
            // Another certificate is another user, from the next connection on.
            files.put("client.pem", issued("client", {"email:second@test"}));
            f.server.restart();
            while (f.count(event_kind::connected) < 2) co_await f.pause(20ms);
            CHECK_FALSE(co_await allowed("in"));
            files.put("client.pem", issued("client", {"email:nobody@test"}));
            f.server.restart();
            const auto refused = [](const event& e) { return e.error == errc::authorization_violation; };
            while (std::none_of(f.events.begin(), f.events.end(), refused)) co_await f.pause(20ms);
        };
        f.run(story);
        nc.close();
        const std::string key = files.text("client.pem.key");
        CHECK(f.server.log().find(key.substr(key.find('\n') + 1, 40)) == std::string::npos);
    }
}
