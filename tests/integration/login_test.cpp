// Logins by key and JWT at real servers.
#include <algorithm>
#include <chrono>

#include <slipstream/detail/base64.hpp>

#include "tests/integration/login_support.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

const test_key user = user_key();
const test_key account = account_key();

std::int64_t seconds_from_now(std::int64_t n) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(now).count() + n;
}

std::error_code connect_result(core_fixture& f, const authentication& how) {
    connect_options o = f.options();
    o.auth = how;
    client nc(f.context.get_executor(), o);
    std::error_code ec;
    auto story = [&]() -> asio::awaitable<void> {
        std::tie(ec) = co_await nc.async_connect(use_tuple);
        if (!ec) std::tie(ec) = co_await nc.async_flush({}, use_tuple);
        nc.close();
    };
    f.run(story);
    return ec;
}

}  // namespace

TEST_CASE("B14 auth.md 7: a server with keys takes the seed, the file and the signer of a user, and the password of another") {
    core_fixture f("authorization { users: [ { nkey: " + user.public_key() + " }, { user: plain, password: x } ] }");
    CHECK_FALSE(connect_result(f, nkey_seed{user.seed()}));
    CHECK_FALSE(connect_result(f, nkey_seed{user.seed() + "\n"}));
    CHECK_FALSE(connect_result(f, nkey_file{write(f, "seed", user.seed() + "\n")}));
    CHECK_FALSE(connect_result(f, nkey_file{write(f, "creds", creds_of(user))}));
    CHECK_FALSE(connect_result(f, user_password{"plain", "x"}));
    late_signer later{user};
    CHECK_FALSE(connect_result(f, nkey_signer{user.public_key(), later.callback()}));
    CHECK(connect_result(f, nkey_seed{user_key(1).seed()}) == errc::authorization_violation);
    const test_key another = user_key(1);
    late_signer other{another};
    CHECK(connect_result(f, nkey_signer{user.public_key(), other.callback()}) == errc::authorization_violation);
    CHECK(connect_result(f, no_auth{}) == errc::authorization_violation);
    CHECK(f.events.back().kind == event_kind::closed);
    CHECK(f.first(event_kind::connect_failed).reason == disconnect_reason::auth);
}

TEST_CASE("S9 S10 B12 auth.md 7: a server in operator mode takes a user's JWT in every form") {
    core_fixture f(operator_config());
    const std::string jwt = make_user_jwt(user, account);
    const std::string document = make_creds(jwt, user.seed());
    CHECK_FALSE(connect_result(f, creds_text{document}));
    CHECK_FALSE(connect_result(f, creds_base64{detail::encode_base64(document) + "\n"}));
    CHECK_FALSE(connect_result(f, creds_file{write(f, "user.creds", document)}));
    CHECK_FALSE(connect_result(f, creds_file{write(f, "jwt", jwt + "\n"), write(f, "seed", user.seed())}));
    CHECK_FALSE(connect_result(f, jwt_seed{jwt, user.seed()}));
    late_signer later{user};
    CHECK_FALSE(connect_result(f, jwt_signer{jwt, later.callback()}));
    CHECK_FALSE(connect_result(f, bearer_jwt{make_user_jwt(user, account, {.bearer = true})}));
    CHECK(connect_result(f, bearer_jwt{jwt}) == errc::authorization_violation);
    CHECK(connect_result(f, nkey_seed{user.seed()}) == errc::authorization_violation);
    CHECK(connect_result(f, creds_text{creds_of(user, {.expires = seconds_from_now(-10)})}) == errc::authorization_violation);
    const test_key stranger = account_key(0x60);
    CHECK(connect_result(f, jwt_seed{make_user_jwt(user, stranger), user.seed()}) == errc::authorization_violation);
}

TEST_CASE("B14: a server without users gets no signature, and no CONNECT") {
    core_fixture f;
    CHECK(connect_result(f, nkey_seed{user.seed()}) == errc::nonce_missing);
    CHECK(connect_result(f, creds_text{creds_of(user)}) == errc::nonce_missing);
    CHECK_FALSE(connect_result(f, user_password{"u", "p"}));  // ignored by such a server
}

