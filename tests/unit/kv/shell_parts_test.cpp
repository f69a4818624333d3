// Small parts of the shell that need no connection.
#include "kv/subject_text.hpp"
#include "kv/time_budget.hpp"
#include "kv/with_slot.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include <asio/associated_cancellation_slot.hpp>

using namespace slipstream;
using namespace std::chrono_literals;

TEST_CASE("S6: prefix and key as one text, of any length") {
    for (const std::size_t size : {0U, 1U, 200U, 249U, 250U, 251U, 1024U}) {
        CAPTURE(size);
        const std::string key(size, 'k');
        const kv::subject_text subject("$KV.b.", key);
        CHECK(subject.text() == "$KV.b." + key);
    }
    CHECK(kv::subject_text("", "").text().empty());
}

TEST_CASE("W12 E13: one total deadline, whatever the number") {
    const kv::time_budget longest(std::chrono::milliseconds::max());
    CHECK_FALSE(longest.is_over());
    CHECK(longest.left() <= std::chrono::hours(24 * 365));
    CHECK(longest.left() > std::chrono::hours(24 * 364));

    const kv::time_budget minute(60s);
    CHECK(minute.left() <= 60s);
    CHECK(minute.left() > 50s);
    CHECK(minute.share(3) <= 20s);
    CHECK(minute.share(3) > 15s);

    // A request takes 0 for "my own default": what is over must not become that.
    const kv::time_budget over(std::chrono::milliseconds(-5));
    CHECK(over.is_over());
    CHECK(over.left() == 1ms);
    CHECK(over.share(3) == 1ms);
}

TEST_CASE("W41: a request inside an operation is cancelled with it") {
    asio::cancellation_signal signal;
    int calls = 0;
    auto owned = std::make_unique<int>(7);
    kv::with_slot handler(signal.slot(), [&calls, owned = std::move(owned)](int by) { calls += *owned * by; });
    CHECK(asio::get_associated_cancellation_slot(handler) == signal.slot());
    auto moved = std::move(handler);
    moved(2);
    CHECK(calls == 14);
}

TEST_CASE("S35: only cancellation and the end of the client make a further look-up pointless") {
    CHECK(kv::is_final(asio::error::operation_aborted));
    CHECK(kv::is_final(errc::closed));
    CHECK(kv::is_final(errc::draining));
    CHECK_FALSE(kv::is_final(errc::timeout));
    CHECK_FALSE(kv::is_final(errc::permission_denied));
    CHECK_FALSE(kv::is_final(errc::connection_lost));
    CHECK_FALSE(kv::is_final({}));
}
