// TLS and logins of a simulated client: what its shell does that takes time.
#include <optional>
#include <variant>

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

/// Providers and signers answer later, as users' do, and sometimes not at all. Files are read at once.
bool sim_client::pull_login_actions() {
    bool some = false;
    for (session::login_action a; core_->next_login_action(a); some = true) {
        using kind = session::login_action::kind;
        const bool refuses = one_in(rng_, 12) && !world_.healed();
        if (a.what == kind::read_file) {
            read_login_file(a, refuses);
            continue;
        }
        if (refuses) world_.hit(probe::login_not_given);
        const bool gives_jwt = one_in(rng_, 2);
        const duration after = std::chrono::microseconds(rng_.below(one_in(rng_, 8) ? 400'000 : 3'000));
        world_.time.after(after, [this, what = a.what, id = a.id, nonce = a.nonce, refuses, gives_jwt] {
            if (destroyed() || paused()) return;
            now_doing = doing::dial;
            if (what == kind::ask) {
                give_login(id, refuses, gives_jwt);
            } else {
                world_.hit(probe::login_signed);
                const auto raw = world_.keys.sign(nonce);
                const metered in_core;
                core_->on_login_signature(id, refuses ? make_error_code(errc::signer_failed) : std::error_code(),
                                          secret(std::string_view(reinterpret_cast<const char*>(raw.data()), raw.size())),
                                          world_.time.now());
            }
            settle();
        });
    }
    return some;
}

void sim_client::give_login(std::uint64_t id, bool refuses, bool gives_jwt) {
    world_.hit(probe::login_asked_for);
    login answer;
    std::optional<std::size_t> given;
    if (!refuses && gives_jwt) {
        given = world_.logins.newest();
        const login_book::user& user = world_.logins.number(*given);
        answer = jwt_seed{secret(user.jwt), secret(user.seed)};
        world_.hit(probe::login_of_jwt);
    } else if (!refuses) {
        answer = user_password{"user", secret("sim-password")};
    }
    const std::error_code ec = refuses ? make_error_code(errc::credential_provider_failed) : std::error_code();
    note_login(given);
    const metered in_core;
    core_->on_login_answer(id, ec, std::move(answer), world_.time.now());
}

/// What the present attempt has to say, by what it was given now.
void sim_client::note_login(std::optional<std::size_t> number) {
    login_number = number;
    login_given_to = core_->generation();
}

void sim_client::read_login_file(const session::login_action& a, bool missing) {
    const std::string_view path = a.path;
    world_.note("read file", slot, core_->generation(), path);
    if (missing) {
        world_.hit(probe::login_file_missing);
    } else if (path == creds_path) {
        note_login(world_.logins.newest());
        world_.hit(probe::login_of_document);
    } else if (path == jwt_path) {
        note_login(world_.logins.newest());
    } else {  // behind the JWT of somebody else it is no login
        const std::size_t number = world_.logins.of_key_file();
        const bool behind_jwt = std::get_if<creds_file>(&options().auth) != nullptr;
        const bool torn = behind_jwt && (login_given_to != core_->generation() || login_number != number);
        world_.hit(torn ? probe::login_torn : behind_jwt ? probe::login_of_two_files : probe::login_of_file);
        note_login(torn ? std::nullopt : std::optional(number));
    }
    const std::error_code ec = missing ? std::make_error_code(std::errc::no_such_file_or_directory) : std::error_code();
    secret contents;
    if (!missing) contents = secret(world_.logins.contents(path));
    const metered in_core;
    core_->on_login_file(a.id, ec, std::move(contents), world_.time.now());
}

}  // namespace slipstream::sim