TEST_CASE("B15: a broken file fails the connect with what is wrong") {
    core_fixture f(operator_config());
    CHECK(connect_result(f, creds_file{"/no/such/file"}) == errc::credentials_unreadable);
    CHECK(connect_result(f, creds_file{write(f, "a", "nothing")}) == errc::creds_malformed);
    CHECK(connect_result(f, creds_file{write(f, "b", make_creds(make_user_jwt(user, account), user_key(1).seed()))}) == errc::key_mismatch);
    CHECK(connect_result(f, creds_file{write(f, "c", make_creds(user.seed(), make_user_jwt(user, account)))}) == errc::jwt_malformed);
    for (const event& e : f.events) {
        if (e.kind != event_kind::connect_failed) continue;
        CHECK(e.detail.find('/') == std::string::npos);
        CHECK(e.detail.find("SU") == std::string::npos);
    }
}

TEST_CASE("B16 B18: a JWT expires while connected; the file has a new one by then, and subscriptions live on") {
    core_fixture f(operator_config());
    const std::string path = write(f, "user.creds", creds_of(user, {.expires = seconds_from_now(3)}));
    connect_options o = f.options();
    o.auth = creds_file{path};
    client nc(f.context.get_executor(), o);
    subscription in = nc.subscribe("a");
    auto story = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        write(f, "user.creds", creds_of(user_key(1), {.name = "bob"}));  // another user, even
        while (f.count(event_kind::connected) < 2) co_await f.pause(20ms);
        CHECK_FALSE(nc.publish("a", "after"));
        CHECK((co_await in.async_next()).payload() == "after");
        nc.close();
    };
    f.run(story);
    const event& lost = f.first(event_kind::disconnected);
    CHECK(lost.reason == disconnect_reason::auth);
    CHECK(lost.error == errc::authentication_expired);
}

TEST_CASE("B17 B16: a rotation that comes late: refused again and again, and then let in") {
    core_fixture f(operator_config());
    connect_options o = f.options();
    o.auth = creds_file{write(f, "user.creds", creds_of(user, {.expires = seconds_from_now(2)}))};
    client nc(f.context.get_executor(), o);
    auto story = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        while (f.count(event_kind::connect_failed) < 4) co_await f.pause(20ms);
        CHECK(f.first(event_kind::connect_failed).error == condition::denied);  // expired, or no longer known to have been valid
        std::filesystem::remove(f.server.directory() / "user.creds");
        const auto unreadable = [](const event& e) { return e.error == errc::credentials_unreadable; };
        while (std::none_of(f.events.begin(), f.events.end(), unreadable)) co_await f.pause(20ms);
        write(f, "user.creds", creds_of(user));
        while (f.count(event_kind::connected) < 2) co_await f.pause(20ms);
        nc.close();
    };
    f.run(story);
}

TEST_CASE("B17: a password that the server learns later, by a reload") {
    const auto config = [](const std::string& password) {
        return "authorization { users: [ { user: u, password: \"" + password + "\" } ] }";
    };
    core_fixture f(config("one"));
    connect_options o = f.options();
    o.auth = user_password{"u", "two"};
    SUBCASE("the first connect fails unless told otherwise, and may be repeated") {
        client nc(f.context.get_executor(), o);
        auto story = [&]() -> asio::awaitable<void> {
            auto [ec] = co_await nc.async_connect(use_tuple);
            CHECK(ec == errc::authorization_violation);
            CHECK(ec == condition::denied);
            CHECK(nc.state() == client_state::idle);
            f.server.reload(config("two"));
            while (std::get<0>(co_await nc.async_connect(use_tuple))) co_await f.pause(20ms);
            nc.close();
        };
        f.run(story);
    }
    SUBCASE("retry_on_failed_connect waits for it") {
        o.retry_on_failed_connect = true;
        client nc(f.context.get_executor(), o);
        auto reload = [&]() -> asio::awaitable<void> {
            while (f.count(event_kind::connect_failed) < 3) co_await f.pause(20ms);
            f.server.reload(config("two"));
        };
        auto story = [&]() -> asio::awaitable<void> {
            co_await nc.async_connect();
            nc.close();
        };
        play(f.context, reload, story);
        CHECK(f.count(event_kind::connected) == 1);
    }
    SUBCASE("a reload that changes it ends a connection, which comes back when it is changed again") {
        o.auth = user_password{"u", "one"};
        client nc(f.context.get_executor(), o);
        auto story = [&]() -> asio::awaitable<void> {
            co_await nc.async_connect();
            f.server.reload(config("two"));
            while (f.count(event_kind::connect_failed) < 3) co_await f.pause(20ms);
            f.server.reload(config("one"));
            while (f.count(event_kind::connected) < 2) co_await f.pause(20ms);
            nc.close();
        };
        f.run(story);
        CHECK(f.first(event_kind::disconnected).error == errc::authorization_violation);
    }
    SUBCASE("max_auth_failures gives up, and is told") {
        o.auth = user_password{"u", "one"};
        o.max_auth_failures = 2;
        client nc(f.context.get_executor(), o);
        auto story = [&]() -> asio::awaitable<void> {
            co_await nc.async_connect();
            f.server.reload(config("two"));
            while (nc.state() != client_state::closed) co_await f.pause(20ms);
        };
        f.run(story);
        CHECK(f.events.back().kind == event_kind::closed);
        CHECK(f.events.back().error == errc::authorization_violation);
        CHECK(f.count(event_kind::connect_failed) == 1);
    }
}

