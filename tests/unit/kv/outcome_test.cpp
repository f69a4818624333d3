#include "kv/codec/outcome.hpp"

#include <doctest/doctest.h>

#include <ostream>
#include <system_error>

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>
#include <slipstream/kv/error.hpp>

using namespace slipstream;
namespace codec = kv::codec;

namespace {

using core = slipstream::errc;
using js = jetstream::errc;
using key_value = kv::errc;

template <class Errc>
std::error_code code(Errc e) {
    return make_error_code(e);
}

}  // namespace

TEST_CASE("G6 L32: both codes of a failed compare-and-set are a mismatch") {
    CHECK(codec::is_mismatch(static_cast<js>(10071)));
    CHECK(codec::is_mismatch(static_cast<js>(10164)));
    CHECK_FALSE(codec::is_mismatch(static_cast<js>(10070)));
    CHECK_FALSE(codec::is_mismatch({}));
    CHECK_FALSE(codec::is_mismatch(std::error_code(10071, kv::category())));
}

TEST_CASE("R4 W36: errors of a write") {
    CHECK_FALSE(codec::of_write({}));
    CHECK(codec::of_write(js::wrong_last_sequence) == key_value::revision_mismatch);
    CHECK(codec::of_write(js::wrong_last_sequence_in_flight) == key_value::revision_mismatch);
    CHECK(codec::of_write(js::store_failed) == key_value::bucket_full);
    CHECK(codec::of_write(js::message_too_large) == key_value::value_too_large);
    CHECK(codec::of_write(js::stream_not_found) == key_value::bucket_not_found);
    for (const std::error_code same :
         {code(js::ttl_invalid), code(js::account_limits), code(core::permission_denied), code(core::closed), code(core::max_payload),
          code(core::no_responders), std::make_error_code(std::errc::operation_canceled)}) {
        CHECK(codec::of_write(same) == same);
    }
}

TEST_CASE("W13 G7: a write cut off after it was sent is of unknown outcome, one that never left is not") {
    CHECK(codec::of_write(core::outcome_unknown) == core::outcome_unknown);
    CHECK(codec::of_write(core::timeout) == core::outcome_unknown);
    CHECK(codec::of_write(core::connection_lost) == core::outcome_unknown);
    CHECK(codec::of_write(js::invalid_response) == core::outcome_unknown);
    CHECK(codec::of_write(core::timeout_unsent) == core::timeout_unsent);
    for (const core e : {core::timeout, core::connection_lost, core::outcome_unknown}) {
        CHECK(codec::of_write(e) == condition::outcome_unknown);
        CHECK(codec::of_write(e) != condition::transient);
    }
}

TEST_CASE("W13: while nothing has been stored, a lost look is not an unknown outcome") {
    CHECK(codec::of_read_before_write(core::timeout) == core::timeout_unsent);
    CHECK(codec::of_read_before_write(core::connection_lost) == core::not_connected);
    CHECK(codec::of_read_before_write(js::stream_not_found) == key_value::bucket_not_found);
    CHECK(codec::of_read_before_write(core::permission_denied) == core::permission_denied);
    for (const core e : {core::timeout, core::connection_lost, core::timeout_unsent}) {
        CHECK(codec::of_read_before_write(e) != condition::outcome_unknown);
    }
}

TEST_CASE("R4: errors of buckets") {
    CHECK(codec::of_bucket(js::stream_not_found) == key_value::bucket_not_found);
    CHECK(codec::of_bucket(core::timeout) == core::timeout);
    CHECK(codec::of_bucket(js::message_not_found) == js::message_not_found);
    CHECK_FALSE(codec::of_bucket({}));
    CHECK(codec::of_create(js::stream_name_in_use) == key_value::bucket_exists);
    CHECK(codec::of_create(js::maximum_streams) == js::maximum_streams);
    CHECK_FALSE(codec::of_create({}));
}
