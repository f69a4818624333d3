// What an operation costs in allocations, on the thread that runs the client, once everything is warm.
#include "tests/integration/jetstream_support.hpp"

#include <cstdint>
#include <functional>
#include <memory>

#include "tests/support/alloc_counter.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

constexpr std::uint64_t rounds = 200;

/// Allocations of one round, rounded up; `start` begins a round and calls what it is given at its end.
template <class Start>
std::uint64_t allocations_each(jetstream_fixture& f, Start start) {
    std::uint64_t left = 50 + rounds;
    std::uint64_t before = 0;
    std::uint64_t counted = 0;
    bool failed = false;
    std::function<void(bool)> next = [&](bool ok) {
        failed = failed || !ok;
        if (--left == rounds) before = allocations();
        if (left == 0)
            counted = allocations() - before;
        else
            start([&next](bool good) { next(good); });
    };
    start([&next](bool good) { next(good); });
    REQUIRE(run_until(f.io, [&] { return left == 0; }));
    CHECK_FALSE(failed);
    return (counted + rounds - 1) / rounds;
}

}  // namespace

TEST_CASE("performance 5: an acknowledged publish and a direct get cost few allocations") {
    jetstream_fixture f;
    auto user = [&]() -> asio::awaitable<void> {
        jetstream::stream_config c = f.in_memory("S", {"s"});
        c.allow_direct = true;
        co_await f.js.async_create_stream(c);
    };
    f.run(user);
    const std::string payload(100, 'x');
    const std::uint64_t request = allocations_each(f, [&](auto done) {
        f.nc.async_request("$JS.API.STREAM.MSG.GET.S", "{}", {}, [done](std::error_code ec, const message&) { done(!ec); });
    });
    const std::uint64_t publish = allocations_each(f, [&](auto done) {
        f.js.async_publish("s", payload, {}, [done](std::error_code ec, const jetstream::publish_ack&) { done(!ec); });
    });
    const std::uint64_t expecting = allocations_each(f, [&](auto done) {
        f.js.async_publish("s", payload, {.expected_stream = "S"},
                           [done](std::error_code ec, const jetstream::publish_ack&) { done(!ec); });
    });
    const std::uint64_t get = allocations_each(f, [&](auto done) {
        f.js.async_get_message("S", {.last_by_subject = "s", .direct = true},
                               [done](std::error_code ec, const jetstream::stored_message&) { done(!ec); });
    });
    MESSAGE("allocations: request " << request << ", publish " << publish << ", publish with an expectation " << expecting
                                    << ", direct get " << get);
    CHECK(publish <= request + 1);    // the operation
    CHECK(expecting <= request + 3);  // and its headers
    CHECK(get <= request + 2);        // the operation and its subject
}
