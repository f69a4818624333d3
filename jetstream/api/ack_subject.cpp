// The ACK-subject parser (ADR-15; contract S80-S86, W28, failure mode A19).
//
// Told: a reply subject. Emits: its fields, or nothing. One pass finds the tokens (their count selects the layout), then the numbers are
// read eight digits at a time: this runs once a delivered message. Invariant: no allocation, and never a made-up number: what is not
// exactly a known layout gives nothing.
#include <slipstream/jetstream/ack_subject.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

namespace slipstream::jetstream {
namespace {

constexpr std::string_view prefix = "$JS.ACK.";
constexpr std::size_t tokens_of_v1 = 7;  // behind the prefix
constexpr std::size_t tokens_of_v2 = 9;  // at least; servers may append some

constexpr std::uint64_t ones = 0x0101010101010101;
constexpr std::uint64_t low_bits = 0x7F * ones;

/// Eight bytes, the first one lowest.
std::uint64_t eight_bytes(const char* p) noexcept {
    std::uint64_t word = 0;
    if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(&word, p, sizeof word);
    } else {
        for (unsigned i = 0; i < 8; ++i) word |= std::uint64_t{static_cast<unsigned char>(p[i])} << (8 * i);
    }
    return word;
}

/// Where the tokens begin and end; those beyond the known layouts are only counted.
struct token_list {
    std::size_t count = 0;
    std::size_t begins[tokens_of_v2 + 1] = {};  // the end of one is the begin of the next, minus the dot
    bool well_formed = true;                    // none is empty

    void end_at(std::size_t dot) noexcept {
        if (dot == last_begin) well_formed = false;
        last_begin = dot + 1;
        if (++count <= tokens_of_v2) begins[count] = last_begin;
    }

    explicit token_list(std::string_view text) noexcept {
        last_begin = begins[0] = prefix.size();
        std::size_t i = prefix.size();
        for (; i + 8 <= text.size(); i += 8) {
            const std::uint64_t word = eight_bytes(text.data() + i) ^ ('.' * ones);
            std::uint64_t dots = ~(((word & low_bits) + low_bits) | word | low_bits);  // the high bit of each byte that is zero now
            for (; dots != 0; dots &= dots - 1) end_at(i + static_cast<unsigned>(std::countr_zero(dots)) / 8);
        }
        for (; i < text.size(); ++i) {
            if (text[i] == '.') end_at(i);
        }
        end_at(text.size());
    }

private:
    std::size_t last_begin;
};

/// Reads tokens. `ok` is sticky.
struct token_reader {
    std::string_view subject;
    const token_list& tokens;
    std::size_t next = 0;
    bool ok = true;

    std::string_view text() noexcept {
        const std::size_t begin = tokens.begins[next];
        return subject.substr(begin, tokens.begins[++next] - 1 - begin);
    }

    /// The last `count` (1 to 8) digits before `end`; the prefix makes sure that there are eight bytes before it.
    std::uint64_t digits(const char* end, std::size_t count) noexcept {
        std::uint64_t word = eight_bytes(end - 8) ^ ('0' * ones);
        word &= ~std::uint64_t{0} << (8 * (8 - count));  // what stands before them reads as zeros
        ok = ok && (((word + 0x76 * ones) | word) & ~low_bits) == 0;
        word = word * 10 + (word >> 8);  // pairs, in every second byte
        word = ((word & 0x000000FF000000FF) * (100 + (std::uint64_t{1'000'000} << 32)) +
                ((word >> 16) & 0x000000FF000000FF) * (1 + (std::uint64_t{10'000} << 32))) >>
               32;
        return word;
    }

    std::uint64_t number() noexcept {
        constexpr std::size_t never_overflows = 19;  // digits
        constexpr std::uint64_t eight_digits = 100'000'000;
        constexpr std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
        std::string_view token = text();
        while (token.size() > never_overflows && token.front() == '0') token.remove_prefix(1);
        if (token.empty() || token.size() > never_overflows + 1) {
            ok = false;
            return 0;
        }
        const std::size_t first = (token.size() - 1) % 8 + 1;
        std::uint64_t value = digits(token.data() + first, first);
        for (std::size_t at = first; at != token.size(); at += 8) {
            const std::uint64_t more = digits(token.data() + at + 8, 8);
            if (token.size() > never_overflows && value > (max - more) / eight_digits) ok = false;
            value = value * eight_digits + more;
        }
        return value;
    }
};

wall_time to_time(std::uint64_t nanoseconds) noexcept {
    constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return wall_time(std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds < max ? nanoseconds : max)));
}

}  // namespace

std::optional<delivery_info> parse_ack_subject(std::string_view subject) noexcept {
    if (!subject.starts_with(prefix)) return std::nullopt;
    const token_list tokens(subject);
    const bool v2 = tokens.count >= tokens_of_v2;
    if (!tokens.well_formed || (!v2 && tokens.count != tokens_of_v1)) return std::nullopt;

    token_reader reader{subject, tokens};
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
    if (!reader.ok) return std::nullopt;
    return out;
}

}  // namespace slipstream::jetstream
