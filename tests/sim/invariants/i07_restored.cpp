// I7: after a reconnect the server's subscriptions equal the client's, with the right remaining counts, before any of its messages.
#include <algorithm>
#include <map>
#include <string>

#include "tests/sim/invariants/all.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

namespace {

class i07_restored final : public invariant {
public:
    explicit i07_restored(world& w) : invariant(w, "I7") {}

    void on_event(sim_client& c, const event& e) override {
        if (e.kind != event_kind::connected) return;
        state& s = states_[&c];
        s = {};
        if (c.lied_to) return;  // it may have sent messages before they were asked for
        s.link = c.attempt->id;
        s.to_check = true;
        for (const app_subscription& a : c.subscriptions) {
            if (a.state->sid == 0 || a.state->draining) continue;
            const std::uint64_t left = a.max == 0 ? 0 : a.max - std::min(a.max, a.state->received);
            s.wanted[a.sid] = {a.subject, a.queue, left, a.index};
            if (left != 0 && a.state->received != 0) world_.hit(left == 1 ? probe::restored_with_one_left : probe::restored_with_remaining);
        }
    }

    void on_client_frame(sim_client& c, link& l, const client_op& op) override {
        state& s = states_[&c];
        if (s.link != l.id || !s.to_check) return;
        using kind = client_op::kind;
        if (op.what == kind::sub) {
            s.told[std::stoull(op.sid)] = {op.subject, op.queue, 0, 0};
        } else if (op.what == kind::unsub) {
            const auto found = s.told.find(std::stoull(op.sid));
            if (found == s.told.end()) return;
            if (op.max == 0)
                s.told.erase(found);
            else
                found->second.left = op.max;
        } else if (op.what == kind::pub) {
            world_.hit(probe::held_messages_released);
            check(c, s, "before the first message");
        }
    }
    /// What connected had to say has been said.
    void on_settled(sim_client& c) override {
        state& s = states_[&c];
        if (s.to_check && c.up && c.transport_open && c.attempt->id == s.link && c.core().stats().outbox_bytes == 0)
            check(c, s, "after it was connected");
    }

    void on_healthy() override {
        for (std::size_t slot = 0; slot < 2; ++slot) {
            sim_client& c = world_.current(slot);
            if (c.ended || !c.up || c.lied_to || c.close_wished) continue;
            model_connection* const m = world_.connection_of(*c.attempt);
            for (const app_subscription& a : c.subscriptions) {
                if (a.state->sid == 0) continue;
                const auto& table = m->subscriptions();
                const auto found =
                    std::find_if(table.begin(), table.end(), [&](const server_subscription& s) { return s.sid == std::to_string(a.sid); });
                if (found == table.end() || found->subject != a.subject || found->queue != a.queue)
                    return violated("the server does not know subscription " + std::to_string(a.sid) + " on " + a.subject);
                if (a.max != 0 && (found->max == 0 || found->max - found->sent > a.max - a.state->received))
                    return violated("the server would send more than is left to subscription " + std::to_string(a.sid));
            }
            for (const server_subscription& s : m->subscriptions()) {
                const bool known = std::any_of(c.subscriptions.begin(), c.subscriptions.end(), [&](const app_subscription& a) {
                    return std::to_string(a.sid) == s.sid && a.state->sid == a.sid;
                });
                if (!known && !s.subject.starts_with("_INBOX."))
                    return violated("the server sends to subscription " + s.sid + ", which has ended");
            }
        }
    }

private:
    struct row {
        std::string subject;
        std::string queue;
        std::uint64_t left = 0;
        std::size_t index = 0;
    };
    struct state {
        std::uint64_t link = 0;
        bool to_check = false;
        std::map<std::uint64_t, row> wanted;
        std::map<std::uint64_t, row> told;
    };

    void check(sim_client& c, state& s, const std::string& when) {
        s.to_check = false;
        for (const auto& [sid, want] : s.wanted) {
            const app_subscription& a = c.subscriptions[want.index];
            if (a.touched_on == s.link || a.state->sid == 0) continue;  // the user has changed his mind since
            const auto found = s.told.find(sid);
            if (found == s.told.end()) return violated("subscription " + std::to_string(sid) + " was not restored " + when);
            if (found->second.subject != want.subject || found->second.queue != want.queue)
                return violated("subscription " + std::to_string(sid) + " was restored as another one");
            if (found->second.left != want.left)
                return violated("subscription " + std::to_string(sid) + " was restored with " + std::to_string(found->second.left) +
                                " messages to come, and not " + std::to_string(want.left));
        }
        for (const auto& [sid, told] : s.told) {
            if (s.wanted.contains(sid) || told.subject.starts_with("_INBOX.")) continue;
            const bool fresh = std::any_of(c.subscriptions.begin(), c.subscriptions.end(),
                                           [&, each = sid](const app_subscription& a) { return a.sid == each && a.touched_on == s.link; });
            if (!fresh) return violated("subscription " + std::to_string(sid) + " had ended, and was restored " + when);
        }
    }

    std::map<const sim_client*, state> states_;  // looked up only
};

}  // namespace

std::unique_ptr<invariant> make_i07(world& w) { return std::make_unique<i07_restored>(w); }

}  // namespace slipstream::sim
