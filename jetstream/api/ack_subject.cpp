// The ACK-subject parser (ADR-15; contract S80-S86, W28, failure mode A19).
//
// Told: a reply subject. Emits: its fields, or nothing. This runs once a delivered message, so the layouts that servers write are read from
// the back, eight bytes at a time; whatever that does not understand goes the careful way: one pass to count the tokens (the count
// selects the layout), one to read them. Invariant: no allocation, and never a made-up number: what is not exactly a known layout
// gives nothing.
#include <slipstream/jetstream/ack_subject.hpp>

#include "jetstream/api/delivery_reader.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

namespace slipstream::jetstream {
namespace {

constexpr std::string_view prefix = "$JS.ACK.";
constexpr std::size_t tokens_of_v1 = 9;   // the two of the prefix included
constexpr std::size_t tokens_of_v2 = 11;  // at least; servers may append some

constexpr std::uint64_t ones = 0x0101010101010101;
constexpr std::uint64_t low_bits = 0x7F * ones;

/// The first one lowest.
std::uint64_t eight_bytes(const char* p) noexcept {
    std::uint64_t word = 0;
    if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(&word, p, sizeof word);
    } else {
        for (unsigned i = 0; i < 8; ++i) word |= std::uint64_t{static_cast<unsigned char>(p[i])} << (8 * i);
    }
    return word;
}

/// The high bit of each byte that is a dot.
std::uint64_t dots_in(std::uint64_t word) noexcept {
    word ^= '.' * ones;
    return ~(((word & low_bits) + low_bits) | word | low_bits);
}

std::size_t count_dots(std::string_view text) noexcept {
    std::size_t count = 0;
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8)
        count += static_cast<std::size_t>(((dots_in(eight_bytes(text.data() + i)) >> 7) * ones) >> 56);
    for (; i < text.size(); ++i) count += text[i] == '.' ? 1 : 0;
    return count;
}

/// The high bit of a byte that is no decimal digit, `word` being the bytes' distance from '0': right up to the first such byte.
std::uint64_t no_digits_in(std::uint64_t word) noexcept { return ((word + 0x76 * ones) | word) & ~low_bits; }

