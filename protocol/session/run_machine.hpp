// The life of a client from one connection to the next: which server, when, until when, and what a failure leads to.
//
// Told: that a connection is wanted, how the current step went, the time. Decides: dial, greet, restore, wait, try another server, give
// up. Emits: one run_action at a time, pulled by calling resume() until it says wait. Invariants: one deadline covers an attempt
// from its begin to the first PONG, and the deadlines of its phases never go beyond it; every attempt has a generation of its own; attempts
// are bounded by the backoff, which falls back only after a stable connection, and no server is dialled twice within the pace but for the
// first retry (I6, C8, C9); nothing but close, abandon and the user's limits ends it (C10).
//
// The order of steps, written down in resume():
//   idle -> choose -> ask -> pause -> prepare a login -> dial -> INFO -> (TLS) -> make the login -> CONNECT, PING -> PONG -> restore
//   -> up -> lost -> choose ...                             (TLS) -> INFO  with tls_mode::first
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <slipstream/connect_options.hpp>
#include <slipstream/server_info.hpp>

#include "protocol/session/backoff.hpp"
#include "protocol/session/context.hpp"
#include "protocol/session/random.hpp"
#include "protocol/session/server_pool.hpp"
#include "protocol/session/time.hpp"

namespace slipstream::session {

enum class run_action : std::uint8_t {
    wait,              ///< Nothing to do until a fact is told or next_deadline().
    ask,               ///< An attempt to server() after delay() is planned; decide() may change that.
    announce_attempt,  ///< An attempt follows after delay().
    prepare_login,     ///< Find out what generation() logs in with, before the server's clock runs.
    dial,              ///< Connect to server() as generation().
    secure,            ///< Begin TLS; the server must be one of tls_names().
    log_in,            ///< INFO is there and accepted: make the login of this connection.
    greet,             ///< The login is made: send CONNECT and PING.
    restore,           ///< The PONG is there: restore subscriptions, release what was held, tell `connected`.
    cut,               ///< Let go of the transport of generation().
    announce_failure,  ///< The attempt has failed: reason().
    announce_loss,     ///< The connection that was up is gone: reason().
    give_up,           ///< The first connect has failed: reason(). Idle again.
    end,               ///< No connection will be tried any more: reason().
};

class run_machine {
public:
    /// `servers` and `options` have passed check_options.
    run_machine(const connect_options& options, std::vector<server_url> servers, random_stream rng);

    [[nodiscard]] run_action resume(time_point now);

    // --- wishes ---
    /// A connection is wanted. Joins what is going on.
    void want() noexcept { wanted_ = true; }
    /// Nobody waits for the first connection any more; without effect once there was one.
    void abandon() noexcept { wanted_ = ever_up_; }
    void close() noexcept { place_ = place::closed; }
    /// Another connection is wanted: leaves the one that is up, for this reason; ends the wait before an attempt. Joins an attempt in
    /// progress, and does nothing when none is wanted.
    void leave(failure why);
    /// The user's servers from now on. The planned attempt goes to one of them, at the same time; an attempt in progress goes on.
    void replace_servers(std::vector<server_url> servers);
    /// After run_action::ask. A server that may not be dialled (any more) changes nothing.
    void decide(const server_url& server);
    void decide(duration delay) noexcept { delay_ = delay; }

    // --- facts, all of the current generation ---
    void on_login_known() noexcept { login_known_ = true; }
    void on_dialed() noexcept { dialed_ = true; }
    /// Decides about TLS, unless there is TLS already. `info` is otherwise not looked at.
    void on_info(const slipstream::server_info& info) noexcept;
    void on_secured() noexcept { secured_ = encrypted_before_ = true; }
    void on_login_made() noexcept { login_made_ = true; }
    void on_pong() noexcept { ponged_ = true; }
    /// The dial, the handshake or the connection failed. The first failure of a generation counts.
    void on_failure(failure f);

