// What the server denies is told to exactly those it concerns.
#include "tests/integration/core_fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

constexpr const char* restricted = R"(
authorization {
  users: [
    { user: "limited", password: "p",
      permissions: {
        publish: { allow: ["ok.>", "_INBOX.>"] },
        subscribe: { allow: ["ok.>", "_INBOX.>", "shared workers"] }
      } }
  ]
}
)";

struct limited : core_fixture {
    limited() : core_fixture(restricted), nc(context.get_executor(), as_limited()) {
        auto user = [&]() -> asio::awaitable<void> { co_await nc.async_connect(); };
        run(user);
    }
    ~limited() {
        CHECK(nc.healthy());  // no permission error ends a connection
        nc.close();
        CHECK(runs_out(context));
    }
    connect_options as_limited() {
        connect_options o = options();
        o.auth = user_password{"limited", "p"};
        return o;
    }
    client nc;
};

}  // namespace

TEST_CASE_FIXTURE(limited, "W25 E6: a request that may not be published fails at once, others on other subjects do not") {
    const subscription service = nc.subscribe("ok.svc", [this](const message_view& m) { CHECK_FALSE(nc.publish(m.reply_to(), "fine")); });
    auto user = [&]() -> asio::awaitable<void> {
        std::error_code denied;
        std::error_code answered = errc::closed;
        int done = 0;
        nc.async_request("not.ok", "x", {.timeout = 120s}, [&](std::error_code ec, message) {
            denied = ec;
            ++done;
        });
        nc.async_request("ok.svc", "x", {.timeout = 120s}, [&](std::error_code ec, message) {
            answered = ec;
            ++done;
        });
        while (done < 2) co_await asio::post(context, asio::use_awaitable);
        CHECK(denied == errc::permission_denied);
        CHECK(denied == condition::denied);
        CHECK_FALSE(answered);
    };
    run(user);
}

TEST_CASE_FIXTURE(limited, "E6: a denied publish nobody waits for is an event that names the subject") {
    auto user = [&]() -> asio::awaitable<void> {
        CHECK_FALSE(nc.publish("not.ok", "x"));
        co_await nc.async_flush();
        const event& e = first(event_kind::server_error);
        CHECK(e.error == errc::permission_denied);
        CHECK(e.subject == "not.ok");
        CHECK(e.detail.find("Permissions Violation") != std::string::npos);
    };
    run(user);
}

TEST_CASE_FIXTURE(limited, "D10: a denied subscription ends with the reason, and the others live") {
    subscription bad = nc.subscribe("secret");
    subscription good = nc.subscribe("ok.in");
    subscription plain = nc.subscribe("shared");
    subscription grouped = nc.subscribe("shared", {.queue_group = "workers"});
    auto user = [&]() -> asio::awaitable<void> {
        auto [ec, none] = co_await bad.async_next(use_tuple);
        CHECK(ec == errc::permission_denied);
        CHECK(bad.is_closed());
        auto [ec2, none2] = co_await plain.async_next(use_tuple);
        CHECK(ec2 == errc::permission_denied);
        co_await nc.async_flush();
        CHECK_FALSE(good.is_closed());
        CHECK_FALSE(grouped.is_closed());
        CHECK_FALSE(nc.publish("ok.in", "x"));
        CHECK((co_await good.async_next()).payload() == "x");
    };
    run(user);
}

TEST_CASE("D10: rights taken away by a reload end exactly the subscriptions they concern") {
    const auto config = [](std::string_view allowed) {
        return R"(authorization { users: [ { user: "u", password: "p", permissions: { publish: ">", subscribe: { allow: [)" +
               std::string(allowed) + R"(] } } } ] })";
    };
    core_fixture f(config(R"("a", "b", "_INBOX.>")"));
    connect_options o = f.options();
    o.auth = user_password{"u", "p"};
    client nc(f.context.get_executor(), o);
    subscription a = nc.subscribe("a");
    subscription b = nc.subscribe("b");
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        co_await nc.async_flush();
        f.server.reload(config(R"("a", "_INBOX.>")"));
        auto [ec, none] = co_await b.async_next(use_tuple);
        CHECK(ec == errc::permission_denied);
        CHECK(b.is_closed());
        CHECK_FALSE(a.is_closed());
        CHECK_FALSE(nc.publish("a", "still"));
        CHECK((co_await a.async_next()).payload() == "still");
        nc.close();
    };
    f.run(user);
}

TEST_CASE("D10: a server that takes no more subscriptions fails the one that was too many") {
    core_fixture f("max_subscriptions: 2");
    client nc(f.context.get_executor(), f.options());
    subscription a = nc.subscribe("a");
    subscription b = nc.subscribe("b");
    subscription c = nc.subscribe("c");
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        auto [ec, none] = co_await c.async_next(use_tuple);
        CHECK(ec == errc::max_subscriptions);
        CHECK_FALSE(a.is_closed());
        CHECK_FALSE(b.is_closed());
        CHECK(nc.healthy());
        nc.close();
    };
    f.run(user);
}
