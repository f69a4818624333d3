#include "jetstream/api/delivery_reader.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>

#include "jetstream/api/decimal_words.hpp"

namespace slipstream::jetstream::api {
namespace {

constexpr std::size_t digits_of_time = 19;  // since 2001
constexpr std::size_t least_numbers = std::string_view("1.1.").size() + digits_of_time + std::string_view(".1").size();

/// Of eight digits or more, with a dot behind them and at least eight bytes behind that. Gives what follows, or null.
const char* long_sequence(const char* at, const char* end, std::uint64_t& out) noexcept {
    constexpr std::ptrdiff_t most = 19;  // digits: they always fit
    const char* const begin = at;
    std::uint64_t value = 0;
    for (; at != end; ++at) {
        const auto digit = static_cast<unsigned>(static_cast<unsigned char>(*at)) - '0';
        if (digit > 9) break;
        value = value * 10 + digit;
    }
    if (at - begin > most || end - at <= 8 || *at != '.') return nullptr;
    out = value;
    return at + 1;
}

/// Reads from the front what stands behind the head, at least least_numbers. False: it is written in another way.
class number_reader {
public:
    explicit number_reader(std::string_view numbers) noexcept : at_(numbers.data()), end_(numbers.data() + numbers.size()) {}

    /// With a dot behind it. At least eight bytes are left, before and after.
    [[gnu::always_inline]]
    bool sequence(std::uint64_t& out) noexcept {
        const std::uint64_t word = eight_bytes(at_) ^ zeros;
        const std::uint64_t others = no_digits_in(word);
        if (others == 0) return (at_ = long_sequence(at_, end_, out)) != nullptr;
        const auto high_bit = static_cast<unsigned>(std::countr_zero(others));
        const unsigned count = high_bit / 8;
        if (count == 0 || at_[count] != '.') return false;
        out = value_of(word << (-(high_bit - 7) & 63U));
        at_ += count + 1;
        return true;
    }

    /// With a dot behind it.
    [[gnu::always_inline]]
    bool time(wall_time& out) noexcept {
        if (left() <= digits_of_time || at_[digits_of_time] != '.') return false;
        const std::uint64_t first = eight_bytes(at_) ^ zeros;
        const std::uint64_t second = eight_bytes(at_ + 8) ^ zeros;
        const std::uint64_t third = eight_bytes(at_ + 11) ^ zeros;
        if ((no_digits_in(first) | no_digits_in(second) | no_digits_in(third)) != 0) return false;
        const std::uint64_t nanoseconds = value_of(first) * 100'000'000'000 + value_of(second) * 1'000 + value_of(third >> 40U << 40U);
        constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        out = wall_time(std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(nanoseconds, max))));
        at_ += digits_of_time + 1;
        return true;
    }

    /// All that is left.
    [[gnu::always_inline]]
    bool last(std::uint64_t& out) noexcept {
        const std::size_t size = left();
        if (size - 1 >= 8) return false;
        const std::uint64_t digits = (eight_bytes(end_ - 8) ^ zeros) & ~std::uint64_t{0} << (64 - 8 * size);
        out = value_of(digits);
        return no_digits_in(digits) == 0;
    }

private:
    [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }

    const char* at_;
    const char* end_;
};

}  // namespace

const delivery_info* delivery_reader::read(std::string_view subject) noexcept {
    const bool same_head =
        head_size_ != 0 && subject.size() >= head_size_ + least_numbers && std::memcmp(subject.data(), head_.data(), head_size_) == 0;
    return same_head && read_numbers({subject.data() + head_size_, subject.size() - head_size_}) ? &info_ : read_anew(subject);
}

[[gnu::always_inline]]
inline bool delivery_reader::read_numbers(std::string_view numbers) noexcept {
    number_reader reader(numbers);
    return reader.sequence(info_.stream_sequence) && reader.sequence(info_.consumer_sequence) && reader.time(info_.timestamp) &&
           reader.last(info_.pending);
}

const delivery_info* delivery_reader::read_anew(std::string_view subject) noexcept {
    const std::optional<delivery_info> read = parse_ack_subject(subject);
    if (!read) return nullptr;
    info_ = *read;
    remember(subject);
    return &info_;
}

void delivery_reader::remember(std::string_view subject) noexcept {
    const std::size_t names = static_cast<std::size_t>(info_.consumer.data() - subject.data()) + info_.consumer.size() + 1;
    const std::size_t size = subject.find('.', names) + 1;
    head_size_ = 0;
    if (size > head_.size()) return;
    std::memcpy(head_.data(), subject.data(), size);
    head_size_ = size;
    for (std::string_view* const text : {&info_.domain, &info_.stream, &info_.consumer}) {
        if (!text->empty()) *text = {head_.data() + (text->data() - subject.data()), text->size()};
    }
}

}  // namespace slipstream::jetstream::api
