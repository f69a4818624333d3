#include "tests/sim/figures.hpp"

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace slipstream::sim {

namespace {

/// With a comma between thousands.
std::string grouped(std::uint64_t n) {
    std::string out = std::to_string(n);
    for (std::size_t i = out.size(); i > 3; i -= 3) out.insert(i - 3, ",");
    return out;
}

}  // namespace

void figures::add(const plan&, const run_result& r) {
    ++seeds_;
    events_ += r.events;
    operations_ += r.operations;
    operations_ok_ += r.operations_ok;
    simulated_ += r.simulated;
    longest_outage_ = std::max(longest_outage_, r.longest_outage);
    faults_.push_back(r.faults);
    for (std::size_t i = 0; i < probe_count; ++i) probes_[i] += r.probes.test(i) ? 1 : 0;
}

std::string figures::to_text() const {
    std::ostringstream out;
    out << seeds_ << ' ' << events_ << ' ' << operations_ << ' ' << operations_ok_ << ' ' << simulated_.count() << ' '
        << longest_outage_.count() << '\n';
    for (const std::uint64_t n : probes_) out << n << ' ';
    out << '\n';
    for (const std::uint64_t n : faults_) out << n << ' ';
    out << '\n';
    return std::move(out).str();
}

void figures::add_text(const std::string& text) {
    std::istringstream in(text);
    std::uint64_t seeds = 0;
    std::uint64_t events = 0;
    std::uint64_t operations = 0;
    std::uint64_t ok = 0;
    duration::rep simulated = 0;
    duration::rep outage = 0;
    in >> seeds >> events >> operations >> ok >> simulated >> outage;
    seeds_ += seeds;
    events_ += events;
    operations_ += operations;
    operations_ok_ += ok;
    simulated_ += duration(simulated);
    longest_outage_ = std::max(longest_outage_, duration(outage));
    for (std::uint64_t& each : probes_) {
        std::uint64_t n = 0;
        in >> n;
        each += n;
    }
    for (std::uint64_t n = 0; in >> n;) faults_.push_back(n);
}

std::string figures::report(std::chrono::nanoseconds busy) const {
    const double seconds = std::chrono::duration<double>(busy).count();
    const double simulated = std::chrono::duration<double>(simulated_).count();
    const auto count = static_cast<double>(seeds_);
    std::vector<std::uint64_t> sorted = faults_;
    std::sort(sorted.begin(), sorted.end());
    const auto at = [&](std::size_t percent) { return sorted.empty() ? 0 : sorted[(sorted.size() - 1) * percent / 100]; };
    const std::size_t cold = cold_probes().size();
    const auto each = [](double n) { return grouped(static_cast<std::uint64_t>(n + 0.5)); };
    const double ok = 100.0 * static_cast<double>(operations_ok_) / static_cast<double>(operations_);
    char percent[64];
    std::snprintf(percent, sizeof percent, "%.1f %% ok, %.1f %%", ok, 100.0 - ok);
    char outage[32];
    std::snprintf(outage, sizeof outage, "%.1f s", std::chrono::duration<double>(longest_outage_).count());
    std::string out = "| figure (" + grouped(seeds_) + " seeds) | |\n|---|---|\n";
    const auto row = [&out](const std::string& what, const std::string& value) { out += "| " + what + " | " + value + " |\n"; };
    row("seeds / hour / core", each(count / seconds * 3600));
    row("simulated hours / real hour", each(simulated / seconds));
    row("events / s; events, operations / seed", each(static_cast<double>(events_) / seconds) + "; " +
                                                     each(static_cast<double>(events_) / count) + ", " +
                                                     each(static_cast<double>(operations_) / count));
    row("faults / seed", "median " + std::to_string(at(50)) + ", p95 " + std::to_string(at(95)));
    row("operations", std::string(percent) + " ended with the error that was due");
    row("probes on rare branches hit", std::to_string(probe_count - cold) + " of " + std::to_string(probe_count));
    row("longest outage survived", outage);
    return out;
}

std::vector<std::string_view> figures::cold_probes() const {
    std::vector<std::string_view> cold;
    for (std::size_t i = 0; i < probe_count; ++i) {
        if (probes_[i] == 0) cold.push_back(probe_names[i]);
    }
    return cold;
}

}  // namespace slipstream::sim
