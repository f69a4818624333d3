// ACK subject: accepted exactly when a slow reading of the grammar accepts it, with the same numbers (contract S80-S86, W28).
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <slipstream/jetstream/ack_subject.hpp>

#include "fuzz/check.hpp"
#include "jetstream/api/delivery_reader.hpp"

using slipstream::jetstream::delivery_info;
using slipstream::jetstream::parse_ack_subject;

namespace {

/// Splits, counts, checks: one rule a line.
struct reference {
    std::vector<std::string_view> tokens;
    std::size_t first_number = 0;
    std::array<std::uint64_t, 5> numbers{};
    bool accepted = false;

    explicit reference(std::string_view subject) {
        for (std::size_t begin = 0;;) {
            const std::size_t end = subject.find('.', begin);
            tokens.push_back(subject.substr(begin, end - begin));
            if (end == std::string_view::npos) break;
            begin = end + 1;
        }
        if (tokens.size() != 9 && tokens.size() < 11) return;
        if (tokens[0] != "$JS" || tokens[1] != "ACK") return;
        for (const std::string_view token : tokens) {
            if (token.empty()) return;
        }
        first_number = tokens.size() == 9 ? 4 : 6;
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            const auto number = decimal(tokens[first_number + i]);
            if (!number) return;
            numbers[i] = *number;
        }
        accepted = true;
    }

    /// Compares texts, so that it cannot share an overflow with the parser.
    static std::optional<std::uint64_t> decimal(std::string_view digits) {
        if (digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
        while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
        constexpr std::string_view max = "18446744073709551615";
        if (digits.size() > max.size() || (digits.size() == max.size() && digits > max)) return std::nullopt;
        std::uint64_t value = 0;
        for (const char c : digits) value = value * 10 + static_cast<std::uint64_t>(c - '0');
        return value;
    }
};

bool same(const delivery_info& a, const delivery_info& b) {
    return a.domain == b.domain && a.stream == b.stream && a.consumer == b.consumer && a.delivered == b.delivered &&
           a.stream_sequence == b.stream_sequence && a.consumer_sequence == b.consumer_sequence && a.timestamp == b.timestamp &&
           a.pending == b.pending;
}

/// Whatever a reader has read before, it reads as the function does.
void check_reader(std::string_view before, std::string_view subject) {
    slipstream::jetstream::api::delivery_reader reader;
    static_cast<void>(reader.read(before));
    const delivery_info* const read = reader.read(subject);
    const std::optional<delivery_info> expected = parse_ack_subject(subject);
    FUZZ_CHECK((read != nullptr) == expected.has_value());
    if (read != nullptr) FUZZ_CHECK(same(*read, *expected));
}

void check(std::string_view subject) {
    const std::optional<delivery_info> info = parse_ack_subject(subject);
    check_reader("$JS.ACK.s.c.1.2.3.4.5", subject);
    check_reader("$JS.ACK.d.h.s.c.1.2.3.4.5", subject);
    check_reader(subject, subject);
    const reference expected(subject);
    FUZZ_CHECK(info.has_value() == expected.accepted);
    if (!info) return;
    FUZZ_CHECK(info->stream == expected.tokens[expected.first_number - 2]);
    FUZZ_CHECK(info->consumer == expected.tokens[expected.first_number - 1]);
    const bool has_domain = expected.tokens.size() > 9 && expected.tokens[2] != "_";
    FUZZ_CHECK(info->domain == (has_domain ? expected.tokens[2] : std::string_view()));
    FUZZ_CHECK(info->delivered == expected.numbers[0]);
    FUZZ_CHECK(info->stream_sequence == expected.numbers[1]);
    FUZZ_CHECK(info->consumer_sequence == expected.numbers[2]);
    FUZZ_CHECK(info->pending == expected.numbers[4]);
    constexpr std::uint64_t latest = INT64_MAX;
    const std::uint64_t time = expected.numbers[3] < latest ? expected.numbers[3] : latest;
    FUZZ_CHECK(static_cast<std::uint64_t>(info->timestamp.time_since_epoch().count()) == time);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string input(reinterpret_cast<const char*>(data), size);
    check(input);
    check("$JS.ACK." + input);
    check("$JS.ACK.s.c." + input);
    check("$JS.ACK.d.h.s.c." + input);
    // Each of the numbers that one consumer's reader reads.
    check("$JS.ACK.s.c.1." + input + ".7.1700000000000000000.0");
    check("$JS.ACK.s.c.1.42." + input + ".1700000000000000000.0");
    check("$JS.ACK.s.c.1.42.7." + input + ".0");
    check("$JS.ACK.s.c.1.42.7.1700000000000000000." + input);
    check("$JS.ACK.d.h.s.c.1.42.7.1700000000000000000.0." + input);
    return 0;
}
