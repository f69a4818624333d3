// What the load generator, the probes of the limit and the peers all measure, in one way, so that their figures can be compared.
//
// Every program prints one JSON line: `rate` (operations a second), `cpu_ns` (this process, user and kernel, all threads, for each
// operation), `server_cpu_ns` (the same of the process $NATS_SERVER_PID), `switches` (voluntary context switches for each
// operation), `peak_kb` (peak resident memory), and for latencies `p50_us`, `p99_us`, `p999_us`.
//
// Environment: NATS_HOST and NATS_PORT name the server (127.0.0.1:4222), NATS_SERVER_PID its process; with NATS_TLS_CA, the file of
// an authority, clients and peers speak TLS (the probes of the limit when they are told --tls 1).
#pragma once

#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

[[noreturn]] inline void die(const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::_Exit(1);
}

inline std::string environment(const char* name, const char* otherwise) {
    const char* const value = std::getenv(name);
    return value != nullptr && *value != '\0' ? value : otherwise;
}

inline std::string server_host() { return environment("NATS_HOST", "127.0.0.1"); }
inline std::string server_port() { return environment("NATS_PORT", "4222"); }
inline std::string tls_authority() { return environment("NATS_TLS_CA", ""); }

inline std::int64_t clock_ns(clockid_t clock) {
    timespec t{};
    if (clock_gettime(clock, &t) != 0) return 0;
    return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}
inline std::int64_t now_ns() { return clock_ns(CLOCK_MONOTONIC); }

/// A line of /proc/self/status that holds a number: VmHWM, VmRSS, RssAnon, Threads.
inline long own_status(std::string_view field) {
    std::FILE* const file = std::fopen("/proc/self/status", "r");
    if (file == nullptr) return -1;
    char line[256];
    long value = -1;
    while (std::fgets(line, sizeof line, file) != nullptr) {
        const std::string_view text(line);
        if (!text.starts_with(field) || text.size() <= field.size() || text[field.size()] != ':') continue;
        value = std::strtol(line + field.size() + 1, nullptr, 10);
        break;
    }
    std::fclose(file);
    return value;
}

/// Everything that is read at the beginning and at the end of what is measured.
struct mark {
    std::int64_t wall = 0;
    std::int64_t cpu = 0;
    std::int64_t server_cpu = 0;
    long switches = 0;

    static mark now() {
        mark m;
        clockid_t server{};
        const pid_t pid = static_cast<pid_t>(std::strtol(environment("NATS_SERVER_PID", "0").c_str(), nullptr, 10));
        if (pid > 0 && clock_getcpuclockid(pid, &server) == 0) m.server_cpu = clock_ns(server);
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        m.switches = usage.ru_nvcsw;
        m.cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        m.wall = now_ns();
        return m;
    }
    /// now(), of a program that has waited for this moment: to be woken up for it is no part of what is measured.
    static mark woken() {
        mark m = now();
        --m.switches;
        return m;
    }
};

/// `--name value` pairs.
class arguments {
public:
    arguments(int argc, char** argv) {
        for (int i = 1; i + 1 < argc; i += 2) {
            const std::string_view name(argv[i]);
            if (!name.starts_with("--")) die("expected --NAME VALUE, found " + std::string(name));
            given_.emplace_back(name.substr(2), argv[i + 1]);
        }
        if (argc % 2 == 0) die("an option without a value: " + std::string(argv[argc - 1]));
    }
    [[nodiscard]] std::string text(std::string_view name, std::string_view otherwise = {}) const {
        for (const auto& [known, value] : given_)
            if (known == name) return value;
        return std::string(otherwise);
    }
    [[nodiscard]] std::size_t number(std::string_view name, std::size_t otherwise) const {
        const std::string value = text(name);
        if (value.empty()) return otherwise;
        std::size_t out = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
        if (error != std::errc{} || end != value.data() + value.size()) die("--" + std::string(name) + " takes a number");
        return out;
    }

private:
    std::vector<std::pair<std::string, std::string>> given_;
};

