// What many runs have come to (failure-modes 3.7).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/world.hpp"

namespace slipstream::sim {

class figures {
public:
    void add(const plan& p, const run_result& r);
    /// Of another process, as write() made it.
    void add_text(const std::string& text);
    [[nodiscard]] std::string to_text() const;
    /// For people. `busy` is processor time.
    [[nodiscard]] std::string report(std::chrono::nanoseconds busy) const;
    [[nodiscard]] std::vector<std::string_view> cold_probes() const;
    [[nodiscard]] std::uint64_t seeds() const noexcept { return seeds_; }

private:
    [[nodiscard]] std::string shares_of_faults() const;

    std::uint64_t seeds_ = 0;
    std::uint64_t events_ = 0;
    std::uint64_t operations_ = 0;
    std::uint64_t operations_ok_ = 0;
    std::uint64_t operations_unknown_ = 0;
    duration simulated_{};
    duration longest_outage_{};
    std::vector<std::uint64_t> faults_;
    std::array<std::uint64_t, static_cast<std::size_t>(step_kind::count)> faults_by_kind_{};
    std::array<std::uint64_t, probe_count> probes_{};
};

}  // namespace slipstream::sim
