// I4: events alternate connected and disconnected and name the right cause; health is what the last event says.
#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <slipstream/error.hpp>

#include "tests/sim/invariants/all.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

namespace {

class i04_events final : public invariant {
public:
    explicit i04_events(world& w) : invariant(w, "I4") {}

    /// Answers to pings prove the way out; where one lies across two reads its end is in the second.
    void on_before_read(sim_client& c, link& l, std::string_view bytes) override {
        state& s = states_[&c];
        if (std::exchange(s.read_on, l.id) != l.id) s.tail.clear();
        s.tail += bytes;
        if (s.tail.find("PONG") != std::string::npos) s.answered = now();
        s.tail.erase(0, s.tail.size() - std::min<std::size_t>(s.tail.size(), 3));
    }

    void on_event(sim_client& c, const event& e) override {
        state& s = states_[&c];
        switch (e.kind) {
            case event_kind::connected:
                if (s.up) return violated("connected twice");
                if (e.generation > c.generation) return violated("connected names another connection");
                s.up = true;
                break;
            case event_kind::disconnected:
                if (!s.up) return violated("disconnected without connected");
                s.up = false;
                if (e.reason == disconnect_reason::none || !e.error) return violated("disconnected without a cause");
                if (!right_cause(c, e)) return violated("disconnected for " + std::string(to_string(e.reason)) + ", which it was not");
                break;
            case event_kind::connect_failed:
                if (s.up) return violated("connect_failed while connected");
                if (!e.error) return violated("connect_failed without a cause");
                break;
            case event_kind::closed:
                if (s.up) return violated("closed without disconnected");
                if (s.closed) return violated("closed twice");
                s.closed = true;
                break;
            default: break;
        }
        if (e.kind == event_kind::reconnecting) return;  // names the attempt that follows, and it may not be made
        if (e.generation < s.generation) violated("generations of events go back");
        s.generation = e.generation;
    }

    void on_settled(sim_client& c) override {
        const client_state now = c.core().state();
        if (now == client_state::draining) return;
        if ((now == client_state::connected) != states_[&c].up)
            violated("the state is " + std::string(to_string(now)) + ", the last event says otherwise");
        if ((now == client_state::closed) != states_[&c].closed) violated("closed by state or by event, not by both");
    }

private:
    struct state {
        bool up = false;
        bool closed = false;
        std::uint64_t generation = 0;
        std::string tail;            // of what was read
        std::uint64_t read_on = 0;   // link
        time_point answered{};
    };

    bool server_said_why(const sim_client& c, const link& l) {
        if (c.lied_to) return true;
        const model_connection* const m = world_.connection_of(l);
        if (m == nullptr) return false;
        return std::any_of(m->frames.begin(), m->frames.end(), [](const sent_frame& f) { return f.what == sent_frame::kind::err; });
    }

    bool right_cause(sim_client& c, const event& e) {
        using enum disconnect_reason;
        using doing = sim_client::doing;
        const session::duration limit = c.options().ping_interval * (c.options().max_pings_out + 1);
        const link* const l = world_.link_of(c, e.generation);
        if (l == nullptr) return false;
        const time_point last = std::max(c.up_since, l->last_fed);
        switch (e.reason) {
            case closed: return c.now_doing == doing::wish || c.close_wished;
            case eof: return c.now_doing == doing::down_eof || server_said_why(c, *l);
            case reset: return c.now_doing == doing::down_reset || c.now_doing == doing::down_eof;
            case stale:
                if (c.now_doing != doing::time) return server_said_why(c, *l);
                // Silent, or it talks and has not answered a ping for so long.
                return c.lied_to || now() >= last + limit || now() >= std::max(c.up_since, states_[&c].answered) + limit;
            case write_stall:
                return c.now_doing == doing::time && l->blocked_since != never && now() >= l->blocked_since + c.options().write_timeout;
            case protocol_error: return c.lied_to;
            case lame_duck: return true;
            case requested: return c.reconnect_wished;
            case timeout: return false;
            default: return server_said_why(c, *l);
        }
    }

    std::map<const sim_client*, state> states_;  // looked up only
};

}  // namespace

std::unique_ptr<invariant> make_i04(world& w) { return std::make_unique<i04_events>(w); }

}  // namespace slipstream::sim
