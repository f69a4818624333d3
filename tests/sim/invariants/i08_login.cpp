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
            if (world_.logins.shows_a_seed(op.json)) violated("CONNECT shows a seed");
            judge_login(c, l, op.json);
            return;
        }
        if (connected_[&c] != l.id) violated("something was written before CONNECT");
        for (const std::string* text : {&op.subject, &op.reply_to, &op.queue, &op.payload, &op.header_block}) {
            if (is_secret(*text)) violated("the login was written outside CONNECT");
        }
    }
    void on_event(sim_client&, const event& e) override {
        for (const std::string* text : {&e.server, &e.subject, &e.detail}) {
            if (is_secret(*text)) violated("an event shows the login");
        }
    }

private:
    bool is_secret(const std::string& text) const {
        return text.find(secret_word) != std::string::npos || world_.logins.shows_a_seed(text);
    }
    void judge_login(const sim_client& c, const link& l, const std::string& json) {
        const model_connection* const m = world_.connection_of(l);
        const bool judged = !c.lied_to && m != nullptr && !m->nonce().empty();
        const authentication& how = c.options().auth;
        if (std::holds_alternative<user_password>(how)) {
            if (json.find(secret_word) == std::string::npos) violated("CONNECT without the login");
        } else if (std::holds_alternative<nkey_signer>(how)) {
            if (judged) judge_signature(json, world_.signature(m->nonce()));
        } else if (std::holds_alternative<jwt_seed>(how) || std::holds_alternative<creds_text>(how)) {
            if (judged) judge_user(json, world_.logins.number(0), m->nonce(), true);
        } else {  // found out for this connection, as it was then
            if (c.login_given_to != l.generation) return violated("CONNECT with a login that was found out for another connection");
            const bool with_jwt = !std::holds_alternative<nkey_file>(how);
            if (c.login_number) {
                if (judged) judge_user(json, world_.logins.number(*c.login_number), m->nonce(), with_jwt);
            } else if (!std::holds_alternative<credential_provider>(how)) {
                violated("CONNECT with the JWT of one user and the key of another");
            } else if (json.find(secret_word) == std::string::npos) {
                violated("CONNECT without the login that was given");
            }
        }
    }
    void judge_user(const std::string& json, const login_book::user& user, std::string_view nonce, bool with_jwt) {
        if (json.find(with_jwt ? user.jwt : user.public_key) == std::string::npos) return violated("CONNECT without the user of its login");
        judge_signature(json, user.signature(nonce));
    }
    void judge_signature(const std::string& json, const std::string& signature) {
        if (json.find(signature) == std::string::npos) violated("what was signed is not the nonce of this connection");
    }

    std::map<const sim_client*, std::uint64_t> connected_;  // looked up only
};

}  // namespace

std::unique_ptr<invariant> make_i08(world& w) { return std::make_unique<i08_login>(w); }

}  // namespace slipstream::sim
