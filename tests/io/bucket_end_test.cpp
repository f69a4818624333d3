// A bucket and its watches at the end of their client and of their event loop: single moments that the rounds of destroy_test.cpp
// have found.
#include <deque>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include <doctest/doctest.h>

#include <slipstream/client.hpp>
#include <slipstream/jetstream/context.hpp>
#include <slipstream/kv/bucket.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include "tests/io/small_bucket.hpp"
#include "tests/support/scripted_peer.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

struct bucket_world {
    bucket_world() {
        loop.emplace(1);
        peer.emplace(*loop);
        asio::co_spawn(*loop, serve_bucket(), asio::detached);
        connect_options o;
        o.servers = {peer->url()};
        nc.emplace(loop->get_executor(), std::move(o));
        js.emplace(*nc);
        kv::async_open_bucket(*js, "b", {}, [this](std::error_code ec, const kv::bucket& opened) {
            REQUIRE_FALSE(ec);
            bucket.emplace(opened);
        });
        nc->async_connect([](std::error_code ec) { REQUIRE_FALSE(ec); });
        REQUIRE(run_until(*loop, [this] { return bucket.has_value(); }));
    }
    asio::awaitable<void> serve_bucket() {
        peer_connection c = co_await peer->accept();
        co_await c.handshake();
        peer_answers answers = small_bucket();
        co_await serve(c, std::move(answers));
    }

    std::optional<asio::io_context> loop;
    std::optional<scripted_peer> peer;
    std::optional<client> nc;
    std::optional<jetstream::context> js;
    std::optional<kv::bucket> bucket;
};

}  // namespace

TEST_CASE_FIXTURE(bucket_world, "H10 E9: cancelling what ended with its event loop finds nothing, whatever is left of the handles") {
    std::deque<asio::cancellation_signal> signals;
    int calls = 0;
    const auto with_signal = [&] {
        signals.emplace_back();
        return asio::bind_cancellation_slot(signals.back().slot(), [&calls](std::error_code, auto&&...) { ++calls; });
    };
    kv::watch watch = bucket->watch();
    js->async_stream_info("OTHER", {}, with_signal());
    bucket->async_get("k", {}, with_signal());
    bucket->async_create("k", "v", {}, with_signal());
    bucket->async_keys({}, {}, with_signal());
    bucket->async_history("k", {}, with_signal());
    watch.async_next(with_signal());
    SUBCASE("before anything was sent") {}
    SUBCASE("while it waits") {
        for (int i = 0; i < 2; ++i) static_cast<void>(loop->poll_one());
    }
    SUBCASE("handles first") {
        nc.reset();
        js.reset();
        bucket.reset();
    }
    const int before = calls;
    peer.reset();
    loop.reset();
    for (asio::cancellation_signal& s : signals) s.emit(asio::cancellation_type::terminal);
    CHECK(calls == before);
}

TEST_CASE_FIXTURE(bucket_world, "H4 H2: a watch's handler that closes the client is not called again, also when more has already come") {
    int told = 0;
    kv::watch_handler handler = [&](const kv::update_view&) {
        ++told;
        nc->close();
    };
    const kv::watch watch = bucket->watch({}, std::move(handler));
    REQUIRE(run_until(*loop, [&] { return watch.is_ended(); }));
    CHECK(told == 1);  // of three values and initial_done, which come with the consumer
    CHECK(watch.end_reason() == errc::closed);
}
