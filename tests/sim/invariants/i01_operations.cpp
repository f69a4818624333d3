// I1: every operation completes exactly once, with a result from its allowed set, no later than its deadline.
#include <algorithm>

#include <slipstream/error.hpp>

#include "protocol/session/context.hpp"
#include "protocol/session/leave_machine.hpp"
#include "tests/sim/invariants/all.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

namespace {

class i01_operations final : public invariant {
public:
    explicit i01_operations(world& w) : invariant(w, "I1") {}

    void on_operation_started(sim_client&, const operation& op) override {
        if (op.deadline != never && op.deadline < never) pending_.push_back(&op);
    }

    void on_operation_ended(sim_client& c, const operation& op) override {
        if (op.ended != 1) return violated(name(op) + " has ended twice");
        if (op.ec == session::operation_aborted() && !op.cancelled) return violated(name(op) + " was aborted by nobody");
        if (!allowed(op)) return violated(name(op) + " ended with " + op.ec.message());
        if ((op.ec == errc::timeout || op.ec == errc::timeout_unsent) && now() < op.deadline)
            return violated(name(op) + " timed out before its deadline");
        if (op.ec == errc::connection_lost && c.losses == op.losses_at_start && !c.ended && c.transport_open)
            return violated(name(op) + " tells of a lost connection, and none was lost");
        // A server in lame duck mode is left when what is on its way has ended, or had its time.
        if (op.ec == errc::connection_lost && c.left_lame_duck_at == now() && now() < op.started + session::leave_machine::grace)
            return violated(name(op) + " was cut off by the client itself, which left its server too early");
        if (op.ec == errc::closed && !c.close_wished && !c.ended && c.core().state() != client_state::closed)
            return violated(name(op) + " says closed, and the client is not");
        if (op.kind == operation_kind::connect && !op.ec && op.link_at_start == 0 && c.up_since < op.started)
            return violated("connect succeeded without a connection");
        if (op.kind == operation_kind::request) judge_request(c, op);
        if (op.kind == operation_kind::writable) judge_wait(c, op);
        if (op.kind == operation_kind::drain && !op.ec) world_.hit(probe::drained_client);
        if (op.kind == operation_kind::drain && op.ec == errc::timeout) world_.hit(probe::drain_timed_out);
        if (op.kind == operation_kind::drain && op.ec == errc::connection_lost) world_.hit(probe::drain_cut_off);
        if (op.kind == operation_kind::connect && op.ec && op.ec != errc::closed && !op.cancelled)
            world_.hit(probe::first_connect_given_up);
    }

    void on_moment() override {
        std::erase_if(pending_, [](const operation* op) { return op->ended != 0; });
        for (const operation* op : pending_) {
            // A process that was stopped sees its deadline when it goes on.
            if (now() > std::max(op->deadline, op->client->resumes_at)) return violated(name(*op) + " is past its deadline");
        }
    }

    void on_settled(sim_client& c) override {
        if (c.ended) {
            for (const operation& op : c.operations) {
                if (op.ended == 0) return violated(name(op) + " has not ended with its client");
            }
        } else if (c.core().stats().outbox_bytes == 0) {
            for (const operation* op : pending_) {
                if (op->client == &c && op->kind == operation_kind::writable && op->ended == 0)
                    return violated(name(*op) + " goes on though nothing is queued");
            }
        }
    }

private:
    static std::string name(const operation& op) {
        static constexpr const char* names[] = {"connect", "next", "drain of a subscription", "request", "flush", "drain", "wait for room"};
        return std::string(names[static_cast<int>(op.kind)]) + " #" + std::to_string(op.index) + " of client " +
               std::to_string(op.client->slot);
    }

    static bool is_one_of(std::error_code ec, std::initializer_list<errc> codes) {
        return !ec || ec == session::operation_aborted() || ec == errc::closed ||
               std::any_of(codes.begin(), codes.end(), [&](errc e) { return ec == e; });
    }

    static bool allowed(const operation& op) {
        using enum errc;
        switch (op.kind) {
            case operation_kind::connect:
                return !is_one_of(op.ec, {timeout, timeout_unsent, no_responders, connection_lost, subscription_closed, buffer_full}) ||
                       !op.ec || op.ec == closed || op.ec == session::operation_aborted();
            case operation_kind::next:
                return is_one_of(op.ec,
                                 {subscription_closed, operation_in_progress, permission_denied, max_subscriptions, max_control_line});
            case operation_kind::drain_sub: return is_one_of(op.ec, {connection_lost, timeout, operation_in_progress});
            case operation_kind::request:
                return is_one_of(op.ec, {no_responders, timeout, timeout_unsent, connection_lost, not_connected, permission_denied,
                                         buffer_full, max_payload, draining, headers_unsupported, max_subscriptions});
            case operation_kind::flush: return is_one_of(op.ec, {connection_lost, timeout, not_connected, invalid_option});
            case operation_kind::drain: return is_one_of(op.ec, {timeout, connection_lost, not_connected});
            case operation_kind::writable: return is_one_of(op.ec, {timeout, not_connected});
        }
        return false;
    }

    void judge_wait(sim_client& c, const operation& op) {
        if (op.ec == errc::timeout) world_.hit(probe::valve_timed_out);
        if (op.ec) return;
        world_.hit(probe::valve_opened);
        const bool nothing_came_since =
            c.messages == op.messages_before && c.turns == op.turn_at_start && op.index + 1 == c.operations.size();
        if (nothing_came_since && !c.core().writable()) violated(name(op) + " has ended, and there is no room");
    }

    void judge_request(sim_client& c, const operation& op) {
        message_truth& m = *world_.truth(op.number);
        if (op.cancelled) return;
        if (!op.ec) {
            world_.hit(probe::request_answered);
            if (c.lied_to) return;
            const message_truth* const reply = world_.truth(number_in(op.reply.payload()));
            if (reply == nullptr || reply->answers != op.number)
                violated(name(op) + " got the reply of another request");
            else if (op.reply.payload() != payload_of(reply->number, reply->size))
                violated(name(op) + " got a broken reply");
        } else if (op.ec == errc::timeout_unsent || op.ec == errc::not_connected) {
            world_.hit(probe::request_unsent);
            m.unsent = true;
            if (m.written != 0) violated(name(op) + " says unsent, and its frame was written");
        } else if (op.ec == errc::timeout) {
            world_.hit(probe::request_timed_out);
        } else if (op.ec == errc::connection_lost) {
            world_.hit(probe::request_cut_off);
        } else if (op.ec == errc::no_responders) {
            if (!m.no_responders && !c.lied_to) violated(name(op) + " ended with no_responders, and no server has said so");
        }
    }

    std::vector<const operation*> pending_;
};

}  // namespace

std::unique_ptr<invariant> make_i01(world& w) { return std::make_unique<i01_operations>(w); }

}  // namespace slipstream::sim
