// Runs seeds, replays scripts, makes failing ones smaller. tests/sim/run builds and calls it.
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/sim/figures.hpp"
#include "tests/sim/shrink.hpp"
#include "tests/sim/world.hpp"

namespace {

using namespace slipstream::sim;

constexpr const char* usage_text =
    "usage: sim [--seeds N] [--seed-from S] [--profile P] [--mode M] [--hashes] [--part I/N] [--figures FILE]\n"
    "           [--stop-at-first] [--shrink-runs N] [--need-probes] [--print SEED] [--trace SEED] [--replay FILE]\n"
    "           [--merge FILE...]\n"
    "\n"
    "profiles: calm lossy partition flapping slow_app hostile_server rolling_restart auth_churn swizzle_clog\n"
    "modes: safety liveness hostile\n";

struct arguments {
    std::uint64_t seeds = 1000;
    std::uint64_t from = 1;
    std::optional<profile> what;
    std::optional<mode> how;
    bool hashes = false;
    bool need_probes = false;
    bool stop_at_first = false;
    std::uint64_t part = 0;
    std::uint64_t parts = 1;
    std::uint64_t shrink_runs = 2'000;
    std::string figures_file;
    std::string replay;
    std::vector<std::string> merge;
    std::optional<std::uint64_t> print;
    std::optional<std::uint64_t> trace;
    double busy = 0;
};

arguments parse(int argc, char** argv) {
    arguments a;
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        const auto value = [&]() -> std::string {
            if (++i >= argc) throw std::runtime_error(name + " needs a value");
            return argv[i];
        };
        if (name == "--seeds")
            a.seeds = std::stoull(value());
        else if (name == "--seed-from")
            a.from = std::stoull(value());
        else if (name == "--profile") {
            a.what = profile_named(value());
            if (!a.what) throw std::runtime_error("no such profile");
        } else if (name == "--mode") {
            a.how = mode_named(value());
            if (!a.how) throw std::runtime_error("no such mode");
        } else if (name == "--hashes")
            a.hashes = true;
        else if (name == "--need-probes")
            a.need_probes = true;
        else if (name == "--stop-at-first")
            a.stop_at_first = true;
        else if (name == "--part") {
            const std::string text = value();
            if (std::sscanf(text.c_str(), "%lu/%lu", &a.part, &a.parts) != 2 || a.parts == 0) throw std::runtime_error("--part I/N");
        } else if (name == "--shrink-runs")
            a.shrink_runs = std::stoull(value());
        else if (name == "--figures")
            a.figures_file = value();
        else if (name == "--replay")
            a.replay = value();
        else if (name == "--print")
            a.print = std::stoull(value());
        else if (name == "--trace")
            a.trace = std::stoull(value());
        else if (name == "--busy")
            a.busy = std::stod(value());
        else if (name == "--merge") {
            while (i + 1 < argc) a.merge.emplace_back(argv[++i]);
        } else
            throw std::runtime_error("unknown option " + name);
    }
    return a;
}

std::string read_file(const std::string& name) {
    std::ifstream in(name);
    if (!in) throw std::runtime_error("cannot read " + name);
    std::ostringstream text;
    text << in.rdbuf();
    return std::move(text).str();
}

int replay(const plan& p) {
    const run_result r = world(p, true).run();
    for (const std::string& line : r.lines) std::puts(line.c_str());
    std::printf("hash %016lx\n", r.hash);
    if (r.violated.empty()) return 0;
    std::printf("%s: %s\n", r.violated.c_str(), r.what.c_str());
    return 1;
}

void tell_failure(const plan& p, const run_result& r, const arguments& a) {
    std::printf("FAILED seed %lu (%s, %s) %s: %s\n", p.seed, std::string(to_string(p.what)).c_str(), std::string(to_string(p.how)).c_str(),
                r.violated.c_str(), r.what.c_str());
    if (a.shrink_runs == 0) return;
    const auto fails = [&](const plan& smaller) { return world(smaller).run().violated == r.violated; };
    const shrunk small = shrink(p, fails, a.shrink_runs);
    std::printf("# %s: %s\n# from seed %lu, %zu of %zu steps left after %lu runs\n%s\n", r.violated.c_str(), r.what.c_str(), p.seed,
                small.script.steps.size(), p.steps.size(), small.runs, small.script.to_text().c_str());
}

int merge(const arguments& a) {
    figures all;
    for (const std::string& name : a.merge) all.add_text(read_file(name));
    std::fputs(all.report(std::chrono::nanoseconds(static_cast<std::int64_t>(a.busy * 1e9))).c_str(), stdout);
    if (!a.need_probes) return 0;
    for (const std::string_view name : all.cold_probes()) std::printf("FAILED cold probe: %s\n", std::string(name).c_str());
    return all.cold_probes().empty() ? 0 : 1;
}

std::uint64_t running = 0;

/// An assertion of the product says where; this says with which seed.
extern "C" void on_abort(int) {
    std::printf("FAILED seed %lu (crash) assertion: the process was aborted\n", running);
    std::fflush(stdout);
}

int run(const arguments& a) {
    std::signal(SIGABRT, on_abort);
    figures sum;
    std::uint64_t failed = 0;
    const std::clock_t began = std::clock();
    for (std::uint64_t seed = a.from; seed < a.from + a.seeds; ++seed) {
        if (seed % a.parts != a.part) continue;
        running = seed;
        const plan p = make_plan(seed, a.what, a.how);
        const run_result r = world(p).run();
        sum.add(p, r);
        if (a.hashes) std::printf("%lu %016lx\n", seed, r.hash);
        if (r.violated.empty()) continue;
        ++failed;
        tell_failure(p, r, a);
        std::fflush(stdout);
        if (a.stop_at_first) break;
    }
    const double busy = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
    if (!a.figures_file.empty()) {
        std::ofstream(a.figures_file) << sum.to_text();
        std::printf("busy %.3f\n", busy);
    } else if (!a.hashes) {
        std::fputs(sum.report(std::chrono::nanoseconds(static_cast<std::int64_t>(busy * 1e9))).c_str(), stdout);
        for (const std::string_view name : sum.cold_probes()) {
            std::printf("%s probe: %s\n", a.need_probes ? "FAILED cold" : "cold", std::string(name).c_str());
        }
        if (a.need_probes && !sum.cold_probes().empty()) ++failed;
    }
    return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const arguments a = parse(argc, argv);
        if (!a.replay.empty()) return replay(plan::from_text(read_file(a.replay)));
        if (!a.merge.empty()) return merge(a);
        if (a.print) {
            std::fputs(make_plan(*a.print, a.what, a.how).to_text().c_str(), stdout);
            return 0;
        }
        if (a.trace) return replay(make_plan(*a.trace, a.what, a.how));
        return run(a);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n%s", e.what(), usage_text);
        return 2;
    }
}