TEST_CASE("B18: a user who is revoked is told so, and let in again as another") {
    core_fixture f(operator_config());
    connect_options o = f.options();
    o.auth = creds_file{write(f, "user.creds", creds_of(user))};
    client nc(f.context.get_executor(), o);
    auto story = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        write(f, "user.creds", creds_of(user_key(1)));
        f.server.reload(operator_config({.revoked = {{user.public_key(), seconds_from_now(1)}}}));
        while (f.count(event_kind::connected) < 2) co_await f.pause(20ms);
        nc.close();
    };
    f.run(story);
    const event& lost = f.first(event_kind::disconnected);
    CHECK(lost.reason == disconnect_reason::auth);
    CHECK(lost.error == errc::authentication_revoked);
    CHECK(connect_result(f, creds_text{creds_of(user)}) == errc::authorization_violation);
}

TEST_CASE("B18: an account that expires, and one that is full") {
    SUBCASE("expires") {
        core_fixture f(operator_config({.expires = seconds_from_now(3)}));
        connect_options o = f.options();
        o.auth = creds_text{creds_of(user)};
        client nc(f.context.get_executor(), o);
        auto story = [&]() -> asio::awaitable<void> {
            co_await nc.async_connect();
            while (f.count(event_kind::connect_failed) < 2) co_await f.pause(20ms);
            nc.close();
        };
        f.run(story);
        CHECK(f.first(event_kind::disconnected).error == errc::account_authentication_expired);
        CHECK(f.first(event_kind::connect_failed).error == errc::authorization_violation);
    }
    SUBCASE("full") {
        core_fixture f(operator_config({.connections = 1}));
        connect_options o = f.options();
        o.auth = creds_text{creds_of(user)};
        client nc(f.context.get_executor(), o);
        auto story = [&]() -> asio::awaitable<void> {
            co_await nc.async_connect();
            client second(f.context.get_executor(), o);
            auto [ec] = co_await second.async_connect(use_tuple);
            CHECK(ec == errc::max_connections);
            CHECK(ec == condition::transient);
            second.close();
            nc.close();
        };
        f.run(story);
    }
}

TEST_CASE("B16: a provider gives each connection its own JWT") {
    core_fixture f(operator_config());
    connect_options o = f.options();
    int asked = 0;
    o.auth = credential_provider{[&](const login_request& request, const login_reply& reply) {
        CHECK(request.server == f.server.address());
        const test_key key = user_key(static_cast<unsigned char>(asked++));
        reply(jwt_seed{make_user_jwt(key, account, {.expires = asked == 1 ? seconds_from_now(2) : 0}), key.seed()});
    }};
    client nc(f.context.get_executor(), o);
    auto story = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        while (f.count(event_kind::connected) < 2) co_await f.pause(20ms);
        nc.close();
    };
    f.run(story);
    CHECK(asked == 2);
}
