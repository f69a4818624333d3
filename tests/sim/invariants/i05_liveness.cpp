// I5: a connection from which nothing comes is given up after ping_interval * (max_pings_out + 1), one that takes nothing after
// write_timeout: not later, and not earlier (that is I4's). While the client does not read by its own choice, nothing can come; it does so
// for no longer than the limit of the subscription that is waited for.
#include <algorithm>

#include "tests/sim/invariants/all.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

namespace {

class i05_liveness final : public invariant {
public:
    explicit i05_liveness(world& w) : invariant(w, "I5") {}

    void on_moment() override {
        for (std::size_t slot = 0; slot < 2; ++slot) {
            sim_client& c = world_.current(slot);
            if (c.destroyed() || !c.up || !c.transport_open || c.ended || c.unsettled) continue;
            const session::duration limit = c.options().ping_interval * (c.options().max_pings_out + 1);
            const time_point heard = std::max({c.up_since, c.attempt->last_fed, c.read_on_since});
            for (const app_subscription& s : c.subscriptions) {
                if (s.paused_since != never && now() > std::max(s.paused_since + s.pause_limit, c.resumes_at))
                    violated("nothing was read for longer than a subscription may hold it up");
            }
            if (!c.core().reading_paused() && now() > std::max(heard + limit, c.resumes_at))
                violated("nothing has come for longer than the limit, and the client is up");
            if (c.attempt->blocked_since == never) continue;
            if (now() > std::max(c.attempt->blocked_since + c.options().write_timeout, c.resumes_at))
                violated("nothing was taken for longer than write_timeout, and the client is up");
        }
    }
};

}  // namespace

std::unique_ptr<invariant> make_i05(world& w) { return std::make_unique<i05_liveness>(w); }

}  // namespace slipstream::sim
