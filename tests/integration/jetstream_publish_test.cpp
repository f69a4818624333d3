// Publishing into streams of a real server.
#include "tests/integration/jetstream_support.hpp"

using namespace slipstream;
using namespace slipstream::test;
using jetstream::publish_ack;
using jetstream::stream_config;
using js_errc = jetstream::errc;

TEST_CASE("spec/jetstream.md 10: a message is acknowledged with its stream and sequence, and is there") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        co_await f.make("S", "s.>");
        header_map headers;
        REQUIRE_FALSE(headers.append("Kind", "test"));
        const publish_ack one = co_await f.js.async_publish("s.1", "hello", {.headers = &headers});
        CHECK(one.stream == "S");
        CHECK(one.sequence == 1);
        CHECK_FALSE(one.duplicate);
        CHECK(one.domain.empty());
        const publish_ack two = co_await f.js.async_publish("s.2", std::string_view("\0\r\n", 3));
        CHECK(two.sequence == 2);
        const jetstream::stored_message m = co_await f.js.async_get_message("S", {.sequence = 1});
        CHECK(m.payload() == "hello");
        CHECK(m.headers().get("Kind") == "test");
    };
    f.run(user);
}

TEST_CASE("L25: a message id is stored once") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        co_await f.make("S", "s");
        const publish_ack first = co_await f.js.async_publish("s", "a", {.msg_id = "id-1"});
        const publish_ack second = co_await f.js.async_publish("s", "b", {.msg_id = "id-1"});
        CHECK(second.sequence == first.sequence);
        CHECK(second.duplicate);
        header_map headers;
        REQUIRE_FALSE(headers.append("Nats-Msg-Id", "id-1"));  // the option replaces it
        const publish_ack third = co_await f.js.async_publish("s", "c", {.headers = &headers, .msg_id = "id-2"});
        CHECK(third.sequence == 2);
        CHECK_FALSE(third.duplicate);
    };
    f.run(user);
}

TEST_CASE("L32 G6: expectations that fail are conflicts, and store nothing") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        co_await f.make("S", "s.*");
        jetstream::error_info info;
        const auto r1 = co_await f.js.async_publish("s.1", "a", {.expected_last_subject_sequence = 0});
        CHECK(r1.sequence == 1);
        auto [exists, a1] = co_await f.js.async_publish("s.1", "b", {.expected_last_subject_sequence = 0, .info = &info}, use_tuple);
        CHECK(exists == js_errc::wrong_last_sequence);
        CHECK(exists == condition::conflict);
        CHECK(info.err_code == 10071);
        CHECK(info.description == "wrong last sequence: 1");
        auto [absent, a2] = co_await f.js.async_publish("s.2", "b", {.expected_last_subject_sequence = 7}, use_tuple);
        CHECK(absent == js_errc::wrong_last_sequence);
        auto [last, a3] = co_await f.js.async_publish("s.1", "b", {.expected_last_sequence = 9}, use_tuple);
        CHECK(last == js_errc::wrong_last_sequence);
        auto [stream, a4] = co_await f.js.async_publish("s.1", "b", {.expected_stream = "OTHER"}, use_tuple);
        CHECK(stream == js_errc::wrong_stream);
        auto [id, a5] = co_await f.js.async_publish("s.1", "b", {.expected_last_msg_id = "nope"}, use_tuple);
        CHECK(id == js_errc::wrong_last_msg_id);
        const publish_ack ok = co_await f.js.async_publish(
            "s.1", "b", {.msg_id = "x", .expected_stream = "S", .expected_last_sequence = 1, .expected_last_subject_sequence = 1});
        CHECK(ok.sequence == 2);
        const auto r2 = co_await f.js.async_publish("s.1", "c", {.expected_last_msg_id = "x"});
        CHECK(r2.sequence == 3);
    };
    f.run(user);
}

