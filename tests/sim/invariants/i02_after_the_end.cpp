// I2: no action on a closed connection; nothing is delivered, told or completed after the end of a client, or of a subscription.
#include "tests/sim/invariants/all.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

namespace {

class i02_after_the_end final : public invariant {
public:
    explicit i02_after_the_end(world& w) : invariant(w, "I2") {}

    void on_event(sim_client& c, const event& e) override {
        if (c.ended && e.kind != event_kind::closed) violated("an event after closed: " + std::string(to_string(e.kind)));
    }
    void on_action(sim_client& c, const session::transport_action& a) override {
        using kind = session::transport_action::kind;
        if (a.what == kind::dial) {
            if (c.ended) violated("a dial after closed");
            if (c.transport_open) violated("a dial while there is a transport");
            if (a.generation <= c.generation) violated("generation " + std::to_string(a.generation) + " was used before");
        } else if (a.generation != c.generation) {
            violated("the end of a connection that is not the present one");
        }
    }
    void on_written(sim_client& c, link& l, std::string_view) override {
        if (c.ended) violated("bytes are written after closed");
        if (l.generation != c.core().generation()) violated("bytes are written to a connection that is gone");
    }
    void on_delivered(sim_client& c, app_subscription& s, const message_view&) override {
        const bool handler = (s.how & subscribe_with_handler) != 0;
        if (c.ended && handler) violated("a message handler is called after closed");
        if (s.ended && handler) violated("a message handler is called after its subscription has ended");
    }
    void on_settled(sim_client& c) override {
        if (!c.ended) return;
        if (c.transport_open) violated("closed, and the connection is not");
        if (c.core().next_deadline() != never) violated("closed, and a deadline is left");
        const statistics s = c.core().stats();
        if (s.pending_requests != 0 || s.subscriptions != 0 || s.outbox_bytes != 0) violated("closed, and something is left");
    }
};

}  // namespace

std::unique_ptr<invariant> make_i02(world& w) { return std::make_unique<i02_after_the_end>(w); }

}  // namespace slipstream::sim
