// I6: attempts to connect are bounded in any ten seconds, and the backoff falls back only after the stability time; they go to the server
// and at the time that the user's hooks have chosen, and to none that he has taken out.
#include <algorithm>
#include <deque>
#include <map>
#include <string>

#include "tests/sim/invariants/all.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

namespace {

class i06_attempts final : public invariant {
public:
    explicit i06_attempts(world& w) : invariant(w, "I6") {}

    void on_operation_started(sim_client& c, const operation& op) override {
        // An explicit connect of an idle client begins a pass over all servers.
        if (op.kind == operation_kind::connect && c.core().state() == client_state::idle) {
            states_[&c].free += most_servers;
            states_[&c].attempts = 0;
        }
    }
    void on_event(sim_client& c, const event& e) override {
        state& s = states_[&c];
        if (e.kind == event_kind::connected) s.up_since = now();
        if (e.kind == event_kind::disconnected) {
            const bool stable = s.up_since != never && now() >= s.up_since + c.options().reconnect_stable;
            if (stable) s.attempts = 0;
            s.up_since = never;
        }
        if (e.kind != event_kind::reconnecting) return;
        // The first retry after a stable connection comes at once. Every later one waits for a time that was drawn. What is to be done
        // is told before what has happened: a dial that did not wait has been made by now.
        const bool at_once = s.dialed == e.generation && !s.dials.empty() && s.dials.back() == now();
        if (s.free != 0)
            --s.free;
        else if (!c.chooses_delay && s.attempts++ != 0 && at_once && ++s.at_once > 2)
            violated("attempts follow each other without a pause though no connection was stable");
    }
    void on_action(sim_client& c, const session::transport_action& a) override {
        state& s = states_[&c];
        if (a.what == session::transport_action::kind::leave) ++s.free;  // for another server, which is paced by itself
        if (a.what != session::transport_action::kind::dial) return;
        const std::string address = a.host + ':' + std::to_string(a.port);
        if (!c.chosen.empty() && c.chosen != address)
            return violated("the user has chosen " + c.chosen + ", and " + address + " is dialled");
        if (now() < c.not_before) return violated("an attempt is made before the delay that the user has chosen");
        const bool listed = std::any_of(c.listed.begin(), c.listed.end(), [&](const std::string& url) { return url.ends_with(address); });
        if (!listed && c.options().ignore_discovered_servers) return violated(address + " is dialled, which the user has not given");
        s.dialed = a.generation;
        s.dials.push_back(now());
        while (s.dials.front() < now() - std::chrono::seconds(10)) s.dials.pop_front();
        // Delays below base, 2 base, 4 base ... for each server: so many fit in ten seconds when luck is bad.
        const std::size_t servers = world_.node_count + 2;
        const auto base = std::chrono::duration_cast<std::chrono::milliseconds>(c.options().reconnect_wait).count();
        std::size_t rounds = 10;
        for (auto b = base; b < 400; b *= 2) rounds += 2;
        const std::size_t most = rounds * servers + s.bonus;
        if (s.dials.size() > most && !c.chooses_delay) violated(std::to_string(s.dials.size()) + " attempts in ten seconds");
    }
    void on_settled(sim_client& c) override {
        if (c.core().state() == client_state::idle) states_[&c].free = 0;
    }

private:
    static constexpr std::size_t most_servers = 5;
    struct state {
        std::size_t free = 0;  // attempts of a first pass
        std::uint64_t attempts = 0;  // since the backoff may have fallen back
        std::size_t at_once = 0;
        std::size_t bonus = 20;
        std::uint64_t dialed = 0;  // generation of the last
        time_point up_since = never;
        std::deque<time_point> dials;
    };
    std::map<const sim_client*, state> states_;  // looked up only
};

}  // namespace

std::unique_ptr<invariant> make_i06(world& w) { return std::make_unique<i06_attempts>(w); }

}  // namespace slipstream::sim
