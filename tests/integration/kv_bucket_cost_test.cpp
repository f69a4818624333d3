// What the key-value layer adds to a JetStream request, counted on a real server.
#include "tests/integration/kv_bucket_support.hpp"

#include <doctest/doctest.h>

#include "tests/support/alloc_counter.hpp"

using namespace slipstream;
using test::kv_world;

namespace {

constexpr int repeats = 64;

/// Allocations of one operation in steady state: `start(done)` starts it, `done()` ends it.
template <class Start>
double allocations_of(kv_world& w, Start start) {
    const auto once = [&] {
        bool ended = false;
        start([&ended] { ended = true; });
        REQUIRE(w.run_until([&] { return ended; }));
    };
    for (int i = 0; i < repeats; ++i) once();
    const test::allocation_counter counter;
    for (int i = 0; i < repeats; ++i) once();
    return static_cast<double>(counter.count()) / repeats;
}

}  // namespace

TEST_CASE("performance: a put and a get cost at most two allocations more than the request below them") {
    kv_world w;
    kv::bucket b = w.make("bucket-of-a-usual-name");
    const std::string key = "a.key.of.a.usual.length.node-1234";
    const std::string subject = "$KV.bucket-of-a-usual-name." + key;
    const std::string value(64, 'v');
    w.put(b, key, value);

    const double publish = allocations_of(w, [&](auto done) {
        w.js.async_publish(subject, value, {}, [done](std::error_code ec, const jetstream::publish_ack&) {
            CHECK_FALSE(ec);
            done();
        });
    });
    const double put = allocations_of(w, [&](auto done) {
        b.async_put(key, value, {}, [done](std::error_code ec, kv::revision) {
            CHECK_FALSE(ec);
            done();
        });
    });
    const double update = allocations_of(w, [&](auto done) {
        b.async_update(key, value, kv::revision(1), {}, [done](std::error_code ec, kv::revision) {
            CHECK(ec == kv::errc::revision_mismatch);
            done();
        });
    });
    const double read = allocations_of(w, [&](auto done) {
        jetstream::message_selector last;
        last.last_by_subject = subject;
        last.direct = true;
        w.js.async_get_message("KV_bucket-of-a-usual-name", last, [done](std::error_code ec, const jetstream::stored_message&) {
            CHECK_FALSE(ec);
            done();
        });
    });
    const double get = allocations_of(w, [&](auto done) {
        b.async_get(key, {}, [done](std::error_code ec, const std::optional<kv::entry>& found) {
            CHECK_FALSE(ec);
            CHECK(found.has_value());
            done();
        });
    });
    MESSAGE("allocations: publish " << publish << ", put " << put << ", update " << update << "; read " << read << ", get " << get);
    CHECK(put <= publish + 2);
    CHECK(get <= read + 2);
}
