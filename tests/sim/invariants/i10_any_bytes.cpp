// I10: whatever bytes come, a client reads what the grammar allows, and what it does not allow ends the connection at once.
#include <map>
#include <string>

#include <slipstream/error.hpp>

#include "tests/sim/invariants/all.hpp"
#include "tests/sim/reference_parser.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

namespace {

class i10_any_bytes final : public invariant {
public:
    explicit i10_any_bytes(world& w) : invariant(w, "I10") {}

    void on_before_read(sim_client& c, link& l, std::string_view bytes) override {
        if (!world_.hostile()) return;
        state& s = states_[&c];
        if (s.link != l.id) s = {l.id, reference_parser{}};
        s.reader.feed(bytes);
    }
    void on_after_read(sim_client& c, link& l) override {
        if (!world_.hostile()) return;
        const state& s = states_[&c];
        const bool open = c.transport_open && c.attempt == &l;
        if (open && c.core().reading_paused()) return;  // they have not been looked at
        if (s.reader.broken() && open) violated("bytes that are no operation were read on: " + s.reader.why());
        if (s.reader.broken() && !open) world_.hit(probe::bad_bytes_refused);
    }
    void on_event(sim_client& c, const event& e) override {
        if (!world_.hostile() || e.error != errc::protocol_error) return;
        if (e.kind != event_kind::disconnected && e.kind != event_kind::connect_failed) return;
        // What the server says of us, and an INFO that is none, are no matter of the grammar.
        if (e.reason != disconnect_reason::protocol_error || e.detail.find("INFO") != std::string::npos || said_by_server(e.detail)) return;
        const state& s = states_[&c];
        if (s.link == c.attempt->id && !s.reader.broken() && !s.reader.suspicious())
            violated("a connection was ended for bytes that are allowed: " + e.detail);
    }

private:
    static bool said_by_server(const std::string& words) {
        return words.starts_with("Unknown Protocol") || words.starts_with("invalid client") || words.starts_with("no responders");
    }
    struct state {
        std::uint64_t link = 0;
        reference_parser reader;
    };
    std::map<const sim_client*, state> states_;  // looked up only
};

}  // namespace

std::unique_ptr<invariant> make_i10(world& w) { return std::make_unique<i10_any_bytes>(w); }

}  // namespace slipstream::sim
