#include <slipstream/kv/error.hpp>

#include <doctest/doctest.h>

#include <ostream>
#include <set>
#include <string>
#include <system_error>

using namespace slipstream;
using kv_errc = kv::errc;

TEST_CASE("R4: every error has a name and a sentence of its own") {
    std::set<std::string> names;
    std::set<std::string> messages;
    constexpr int last = static_cast<int>(kv_errc::watch_stopped);
    for (int value = 1; value <= last; ++value) {
        const std::error_code ec = static_cast<kv_errc>(value);
        CAPTURE(value);
        names.insert(kv::to_string(static_cast<kv_errc>(value)));
        messages.insert(ec.message());
        CHECK(ec.message().back() == '.');
        CHECK(ec.category() == kv::category());
    }
    CHECK(names.size() == last);
    CHECK(messages.size() == last);
    CHECK(names.count("unknown") == 0);
    CHECK(std::string(kv::category().name()) == "slipstream.kv");
    CHECK(std::string(kv::to_string(kv_errc::revision_mismatch)) == "revision_mismatch");
    CHECK(std::string(kv::to_string(static_cast<kv_errc>(0))) == "unknown");
    CHECK(std::string(kv::to_string(static_cast<kv_errc>(last + 1))) == "unknown");
}

TEST_CASE("design.md: conditions group the codes of every layer") {
    for (const kv_errc e : {kv_errc::invalid_bucket, kv_errc::invalid_key, kv_errc::invalid_prefix, kv_errc::invalid_revision,
                            kv_errc::invalid_config, kv_errc::invalid_cursor, kv_errc::value_too_large}) {
        CHECK(make_error_code(e) == condition::invalid_argument);
        CHECK(make_error_code(e) == std::errc::invalid_argument);
        CHECK(make_error_code(e) != condition::conflict);
    }
    for (const kv_errc e : {kv_errc::bucket_not_found, kv_errc::not_a_bucket, kv_errc::key_not_found, kv_errc::bucket_deleted}) {
        CHECK(make_error_code(e) == condition::not_found);
        CHECK(make_error_code(e) != condition::invalid_argument);
    }
    for (const kv_errc e : {kv_errc::bucket_exists, kv_errc::key_exists, kv_errc::revision_mismatch})
        CHECK(make_error_code(e) == condition::conflict);
    CHECK(make_error_code(kv_errc::watch_stopped) == condition::closed);
    CHECK(make_error_code(kv_errc::cursor_expired) != condition::transient);
    CHECK(make_error_code(kv_errc::revision_mismatch) != condition::transient);
    CHECK(make_error_code(kv_errc::bucket_full) != condition::outcome_unknown);
}

TEST_CASE("R4: codes of other layers with the same number are not equal") {
    CHECK(make_error_code(kv_errc::invalid_bucket) != make_error_code(slipstream::errc::invalid_subject));
    CHECK(make_error_code(kv_errc::invalid_bucket) == kv_errc::invalid_bucket);
}
