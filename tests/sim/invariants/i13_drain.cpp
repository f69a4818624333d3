// I13: after a drain, every message that the server sent before it handled UNSUB was delivered or counted as dropped.
#include <algorithm>

#include <slipstream/error.hpp>

#include "tests/sim/invariants/all.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

namespace {

class i13_drain final : public invariant {
public:
    explicit i13_drain(world& w) : invariant(w, "I13") {}

    void on_operation_started(sim_client& c, const operation& op) override {
        if (op.kind != operation_kind::drain) return;
        for (const app_subscription& s : c.subscriptions) {
            // One whose own drain goes on may be ended by its own deadline.
            if (s.state->sid != 0 && !s.state->draining) drained_.push_back({&c, s.index, op.link_at_start});
        }
    }

    void on_operation_ended(sim_client& c, const operation& op) override {
        if (op.ec || op.link_at_start == 0 || c.attempt == nullptr || c.attempt->id != op.link_at_start || c.lied_to) return;
        if (op.kind == operation_kind::drain_sub) {
            if (!op.too_late) check(c, c.subscriptions[op.subscription], true);
        } else if (op.kind == operation_kind::drain) {
            for (const subscription& s : drained_) {
                if (s.client == &c && s.link == c.attempt->id) check(c, c.subscriptions[s.index], false);
            }
        }
    }

private:
    struct subscription {
        const sim_client* client;
        std::size_t index;
        std::uint64_t link;
    };

    void check(sim_client& c, const app_subscription& s, bool by_itself) {
        if (s.unsure || s.ended || (s.max != 0 && s.state->received >= s.max)) return;
        if (s.state->end_reason && s.state->end_reason != errc::subscription_closed) return;  // refused meanwhile
        const model_connection* const m = world_.connection_of(*c.attempt);
        const std::string sid = std::to_string(s.sid);
        const auto sent = static_cast<std::uint64_t>(std::count_if(
            m->frames.begin(), m->frames.end(), [&](const sent_frame& f) { return f.what == sent_frame::kind::msg && f.sid == sid; }));
        if (sent != 0) world_.hit(probe::drained_with_messages);
        if (sent != s.arrived_on_link)
            return violated("subscription " + sid + " was drained after " + std::to_string(s.arrived_on_link) + " of " +
                            std::to_string(sent) + " messages");
        auto& table = world_.connection_of(*c.attempt)->subscriptions();
        const bool known = std::any_of(table.begin(), table.end(), [&](const server_subscription& each) { return each.sid == sid; });
        if (by_itself && known && s.state->sid == 0) violated("subscription " + sid + " was drained, and the server still has it");
    }

    std::vector<subscription> drained_;
};

}  // namespace

std::unique_ptr<invariant> make_i13(world& w) { return std::make_unique<i13_drain>(w); }

}  // namespace slipstream::sim