/// The one line that a program prints.
class report {
public:
    report(std::string_view job, std::string_view client) {
        text("job", job);
        text("client", client);
    }
    report& text(std::string_view name, std::string_view value) {
        key(name);
        line_ += '"';
        line_ += value;  // our own words: nothing to escape
        line_ += '"';
        return *this;
    }
    report& number(std::string_view name, double value, int decimals = 0) {
        char digits[64];
        std::snprintf(digits, sizeof digits, "%.*f", decimals, value);
        key(name);
        line_ += digits;
        return *this;
    }
    report& number(std::string_view name, std::size_t value) { return number(name, static_cast<double>(value)); }

    /// Of every operation, in nanoseconds; reorders them. Not by sorting: a budget would count that for each operation.
    report& latencies(std::vector<std::int64_t>& ns) {
        auto before = ns.begin();  // what is smaller stands in front of it
        const auto at = [&ns, &before](double share) {
            if (ns.empty()) return 0.0;
            const auto place = ns.begin() + static_cast<std::ptrdiff_t>(static_cast<double>(ns.size() - 1) * share);
            std::nth_element(before, place, ns.end());
            before = place;
            return static_cast<double>(*place) / 1000;
        };
        const auto least = std::min_element(ns.begin(), ns.end());
        number("min_us", least == ns.end() ? 0.0 : static_cast<double>(*least) / 1000, 2);
        number("p50_us", at(0.5), 2).number("p90_us", at(0.9), 2).number("p99_us", at(0.99), 2);
        return number("p999_us", at(0.999), 2).number("max_us", at(1), 2);
    }

    void print(const mark& begin, const mark& end, double operations) {
        const double seconds = static_cast<double>(end.wall - begin.wall) / 1e9;
        number("n", operations).number("seconds", seconds, 6).number("rate", operations / seconds, 1);
        number("cpu_ns", static_cast<double>(end.cpu - begin.cpu) / operations, 2);
        number("server_cpu_ns", static_cast<double>(end.server_cpu - begin.server_cpu) / operations, 2);
        number("switches", static_cast<double>(end.switches - begin.switches) / operations, 5);
        number("peak_kb", static_cast<double>(own_status("VmHWM")));
        std::printf("{%s}\n", line_.c_str());
        std::fflush(stdout);
    }

private:
    void key(std::string_view name) {
        if (!line_.empty()) line_ += ',';
        line_ += '"';
        line_ += name;
        line_ += "\":";
    }
    std::string line_;
};

/// Another program that makes the load. Forked before any thread or socket exists, it waits until go().
class companion {
public:
    companion() noexcept = default;
    explicit companion(const std::vector<std::string>& command) {
        int ends[2];
        if (pipe(ends) != 0) die("pipe");
        pid_ = fork();
        if (pid_ == 0) {
            close(ends[1]);
            char c = 0;
            if (read(ends[0], &c, 1) != 1) std::_Exit(0);
            close(ends[0]);
            if (std::freopen("/dev/null", "w", stdout) == nullptr) std::_Exit(1);
            std::vector<char*> argv;
            for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));  // execv does not write to it
            argv.push_back(nullptr);
            execv(argv[0], argv.data());
            die("cannot start " + command[0]);
        }
        close(ends[0]);
        go_ = ends[1];
    }
    companion(const companion&) = delete;
    companion& operator=(const companion&) = delete;
    ~companion() {
        if (pid_ <= 0) return;
        if (go_ >= 0) close(go_);
        kill(pid_, SIGTERM);
        waitpid(pid_, nullptr, 0);
    }
    void go() {
        if (go_ < 0) return;
        if (write(go_, "g", 1) != 1) die("the companion is gone");
        close(std::exchange(go_, -1));
    }

private:
    pid_t pid_ = -1;
    int go_ = -1;
};

/// The program that --load names; none without it.
inline std::optional<companion> load_from(const arguments& given) {
    std::istringstream words(given.text("load"));
    std::vector<std::string> command;
    for (std::string word; words >> word;) command.push_back(word);
    if (command.empty()) return std::nullopt;
    return std::optional<companion>(std::in_place, command);
}

}  // namespace bench
