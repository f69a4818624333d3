// Error codes of all layers and of the system, known numbers and unknown ones: each has a text, the same name always, and belongs to the
// conditions that it says it belongs to; a code is never its own opposite (a transient one is never also outcome_unknown, W13), and what
// the standard knows as a timeout or a denial is one here. Names of a log's other words are never empty.
//
// The input: numbers of two bytes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>
#include <slipstream/kv/error.hpp>
#include <slipstream/kv/update.hpp>

#include "fuzz/check.hpp"
#include "fuzz/input.hpp"
#include "kv/codec/outcome.hpp"
#include "protocol/wire/parser.hpp"

using namespace slipstream;

namespace {

std::string unknown_in(const std::error_category& category) { return category.message(0); }

void check(std::error_code ec) {
    FUZZ_CHECK(!ec.message().empty());
    FUZZ_CHECK(ec.message() == std::error_code(ec.value(), ec.category()).message());
    if (ec == condition::transient) FUZZ_CHECK(ec != condition::outcome_unknown);
    if (ec == std::errc::timed_out) FUZZ_CHECK(ec == condition::timed_out);
    if (ec == std::errc::permission_denied) FUZZ_CHECK(ec == condition::denied);
    if (ec == std::errc::invalid_argument) FUZZ_CHECK(ec == condition::invalid_argument);
    for (int c = 1; c <= static_cast<int>(condition::protocol); ++c) {
        const std::error_condition group = static_cast<condition>(c);
        FUZZ_CHECK(!group.message().empty() && group.message() != std::error_condition(0, group.category()).message());
        FUZZ_CHECK(std::string_view(group.category().name()).starts_with("slipstream"));
        FUZZ_CHECK((ec == group) == (group == ec));
    }
    // What a write came to is an error too, and one that may have been stored is never reported as repeatable.
    const std::error_code write = kv::codec::of_write(ec);
    FUZZ_CHECK(write && kv::codec::of_bucket(ec) && kv::codec::of_create(ec) && kv::codec::of_read_before_write(ec));
    if (ec == slipstream::errc::timeout || ec == slipstream::errc::connection_lost) FUZZ_CHECK(write == condition::outcome_unknown);
    if (kv::codec::is_mismatch(ec)) FUZZ_CHECK(write == condition::conflict);
}

/// Every layer names its codes; "unknown", or the number, exactly when there is no such code.
void check_names(int number) {
    const std::string_view core = to_string(static_cast<slipstream::errc>(number));
    FUZZ_CHECK((core == "unknown") == (make_error_code(static_cast<slipstream::errc>(number)).message() == unknown_in(core_category())));
    const std::string_view in_kv = kv::to_string(static_cast<kv::errc>(number));
    FUZZ_CHECK((in_kv == "unknown") == (make_error_code(static_cast<kv::errc>(number)).message() == unknown_in(kv::category())));
    const std::string in_jetstream = jetstream::to_string(static_cast<jetstream::errc>(number));
    const bool numbered = jetstream::category().message(number) == "JetStream error " + std::to_string(number) + ".";
    FUZZ_CHECK((in_jetstream == "err_code_" + std::to_string(number)) == numbered);
    const auto small = static_cast<std::uint8_t>(number);
    FUZZ_CHECK(!std::string_view(kv::to_string(static_cast<kv::update_kind>(small))).empty());
    FUZZ_CHECK(!std::string_view(kv::to_string(static_cast<kv::resync_reason>(small))).empty());
    FUZZ_CHECK(!wire::to_string(static_cast<wire::parse_error>(small)).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    for (int codes = 0; codes < 256 && !in.empty(); ++codes) {
        const int number = static_cast<int>(1 + in.below(65'535));
        check(static_cast<slipstream::errc>(number));
        check(static_cast<jetstream::errc>(number));
        check(static_cast<kv::errc>(number));
        check(std::error_code(number, std::generic_category()));
        check(std::error_code(number, std::system_category()));
        check_names(number);
    }
    return 0;
}
