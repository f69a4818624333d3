// I11: the order of a subscription is the server's order; nothing is delivered twice on one connection; drops are counted exactly, and
// where reading waits for the user they begin only when his time is used up.
#include "tests/sim/invariants/all.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

namespace {

class i11_delivery final : public invariant {
public:
    explicit i11_delivery(world& w) : invariant(w, "I11") {}

    void on_delivered(sim_client&, app_subscription& s, const message_view& m) override {
        if (s.unsure) return;
        const std::uint64_t number = m.status() == 503 ? status_message : number_in(m.payload());
        while (!s.expected.empty() && s.expected.front() != number) {
            s.expected.pop_front();
            ++s.skipped;
        }
        if (s.expected.empty())
            return violated("message " + std::to_string(number) + " came twice, out of order or from nowhere to " + name(s));
        s.expected.pop_front();
        if (s.skipped > s.state->dropped) return violated(name(s) + " lost a message that is not counted as dropped");
        const message_truth* const t = world_.truth(number);
        if (t != nullptr && (m.payload() != payload_of(t->number, t->size) || (t->answers == 0 && m.subject() != t->subject)))
            violated("message " + std::to_string(number) + " was delivered otherwise than it was published");
    }

    void on_after_read(sim_client& c, link&) override {
        for (app_subscription& s : c.subscriptions) {
            if (s.unsure) continue;
            const session::subscription_state& state = *s.state;
            if (state.sid != 0 && state.received != s.arrived && !c.core().reading_paused())
                return violated(name(s) + " counts " + std::to_string(state.received) + " of " + std::to_string(s.arrived) + " messages");
            if (state.received > s.arrived) return violated(name(s) + " counts more messages than have come");
            note_drops(s);
        }
    }

    void on_settled(sim_client& c) override {
        for (app_subscription& s : c.subscriptions) {
            if (s.unsure) continue;
            const session::subscription_state& state = *s.state;
            if (state.dropped != 0 && s.paused < s.pause_limit && !s.cut_in_pause)
                return violated(name(s) + " dropped a message after waiting for " +
                                std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(s.paused).count()) + " ms");
            // Messages handed to a waiting async_next are on their way until everything is pulled, and it is.
            if (s.delivered + state.queue.messages() + state.dropped != state.received)
                return violated(name(s) + ": " + std::to_string(s.delivered) + " delivered, " + std::to_string(state.queue.messages()) +
                                " queued and " + std::to_string(state.dropped) + " dropped are not the " + std::to_string(state.received) +
                                " received");
        }
    }

    void on_event(sim_client& c, const event& e) override {
        if (e.kind != event_kind::slow_consumer) return;
        if (e.dropped > 1) world_.hit(probe::second_slow_episode);
        static_cast<void>(c);
    }

private:
    static std::string name(const app_subscription& s) { return "subscription " + std::to_string(s.sid) + " on " + s.subject; }

    void note_drops(app_subscription& s) {
        if (s.state->dropped == s.dropped_seen) return;
        s.dropped_seen = s.state->dropped;
        world_.hit(probe::dropped_by_queue);
        if (s.delivered > s.state->queue.max_messages()) world_.hit(probe::queue_drained_after_drop);
    }
};

}  // namespace

std::unique_ptr<invariant> make_i11(world& w) { return std::make_unique<i11_delivery>(w); }

}  // namespace slipstream::sim
