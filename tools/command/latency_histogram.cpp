#include "tools/command/latency_histogram.hpp"

#include <algorithm>
#include <cmath>

namespace command {

std::chrono::nanoseconds latency_histogram::percentile(double share) const noexcept {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        seen += buckets_[i];
        if (seen >= wanted && seen != 0) return std::chrono::nanoseconds(std::min(end_of(i), highest_));
    }
    return highest();
}

std::vector<latency_histogram::line> latency_histogram::lines() const {
    std::vector<line> out;
    for (std::size_t i = 0; i < buckets_.size(); i += parts) {
        std::uint64_t here = 0;
        for (std::size_t k = i; k < i + parts; ++k) here += buckets_[k];
        if (here == 0 && out.empty()) continue;
        out.push_back({std::chrono::nanoseconds(end_of(i + parts - 1)), here});
    }
    while (!out.empty() && out.back().count == 0) out.pop_back();
    return out;
}

}  // namespace command
