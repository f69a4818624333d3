// Publish, subscribe, request: what arrives is what was sent.
#include <numeric>

#include "tests/integration/core_fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

struct connected : core_fixture {
    explicit connected(std::string config = {}) : core_fixture(std::move(config)), nc(make()) {}
    ~connected() {
        nc.close();
        CHECK(runs_out(context));
    }
    client make() { return make(options()); }
    client make(const connect_options& o) {
        client out(context.get_executor(), o);
        auto user = [&]() -> asio::awaitable<void> { co_await out.async_connect(); };
        run(user);
        return out;
    }
    client nc;
};

std::string bytes(std::size_t n) {
    std::string out(n, '\0');
    std::uint32_t x = 12345;
    for (char& c : out) {
        x = x * 1664525 + 1013904223;
        c = static_cast<char>(x >> 24);
    }
    return out;
}

}  // namespace

TEST_CASE("D13 I11: messages arrive once, in order, with subject, reply and payload as sent; wildcards match") {
    connected f;
    subscription all = f.nc.subscribe("orders.>");
    subscription one = f.nc.subscribe("orders.*.new");
    auto user = [&]() -> asio::awaitable<void> {
        CHECK_FALSE(f.nc.publish("orders.eu.new", "1", {.reply_to = "answers.here"}));
        CHECK_FALSE(f.nc.publish("orders.eu", "2"));
        CHECK_FALSE(f.nc.publish("orders.us.new", ""));
        CHECK_FALSE(f.nc.publish("others", "no"));
        CHECK_FALSE(f.nc.publish("orders.\xc3\xa9.new", std::string("\0\r\nPING\r\n", 9)));
        co_await f.nc.async_flush();
        CHECK(all.pending_messages() == 4);
        CHECK(one.pending_messages() == 3);
        message m;
        REQUIRE(all.try_next(m));
        CHECK(m.subject() == "orders.eu.new");
        CHECK(m.reply_to() == "answers.here");
        CHECK(m.payload() == "1");
        CHECK(m.headers().empty());
        REQUIRE(all.try_next(m));
        CHECK(m.subject() == "orders.eu");
        CHECK(m.reply_to().empty());
        REQUIRE(all.try_next(m));
        CHECK(m.payload().empty());
        REQUIRE(all.try_next(m));
        CHECK(m.subject() == "orders.\xc3\xa9.new");
        CHECK(m.payload() == std::string_view("\0\r\nPING\r\n", 9));
        CHECK_FALSE(all.try_next(m));
    };
    f.run(user);
    CHECK(all.received() == 4);
    CHECK(all.dropped() == 0);
}

TEST_CASE("D13: headers arrive as sent, in order and with duplicates, also without a payload") {
    connected f;
    subscription in = f.nc.subscribe("in");
    header_map headers;
    CHECK_FALSE(headers.append("Name", "one"));
    CHECK_FALSE(headers.append("name", "two words: and a colon"));
    CHECK_FALSE(headers.append("Name", ""));
    const std::vector<std::string> payloads{"payload", ""};
    auto user = [&]() -> asio::awaitable<void> {
        CHECK_FALSE(f.nc.publish("in", "payload", {.headers = &headers}));
        CHECK_FALSE(f.nc.publish("in", "", {.headers = &headers}));
        for (const std::string& payload : payloads) {
            const message m = co_await in.async_next();
            CHECK(m.payload() == payload);
            CHECK(m.headers().get("Name") == "one");
            CHECK(m.headers().get_last("Name") == "");
            CHECK(m.headers().get("name") == "two words: and a colon");
            CHECK_FALSE(m.headers().get("NAME"));
            CHECK(m.status() == 0);
        }
    };
    f.run(user);
}

TEST_CASE("D13: a queue group shares, plain subscriptions all get everything, and no_echo keeps own messages out") {
    connected f;
    subscription first = f.nc.subscribe("work", {.queue_group = "group"});
    subscription second = f.nc.subscribe("work", {.queue_group = "group"});
    subscription other = f.nc.subscribe("work", {.queue_group = "another"});
    subscription plain = f.nc.subscribe("work");
    connect_options quiet = f.options();
    quiet.no_echo = true;
    client silent = f.make(quiet);
    subscription own = silent.subscribe("work");
    auto user = [&]() -> asio::awaitable<void> {
        co_await silent.async_flush();
        for (int i = 0; i < 200; ++i) CHECK_FALSE(f.nc.publish("work", "x"));
        co_await f.nc.async_flush();
        CHECK(first.received() + second.received() == 200);
        CHECK(first.received() > 0);
        CHECK(second.received() > 0);
        CHECK(other.received() == 200);
        CHECK(plain.received() == 200);
        CHECK_FALSE(silent.publish("work", "x"));
        co_await silent.async_flush();
        co_await f.nc.async_flush();
        CHECK(plain.received() == 201);
        co_await silent.async_flush();
        CHECK(own.received() == 200);
    };
    f.run(user);
    silent.close();
}

