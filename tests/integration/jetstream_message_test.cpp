// Reading messages of a stream on a real server.
#include "tests/integration/jetstream_support.hpp"

using namespace slipstream;
using namespace slipstream::test;
using jetstream::message_selector;
using jetstream::stored_message;
using jetstream::stream_config;
using js_errc = jetstream::errc;

namespace {

/// A stream that allows direct reads, with four messages.
asio::awaitable<void> make_messages(jetstream_fixture& f) {
    stream_config c = f.in_memory("S", {"s.>"});
    c.allow_direct = true;
    co_await f.js.async_create_stream(c);
    header_map headers;
    REQUIRE_FALSE(headers.append("Kind", "first"));
    co_await f.js.async_publish("s.a", "one", {.headers = &headers});
    co_await f.js.async_publish("s.a", std::string_view("t\0w\r\no", 6));
    co_await f.js.async_publish("s.b", "");
    header_map forged;
    for (const auto& [name, value] :
         {std::pair("Nats-Sequence", "999"), std::pair("Nats-Subject", "evil"), std::pair("Nats-Time-Stamp", "1999-01-01T00:00:00Z")}) {
        REQUIRE_FALSE(forged.append(name, value));
    }
    co_await f.js.async_publish("s.forged", "f", {.headers = &forged});
}

}  // namespace

TEST_CASE("L41 spec/jetstream.md 9: by sequence and by subject, from the leader and directly, with the same result") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        co_await make_messages(f);
        stored_message of_leader;
        for (const bool direct : {false, true}) {
            CAPTURE(direct);
            stored_message m = co_await f.js.async_get_message("S", {.sequence = 1, .direct = direct});
            CHECK(m.subject() == "s.a");
            CHECK(m.sequence() == 1);
            CHECK(m.payload() == "one");
            CHECK(m.headers().get("Kind") == "first");
            if (!direct) of_leader = std::move(m);
            else CHECK(m.time() == of_leader.time());

            m = co_await f.js.async_get_message("S", {.last_by_subject = "s.a", .direct = direct});
            CHECK(m.sequence() == 2);
            CHECK(m.payload() == std::string_view("t\0w\r\no", 6));
            const auto age = std::chrono::system_clock::now() - m.time();
            CHECK(age > -60s);
            CHECK(age < 60s);

            m = co_await f.js.async_get_message("S", {.last_by_subject = "s.b", .direct = direct});
            CHECK(m.sequence() == 3);
            CHECK(m.payload().empty());

            m = co_await f.js.async_get_message("S", {.last_by_subject = "s.>", .direct = direct});
            CHECK(m.subject() == "s.forged");
            CHECK(m.sequence() == 4);  // what the publisher wrote does not count
            CHECK(m.headers().get("Nats-Sequence") == "999");
        }
    };
    f.run(user);
}

TEST_CASE("A22: what is not there: message, stream, direct access") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        co_await make_messages(f);
        for (const bool direct : {false, true}) {
            CAPTURE(direct);
            auto [by_sequence, a] = co_await f.js.async_get_message("S", {.sequence = 99, .direct = direct}, use_tuple);
            CHECK(by_sequence == js_errc::message_not_found);
            CHECK(by_sequence == condition::not_found);
            jetstream::error_info info;
            auto [by_subject, b] =
                co_await f.js.async_get_message("S", {.last_by_subject = "s.none", .direct = direct, .info = &info}, use_tuple);
            CHECK(by_subject == js_errc::message_not_found);
            CHECK(info.code == 404);
            CHECK_FALSE(info.description.empty());
        }
        auto [no_stream, c] = co_await f.js.async_get_message("NOPE", {.sequence = 1}, use_tuple);
        CHECK(no_stream == js_errc::stream_not_found);
        auto [no_direct_stream, d] = co_await f.js.async_get_message("NOPE", {.sequence = 1, .direct = true}, use_tuple);
        CHECK(no_direct_stream == errc::no_responders);
        co_await f.make("LEADER", "leader");
        co_await f.js.async_publish("leader", "x");
        auto [no_direct, e] = co_await f.js.async_get_message("LEADER", {.sequence = 1, .direct = true}, use_tuple);
        CHECK(no_direct == errc::no_responders);
        const auto r1 = co_await f.js.async_get_message("LEADER", {.sequence = 1});
        CHECK(r1.payload() == "x");
    };
    f.run(user);
}

TEST_CASE("spec/kv.md 1: a subject that is too long for the protocol line is read all the same") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        co_await make_messages(f);
        const std::string subject = "s." + std::string(3000, 'x');
        co_await f.js.async_publish(subject, "long");
        for (const bool direct : {false, true}) {
            const stored_message m = co_await f.js.async_get_message("S", {.last_by_subject = subject, .direct = direct});
            CHECK(m.payload() == "long");
            CHECK(m.subject() == subject);
        }
        CHECK(f.nc.stats().reconnects == 0);
    };
    f.run(user);
}

TEST_CASE("D13: large messages") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        co_await make_messages(f);
        std::string big(900'000, '\0');
        for (std::size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 7);
        co_await f.js.async_publish("s.big", big);
        for (const bool direct : {false, true}) {
            const stored_message m = co_await f.js.async_get_message("S", {.last_by_subject = "s.big", .direct = direct});
            CHECK(m.payload() == big);
        }
    };
    f.run(user);
}
