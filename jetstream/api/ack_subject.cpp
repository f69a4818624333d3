// The ACK-subject parser (ADR-15; contract S80-S86, W28, failure mode A19).
//
// Told: a reply subject. Emits: its fields, or nothing. One pass to count the tokens (the count selects the layout), one to read
// them. Invariant: no allocation, and never a made-up number: what is not exactly a known layout gives nothing.
#include <slipstream/jetstream/ack_subject.hpp>

#include <cstddef>
#include <cstring>
#include <limits>

namespace slipstream::jetstream {
namespace {

constexpr std::string_view prefix = "$JS.ACK.";
constexpr std::size_t tokens_of_v1 = 9;   // the two of the prefix included
constexpr std::size_t tokens_of_v2 = 11;  // at least; servers may append some

/// Eight bytes at a time: this runs once a delivered message.
std::size_t count_dots(std::string_view text) noexcept {
    constexpr std::uint64_t dots = 0x2E2E2E2E2E2E2E2E;
    constexpr std::uint64_t low_bits = 0x7F7F7F7F7F7F7F7F;
    std::size_t count = 0;
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + i, 8);
        word ^= dots;  // a dot is now a zero byte; its high bit becomes the only one that stays set below
        const std::uint64_t zero_bytes = ~(((word & low_bits) + low_bits) | word | low_bits);
        count += static_cast<std::size_t>(((zero_bytes >> 7) * 0x0101010101010101) >> 56);
    }
    for (; i < text.size(); ++i) count += text[i] == '.' ? 1 : 0;
    return count;
}

/// Walks the tokens from the left. `ok` is sticky.
struct token_reader {
    std::string_view rest;
    bool ok = true;

    std::string_view text() noexcept {
        std::size_t size = 0;  // tokens are short: a call of memchr costs more
        while (size < rest.size() && rest[size] != '.') ++size;
        const std::string_view token(rest.data(), size);
        rest.remove_prefix(size == rest.size() ? size : size + 1);
        ok = ok && size > 0;
        return token;
    }

    std::uint64_t number() noexcept {
        constexpr std::size_t never_overflows = 19;  // digits
        const auto digit = [this](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(rest[i])) - unsigned{'0'}; };
        const std::size_t easy = rest.size() < never_overflows ? rest.size() : never_overflows;
        std::uint64_t value = 0;
        std::size_t size = 0;
        for (; size < easy && digit(size) <= 9; ++size) value = value * 10 + digit(size);
        for (; size < rest.size() && digit(size) <= 9; ++size) {
            constexpr std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
            if (value > max / 10 || value * 10 > max - digit(size)) ok = false;
            value = value * 10 + digit(size);
        }
        const bool at_end = size == rest.size();
        ok = ok && size > 0 && (at_end || rest[size] == '.');
        rest.remove_prefix(at_end ? size : size + 1);
        return value;
    }

    /// What newer servers append is not read, but must be tokens.
    void skip_rest() noexcept {
        while (ok && !rest.empty()) static_cast<void>(text());
    }
};

wall_time to_time(std::uint64_t nanoseconds) noexcept {
    constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return wall_time(std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds < max ? nanoseconds : max)));
}

}  // namespace

std::optional<delivery_info> parse_ack_subject(std::string_view subject) noexcept {
    if (!subject.starts_with(prefix) || subject.back() == '.') return std::nullopt;
    const std::size_t tokens = count_dots(subject) + 1;
    const bool v2 = tokens >= tokens_of_v2;
    if (!v2 && tokens != tokens_of_v1) return std::nullopt;

    token_reader reader{subject.substr(prefix.size())};
    delivery_info out;
    if (v2) {
        out.domain = reader.text();
        if (out.domain == "_") out.domain = {};
        static_cast<void>(reader.text());  // account hash
    }
    out.stream = reader.text();
    out.consumer = reader.text();
    out.delivered = reader.number();
    out.stream_sequence = reader.number();
    out.consumer_sequence = reader.number();
    out.timestamp = to_time(reader.number());
    out.pending = reader.number();
    reader.skip_rest();
    if (!reader.ok) return std::nullopt;
    return out;
}

}  // namespace slipstream::jetstream