TEST_CASE("E3 E5 E8: requests are answered, refused without responders, and time out; prefixes are used") {
    connected f;
    const subscription service = f.nc.subscribe("svc", [&](const message_view& m) {
        CHECK(m.reply_to().starts_with("_INBOX."));
        CHECK_FALSE(f.nc.publish(m.reply_to(), "reply to " + std::string(m.payload())));
        CHECK_FALSE(f.nc.publish(m.reply_to(), "a second one"));
    });
    const subscription mute = f.nc.subscribe("mute", [](const message_view&) {});
    auto user = [&]() -> asio::awaitable<void> {
        const message reply = co_await f.nc.async_request("svc", "me");
        CHECK(reply.payload() == "reply to me");
        auto [none, m] = co_await f.nc.async_request("nobody.there", "", {}, use_tuple);
        CHECK(none == errc::no_responders);
        const auto start = std::chrono::steady_clock::now();
        auto [late, m2] = co_await f.nc.async_request("mute", "", {.timeout = 60ms}, use_tuple);
        CHECK(late == errc::timeout);
        CHECK(late == condition::timed_out);
        CHECK(std::chrono::steady_clock::now() - start >= 60ms);
        auto [wrong, m3] = co_await f.nc.async_request("mute", "", {.timeout = -1ms}, use_tuple);
        CHECK(wrong == errc::invalid_option);
        co_await f.nc.async_flush();
        CHECK(f.nc.stats().pending_requests == 0);
        CHECK(f.nc.stats().orphaned_msgs >= 1);  // the second reply

        connect_options o = f.options();
        o.inbox_prefix = "_my.boxes";
        client other(f.context.get_executor(), o);
        subscription seen = other.subscribe("look");
        co_await other.async_connect();
        CHECK(other.new_inbox().starts_with("_my.boxes."));
        CHECK(other.new_inbox() != other.new_inbox());
        other.async_request("look", "", {.timeout = 50ms}, [](std::error_code, message) {});
        const message look = co_await seen.async_next();
        CHECK(look.reply_to().starts_with("_my.boxes."));
        other.close();
    };
    f.run(user);
}

TEST_CASE("E3: a thousand requests at once each get their own reply") {
    connected f;
    const subscription service =
        f.nc.subscribe("svc", [&](const message_view& m) { CHECK_FALSE(f.nc.publish(m.reply_to(), m.payload())); });
    int right = 0;
    int done = 0;
    for (int i = 0; i < 1000; ++i) {
        f.nc.async_request("svc", std::to_string(i), {}, [&right, &done, i](std::error_code ec, message m) {
            right += !ec && m.payload() == std::to_string(i) ? 1 : 0;
            ++done;
        });
    }
    REQUIRE(f.until([&] { return done == 1000; }));
    CHECK(right == 1000);
}

TEST_CASE("I12 C16: auto-unsubscribe delivers exactly its count") {
    connected f;
    subscription five = f.nc.subscribe("in", {.max_messages = 5});
    subscription later = f.nc.subscribe("in");
    auto user = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i) CHECK_FALSE(f.nc.publish("in", "x"));
        co_await f.nc.async_flush();
        CHECK_FALSE(later.unsubscribe(4));
        for (int i = 0; i < 7; ++i) CHECK_FALSE(f.nc.publish("in", "x"));
        co_await f.nc.async_flush();
        CHECK(five.received() == 5);
        CHECK(five.is_closed());
        CHECK(later.received() == 4);
        CHECK(later.is_closed());
        message m;
        for (int i = 0; i < 5; ++i) CHECK(five.try_next(m));
        auto [ec, none] = co_await five.async_next(use_tuple);
        CHECK(ec == errc::subscription_closed);
    };
    f.run(user);
    CHECK(f.nc.stats().orphaned_msgs == 0);
}

TEST_CASE("A8 D14: payloads up to max_payload arrive whole, larger ones are refused before a byte is sent") {
    connected f;
    subscription in = f.nc.subscribe("in");
    const auto limit = static_cast<std::size_t>(f.nc.server_info().max_payload);
    const std::vector<std::size_t> sizes{0, 1, 4095, 70'000, limit - 1, limit};
    auto user = [&]() -> asio::awaitable<void> {
        for (const std::size_t size : sizes) {
            const std::string sent = bytes(size);
            CHECK_FALSE(f.nc.publish("in", sent));
            const message m = co_await in.async_next();
            CHECK(m.payload() == sent);
        }
        CHECK(f.nc.publish("in", bytes(limit + 1)) == errc::max_payload);
        header_map headers;
        CHECK_FALSE(headers.append("a", "b"));
        CHECK(f.nc.publish("in", bytes(limit - 5), {.headers = &headers}) == errc::max_payload);
        auto [ec, m] = co_await f.nc.async_request("in", bytes(limit + 1), {}, use_tuple);
        CHECK(ec == errc::max_payload);
        CHECK(f.nc.healthy());
    };
    f.run(user);
    CHECK(f.count(event_kind::disconnected) == 0);
}

TEST_CASE("A8, D11: a server with a larger max_payload is believed, and messages larger than the whole outbox arrive whole") {
    connected f("max_payload: 12582912\nmax_pending: 67108864");
    CHECK(f.nc.server_info().max_payload == 12582912);
    subscription in = f.nc.subscribe("in");
    const std::string sent = bytes(12'582'912);
    CHECK(sent.size() > f.options().outbox_bytes);
    auto user = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i) {
            CHECK_FALSE(f.nc.publish("in", sent));
            const message m = co_await in.async_next();
            CHECK((m.payload() == sent));
        }
    };
    f.run(user);
}

