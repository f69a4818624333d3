// Randomness as the machines see it: a stream of numbers made from a seed that somebody else drew.
//
// Told: a seed. Emits: numbers. Not for secrets. Invariant: the same seed gives the same numbers on every platform, and a
// stream split off by name does not change when another one draws more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace slipstream::session {

/// splitmix64: one word of state, every seed is good.
class random_stream {
public:
    explicit constexpr random_stream(std::uint64_t seed) noexcept : state_(seed) {}

    constexpr std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }

    /// Uniform in [0, bound); 0 when `bound` is 0.
    constexpr std::uint64_t below(std::uint64_t bound) noexcept {
        if (bound == 0) return 0;
        const std::uint64_t unfair = (0 - bound) % bound;  // so many of the lowest numbers would make some results likelier
        for (;;) {
            const std::uint64_t n = next();
            if (n >= unfair) return n % bound;
        }
    }

    /// Another stream, decided by this one's seed so far and the name.
    [[nodiscard]] constexpr random_stream split(std::string_view name) const noexcept {
        std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
        for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
        return random_stream(random_stream(state_ ^ hash).next());
    }

    /// Fisher-Yates over anything with size() and operator[].
    template <class Sequence>
    constexpr void shuffle(Sequence& items) {
        using std::swap;
        for (std::size_t i = items.size(); i > 1; --i) swap(items[i - 1], items[static_cast<std::size_t>(below(i))]);
    }

private:
    std::uint64_t state_;
};

}  // namespace slipstream::session
