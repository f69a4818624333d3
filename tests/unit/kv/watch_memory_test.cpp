// A watch whose memory ends while it queues an update ends itself: nothing is passed over, and it can be resumed (H9, I24).
#include <cstdint>
#include <string>
#include <system_error>

#include <doctest/doctest.h>

#include "tests/support/alloc_counter.hpp"
#include "watch_script.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

struct result {
    lines taken;
    std::error_code end;
    kv::cursor position;
    std::uint64_t allocations = 0;
};

/// Two large values, the end of the state, a change, a resync. Allocation number `nth` inside the machine fails.
result watch(std::uint64_t nth) {
    kv::watch_options options;
    options.on_expired = kv::on_expired::resync;
    watch_script s(options, {}, false);
    const std::string value(100'000, 'v');  // a block of its own
    const std::string key_subject = "$KV.b.key";
    result out;
    const allocation_counter counter;
    const failing_allocation failing(nth);
    jetstream::ordered_created facts;
    facts.start = state_sync;
    facts.snapshot = 2;
    facts.stream = &s.stream;
    s.machine.on_created(facts);
    const auto deliver = [&](std::uint64_t sequence) {
        jetstream::delivery_info place;
        place.stream_sequence = sequence;
        static_cast<void>(s.machine.on_message(message_view(key_subject, {}, {}, value), place));
    };
    deliver(1);
    deliver(2);
    s.machine.on_caught_up();
    deliver(3);
    jetstream::ordered_loss loss;
    loss.what = jetstream::ordered_loss::kind::stream_recreated;
    static_cast<void>(s.machine.on_lost(loss));
    out.allocations = counter.count();
    out.end = s.machine.wants_end();
    kv::update u;
    while (s.machine.take(u)) {
        out.taken.push_back(kv::to_string(u.kind()) + (u.is_change() ? std::to_string(u.revision().value()) : std::string()));
        if (u.kind() != kv::update_kind::resync) out.position = s.machine.position();
    }
    return out;
}

}  // namespace

TEST_CASE("H9, I24: every allocation of a queueing watch fails in turn") {
    const result all = watch(UINT64_MAX);
    CHECK(all.taken == lines{"put1", "put2", "initial_done", "put3", "resync"});
    CHECK_FALSE(all.end);
    REQUIRE(all.allocations > 3);
    std::uint64_t ended = 0;
    for (std::uint64_t nth = 1; nth <= all.allocations; ++nth) {
        CAPTURE(nth);
        const result r = watch(nth);
        if (!r.end) {
            CHECK(r.taken == all.taken);
            continue;
        }
        ++ended;
        CHECK(r.end == std::errc::not_enough_memory);
        // What was told before is told, nothing after it, and the position is that of the last one.
        REQUIRE(r.taken.size() < all.taken.size());
        CHECK(r.taken == lines(all.taken.begin(), all.taken.begin() + static_cast<std::ptrdiff_t>(r.taken.size())));
        CHECK(r.position.sequence() == (r.taken.size() == 4 ? 3U : r.taken.size() == 3 ? 2U : 0U));
    }
    CHECK(ended >= 4);
}
