// TLS and logins of a simulated client: what its shell does that takes time.
#include <slipstream/error.hpp>

#include "tests/sim/alloc_meter.hpp"
#include "tests/sim/client.hpp"
#include "tests/sim/world.hpp"

namespace slipstream::sim {

void sim_client::start_tls(std::uint64_t of_generation) {
    if (of_generation != generation || !transport_open) return;
    securing = true;
    const std::uint64_t trouble = world_.nodes[attempt->server].tls_trouble;
    if (trouble == 2) return world_.hit(probe::tls_hung);
    // Three flights of the handshake; while the path is held nothing comes of it.
    const duration after = 3 * world_.net.path_of(slot).latency + std::chrono::microseconds(rng_.below(20'000));
    world_.time.after(after, [this, of_generation, trouble] {
        if (destroyed() || of_generation != generation || !transport_open || attempt->to_client.held || attempt->to_server.held) return;
        if (paused()) return;  // lost; the deadline of the attempt ends it
        securing = false;
        secured = trouble == 0;
        world_.hit(secured ? probe::tls_established : probe::tls_failed);
        now_doing = doing::dial;
        {
            const metered in_core;
            core_->on_secured(generation, secured ? std::error_code() : make_error_code(errc::tls_failed), {}, world_.time.now());
        }
        readable_ = true;
        settle();
    });
}

/// Providers and signers answer later, as users' do, and sometimes not at all.
bool sim_client::pull_login_actions() {
    bool some = false;
    for (session::login_action a; core_->next_login_action(a); some = true) {
        using kind = session::login_action::kind;
        const bool refuses = one_in(rng_, 12) && !world_.healed();
        if (refuses) world_.hit(probe::login_not_given);
        const duration after = std::chrono::microseconds(rng_.below(one_in(rng_, 8) ? 400'000 : 3'000));
        world_.time.after(after, [this, what = a.what, id = a.id, nonce = a.nonce, refuses] {
            if (destroyed() || paused()) return;
            now_doing = doing::dial;
            {
                const metered in_core;
                if (what == kind::ask) {
                    world_.hit(probe::login_asked_for);
                    login answer;
                    if (!refuses) answer = user_password{"user", secret("sim-password")};
                    const std::error_code ec = refuses ? make_error_code(errc::credential_provider_failed) : std::error_code();
                    core_->on_login_answer(id, ec, std::move(answer), world_.time.now());
                } else {
                    world_.hit(probe::login_signed);
                    const auto raw = world_.keys.sign(nonce);
                    core_->on_login_signature(id, refuses ? make_error_code(errc::signer_failed) : std::error_code(),
                                              secret(std::string_view(reinterpret_cast<const char*>(raw.data()), raw.size())),
                                              world_.time.now());
                }
            }
            settle();
        });
    }
    return some;
}

}  // namespace slipstream::sim
