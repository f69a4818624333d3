// Latencies in a fixed number of buckets, each an eighth of a power of two wide: no memory for each, percentiles within 13 %.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace command {

class latency_histogram {
public:
    void add(std::chrono::nanoseconds latency) noexcept {
        const auto ns = static_cast<std::uint64_t>(latency.count() > 0 ? latency.count() : 0);
        ++buckets_[bucket_of(ns)];
        ++count_;
        highest_ = ns > highest_ ? ns : highest_;
    }
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    [[nodiscard]] std::chrono::nanoseconds highest() const noexcept { return std::chrono::nanoseconds(highest_); }
    /// Below which this share (0 to 1) of them lies; the upper end of a bucket, and never above the highest.
    [[nodiscard]] std::chrono::nanoseconds percentile(double share) const noexcept;

    /// One line for each power of two between the first and the last that has any.
    struct line {
        std::chrono::nanoseconds below;
        std::uint64_t count;
    };
    [[nodiscard]] std::vector<line> lines() const;

private:
    static constexpr std::uint64_t parts = 8;
    static constexpr auto most = static_cast<std::uint64_t>(std::chrono::nanoseconds::max().count());

    static std::size_t bucket_of(std::uint64_t ns) noexcept {
        if (ns < parts) return static_cast<std::size_t>(ns);
        const auto exponent = static_cast<unsigned>(std::bit_width(ns)) - 4;  // so that ns >> exponent has four bits, the first one set
        return std::size_t{exponent + 1} * parts + static_cast<std::size_t>((ns >> exponent) & (parts - 1));
    }
    /// The first value that is too large for a bucket, as far as nanoseconds can say it.
    static std::uint64_t end_of(std::size_t bucket) noexcept {
        if (bucket < parts) return bucket + 1;
        const auto exponent = static_cast<unsigned>(bucket / parts - 1);
        return std::min((parts + bucket % parts + 1) << exponent, most);
    }

    std::array<std::uint64_t, std::size_t{62} * parts> buckets_{};
    std::uint64_t count_ = 0;
    std::uint64_t highest_ = 0;
};

}  // namespace command
