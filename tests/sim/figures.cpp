#include "tests/sim/figures.hpp"

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace slipstream::sim {

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
    char line[1024];
    std::snprintf(line, sizeof line,
                  "seeds                     %llu\n"
                  "seeds / hour / core       %.0f\n"
                  "simulated h / real h      %.0f\n"
                  "events / s                %.0f\n"
                  "events / seed             %.0f\n"
                  "faults / seed             median %llu, p95 %llu\n"
                  "operations / seed         %.0f\n"
                  "operations                %.1f %% ok, %.1f %% with an error\n"
                  "probes hit                %zu of %zu\n"
                  "longest outage survived   %.1f s\n",
                  static_cast<unsigned long long>(seeds_), count / seconds * 3600, simulated / seconds,
                  static_cast<double>(events_) / seconds, static_cast<double>(events_) / count, static_cast<unsigned long long>(at(50)),
                  static_cast<unsigned long long>(at(95)), static_cast<double>(operations_) / count,
                  100.0 * static_cast<double>(operations_ok_) / static_cast<double>(operations_),
                  100.0 * static_cast<double>(operations_ - operations_ok_) / static_cast<double>(operations_), probe_count - cold,
                  probe_count, std::chrono::duration<double>(longest_outage_).count());
    return line;
}

std::vector<std::string_view> figures::cold_probes() const {
    std::vector<std::string_view> cold;
    for (std::size_t i = 0; i < probe_count; ++i) {
        if (probes_[i] == 0) cold.push_back(probe_names[i]);
    }
    return cold;
}

}  // namespace slipstream::sim
