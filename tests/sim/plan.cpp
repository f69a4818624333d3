#include "tests/sim/plan.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace slipstream::sim {

namespace {

constexpr std::array profile_names{"calm",           "lossy",           "partition",  "flapping",    "slow_app",
                                   "hostile_server", "rolling_restart", "auth_churn", "swizzle_clog"};
constexpr std::array mode_names{"safety", "liveness", "hostile"};
constexpr std::array step_names{"connect", "publish",        "subscribe",    "unsubscribe",   "release",      "next",        "consume",
                                "request", "flush",          "drain_sub",    "cancel",        "drain",        "close",       "reconnect",
                                "reopen",  "hand_over",      "flood",        "set_servers",   "peer_publish", "cut_fin",     "cut_half",
                                "cut_rst", "cut_in_write",   "drop_in",      "drop_out",      "drop_both",    "zero_window", "slow_link",
                                "delay",   "refuse",         "hang",         "mute",          "pause_server", "kill_server", "lame_duck",
                                "gossip",  "refuse_login",   "rotate_login", "expire_login",  "tls_trouble",  "full",        "say_error",
                                "deny",    "shrink_payload", "no_headers",   "slow_consumer", "pause_client", "stale_fact"};
static_assert(step_names.size() == static_cast<std::size_t>(step_kind::count));

template <class Enum, class Names>
std::optional<Enum> named(const Names& names, std::string_view name) noexcept {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name) return static_cast<Enum>(i);
    }
    return {};
}

}  // namespace

std::string_view to_string(profile p) noexcept { return profile_names[static_cast<std::size_t>(p)]; }
std::string_view to_string(mode m) noexcept { return mode_names[static_cast<std::size_t>(m)]; }
std::string_view to_string(step_kind k) noexcept { return step_names[static_cast<std::size_t>(k)]; }
std::optional<profile> profile_named(std::string_view name) noexcept { return named<profile>(profile_names, name); }
std::optional<mode> mode_named(std::string_view name) noexcept { return named<mode>(mode_names, name); }

std::string plan::to_text() const {
    std::ostringstream out;
    out << "seed " << seed << "\nprofile " << to_string(what) << "\nmode " << to_string(how) << "\nfaults_until " << fault_us << "\n";
    for (const step& s : steps) {
        out << s.at_us << ' ' << to_string(s.kind);
        std::size_t used = s.with.size();
        while (used != 0 && s.with[used - 1] == 0) --used;
        for (std::size_t i = 0; i < used; ++i) out << ' ' << s.with[i];
        out << '\n';
    }
    return std::move(out).str();
}

plan plan::from_text(std::string_view text) {
    plan p;
    std::istringstream in{std::string(text)};
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line.starts_with('#')) continue;
        std::istringstream words(line);
        std::string first;
        std::string second;
        words >> first >> second;
        bool good = true;
        if (first == "seed") {
            p.seed = std::stoull(second);
        } else if (first == "profile") {
            const auto found = profile_named(second);
            good = found.has_value();
            if (good) p.what = *found;
        } else if (first == "mode") {
            const auto found = mode_named(second);
            good = found.has_value();
            if (good) p.how = *found;
        } else if (first == "faults_until") {
            p.fault_us = std::stoll(second);
        } else {
            const auto kind = named<step_kind>(step_names, second);
            good = kind.has_value() && first.find_first_not_of("0123456789") == std::string::npos;
            if (good) {
                step s;
                s.at_us = std::stoll(first);
                s.kind = *kind;
                for (std::uint64_t& value : s.with) {
                    if (!(words >> value)) break;
                }
                p.steps.push_back(s);
            }
        }
        if (!good) throw std::runtime_error("not a line of a script: " + line);
    }
    sort_by_time(p.steps);
    return p;
}

void sort_by_time(std::vector<step>& steps) {
    const auto earlier = [](const step& a, const step& b) { return a.at_us < b.at_us; };
    for (auto it = steps.begin(); it != steps.end(); ++it) std::rotate(std::upper_bound(steps.begin(), it, *it, earlier), it, it + 1);
}

}  // namespace slipstream::sim
