// Which server is dialled next.
//
// Told: the user's servers, what INFO says about others, and how attempts went. Decides: the order, who is given up, whose login
// is used where. Invariants: the user's servers and the one in use never leave the pool, unless the user replaces them; no address is
// in it twice; it never holds more than max_servers; the order depends on the seed alone. When the user replaces the servers, the one
// in use stays as `removed` until another one is chosen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "protocol/session/random.hpp"
#include "protocol/session/server_url.hpp"
#include "protocol/session/time.hpp"

namespace slipstream::session {

struct pool_server {
    server_url url;
    unsigned failed = 0;          ///< Attempts in a row that failed or did not last.
    bool discovered = false;      ///< Learnt from INFO.
    bool vouched_for = false;     ///< By a server that had proved itself over TLS: it is whom it is called.
    std::string learnt_through{}; ///< The host of the user's server from which, over others perhaps, it was learnt.
    bool leaving = false;         ///< Said that it shuts down (lame duck).
    bool tried = false;           ///< In the current pass.
    bool removed = false;         ///< In use, and not among the user's new servers.
    std::error_code login_error{};   ///< What it says of our login, and
    unsigned login_refusals = 0;     ///< how often in a row it has said just that.
    time_point dialed_at = time_point::min();  ///< The last time.
};

/// Whom a server's certificate may be for.
struct tls_names_of_server {
    std::string first;
    std::string other;  ///< Empty when there is only one.
};

struct pool_options {
    bool randomize = true;
    bool ignore_discovered = false;
    std::optional<unsigned> max_failed = {};   ///< connect_options::max_reconnects
    std::optional<unsigned> max_login_refusals = {};  ///< connect_options::max_auth_failures
};

class server_pool {
public:
    static constexpr std::size_t max_servers = 256;          // A13
    static constexpr std::size_t max_discovered_size = 255;  // bytes of one INFO entry, A13

    /// `servers` are the user's, at least one; later ones with the same address are dropped.
    server_pool(std::vector<server_url> servers, const pool_options& options, random_stream rng);

    // --- choosing: each makes the returned server the current one; the pointer is valid until the next non-const call ---
    /// For an explicit connect: every server has its one turn again, from the first on, and none counts as given up any more.
    void start_pass() noexcept;
    /// The next server that had no turn since start_pass; null when all had theirs.
    const pool_server* next_in_pass() noexcept;
    /// For reconnecting: the one after the current, round robin, without those given up; null when all are (errc::no_servers). A server
    /// that said it is leaving is passed over once when there is another.
    const pool_server* next() noexcept;

    /// The user's own choice among those that next() may return, by address. Null when it is none of them (any more).
    const pool_server* choose(const server_url& server) noexcept;

    // --- facts about the current server ---
    void on_dial(time_point now) noexcept;
    /// The attempt failed before the client was up.
    void on_attempt_failed() noexcept;
    /// A connection that was up is gone. One that was not up for the stability time counts as a failed attempt (C9, C24).
    void on_connection_lost(bool was_stable) noexcept;
    /// It has refused our login, or ended it (B17).
    void on_login_refused(std::error_code why) noexcept;
    void on_login_accepted() noexcept;
    /// INFO said ldm.
    void on_lame_duck() noexcept;

    /// The addresses of an INFO: replaces what was discovered before. Entries that are too long or malformed are skipped; a list
    /// without any other changes nothing (C12). Returns whether there are servers that were not in the pool before.
    /// `over_tls`: the current server told it after it had proved itself.
    bool update_discovered(std::span<const std::string> connect_urls, bool over_tls = false);

    /// The user's servers from now on, at least one; what was discovered is forgotten. Those that were known keep what is known of them.
    void replace(std::vector<server_url> servers);

    // --- observers ---
    [[nodiscard]] const pool_server* current() const noexcept { return current_ == none ? nullptr : &servers_[current_]; }
    /// The login of the current server's URL. Discovered servers use that of the first of the user's URLs that has one (B19). Whether
    /// connect_options::auth goes before it is the caller's decision; see choose_login.
    [[nodiscard]] const authentication& current_url_login() const noexcept;
    /// A server of the user must be the one that was written (B1). One that was learnt from the cluster must be the one that it was
    /// called by a server that is trusted, or have the name of the user's server that it was learnt through: what is told in plain
    /// text widens nothing (B5), and bare addresses are as good as names (B6). Without zone and final dot.
    [[nodiscard]] tls_names_of_server current_tls_names() const;
    /// Servers that next() may still return.
    [[nodiscard]] std::size_t usable() const noexcept;
    [[nodiscard]] bool may_dial(const pool_server& s) const noexcept { return !s.removed && !given_up(s); }
    /// The current one was given up because of our login.
    [[nodiscard]] bool refuses_login() const noexcept { return current_ != none && refuses(servers_[current_]); }
    /// Another server than the current one may be dialled, and has not said that it is leaving.
    [[nodiscard]] bool has_alternative() const noexcept;
    [[nodiscard]] const std::vector<pool_server>& servers() const noexcept { return servers_; }

private:
    static constexpr std::size_t none = SIZE_MAX;

    [[nodiscard]] bool refuses(const pool_server& s) const noexcept {
        return options_.max_login_refusals && s.login_refusals >= *options_.max_login_refusals;
    }
    [[nodiscard]] bool given_up(const pool_server& s) const noexcept {
        return (options_.max_failed && s.failed >= *options_.max_failed) || refuses(s);
    }
    [[nodiscard]] pool_server* find(const server_url& url) noexcept;
    void count_failure() noexcept;
    void insert_discovered(server_url url, bool over_tls);
    void take_over(std::vector<server_url> servers);
    const pool_server* choose_at(std::size_t index) noexcept;

    std::vector<pool_server> servers_;
    std::size_t current_ = none;
    pool_options options_;
    random_stream rng_;
    authentication implicit_login_;  // for discovered servers
    bool implicit_tls_ = false;  // a user's server demands TLS: discovered ones are not trusted with less (B4, B5)
};

/// What to log in with: the options' own, else the server's URL's.
[[nodiscard]] const authentication& choose_login(const authentication& from_options, const authentication& from_url) noexcept;

}  // namespace slipstream::session
