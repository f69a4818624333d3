// Keys are compared by the eight bytes behind what all of them begin with, or as many of these as fit into 32 bits when each byte counts
// as its rank among those seen at its place: a digit takes 3.3 bits, and a number of two or three digits of 11 bits decides nearly
// always. Those digits are sorted by, the last one first. Beside the keys there are 16 bytes for each of them.
#include "kv/machine/key_order.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <utility>

namespace slipstream::kv::machine {
namespace {

constexpr std::size_t window = 8;
constexpr unsigned digit_bits = 11;

/// The bytes from `skip` on, in memory as they are in the key; zeros where it has ended. Precondition: it has so many.
std::uint64_t front_of(const std::string& key, std::size_t skip) noexcept {
    std::uint64_t front = 0;
    if (std::endian::native == std::endian::little && key.size() >= window && key.size() > skip) [[likely]] {
        const std::size_t begin = std::min(skip, key.size() - window);
        std::memcpy(&front, key.data() + begin, window);
        return front >> (8 * (skip - begin));
    }
    const std::size_t size = std::min(key.size() - skip, window);
    if (size != 0) std::memcpy(&front, key.data() + skip, size);
    return front;
}

std::size_t common_prefix(const std::vector<std::string>& keys) noexcept {
    std::size_t shortest = keys.front().size();
    for (std::size_t at = 0;; at += window) {
        const std::uint64_t first = front_of(keys.front(), at);
        std::uint64_t different = 0;
        for (const std::string& key : keys) {
            different |= front_of(key, at) ^ first;
            shortest = std::min(shortest, key.size());
        }
        const int same = std::endian::native == std::endian::little ? std::countr_zero(different) : std::countl_zero(different);
        if (different != 0 || at + window >= shortest) return std::min(at + static_cast<unsigned>(same) / 8, shortest);
    }
}

/// Calls visit(k, byte) for each byte of a front.
template <class Visit>
[[gnu::always_inline]]
inline void for_each_byte(const std::uint64_t& front, Visit visit) {
    const auto* const bytes = reinterpret_cast<const unsigned char*>(&front);
    [&]<std::size_t... k>(std::index_sequence<k...>) { (visit(k, bytes[k]), ...); }(std::make_index_sequence<window>());
}

/// A number for each front, in the order of their bytes.
class ranks {
public:
    explicit ranks(std::span<const std::uint64_t> fronts) noexcept {
        std::array<std::array<bool, 256>, window> seen{};
        for (const std::uint64_t& front : fronts) for_each_byte(front, [&seen](std::size_t k, std::size_t c) { seen[k][c] = true; });
        std::array<std::uint64_t, window> kinds{};
        std::size_t depth = 0;
        for (; depth < window; ++depth) {
            kinds[depth] = static_cast<std::uint64_t>(std::count(seen[depth].begin(), seen[depth].end(), true));
            if (count_ * kinds[depth] > std::uint64_t{1} << 32U) break;
            count_ *= kinds[depth];
        }
        std::uint64_t scale = 1;
        for (std::size_t k = depth; k-- > 0; scale *= kinds[k]) {
            std::uint64_t rank = 0;
            for (std::size_t c = 0; c < seen[k].size(); ++c) {
                shares_[k][c] = rank * scale;
                rank += seen[k][c] ? 1 : 0;
            }
        }
    }

    [[nodiscard]] std::uint64_t of(const std::uint64_t& front) const noexcept {
        std::uint64_t sum = 0;
        for_each_byte(front, [&](std::size_t k, std::size_t c) { sum += shares_[k][c]; });
        return sum;
    }

    [[nodiscard]] unsigned bits() const noexcept { return static_cast<unsigned>(std::bit_width(count_ - 1)); }

private:
    std::array<std::array<std::uint64_t, 256>, window> shares_{};  // of a byte in the number; none behind what fits
    std::uint64_t count_ = 1;  // all numbers are below
};

// In the upper half the rank, in the lower one the key's index.
using place = std::uint64_t;
constexpr std::uint32_t index_of(place p) noexcept { return static_cast<std::uint32_t>(p); }
constexpr std::uint32_t rank_of(place p) noexcept { return static_cast<std::uint32_t>(p >> 32U); }

/// The places of all keys; not set to anything first.
struct place_list {
    explicit place_list(std::size_t n) : memory(std::make_unique_for_overwrite<place[]>(n)), size(n) {}
    [[nodiscard]] std::span<place> all() const noexcept { return {memory.get(), size}; }

    std::unique_ptr<place[]> memory;
    std::size_t size;
};

void sort_places(place_list& order, unsigned bits) {
    place_list other(order.size);
    for (unsigned shift = 32; shift < 32 + bits; shift += digit_bits) {
        std::array<std::uint32_t, std::size_t{1} << digit_bits> at{};
        const auto digit = [shift](place p) { return static_cast<std::size_t>(p >> shift) % (std::size_t{1} << digit_bits); };
        for (const place p : order.all()) ++at[digit(p)];
        std::uint32_t sum = 0;
        for (std::uint32_t& n : at) sum += std::exchange(n, sum);
        for (const place p : order.all()) other.memory[at[digit(p)]++] = p;
        order.memory.swap(other.memory);
    }
}

/// `to` was moved from. Made anew it costs less than assigned to.
void move_into(std::string& to, std::string& from) noexcept {
    std::destroy_at(&to);
    std::construct_at(&to, std::move(from));
}

/// Moves the keys where they belong, one cycle of places after the other: there is no second list of keys.
void move_keys(std::vector<std::string>& keys, std::span<place> order) noexcept {
    for (std::uint32_t i = 0; i < order.size(); ++i) {
        if (index_of(order[i]) == i) continue;
        std::string first = std::move(keys[i]);
        std::uint32_t hole = i;
        for (std::uint32_t from = index_of(order[hole]); from != i; from = index_of(order[hole])) {
            move_into(keys[hole], keys[from]);
            order[hole] = hole;
            hole = from;
        }
        move_into(keys[hole], first);
        order[hole] = hole;
    }
}

}  // namespace

bool sort_keys(std::vector<std::string>& keys) {
    if (keys.empty()) return false;
    if (keys.size() > std::numeric_limits<std::uint32_t>::max()) {
        std::sort(keys.begin(), keys.end());
        return true;
    }
    const std::size_t skip = common_prefix(keys);
    place_list list(keys.size());
    std::span<place> order = list.all();
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = front_of(keys[i], skip);
    const ranks numbers(order);
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = numbers.of(order[i]) << 32U | i;
    sort_places(list, numbers.bits());
    order = list.all();
    bool ties = false;
    for (auto first = order.begin(); first != order.end();) {
        auto last = first + 1;
        while (last != order.end() && rank_of(*last) == rank_of(*first)) ++last;
        if (last - first > 1) {
            ties = true;
            std::sort(first, last, [&keys](place a, place b) { return keys[index_of(a)] < keys[index_of(b)]; });
        }
        first = last;
    }
    move_keys(keys, order);
    return ties;
}

}  // namespace slipstream::kv::machine
