// I12: a subscription that ends by itself delivers at most so many messages as it was made for, and then has ended.
#include "tests/sim/invariants/all.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

namespace {

class i12_maximum final : public invariant {
public:
    explicit i12_maximum(world& w) : invariant(w, "I12") {}

    void on_delivered(sim_client&, app_subscription& s, const message_view&) override {
        if (s.max != 0 && s.delivered > s.max) violated("subscription " + std::to_string(s.sid) + " delivered more than its maximum");
    }
    void on_after_read(sim_client& c, link&) override {
        for (const app_subscription& s : c.subscriptions) {
            if (s.max == 0) continue;
            if (s.state->received > s.max) return violated("subscription " + std::to_string(s.sid) + " took more than its maximum");
            if (s.state->received < s.max) continue;
            world_.hit(probe::auto_unsubscribed);
            if (s.state->sid != 0) return violated("subscription " + std::to_string(s.sid) + " has got all it wanted, and goes on");
        }
    }
};

}  // namespace

std::unique_ptr<invariant> make_i12(world& w) { return std::make_unique<i12_maximum>(w); }

}  // namespace slipstream::sim
