// I3: bytes written parse under the server's grammar; a frame is never split across two connections.
#include "tests/sim/invariants/all.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

namespace {

class i03_grammar final : public invariant {
public:
    explicit i03_grammar(world& w) : invariant(w, "I3") {}

    // Each connection is read from its first byte, so the rest of a frame that began on another one is no operation.
    void on_client_nonsense(sim_client& c, link& l, std::string_view what) override {
        violated("client " + std::to_string(c.slot) + " wrote what is no operation to connection " + std::to_string(l.id) +
                 ", last: " + std::string(what.substr(0, 60)));
    }
    void on_client_frame(sim_client& c, link&, const client_op& op) override {
        if (op.what == client_op::kind::nothing)
            violated("client " + std::to_string(c.slot) + " wrote an operation that only servers write");
        if (op.what != client_op::kind::pub) return;
        const message_truth* const m = world_.truth(number_in(op.payload));
        if (m == nullptr || m->from != &c) return violated("a message was written that nobody has published");
        if (op.payload != payload_of(m->number, m->size) || op.subject != m->subject || op.with_headers != m->with_headers)
            violated("message " + std::to_string(m->number) + " was written otherwise than it was published");
    }
    void on_server_complaint(model_connection& c, std::string_view what) override {
        if (!world_.hostile()) violated("a server could not read client " + std::to_string(c.owner()) + ": " + std::string(what));
    }
};

}  // namespace

std::unique_ptr<invariant> make_i03(world& w) { return std::make_unique<i03_grammar>(w); }

}  // namespace slipstream::sim
