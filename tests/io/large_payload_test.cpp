// Large payloads leave from where they lie while the peer takes them, and are copied only when it does not.
#include <string>
#include <string_view>

#include "tests/io/fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

std::string frame(std::string_view payload) { return "PUB a " + std::to_string(payload.size()) + "\r\n" + std::string(payload) + "\r\n"; }

/// Other bytes at each place, and others for each `seed`.
std::string filled(std::size_t size, unsigned seed) {
    std::string out(size, ' ');
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>('a' + (i * 7 + i / 251 + seed) % 26);
    return out;
}

}  // namespace

TEST_CASE_FIXTURE(io_fixture, "performance.md 5: a large payload leaves at once with what was queued before, and is never in the outbox") {
    client nc(context.get_executor(), options());
    const std::string large = filled(40'000, 1);
    const std::string wanted = frame("first") + frame(large) + frame("last");
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        CHECK((co_await c.bytes(wanted.size()) == wanted));
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        const std::uint64_t before = nc.stats().socket_writes;
        CHECK_FALSE(nc.publish("a", "first"));
        CHECK(nc.stats().socket_writes == before);
        CHECK_FALSE(nc.publish("a", large));
        CHECK(nc.stats().socket_writes == before + 1);
        CHECK(nc.stats().outbox_bytes == 0);
        CHECK(nc.stats().most_outbox_bytes < large.size());
        CHECK_FALSE(nc.publish("a", "last"));
        CHECK(nc.stats().out_msgs == 3);
        CHECK(nc.stats().out_bytes == 9 + large.size());
    };
    play(context, server, user);
}

TEST_CASE_FIXTURE(io_fixture, "I14: what a slow peer does not take of large payloads is kept, and arrives once and in order") {
    client nc(context.get_executor(), options());
    std::string wanted;
    std::size_t stuck = 0;
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        // Nothing is read while the client publishes: both live in one thread.
        co_await c.expect("PUB b 0\r\n\r\n");
        CHECK((co_await c.bytes(wanted.size()) == wanted));
    };
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        CHECK_FALSE(nc.publish("b", ""));
        for (unsigned i = 0; i < 24; ++i) {
            const std::string large = filled(32'768 + i * 10'001, i);
            for (const std::string& payload : {large, std::to_string(i)}) {
                CHECK_FALSE(nc.publish("a", payload));
                wanted += frame(payload);
            }
            if (nc.stats().outbox_bytes > 32'768) ++stuck;
        }
        CHECK(stuck > 0);
    };
    play(context, server, user);
}

TEST_CASE_FIXTURE(io_fixture, "a handler answers with a large payload while the client is parsing") {
    client nc(context.get_executor(), options());
    const std::string large = filled(100'000, 2);
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.handshake();
        co_await c.expect("SUB q 1\r\n");
        co_await c.send("MSG q 1 2\r\nhi\r\nMSG q 1 2\r\nhi\r\n");
        const std::string wanted = frame(large) + frame(large);
        CHECK((co_await c.bytes(wanted.size()) == wanted));
    };
    std::optional<subscription> questions;
    auto user = [&]() -> asio::awaitable<void> {
        co_await nc.async_connect();
        questions = nc.subscribe("q", [&](const message_view&) { CHECK_FALSE(nc.publish("a", large)); });
    };
    play(context, server, user);
}