    // --- observers ---
    [[nodiscard]] bool idle() const noexcept { return place_ == place::idle; }
    [[nodiscard]] bool up() const noexcept { return place_ == place::up; }
    [[nodiscard]] bool ever_up() const noexcept { return ever_up_; }
    /// The connection is left on purpose: what was written to it still arrives.
    [[nodiscard]] bool leaving() const noexcept { return left_; }
    /// There is a dial or a connection: facts about generation() count.
    [[nodiscard]] bool engaged() const noexcept { return place_ >= place::dialing && place_ <= place::up; }
    [[nodiscard]] bool expects_info() const noexcept { return place_ == place::expecting_info; }
    /// The handshake of TLS is under way: nothing else may arrive.
    [[nodiscard]] bool securing() const noexcept { return place_ == place::securing; }
    [[nodiscard]] bool secured() const noexcept { return secured_; }
    [[nodiscard]] tls_names_of_server tls_names() const;
    [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }
    [[nodiscard]] const server_url& server() const noexcept { return server_; }
    [[nodiscard]] duration delay() const noexcept { return delay_; }
    /// Any time up to this one, so that clients do not all do the same at once.
    [[nodiscard]] duration spread(duration longest) noexcept {
        return duration(static_cast<duration::rep>(spread_.below(static_cast<std::uint64_t>(longest.count()) + 1)));
    }
    [[nodiscard]] unsigned attempt() const noexcept { return failed_in_row_; }
    [[nodiscard]] const failure& reason() const noexcept { return failure_; }
    /// Asked in each turn: the end of a pause or of a phase of an attempt.
    [[nodiscard]] time_point next_deadline() const noexcept {
        return place_ >= place::pausing && place_ <= place::expecting_pong ? resume_at_ : never;
    }
    [[nodiscard]] server_pool& pool() noexcept { return pool_; }
    [[nodiscard]] const authentication& login() const noexcept { return choose_login(options_.auth, pool_.current_url_login()); }

private:
    // In the order of the story: engaged() and next_deadline() compare.
    enum class place : std::uint8_t {
        idle,
        choosing,
        asking,
        pausing,
        preparing,
        dialing,
        expecting_info,
        securing,
        logging_in,
        expecting_pong,
        up,
        cut,
        lost,
        failed,
        ending,
        closed
    };

    /// Picks the server of the next attempt and its time. False when there is none.
    [[nodiscard]] bool choose(time_point now);
    /// Sets the time of the attempt from its delay.
    void schedule(time_point now) noexcept;
    void begin_phase(place p, const std::optional<std::chrono::milliseconds>& timeout, time_point now) noexcept;
    [[nodiscard]] const char* phase_words() const noexcept;
    /// The step cannot go on: its attempt failed, is over time, or is not wanted any more.
    [[nodiscard]] bool broken(time_point now);
    run_action cut_then(place next) noexcept;
    /// The current server is not talked to in plain text.
    [[nodiscard]] bool demands_tls() const noexcept;

    const connect_options& options_;
    server_pool pool_;
    backoff backoff_;
    random_stream rng_;
    random_stream spread_;

    place place_ = place::idle;
    place after_cut_ = place::idle;
    bool wanted_ = false;
    bool ever_up_ = false;
    bool first_pass_ = false;        // every server has one turn, and then the connect has failed
    bool login_known_ = false;
    bool dialed_ = false;
    bool informed_ = false;
    bool upgrade_ = false;           // TLS follows INFO
    bool secured_ = false;
    bool encrypted_before_ = false;  // some connection of this client was: no other goes without (B4)
    bool login_made_ = false;
    bool ponged_ = false;
    bool broken_ = false;            // failure_ is of this generation
    failure failure_;
    std::uint64_t generation_ = 0;
    unsigned failed_in_row_ = 0;
    server_url server_;
    duration delay_{};
    bool left_ = false;              // the connection was given up on purpose: another attempt follows at once
    bool rechoosing_ = false;        // the server of the planned attempt was taken out; its time stands
    bool at_once_ = false;           // the attempt that is planned is the first after a stable connection
    time_point earliest_ = never;    // of the planned attempt: the pace of its server
    time_point attempt_until_ = never;
    time_point resume_at_ = never;   // the end of a pause, or of the present phase of the attempt
};

}  // namespace slipstream::session
