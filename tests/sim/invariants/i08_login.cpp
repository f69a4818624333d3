// I8: a login leaves only after the INFO of its own connection, in one CONNECT, and only the login that this server is meant to get.
#include <map>
#include <variant>

#include "tests/sim/invariants/all.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

namespace {

constexpr std::string_view secret_word = "sim-password";

class i08_login final : public invariant {
public:
    explicit i08_login(world& w) : invariant(w, "I8") {}

    void on_written(sim_client& c, link& l, std::string_view) override {
        if (c.lied_to) return;
        const model_connection* const m = world_.connection_of(l);
        if (m == nullptr || m->frames.empty() || l.fed < m->frames.front().end)
            return violated("something was written before INFO was read");
        if (m->server().settings.tls && !c.secured) violated("something was written in plain text though the server demands TLS");
    }
    void on_client_frame(sim_client& c, link& l, const client_op& op) override {
        if (op.what == client_op::kind::connect) {
            if (std::exchange(connected_[&c], l.id) == l.id) violated("CONNECT was written twice to one connection");
            judge_login(c, l, op.json);
            return;
        }
        if (connected_[&c] != l.id) violated("something was written before CONNECT");
        for (const std::string* text : {&op.subject, &op.reply_to, &op.queue, &op.payload, &op.header_block}) {
            if (text->find(secret_word) != std::string::npos) violated("the login was written outside CONNECT");
        }
    }
    void on_event(sim_client&, const event& e) override {
        for (const std::string* text : {&e.server, &e.subject, &e.detail}) {
            if (text->find(secret_word) != std::string::npos) violated("an event shows the login");
        }
    }

private:
    void judge_login(const sim_client& c, const link& l, const std::string& json) {
        if (!std::holds_alternative<nkey_signer>(c.options().auth)) {
            if (json.find(secret_word) == std::string::npos) violated("CONNECT without the login");
            return;
        }
        const model_connection* const m = world_.connection_of(l);
        if (c.lied_to || m == nullptr || m->nonce().empty()) return;
        if (json.find(world_.signature(m->nonce())) == std::string::npos) violated("what was signed is not the nonce of this connection");
    }

    std::map<const sim_client*, std::uint64_t> connected_;  // looked up only
};

}  // namespace

std::unique_ptr<invariant> make_i08(world& w) { return std::make_unique<i08_login>(w); }

}  // namespace slipstream::sim