TEST_CASE("F20: limits of the stream are errors of their own") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        stream_config full = f.in_memory("FULL", {"full.*"});
        full.max_msgs = 1;
        full.discard = jetstream::discard_policy::new_;
        full.max_msg_size = 100;
        co_await f.js.async_create_stream(full);
        co_await f.js.async_publish("full.1", "x");
        auto [ec, ack] = co_await f.js.async_publish("full.2", "x", {}, use_tuple);
        CHECK(ec == js_errc::store_failed);
        const std::string big(101, 'x');
        auto [too_large, no_ack] = co_await f.js.async_publish("full.1", big, {}, use_tuple);
        CHECK(too_large == js_errc::message_too_large);
        const std::string beyond(1048577, 'x');
        auto [max_payload, none] = co_await f.js.async_publish("full.1", beyond, {}, use_tuple);
        CHECK(max_payload == errc::max_payload);
    };
    f.run(user);
}

TEST_CASE("spec/jetstream.md 11: a time to live") {
    jetstream_fixture f;
    if (!f.at_least(11)) return;
    auto user = [&]() -> asio::awaitable<void> {
        co_await f.make("PLAIN", "plain");
        auto [disabled, none] = co_await f.js.async_publish("plain", "x", {.ttl = 5s}, use_tuple);
        CHECK(disabled == js_errc::ttl_disabled);
        stream_config c = f.in_memory("TTL", {"ttl"});
        c.allow_msg_ttl = true;
        const jetstream::stream_info made = co_await f.js.async_create_stream(c);
        CHECK(made.config.allow_msg_ttl);
        co_await f.js.async_publish("ttl", "x", {.ttl = 1s});
        const jetstream::stored_message m = co_await f.js.async_get_message("TTL", {.sequence = 1});
        CHECK(m.headers().get("Nats-TTL") == "1s");
        std::error_code ec;
        for (int i = 0; i < 100 && !ec; ++i) {
            co_await f.pause(50ms);
            auto [get, gone] = co_await f.js.async_get_message("TTL", {.sequence = 1}, use_tuple);
            ec = get;
        }
        CHECK(ec == js_errc::message_not_found);
    };
    f.run(user);
}

TEST_CASE("spec/jetstream.md 10 (ADR-22): a subject without a stream is tried three times, then no_responders: nothing was stored") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        const stopwatch clock;
        auto [ec, ack] = co_await f.js.async_publish("nobody", "x", {}, use_tuple);
        CHECK(ec == errc::no_responders);
        CHECK(clock.elapsed() >= 500ms);
        auto [soon, none] = co_await f.js.async_publish("nobody", "x", {.timeout = 200ms}, use_tuple);
        CHECK(soon == errc::no_responders);  // known, so not a timeout; and no wait that could not end in time
    };
    f.run(user);
}

TEST_CASE("H10: what waits to be sent again is gone with its event loop, uncalled") {
    jetstream_fixture f;
    const auto held = std::make_shared<int>(0);
    {
        asio::io_context io{1};
        client nc(io.get_executor(), f.options());
        nc.async_connect([&](std::error_code ec) {
            REQUIRE_FALSE(ec);
            jetstream::context(nc).async_publish("nobody", "x", {}, [held](std::error_code, const publish_ack&) { ++*held; });
        });
        for (int i = 0; i < 1000 && nc.stats().in_msgs == 0; ++i) io.run_one_for(10ms);
        CHECK(nc.stats().in_msgs == 1);  // nobody is there
        io.poll();
        CHECK(held.use_count() == 2);
    }
    CHECK(held.use_count() == 1);
    CHECK(*held == 0);
}

TEST_CASE("spec/jetstream.md 10 (ADR-22): a stream that appears meanwhile gets the message") {
    jetstream_fixture f;
    std::error_code ec = errc::timeout;
    publish_ack ack;
    auto user = [&]() -> asio::awaitable<void> {
        bool done = false;
        f.js.async_publish("late", "x", {}, [&](std::error_code e, publish_ack a) { ec = e, ack = std::move(a), done = true; });
        co_await f.pause(50ms);
        CHECK_FALSE(done);
        co_await f.make("LATE", "late");
        while (!done) co_await f.pause(5ms);
    };
    f.run(user);
    CHECK_FALSE(ec);
    CHECK(ack.stream == "LATE");
    CHECK(ack.sequence == 1);
}

