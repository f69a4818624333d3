// Error codes of all layers, known numbers and unknown ones: each has a text, the same name always, and belongs to the conditions that
// it says it belongs to; a code is never its own opposite (a transient one is never also outcome_unknown, W13).
//
// The input: numbers of two bytes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>
#include <slipstream/kv/error.hpp>

#include "fuzz/check.hpp"
#include "fuzz/input.hpp"
#include "kv/codec/outcome.hpp"

using namespace slipstream;

namespace {

void check(std::error_code ec) {
    FUZZ_CHECK(!ec.message().empty());
    FUZZ_CHECK(ec.message() == std::error_code(ec.value(), ec.category()).message());
    if (ec == condition::transient) FUZZ_CHECK(ec != condition::outcome_unknown);
    for (int c = 1; c <= static_cast<int>(condition::protocol); ++c) {
        const std::error_condition group = static_cast<condition>(c);
        FUZZ_CHECK(!group.message().empty());
        FUZZ_CHECK((ec == group) == (group == ec));
    }
    // What a write came to is an error too, and one that may have been stored is never reported as repeatable.
    const std::error_code write = kv::codec::of_write(ec);
    FUZZ_CHECK(write && kv::codec::of_bucket(ec) && kv::codec::of_create(ec) && kv::codec::of_read_before_write(ec));
    if (ec == slipstream::errc::timeout || ec == slipstream::errc::connection_lost) FUZZ_CHECK(write == condition::outcome_unknown);
    if (kv::codec::is_mismatch(ec)) FUZZ_CHECK(write == condition::conflict);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    for (int codes = 0; codes < 256 && !in.empty(); ++codes) {
        const int number = static_cast<int>(1 + in.below(65'535));
        check(static_cast<slipstream::errc>(number));
        check(static_cast<jetstream::errc>(number));
        check(static_cast<kv::errc>(number));
        FUZZ_CHECK(!std::string(to_string(static_cast<slipstream::errc>(number))).empty());
    }
    return 0;
}
