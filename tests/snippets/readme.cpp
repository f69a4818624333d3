// The snippets of README.md, to the letter (tests/lint compares them), run against a real server.

#include <chrono>
#include <future>
#include <iostream>
#include <sstream>
#include <string>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>
#include <doctest/doctest.h>

#include <slipstream/client.hpp>
#include <slipstream/jetstream/context.hpp>
#include <slipstream/kv/bucket.hpp>

#include "tests/support/nats_server.hpp"

using namespace std::chrono_literals;

// --- from README.md ---
asio::awaitable<void> greet(slipstream::client nc) {
    slipstream::subscription greetings = nc.subscribe("greet.*");
    nc.publish("greet.joe", "hello");
    slipstream::message m = co_await greetings.async_next();
    std::cout << m.subject() << ": " << m.payload() << '\n';
}

asio::awaitable<void> ask(slipstream::client nc) {
    auto [ec, reply] = co_await nc.async_request("price.EURUSD", "", {.timeout = 200ms}, slipstream::use_tuple);
    if (ec == slipstream::errc::no_responders) std::cout << "nobody answers\n";
    else if (ec) std::cout << ec.message() << '\n';
    else std::cout << reply.payload() << '\n';
}

slipstream::connect_options logged_in(std::function<void(std::string nonce, slipstream::signature_reply)> sign_with_hsm) {
    slipstream::connect_options o;
    o.auth = slipstream::creds_file{"~/user.creds"};         // read again for every connection
    if (sign_with_hsm) o.auth = slipstream::nkey_signer{"UAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3RLKK", sign_with_hsm};
    return o;
}

slipstream::connect_options encrypted() {
    slipstream::connect_options o;
    o.servers = {"tls://nats.example:4222"};
    o.tls.ca_file = "ca.pem";        // absent: the system's
    o.tls.cert_file = "client.pem";  // where the server demands one; the key is in key_file, or in the same file
    return o;
}

asio::awaitable<void> record(slipstream::jetstream::context js) {
    const slipstream::jetstream::stream_config orders{.name = "ORDERS", .subjects = {"orders.>"}};
    co_await js.async_create_stream(orders);
    auto first = co_await js.async_publish("orders.new", "1 apple", {.msg_id = "order-1"});
    co_await js.async_publish("orders.new", "2 pears", {.expected_last_sequence = first.sequence});
}

asio::awaitable<void> configure(slipstream::jetstream::context js) {
    const slipstream::kv::bucket_config config{.bucket = "config"};
    slipstream::kv::bucket bucket = co_await slipstream::kv::async_get_or_create_bucket(js, config);
    slipstream::kv::revision stored = co_await bucket.async_put("router.limit", "100");
    co_await bucket.async_update("router.limit", "200", stored);
    auto [ec, ignored] = co_await bucket.async_update("router.limit", "300", stored, {}, slipstream::use_tuple);
    if (ec == slipstream::kv::errc::revision_mismatch) std::cout << "somebody was faster\n";
}

asio::awaitable<slipstream::kv::cursor> follow(slipstream::kv::bucket bucket, slipstream::kv::cursor from) {
    slipstream::kv::watch changes = bucket.watch("router.", {.from = from});
    for (;;) {
        slipstream::kv::update u = co_await changes.async_next();
        if (u.kind() == slipstream::kv::update_kind::initial_done) co_return changes.position();
        std::cout << u.key() << (u.is_delete() ? " is gone" : " = " + u.value()) << '\n';
    }
}
// --- end ---

namespace {

// Connects, runs one snippet, closes; gives what it printed.
template <class Snippet>
std::string printed(slipstream::test::nats_server& server, Snippet snippet) {
    std::ostringstream text;
    std::streambuf* const saved = std::cout.rdbuf(text.rdbuf());
    asio::io_context io;
    slipstream::connect_options options;
    options.servers = {server.url()};
    slipstream::client nc(io.get_executor(), options);
    auto connected = nc.async_connect(asio::use_future);
    auto body = [&]() -> asio::awaitable<void> {
        co_await snippet(nc);
        nc.close();
    };
    std::exception_ptr failure;
    asio::co_spawn(io, body(), [&](const std::exception_ptr& e) {
        failure = e;
        nc.close();
    });
    io.run();
    std::cout.rdbuf(saved);
    connected.get();
    if (failure) std::rethrow_exception(failure);
    return text.str();
}

}  // namespace

TEST_CASE("README: the five snippets compile, run and print what they promise") {
    slipstream::test::nats_server server;
    CHECK(printed(server, [](slipstream::client nc) { return greet(nc); }) == "greet.joe: hello\n");
    CHECK(printed(server, [](slipstream::client nc) { return ask(nc); }) == "nobody answers\n");
    CHECK(printed(server, [](slipstream::client nc) { return record(slipstream::jetstream::context(nc)); }).empty());
    CHECK(printed(server, [](slipstream::client nc) { return configure(slipstream::jetstream::context(nc)); }) == "somebody was faster\n");

    slipstream::kv::cursor position;
    const auto follow_from = [&position](slipstream::client nc, bool erase) -> asio::awaitable<void> {
        const slipstream::jetstream::context js(nc);
        slipstream::kv::bucket bucket = co_await slipstream::kv::async_open_bucket(js, "config");
        if (erase) co_await bucket.async_erase("router.limit");
        position = co_await follow(bucket, position);
    };
    CHECK(printed(server, [&](slipstream::client nc) { return follow_from(nc, false); }) == "router.limit = 200\n");
    CHECK(printed(server, [&](slipstream::client nc) { return follow_from(nc, true); }) == "router.limit is gone\n");
}

TEST_CASE("README: logins as shown are valid options") {
    asio::io_context io;
    const slipstream::client with_file(io.get_executor(), logged_in(nullptr));
    CHECK(std::holds_alternative<slipstream::creds_file>(with_file.options().auth));
    slipstream::client with_signer(io.get_executor(), logged_in([](const std::string&, const slipstream::signature_reply&) {}));
    CHECK_FALSE(with_signer.publish("a", "held"));
    with_signer.close();
}

TEST_CASE("README: TLS as shown demands a CA that can be read") {
    asio::io_context io;
    slipstream::client nc(io.get_executor(), encrypted());
    CHECK(nc.options().tls.ca_file == "ca.pem");
    CHECK_FALSE(nc.publish("a", "held"));  // the options are valid
    nc.close();
}