TEST_CASE("W13 F2: sent and not answered is outcome_unknown: a stream without acknowledgements, a server that stalls, a server that dies") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        stream_config quiet = f.in_memory("QUIET", {"quiet"});
        quiet.no_ack = true;
        co_await f.js.async_create_stream(quiet);
        auto [no_ack, a1] = co_await f.js.async_publish("quiet", "x", {.timeout = 100ms}, use_tuple);
        CHECK(no_ack == errc::outcome_unknown);
        CHECK(no_ack == condition::outcome_unknown);
        CHECK(no_ack != condition::transient);
        const jetstream::stream_info stored = co_await f.js.async_stream_info("QUIET");
        CHECK(stored.state.messages == 1);  // it was stored all the same

        co_await f.make("S", "s");
        f.server.suspend();
        const stopwatch clock;
        auto [stalled, a2] = co_await f.js.async_publish("s", "x", {.timeout = 150ms}, use_tuple);
        f.server.resume();
        CHECK(stalled == errc::outcome_unknown);
        CHECK(clock.elapsed() >= 150ms);

        f.server.suspend();
        std::error_code died;
        bool done = false;
        f.js.async_publish("s", "x", {}, [&](std::error_code e, const publish_ack&) { died = e, done = true; });
        co_await f.pause(50ms);
        f.server.kill();
        while (!done) co_await f.pause(5ms);
        CHECK(died == errc::outcome_unknown);

        auto [unsent, a3] = co_await f.js.async_publish("s", "x", {.timeout = 150ms}, use_tuple);
        CHECK(unsent == errc::timeout_unsent);  // nothing left this process
        CHECK(unsent != condition::outcome_unknown);
    };
    f.run(user);
}

TEST_CASE("C13 G1: what is published while the server restarts arrives once it is back") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        stream_config c;
        c.name = "S";
        c.subjects = {"s"};
        co_await f.js.async_create_stream(c);
        co_await f.js.async_publish("s", "1");
        f.server.kill();
        while (f.nc.healthy()) co_await f.pause(5ms);
        std::error_code ec = errc::timeout;
        publish_ack ack;
        bool done = false;
        f.js.async_publish("s", "2", {.timeout = 20s}, [&](std::error_code e, publish_ack a) { ec = e, ack = std::move(a), done = true; });
        f.server.start();
        while (!done) co_await f.pause(5ms);
        CHECK_FALSE(ec);
        CHECK(ack.sequence == 2);
    };
    f.run(user);
}

TEST_CASE("W25 L31: a denied publish and a denied API call fail at once") {
    jetstream_fixture f(configured(R"(accounts: { A: { jetstream: enabled, users: [
  { user: all, password: all }
  { user: some, password: some, permissions: { publish: { deny: ["s.secret", "$JS.API.STREAM.DELETE.>"] } } } ] } }
no_auth_user: all)"));
    connect_options o = f.options();
    o.auth = user_password{"some", "some"};
    client other = f.connected(o);
    jetstream::context js(other);
    auto user = [&]() -> asio::awaitable<void> {
        co_await f.make("S", "s.*");
        const auto r3 = co_await js.async_publish("s.open", "x");
        CHECK(r3.sequence == 1);
        auto [ec, ack] = co_await js.async_publish("s.secret", "x", {.timeout = 120s}, use_tuple);
        CHECK(ec == errc::permission_denied);
        CHECK(ec == condition::denied);
        auto [api] = co_await js.async_delete_stream("S", {.timeout = 120s}, use_tuple);
        CHECK(api == errc::permission_denied);
        const auto r4 = co_await js.async_stream_info("S");
        CHECK(r4.state.messages == 1);
        other.close();
    };
    f.run(user);
}

TEST_CASE("L40: hundreds of publishes at once, each with its own acknowledgement") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        co_await f.make("S", "s.*");
        constexpr std::size_t count = 1000;
        std::vector<std::uint64_t> sequences(count);
        std::size_t pending = count;
        for (std::size_t i = 0; i < count; ++i) {
            f.js.async_publish("s." + std::to_string(i), std::to_string(i), {.timeout = 30s},
                               [&, i](std::error_code ec, const publish_ack& ack) {
                                   CHECK_FALSE(ec);
                                   sequences[i] = ack.sequence;
                                   --pending;
                               });
        }
        while (pending > 0) co_await f.pause(2ms);
        for (std::size_t i = 0; i < count; i += 97) {
            const jetstream::stored_message m = co_await f.js.async_get_message("S", {.sequence = sequences[i]});
            CHECK(m.payload() == std::to_string(i));
        }
    };
    f.run(user);
}
