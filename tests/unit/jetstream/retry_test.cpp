// When a request is sent again.
#include "jetstream/api/retry.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <ostream>

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>

using namespace slipstream::jetstream;
using namespace slipstream::jetstream::api;
using namespace std::chrono_literals;
namespace core = slipstream;

namespace {

std::optional<std::chrono::milliseconds> delay(std::error_code ec, request_kind kind, unsigned attempts = 1,
                                               std::chrono::milliseconds remaining = 5s, std::uint32_t random = 0) {
    return retry_delay({ec, kind, attempts, remaining, random});
}

const request_kind all_kinds[] = {request_kind::repeatable, request_kind::once, request_kind::publish};

}  // namespace

TEST_CASE("spec/jetstream.md 10 (ADR-22): a publish that nobody takes is tried twice more, after 250 ms") {
    CHECK(delay(core::errc::no_responders, request_kind::publish, 1) == 250ms);
    CHECK(delay(core::errc::no_responders, request_kind::publish, 2) == 250ms);
    CHECK_FALSE(delay(core::errc::no_responders, request_kind::publish, 3));
    CHECK_FALSE(delay(core::errc::no_responders, request_kind::repeatable));  // no JetStream there: known at once
    CHECK_FALSE(delay(core::errc::no_responders, request_kind::once));
}

TEST_CASE("W13, F2: what may have happened is repeated only where that does no harm") {
    CHECK(delay(core::errc::connection_lost, request_kind::repeatable, 7) == 0ms);
    CHECK_FALSE(delay(core::errc::connection_lost, request_kind::once));
    CHECK_FALSE(delay(core::errc::connection_lost, request_kind::publish));
    for (const request_kind kind : all_kinds) {
        CHECK_FALSE(delay(core::errc::timeout, kind));
        CHECK_FALSE(delay(core::errc::outcome_unknown, kind));
        CHECK_FALSE(delay(errc::invalid_response, kind));
    }
}

TEST_CASE("F19: what the server cannot do just now is tried again, less and less often") {
    for (const request_kind kind : all_kinds) {
        for (const errc e : {errc::temporarily_unavailable, errc::sequence_not_ready, errc::too_many_requests}) {
            CHECK(delay(e, kind, 1) == 50ms);
            CHECK(delay(e, kind, 2) == 100ms);
            CHECK(delay(e, kind, 3) == 200ms);
            CHECK(delay(e, kind, 5) == 800ms);
            CHECK(delay(e, kind, 6) == 1s);
            CHECK(delay(e, kind, 4'000'000'000U) == 1s);
        }
    }
    CHECK(delay(errc::temporarily_unavailable, request_kind::once, 3, 5s, UINT32_MAX) == 101ms);  // up to half less
    CHECK(delay(errc::temporarily_unavailable, request_kind::once, 3, 5s, 0x80000000U) == 150ms);
}

TEST_CASE("E1, F19: nothing is tried that could hardly end in time: what the server said is told, not a timeout") {
    CHECK(delay(core::errc::no_responders, request_kind::publish, 1, 300ms) == 250ms);
    CHECK_FALSE(delay(core::errc::no_responders, request_kind::publish, 1, 299ms));
    CHECK(delay(errc::temporarily_unavailable, request_kind::once, 1, 100ms) == 50ms);
    CHECK_FALSE(delay(errc::temporarily_unavailable, request_kind::once, 1, 99ms));
    CHECK(delay(core::errc::connection_lost, request_kind::repeatable, 1, 50ms) == 0ms);
    CHECK_FALSE(delay(core::errc::connection_lost, request_kind::repeatable, 1, 49ms));
    CHECK_FALSE(delay(core::errc::connection_lost, request_kind::repeatable, 1, 0ms));
    CHECK_FALSE(delay(core::errc::connection_lost, request_kind::repeatable, 1, -1ms));
}

TEST_CASE("W32: other refusals are final") {
    for (const request_kind kind : all_kinds) {
        for (const std::error_code ec :
             {std::error_code(errc::stream_not_found), std::error_code(errc::wrong_last_sequence), std::error_code(errc::store_failed),
              std::error_code(errc::insufficient_resources), std::error_code(core::errc::closed),
              std::error_code(core::errc::permission_denied), std::error_code(core::errc::not_connected)}) {
            CAPTURE(ec);
            CHECK_FALSE(delay(ec, kind));
        }
    }
}
