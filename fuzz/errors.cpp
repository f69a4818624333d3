// One number as an error code of each layer and of the system, known there or not: it has a text, the same name always, and belongs to the
// conditions that it says it belongs to; a code is never its own opposite (a transient one is never also outcome_unknown, W13), and what
// the standard knows as a timeout or a denial is one here. Names of a log's other words are never empty.
//
// The input: the number, in two bytes. One alone, so that an execution is cheap; what does not depend on it is made once.
#include <array>
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

constexpr std::size_t groups = static_cast<std::size_t>(condition::protocol);

/// Every condition, each with a text of its own kind.
std::array<std::error_condition, groups> all_conditions() {
    std::array<std::error_condition, groups> all;
    for (std::size_t i = 0; i < groups; ++i) {
        all[i] = static_cast<condition>(i + 1);
        FUZZ_CHECK(!all[i].message().empty() && all[i].message() != std::error_condition(0, all[i].category()).message());
        FUZZ_CHECK(std::string_view(all[i].category().name()).starts_with("slipstream"));
    }
    return all;
}

/// `text` is what it said before: it says the same always.
void check(std::error_code ec, const std::string& text) {
    static const std::array<std::error_condition, groups> conditions = all_conditions();
    FUZZ_CHECK(!text.empty() && ec.message() == text);
    FUZZ_CHECK(ec && ec != std::error_condition());
    if (ec == condition::transient) FUZZ_CHECK(ec != condition::outcome_unknown);
    if (ec == std::errc::timed_out) FUZZ_CHECK(ec == condition::timed_out);
    if (ec == std::errc::permission_denied) FUZZ_CHECK(ec == condition::denied);
    if (ec == std::errc::invalid_argument) FUZZ_CHECK(ec == condition::invalid_argument);
    for (const std::error_condition& group : conditions) FUZZ_CHECK((ec == group) == (group == ec));
    // What a write came to is an error too, and one that may have been stored is never reported as repeatable.
    const std::error_code write = kv::codec::of_write(ec);
    FUZZ_CHECK(write && kv::codec::of_bucket(ec) && kv::codec::of_create(ec) && kv::codec::of_read_before_write(ec));
    if (ec == condition::outcome_unknown) FUZZ_CHECK(write == condition::outcome_unknown);
    if (ec == slipstream::errc::timeout || ec == slipstream::errc::connection_lost || ec == jetstream::errc::invalid_response)
        FUZZ_CHECK(write == slipstream::errc::outcome_unknown);
    if (kv::codec::is_mismatch(ec)) FUZZ_CHECK(write == condition::conflict);
}

void check_system(const std::error_category& category, int number) {
    const std::error_code ec(number, category);
    check(ec, ec.message());
}

/// A layer names its codes; a code is "unknown" exactly when its text is that of no code.
template <class Code>
void check_layer(Code code) {
    static const std::string unknown = make_error_code(Code{}).message();
    const std::error_code ec = make_error_code(code);
    const std::string text = ec.message();
    check(ec, text);
    FUZZ_CHECK((std::string_view(to_string(code)) == "unknown") == (text == unknown));
}

/// The server has numbers that are not known here: these are named by their number. Two never share a name.
void check_jetstream(int number) {
    const auto code = static_cast<jetstream::errc>(number);
    const std::string text = make_error_code(code).message();
    check(code, text);
    const std::string digits = std::to_string(number);
    const std::string name = jetstream::to_string(code);
    FUZZ_CHECK((name == "err_code_" + digits) == (text == "JetStream error " + digits + "."));
    FUZZ_CHECK(name != jetstream::to_string(static_cast<jetstream::errc>(number + 1)));
}

void check_other_words(std::uint8_t number) {
    FUZZ_CHECK(!std::string_view(kv::to_string(static_cast<kv::update_kind>(number))).empty());
    FUZZ_CHECK(!std::string_view(kv::to_string(static_cast<kv::resync_reason>(number))).empty());
    FUZZ_CHECK(!wire::to_string(static_cast<wire::parse_error>(number)).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const int number = static_cast<int>(1 + in.below(65'535));
    check_layer(static_cast<slipstream::errc>(number));
    check_layer(static_cast<kv::errc>(number));
    check_jetstream(number);
    check_system(std::generic_category(), number);
    check_system(std::system_category(), number);
    check_other_words(static_cast<std::uint8_t>(number));
    return 0;
}