TEST_CASE("L38: a line as long as the server takes arrives, a longer one is refused before a byte is sent") {
    connected f;
    subscription in = f.nc.subscribe("s.>");
    // What follows "PUB " and "HPUB " makes 4096 bytes.
    const std::string longest = "s." + std::string(4096 - 2 - 2, 'x');
    const std::string with_headers = "s." + std::string(4096 - 2 - 6, 'x');
    header_map headers;
    REQUIRE_FALSE(headers.append("a", "b"));
    auto user = [&]() -> asio::awaitable<void> {
        CHECK_FALSE(f.nc.publish(longest, "1"));
        CHECK((co_await in.async_next()).subject() == longest);
        CHECK_FALSE(f.nc.publish(with_headers, "1", {.headers = &headers}));
        CHECK((co_await in.async_next()).subject() == with_headers);
    };
    f.run(user);
    CHECK(f.nc.publish(longest + "x", "1") == errc::max_control_line);
    CHECK(f.nc.publish(longest, "12345678901") == errc::max_control_line);  // one digit more
    CHECK(f.nc.publish(with_headers + "x", "1", {.headers = &headers}) == errc::max_control_line);
    CHECK(f.nc.publish("s.a", "1", {.reply_to = longest}) == errc::max_control_line);
    std::error_code ec;
    static_cast<void>(f.nc.subscribe(longest, subscribe_options{}, ec));
    CHECK(ec == errc::max_control_line);
    auto request = [&]() -> asio::awaitable<void> {
        const auto [refused, m] = co_await f.nc.async_request(longest, "1", {}, use_tuple);
        CHECK(refused == errc::max_control_line);
        CHECK(f.nc.healthy());
    };
    f.run(request);
    CHECK(f.count(event_kind::disconnected) == 0);
}

TEST_CASE("L38: a server that takes longer lines is used to the full when the option says so") {
    connected f("max_control_line: 16384");
    connect_options o = f.options();
    o.max_control_line = 16384;
    client nc = f.make(o);
    const std::string subject = "s." + std::string(10'000, 'x');
    subscription in = nc.subscribe(subject);
    auto user = [&]() -> asio::awaitable<void> {
        CHECK_FALSE(nc.publish(subject, "1"));
        CHECK((co_await in.async_next()).subject() == subject);
    };
    f.run(user);
    nc.close();
}

TEST_CASE("D1 D2: a subscription that is not read drops the newest, counts them, and disturbs nobody") {
    connected f;
    subscription small = f.nc.subscribe("in", {.pending_messages = 10});
    subscription all = f.nc.subscribe("in");
    auto user = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 100; ++i) CHECK_FALSE(f.nc.publish("in", std::to_string(i)));
        co_await f.nc.async_flush();
        CHECK(small.received() == 100);
        CHECK(small.dropped() == 90);
        CHECK(small.pending_messages() == 10);
        CHECK(all.pending_messages() == 100);
        message m;
        REQUIRE(small.try_next(m));
        CHECK(m.payload() == "0");
    };
    f.run(user);
    CHECK(f.count(event_kind::slow_consumer) == 1);
    CHECK(f.nc.stats().dropped_msgs == 90);
}

TEST_CASE("performance.md row 5: publishing flat out to oneself ends without a disconnect, and loses nothing") {
    connected f;
    constexpr std::uint64_t messages = 300'000;
    std::uint64_t received = 0;
    const subscription in = f.nc.subscribe("in", [&](const message_view&) { ++received; });
    const std::string payload(128, 'p');
    auto user = [&]() -> asio::awaitable<void> {
        for (std::uint64_t i = 0; i < messages;) {
            const std::error_code ec = f.nc.publish("in", payload);
            if (!ec) {
                ++i;
            } else {
                REQUIRE(ec == errc::buffer_full);
                co_await f.nc.async_flush();
            }
        }
        co_await f.nc.async_flush({.timeout = 30s});
    };
    f.run(user);
    CHECK(received == messages);
    CHECK(f.count(event_kind::disconnected) == 0);
}
