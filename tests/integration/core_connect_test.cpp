// Connecting and logging in.
#include "tests/integration/core_fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

/// What a connect with these options ends with; the client is closed again.
std::error_code connect_result(core_fixture& f, const connect_options& o, std::string* account_user = nullptr) {
    client nc(f.context.get_executor(), o);
    std::error_code ec;
    auto user = [&]() -> asio::awaitable<void> {
        std::tie(ec) = co_await nc.async_connect(use_tuple);
        if (!ec) {
            co_await nc.async_flush();
            if (account_user != nullptr) *account_user = nc.server_info().remote_account;
        }
        nc.close();
    };
    f.run(user);
    return ec;
}

/// A lone server of before 2.12 sends no second INFO.
bool tells_account(const core_fixture& f) { return f.server.version() >= server_version{2, 12, 0}; }

constexpr const char* accounts = R"(
accounts: {
  A: { users: [ { user: "alice", password: "s3cret" }, { user: "b@b/%:", password: "p:@/?#[]% " } ] }
}
)";

}  // namespace

TEST_CASE("L1 C25: connect, look at the server, measure a round trip, close") {
    core_fixture f;
    client nc(f.context.get_executor(), f.options());
    CHECK(nc.state() == client_state::idle);
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        CHECK(nc.healthy());
        CHECK(nc.connected_server() == f.server.address());
        CHECK_FALSE(nc.server_info().server_id.empty());
        CHECK(nc.server_info().headers);
        CHECK(nc.server_info().max_payload == 1048576);
        CHECK(nc.server_info().client_id != 0);
        co_await nc.async_connect();  // when connected: at once
        co_await nc.async_flush();
        if (tells_account(f)) CHECK(nc.server_info().remote_account == "$G");
        nc.close();
        CHECK_FALSE(nc.healthy());
    };
    f.run(user);
    REQUIRE(runs_out(f.context));
    CHECK(f.count(event_kind::connected) == 1);
    CHECK(f.count(event_kind::disconnected) == 1);
    CHECK(f.events.back().kind == event_kind::closed);
}

TEST_CASE("B20 W18: user and password, from the options and from the URL, percent-decoded") {
    core_fixture f(accounts);
    connect_options o = f.options();
    SUBCASE("options") { o.auth = user_password{"alice", "s3cret"}; }
    SUBCASE("URL") { o.servers = {"nats://alice:s3cret@" + f.server.address()}; }
    SUBCASE("options before URL") {
        o.auth = user_password{"alice", "s3cret"};
        o.servers = {"nats://alice:wrong@" + f.server.address()};
    }
    SUBCASE("options, odd characters") { o.auth = user_password{"b@b/%:", "p:@/?#[]% "}; }
    SUBCASE("URL, odd characters") { o.servers = {"nats://b%40b%2F%25%3A:p%3A%40%2F%3F%23%5B%5D%25%20@" + f.server.address()}; }
    std::string account;
    CHECK_FALSE(connect_result(f, o, &account));
    if (tells_account(f)) CHECK(account == "A");
}

TEST_CASE("B11 B17: wrong credentials are an error of their own, and no text shows them") {
    core_fixture f(accounts);
    connect_options o = f.options();
    SUBCASE("wrong password") { o.auth = user_password{"alice", "hunter2"}; }
    SUBCASE("wrong password in the URL") { o.servers = {"nats://alice:hunter2@" + f.server.address()}; }
    SUBCASE("token instead") { o.auth = token_auth{"hunter2"}; }
    SUBCASE("none") {}
    const std::error_code ec = connect_result(f, o);
    CHECK(ec == errc::authorization_violation);
    CHECK(ec == condition::denied);
    const event& failed = f.first(event_kind::connect_failed);
    CHECK(failed.reason == disconnect_reason::auth);
    CHECK(failed.error == errc::authorization_violation);
    for (const event& e : f.events) CHECK((e.server + e.detail + e.subject).find("hunter2") == std::string::npos);
}

TEST_CASE("W18: a token, from the options and from the URL") {
    core_fixture f("authorization { token: \"t%ken@1\" }");
    connect_options o = f.options();
    SUBCASE("options") { o.auth = token_auth{"t%ken@1"}; }
    SUBCASE("URL") { o.servers = {"nats://t%25ken%401@" + f.server.address()}; }
    CHECK_FALSE(connect_result(f, o));
}

TEST_CASE("C23: a full server is an error of its own, and the client comes in when there is room") {
    core_fixture f("max_connections: 1");
    connect_options patient = f.options();  // the harness has just looked whether the server answers, and may still be counted
    patient.retry_on_failed_connect = true;
    std::optional<client> first;
    first.emplace(f.context.get_executor(), patient);
    auto occupy = [&]() -> asio::awaitable<void> { co_await first->async_connect(); };
    f.run(occupy);
    CHECK(connect_result(f, f.options()) == errc::max_connections);

    client second(f.context.get_executor(), patient);
    auto wait = [&]() -> asio::awaitable<void> {
        asio::post(f.context, [&] { first.reset(); });
        co_await second.async_connect();
        CHECK(second.healthy());
        second.close();
    };
    f.run(wait);
}

TEST_CASE("W16 S52: after close everything ends with closed, and nothing stays on the loop") {
    core_fixture f;
    client nc(f.context.get_executor(), f.options());
    subscription in = nc.subscribe("in");
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        nc.close();
        auto [a] = co_await nc.async_connect(use_tuple);
        CHECK(a == errc::closed);
        auto [b, m] = co_await in.async_next(use_tuple);
        CHECK(b == errc::closed);
        CHECK(nc.publish("a", "x") == errc::closed);
    };
    f.run(user);
    REQUIRE(runs_out(f.context));
}

TEST_CASE("C10 retry_on_failed_connect: a client may be started before its server") {
    core_fixture f;
    f.server.stop();
    connect_options o = f.options();
    o.retry_on_failed_connect = true;
    client nc(f.context.get_executor(), o);
    subscription in = nc.subscribe("in");
    CHECK_FALSE(nc.publish("in", "held"));
    std::error_code ec = errc::closed;
    bool done = false;
    nc.async_connect([&](std::error_code e) {
        ec = e;
        done = true;
    });
    REQUIRE(f.until([&] { return f.count(event_kind::connect_failed) >= 3; }));
    CHECK_FALSE(done);
    CHECK(nc.state() == client_state::connecting);
    f.server.start();
    REQUIRE(f.until([&] { return done; }));
    CHECK_FALSE(ec);
    auto user = [&]() -> asio::awaitable<void> {
        CHECK((co_await in.async_next()).payload() == "held");
        nc.close();
    };
    f.run(user);
}

TEST_CASE("E5 W15: without retry the first connect ends with the last server's error, and may be repeated") {
    core_fixture f;
    f.server.stop();
    client nc(f.context.get_executor(), f.options());
    auto user = [&]() -> asio::awaitable<void> {
        auto [ec] = co_await nc.async_connect(use_tuple);
        CHECK(ec == std::errc::connection_refused);
        CHECK(ec == condition::transient);
        CHECK(nc.state() == client_state::idle);
    };
    f.run(user);
    f.server.start();
    auto again = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        nc.close();
    };
    f.run(again);
}