/// Of eight digits, each as its distance from '0'.
std::uint64_t value_of(std::uint64_t digits) noexcept {
    digits = digits * 10 + (digits >> 8);  // pairs, in every second byte
    return ((digits & 0x000000FF000000FF) * (100 + (std::uint64_t{1'000'000} << 32)) +
            ((digits >> 16) & 0x000000FF000000FF) * (1 + (std::uint64_t{10'000} << 32))) >>
           32;
}

/// Reads numbers of up to 19 digits from the right, as far as `begin`, before which the prefix is.
struct back_reader {
    const char* begin;
    const char* end;        // behind the last digit of the next number
    std::uint64_t bad = 0;  // not 0: there was something else

    [[gnu::always_inline]]
    std::uint64_t number() noexcept {
        constexpr std::uint64_t scales[] = {1, 100'000'000, 10'000'000'000'000'000};
        std::uint64_t value = 0;
        if (end < begin) bad = 1;
        for (unsigned part = 0; bad == 0; ++part) {
            const std::uint64_t word = eight_bytes(end - 8);
            const std::uint64_t dots = dots_in(word);
            const auto count = dots == 0 ? 8U : static_cast<unsigned>(std::countl_zero(dots)) / 8;
            if (count == 0) {  // so end numbers of 8 and of 16 digits
                bad = part == 0 ? 1 : 0;
                break;
            }
            if (part == 2 && count > 3) {
                bad = 1;
                break;
            }
            const std::uint64_t taken = ~std::uint64_t{0} << (8 * (8 - count));  // what stands before the digits reads as zeros
            const std::uint64_t digits = (word ^ ('0' * ones)) & taken;
            bad = no_digits_in(digits);
            value += value_of(digits) * scales[part];
            end -= count;
            if (count < 8) break;
        }
        --end;  // the dot
        return value;
    }
};

/// Reads numbers of up to 19 digits from the left. At least eight bytes stand before what it reads.
struct front_reader {
    const char* at;
    const char* end;
    unsigned bad = 0;  // not 0: there was something else, or a number written in an unusual way

    /// Followed by a dot.
    [[gnu::always_inline]]
    std::uint64_t number() noexcept {
        const std::uint64_t word = next_word();
        const std::uint64_t others = no_digits_in(word);
        return others != 0 ? ending(word, others) : long_number(word);
    }

    /// All that is left; up to eight digits.
    std::uint64_t last() noexcept {
        const auto size = end - at;
        if (size < 1 || size > 8) {
            bad = 1;
            return 0;
        }
        const std::uint64_t before = ~std::uint64_t{0} << (8 * (8 - static_cast<unsigned>(size)));
        const std::uint64_t word = (eight_bytes(end - 8) ^ ('0' * ones)) & before;
        bad |= no_digits_in(word) == 0 ? 0 : 1;
        return value_of(word);
    }

private:
    /// The next bytes' distance from '0'. What lies behind the end is no digit.
    std::uint64_t next_word() const noexcept {
        const auto left = end - at;
        if (left >= 8) [[likely]]
            return eight_bytes(at) ^ ('0' * ones);
        return left <= 0 ? ~std::uint64_t{0} : (eight_bytes(end - 8) >> (8 * (8 - static_cast<unsigned>(left)))) ^ ('0' * ones);
    }

    /// The 1 to 7 digits before the first of `others`, which is a dot.
    [[gnu::always_inline]]
    std::uint64_t ending(std::uint64_t word, std::uint64_t others) noexcept {
        const auto bits = static_cast<unsigned>(std::countr_zero(others)) & 0x38U;
        bad |= static_cast<unsigned>(word >> bits & 0xFF) ^ static_cast<unsigned>('.' ^ '0');
        bad |= bits == 0 ? 1 : 0;
        at += bits / 8 + 1;
        return value_of(word << ((64 - bits) & 63));
    }

    /// 16 to 19 digits or 8 to 15, as times and larger numbers have.
    std::uint64_t long_number(std::uint64_t word) noexcept {
        static constexpr std::uint64_t powers[] = {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000};
        std::uint64_t value = value_of(word);
        at += 8;
        word = next_word();
        std::uint64_t others = no_digits_in(word);
        const bool longer = others == 0;
        if (longer) {
            value = value * 100'000'000 + value_of(word);
            at += 8;
            word = next_word();
            others = no_digits_in(word);
        }
        const auto count = static_cast<unsigned>(std::countr_zero(others)) / 8;
        if (others == 0 || (longer && count > 3)) {
            bad = 1;
            return 0;
        }
        if (count != 0) return value * powers[count] + ending(word, others);
        bad |= static_cast<unsigned>(word & 0xFF) ^ static_cast<unsigned>('.' ^ '0');
        ++at;
        return value;
    }
};

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

/// False when `subject` is not plainly one of the layouts; `out` then holds anything. It has the prefix.
bool read_from_the_back(std::string_view subject, delivery_info& out) noexcept {
    constexpr std::size_t shortest = prefix.size() + 13;  // a.b.1.2.3.4.5
    if (subject.size() < shortest) return false;
    const char* const names = subject.data() + prefix.size();
    back_reader reader{names, subject.data() + subject.size()};
    out.pending = reader.number();
    out.timestamp = to_time(reader.number());
    out.consumer_sequence = reader.number();
    out.stream_sequence = reader.number();
    out.delivered = reader.number();
    if (reader.bad != 0 || reader.end <= names || *reader.end != '.') return false;
    const std::string_view head(names, static_cast<std::size_t>(reader.end - names));
    const std::size_t dots = count_dots(head);
    if (dots != 1 && dots != 3) return false;  // stream.consumer, or domain.account.stream.consumer
    const std::size_t last = head.rfind('.');
    out.consumer = head.substr(last + 1);
    if (dots == 1) {
        out.stream = head.substr(0, last);
    } else {
        const std::size_t first = head.find('.');
        const std::size_t second = head.find('.', first + 1);
        out.domain = head.substr(0, first);
        out.stream = head.substr(second + 1, last - second - 1);
        if (out.domain.empty() || second == first + 1) return false;
        if (out.domain == "_") out.domain = {};
    }
    return !out.stream.empty() && !out.consumer.empty();
}

}  // namespace

std::optional<delivery_info> parse_ack_subject(std::string_view subject) noexcept {
    if (!subject.starts_with(prefix) || subject.back() == '.') return std::nullopt;
    if (delivery_info out; read_from_the_back(subject, out)) [[likely]]
        return out;
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

namespace api {

bool delivery_reader::read(std::string_view subject, delivery_info& out) noexcept {
    if (head_size_ != 0 && subject.size() > head_size_ && std::memcmp(subject.data(), head_.data(), head_size_) == 0) {
        front_reader reader{subject.data() + head_size_, subject.data() + subject.size()};
        out.delivered = reader.number();
        out.stream_sequence = reader.number();
        out.consumer_sequence = reader.number();
        out.timestamp = to_time(reader.number());
        out.pending = reader.last();
        if (reader.bad == 0) [[likely]] {
            out.domain = domain_.in(subject);
            out.stream = stream_.in(subject);
            out.consumer = consumer_.in(subject);
            return true;
        }
    }
    const std::optional<delivery_info> read = parse_ack_subject(subject);
    if (!read) return false;
    out = *read;
    remember(subject, out);
    return true;
}

void delivery_reader::remember(std::string_view subject, const delivery_info& info) noexcept {
    const auto size = static_cast<std::size_t>(info.consumer.data() - subject.data()) + info.consumer.size() + 1;
    if (size > head_.size()) return;
    std::memcpy(head_.data(), subject.data(), size);
    head_size_ = size;
    const auto place = [&subject](std::string_view of) {
        if (of.empty()) return part{};
        return part{static_cast<std::uint16_t>(of.data() - subject.data()), static_cast<std::uint16_t>(of.size())};
    };
    domain_ = place(info.domain);
    stream_ = place(info.stream);
    consumer_ = place(info.consumer);
}

}  // namespace api

}  // namespace slipstream::jetstream
