// I14: a message is written and seen whole and at most once, in order; a flush that succeeds says so of everything before it; a message
// that was refused, or whose request was told that nothing was sent, is never written. What other threads hand over has an order of its
// own, and a flush speaks of what was taken over before it. Leaving a server that is about to shut down loses nothing of what was written.
#include <map>
#include <utility>

#include <slipstream/error.hpp>

#include "tests/sim/invariants/all.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

namespace {

class i14_publishes final : public invariant {
public:
    explicit i14_publishes(world& w) : invariant(w, "I14") {}

    void on_publish(sim_client& c, const message_truth& m, std::error_code ec) override {
        if (ec != errc::buffer_full) return;
        const statistics s = c.core().stats();
        const std::size_t most = m.size + 300;
        if (s.outbox_bytes + most <= c.options().outbox_bytes) violated("buffer_full though there is room");
    }

    void on_client_frame(sim_client& c, link& l, const client_op& op) override {
        if (op.what != client_op::kind::pub) return;
        message_truth* const m = world_.truth(number_in(op.payload));
        if (m == nullptr) return;
        if (!m->accepted) return violated(name(*m) + " was refused, and is written");
        if (m->unsent) return violated(name(*m) + " was told to be unsent, and is written");
        if (++m->written > 1) return violated(name(*m) + " is written twice");
        m->written_on = l.id;
        std::uint64_t& last = last_written_[{&c, m->handed_over}];
        if (m->number < last) return violated(name(*m) + " is written after " + std::to_string(last));
        last = m->number;
    }

    void on_server_publish(model_connection& c, const client_op& op, std::uint64_t number) override {
        const message_truth* const m = world_.truth(number);
        if (m == nullptr || m->from == nullptr) return violated("a server got a message that nobody has published");
        if (m->seen > 1) return violated(name(*m) + " was seen twice");
        if (op.payload != payload_of(m->number, m->size)) return violated(name(*m) + " was not seen whole");
        std::uint64_t& last = last_seen_[{c.id(), m->handed_over}];
        if (number < last) return violated(name(*m) + " was seen after " + std::to_string(last));
        last = number;
    }

    void on_event(sim_client& c, const event& e) override {
        // Held messages that a new server cannot take are dropped, and the event says how many.
        if (e.kind == event_kind::server_error && (e.error == errc::max_payload || e.error == errc::headers_unsupported))
            may_drop_[&c] = true;
        if (e.kind == event_kind::closed) may_drop_[&c] = true;
    }

    void on_operation_ended(sim_client& c, const operation& op) override {
        if (op.kind != operation_kind::flush || op.ec || c.lied_to) return;
        for (const message_truth& m : world_.truths()) {
            if (m.from != &c || !m.accepted || m.seen == 1) continue;
            if (m.number > before_[&op]) break;
            if (m.handed_over && (m.taken == 0 || m.taken > op.turn_at_start)) continue;
            // On a connection that broke meanwhile its fate is unknown.
            if (m.written != 0 && m.written_on != c.attempt->id) continue;
            if (m.written == 0 && (may_drop_[&c] || request_has_ended(c, m.number))) continue;
            return violated(name(m) + " has not reached a server, though a flush after it succeeded");
        }
    }
    /// Everything that was written whole arrives, unless something else has happened to the connection.
    void on_end() override {
        for (const message_truth& m : world_.truths()) {
            if (m.from == nullptr || m.written == 0 || m.seen != 0) continue;
            const link& l = world_.net.links()[m.written_on - 1];
            const model_connection* const c = world_.connection_of(l);
            if (!l.left || l.troubled || c == nullptr || c->ended() || c->lied) continue;
            return violated(name(m) + " was lost when the client left a server of its own will");
        }
    }
    void on_operation_started(sim_client&, const operation& op) override {
        if (op.kind == operation_kind::flush) before_[&op] = world_.truths().size();
    }

private:
    static std::string name(const message_truth& m) { return "message " + std::to_string(m.number); }

    static bool request_has_ended(const sim_client& c, std::uint64_t number) {
        for (const operation& op : c.operations) {
            if (op.number == number && op.ended != 0) return true;
        }
        return false;
    }

    // Looked up only.
    std::map<std::pair<const sim_client*, bool>, std::uint64_t> last_written_;  // and whether another thread has published it
    std::map<std::pair<std::uint64_t, bool>, std::uint64_t> last_seen_;
    std::map<const sim_client*, bool> may_drop_;
    std::map<const operation*, std::uint64_t> before_;
};

}  // namespace

std::unique_ptr<invariant> make_i14(world& w) { return std::make_unique<i14_publishes>(w); }

}  // namespace slipstream::sim
