#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "protocol/session/outbox.hpp"
#include "protocol/wire/encoder.hpp"
#include "tests/support/alloc_counter.hpp"
#include "tests/unit/session/outbox_transport.hpp"

namespace slipstream::session {
namespace {

using namespace test;

TEST_CASE("C25: queueing and writing allocates nothing in steady state") {
    outbox box(plenty);
    box.release(release_all);
    const std::string payload(128, 'x');
    const auto turn = [&] {
        for (int i = 0; i < 100; ++i) wire::encode_pub(box.user_frames(), "some.subject", "", payload);
        box.on_written(box.pending().size() / 2);
        for (int i = 0; i < 100; ++i) wire::encode_pub(box.user_frames(), "some.subject", "", payload);
        while (!box.pending().empty()) box.on_written(box.pending().size());
    };
    for (int i = 0; i < 5; ++i) turn();
    const test::allocation_counter counter;
    for (int i = 0; i < 100; ++i) turn();
    CHECK(counter.count() == 0);
}

TEST_CASE("C25: adopted blocks cost no allocation in steady state: their memory goes round") {
    outbox box(plenty);
    box.release(release_all);
    const std::string payload(128, 'x');
    wire::write_buffer filled;
    const auto turn = [&] {
        for (int i = 0; i < 3; ++i) {
            static_cast<void>(filled.reserve(outbox::block_capacity));
            while (filled.size() < outbox::block_size) wire::encode_pub(filled, "some.subject", "", payload);
            box.adopt(filled);
            REQUIRE(filled.empty());
            wire::encode_pub(box.user_frames(), "some.subject", "", payload);
        }
        while (!box.pending().empty()) box.on_written(box.pending().size());
    };
    for (int i = 0; i < 10; ++i) turn();
    const test::allocation_counter counter;
    for (int i = 0; i < 100; ++i) turn();
    CHECK(counter.count() == 0);
}

TEST_CASE("C25: large turns, one after the other, keep their blocks; I5: afterwards, or after a silence, the memory goes back") {
    outbox box(plenty);
    box.release(release_all);
    const std::string payload(4000, 'x');
    const auto turn = [&](int frames) {
        for (int i = 0; i < frames; ++i) wire::encode_pub(box.user_frames(), "some.subject", "", payload);
        while (!box.pending().empty()) box.on_written(box.pending().size());
    };
    for (int i = 0; i < 5; ++i) turn(500);
    CHECK(box.capacity() > 2'000'000);
    const test::allocation_counter counter;
    for (int i = 0; i < 20; ++i) turn(500);
    CHECK(counter.count() == 0);
    for (int i = 0; i < 1100; ++i) turn(1);
    CHECK(box.capacity() < 600'000);
    // Also when what is queued behind a large write is large.
    for (int i = 0; i < 500; ++i) wire::encode_pub(box.user_frames(), "some.subject", "", payload);
    static_cast<void>(box.pending());
    turn(500);
    CHECK(box.capacity() > 4'000'000);
    box.trim();
    CHECK(box.capacity() < 600'000);
    turn(500);
    CHECK(box.capacity() > 2'000'000);
    const std::string huge(3'000'000, 'x');
    wire::encode_pub(box.user_frames(), "some.subject", "", huge);
    static_cast<void>(write_all(box));
    for (int i = 0; i < 1100; ++i) turn(1);
    CHECK(box.capacity() < 600'000);
}

TEST_CASE("I5: the memory of an outage goes back when it is over") {
    outbox box(plenty);
    for (int i = 0; i < 1000; ++i) wire::encode_pub(box.user_frames(), "s", "", std::string(4000, 'x'));
    CHECK(box.capacity() > 4'000'000);
    box.release(release_all);
    CHECK(frames_of(write_all(box), true).size() == 1000);
    for (int i = 0; i < 12; ++i) {
        wire::encode_ping(box.protocol_frames());
        static_cast<void>(write_all(box));
    }
    CHECK(box.capacity() < 600'000);
}

TEST_CASE("B13: a frame with a secret is wiped once it is written, lost or forgotten") {
    const auto holds_secret = [](const char* memory, std::size_t size) {
        return std::string_view(memory, size).find("hunter2") != std::string_view::npos;
    };
    for (int end = 0; end < 4; ++end) {
        for (const bool behind_a_write : {false, true}) {
            CAPTURE(end);
            CAPTURE(behind_a_write);
            outbox box(plenty);
            if (behind_a_write) {
                wire::encode_ping(box.protocol_frames());
                REQUIRE(box.pending() == "PING\r\n");
            }
            wire::encode_connect(box.protocol_frames(), R"({"pass":"hunter2"})");
            wire::encode_ping(box.protocol_frames());
            const char* const memory = box.protocol_frames().data();
            const std::size_t size = box.protocol_frames().size();
            box.wipe_when_written();
            if (!behind_a_write) {
                // What is appended next grows another block.
                for (int i = 0; i < 1000; ++i) wire::encode_ping(box.protocol_frames());
                REQUIRE(box.pending().data() == memory);
                REQUIRE(box.pending().size() == size);
            }
            CHECK(holds_secret(memory, size));
            if (end == 0) {
                if (behind_a_write) box.on_written(6);
                REQUIRE(box.pending().data() == memory);
                box.on_written(5);
                CHECK(holds_secret(memory, size));
                box.on_written(size - 5);
            }
            if (end == 1) {
                box.on_written(5);
                box.on_connection_lost(keep_all);
            }
            if (end == 2) box.clear();
            if (end == 3) box.on_connection_lost(keep_all);
            CHECK_FALSE(holds_secret(memory, size));
        }
    }
    // What comes later is not touched before it is written.
    outbox box(plenty);
    wire::encode_connect(box.protocol_frames(), "{}");
    box.wipe_when_written();
    static_cast<void>(write_all(box));
    box.release(release_all);
    wire::encode_pub(box.user_frames(), "a", "", "x");
    static_cast<void>(box.pending());
    wire::encode_pub(box.user_frames(), "b", "", "y");
    CHECK(write_all(box) == "PUB a 1\r\nx\r\nPUB b 1\r\ny\r\n");
}

TEST_CASE("C13: running out of memory at a loss or at release loses no frame") {
    for (std::uint64_t nth = 1; nth <= 3; ++nth) {
        outbox box(plenty);
        box.release(release_all);
        for (int i = 0; i < 50; ++i) wire::encode_pub(box.user_frames(), "s", "", std::string(100, 'x'));
        static_cast<void>(write(box, 10));
        {
            const test::failing_allocation fails(nth);
            CHECK_THROWS_AS(box.on_connection_lost(keep_all), std::bad_alloc);
        }
        box.on_connection_lost(keep_all);
        {
            const test::failing_allocation fails(nth == 3 ? 1 : nth);
            CHECK_THROWS_AS(box.release(release_all), std::bad_alloc);
        }
        int seen = 0;
        const auto fails_later = [&](const wire::frame&, std::uint64_t) {
            if (++seen == 20) throw std::bad_alloc();
            return seen % 3 != 0;
        };
        CHECK_THROWS_AS(box.release(fails_later), std::bad_alloc);
        CHECK(box.pending().empty());
        box.release(release_all);
        CHECK(frames_of(write_all(box), true).size() == 50);
    }
}

}  // namespace
}  // namespace slipstream::session
