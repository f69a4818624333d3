#include "tests/sim/figures.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <sstream>
#include <utility>

namespace slipstream::sim {

namespace {

/// With a comma between thousands.
std::string grouped(std::uint64_t n) {
    std::string out = std::to_string(n);
    for (std::size_t i = out.size(); i > 3; i -= 3) out.insert(i - 3, ",");
    return out;
}

std::string percent(std::uint64_t n, std::uint64_t of) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f %%", of == 0 ? 0.0 : 100.0 * static_cast<double>(n) / static_cast<double>(of));
    return text;
}

/// What people call it.
std::string_view class_of(step_kind fault) noexcept {
    using enum step_kind;
    switch (fault) {
        case cut_fin:
        case cut_half:
        case cut_rst:
        case cut_in_write:
        case slow_consumer: return "connection cut";
        case drop_in:
        case drop_out:
        case drop_both: return "silence";
        case zero_window:
        case slow_link:
        case delay: return "slowness";
        case refuse:
        case hang:
        case mute:
        case full:
        case tls_trouble: return "attempt fails";
        case pause_server:
        case pause_client: return "process stopped";
        case kill_server:
        case lame_duck: return "server leaves";
        case refuse_login:
        case rotate_login:
        case expire_login:
        case deny: return "login or permission";
        case stale_fact: return "late fact";
        default: return "server says otherwise";
    }
}

}  // namespace

void figures::add(const plan&, const run_result& r) {
    ++seeds_;
    events_ += r.events;
    operations_ += r.operations;
    operations_ok_ += r.operations_ok;
    operations_unknown_ += r.operations_unknown;
    simulated_ += r.simulated;
    longest_outage_ = std::max(longest_outage_, r.longest_outage);
    faults_.push_back(r.faults);
    for (std::size_t i = 0; i < faults_by_kind_.size(); ++i) faults_by_kind_[i] += r.faults_by_kind[i];
    for (std::size_t i = 0; i < probe_count; ++i) probes_[i] += r.probes.test(i) ? 1 : 0;
}

std::string figures::to_text() const {
    std::ostringstream out;
    out << seeds_ << ' ' << events_ << ' ' << operations_ << ' ' << operations_ok_ << ' ' << operations_unknown_ << ' '
        << simulated_.count() << ' ' << longest_outage_.count() << '\n';
    for (const std::uint64_t n : faults_by_kind_) out << n << ' ';
    out << '\n';
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
    std::uint64_t unknown = 0;
    duration::rep simulated = 0;
    duration::rep outage = 0;
    in >> seeds >> events >> operations >> ok >> unknown >> simulated >> outage;
    seeds_ += seeds;
    events_ += events;
    operations_ += operations;
    operations_ok_ += ok;
    operations_unknown_ += unknown;
    simulated_ += duration(simulated);
    longest_outage_ = std::max(longest_outage_, duration(outage));
    const auto add = [&in](std::uint64_t& each) {
        std::uint64_t n = 0;
        in >> n;
        each += n;
    };
    std::for_each(faults_by_kind_.begin(), faults_by_kind_.end(), add);
    std::for_each(probes_.begin(), probes_.end(), add);
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
    const auto share = [this](std::uint64_t n) { return percent(n, operations_); };
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
    row("faults by kind", shares_of_faults());
    row("operations", share(operations_ok_) + " ok, " + share(operations_unknown_) + " outcome unknown, " +
                          share(operations_ - operations_ok_ - operations_unknown_) +
                          " refused, cancelled or ended with another error that was due");
    row("probes on rare branches hit", std::to_string(probe_count - cold) + " of " + std::to_string(probe_count));
    row("longest outage survived", outage);
    return out;
}

std::string figures::shares_of_faults() const {
    std::map<std::string_view, std::uint64_t> classes;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < faults_by_kind_.size(); ++i) {
        const auto kind = static_cast<step_kind>(i);
        if (!is_fault(kind)) continue;
        classes[class_of(kind)] += faults_by_kind_[i];
        sum += faults_by_kind_[i];
    }
    std::vector<std::pair<std::uint64_t, std::string_view>> order;
    for (const auto& [name, n] : classes) order.emplace_back(n, name);
    std::sort(order.rbegin(), order.rend());
    std::string out;
    for (const auto& [n, name] : order) out += (out.empty() ? "" : ", ") + std::string(name) + ' ' + percent(n, sum);
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
