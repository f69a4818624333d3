#include "protocol/session/server_pool.hpp"

#include <algorithm>
#include <climits>
#include <string_view>
#include <utility>
#include <variant>

namespace slipstream::session {

namespace {

bool has_login(const authentication& login) noexcept { return !std::holds_alternative<no_auth>(login); }

// `localhost` means these, so dialling it has tried them already (C12).
bool is_loopback(const std::string& host) noexcept { return host == "localhost" || host == "127.0.0.1" || host == "::1"; }

bool same_server(const server_url& a, const server_url& b) noexcept {
    if (a.port != b.port) return false;
    if (a.host == b.host) return true;
    return (a.host == "localhost" || b.host == "localhost") && is_loopback(a.host) && is_loopback(b.host);
}

/// The zone of an address and the dot at the end of a name are for the resolver; no certificate has them.
std::string name_for_tls(std::string_view host) {
    host = host.substr(0, host.find('%'));
    if (host.ends_with('.')) host.remove_suffix(1);
    return std::string(host);
}

}  // namespace

server_pool::server_pool(std::vector<server_url> servers, const pool_options& options, random_stream rng) : options_(options), rng_(rng) {
    take_over(std::move(servers));
}

/// The user's servers, and what was known of them.
void server_pool::take_over(std::vector<server_url> servers) {
    std::vector<pool_server> fresh;
    fresh.reserve(servers.size() + 1);
    implicit_login_ = no_auth{};
    for (server_url& url : servers) {
        if (url.tls) implicit_tls_ = true;  // and never less than before (B4)
        if (has_login(url.login) && !has_login(implicit_login_)) implicit_login_ = url.login;
        const auto same = [&](const pool_server& s) { return s.url.same_endpoint(url); };
        if (std::any_of(fresh.begin(), fresh.end(), same)) continue;
        pool_server s;
        if (const auto old = std::find_if(servers_.begin(), servers_.end(), same); old != servers_.end()) s = *old;
        s.url = std::move(url);
        s.discovered = s.vouched_for = s.removed = false;
        s.learnt_through.clear();
        fresh.push_back(std::move(s));
    }
    if (options_.randomize) rng_.shuffle(fresh);
    if (const pool_server* const in_use = current()) {
        const auto kept = std::find_if(fresh.begin(), fresh.end(), [&](const pool_server& s) { return s.url.same_endpoint(in_use->url); });
        const auto index = static_cast<std::size_t>(kept - fresh.begin());
        if (kept == fresh.end()) {
            fresh.push_back(*in_use);
            fresh.back().removed = true;
        }
        current_ = index;
    }
    servers_ = std::move(fresh);
}

void server_pool::replace(std::vector<server_url> servers) { take_over(std::move(servers)); }

/// Makes it the current one; the last one goes if it was there only because it was in use.
const pool_server* server_pool::choose_at(std::size_t index) noexcept {
    const std::size_t last = std::exchange(current_, index);
    if (last != none && last != index && servers_[last].removed) {
        servers_.erase(servers_.begin() + static_cast<std::ptrdiff_t>(last));
        if (current_ > last) --current_;
    }
    return &servers_[current_];
}

const pool_server* server_pool::choose(const server_url& server) noexcept {
    for (std::size_t i = 0; i < servers_.size(); ++i) {
        if (may_dial(servers_[i]) && servers_[i].url.same_endpoint(server)) return choose_at(i);
    }
    return nullptr;
}

void server_pool::on_dial(time_point now) noexcept {
    if (current_ != none) servers_[current_].dialed_at = now;
}

void server_pool::start_pass() noexcept {
    for (pool_server& s : servers_) {
        s.tried = false;
        s.failed = 0;
        s.login_refusals = 0;
        s.leaving = false;
    }
    std::erase_if(servers_, [](const pool_server& s) { return s.removed; });
    current_ = none;
}

const pool_server* server_pool::next_in_pass() noexcept {
    const std::size_t first = current_ == none ? 0 : current_ + 1;
    for (std::size_t k = 0; k < servers_.size(); ++k) {
        const std::size_t i = (first + k) % servers_.size();
        if (servers_[i].tried || servers_[i].removed) continue;
        servers_[i].tried = true;
        return choose_at(i);
    }
    return nullptr;
}

const pool_server* server_pool::next() noexcept {
    const std::size_t first = current_ == none ? 0 : current_ + 1;
    std::size_t passed_over = none;
    for (std::size_t k = 0; k < servers_.size(); ++k) {
        const std::size_t i = (first + k) % servers_.size();
        pool_server& s = servers_[i];
        if (!may_dial(s)) continue;
        if (std::exchange(s.leaving, false)) {
            if (passed_over == none) passed_over = i;
            continue;
        }
        return choose_at(i);
    }
    return passed_over == none ? nullptr : choose_at(passed_over);
}

void server_pool::on_attempt_failed() noexcept { count_failure(); }

void server_pool::on_connection_lost(bool was_stable) noexcept {
    if (current_ != none && was_stable) servers_[current_].failed = 0;
    if (!was_stable) count_failure();
}

void server_pool::on_login_refused(std::error_code why) noexcept {
    if (current_ == none) return;
    pool_server& s = servers_[current_];
    if (std::exchange(s.login_error, why) != why) s.login_refusals = 0;
    if (s.login_refusals != UINT_MAX) ++s.login_refusals;
}

void server_pool::on_login_accepted() noexcept {
    if (current_ != none) servers_[current_].login_refusals = 0;
}

void server_pool::count_failure() noexcept {
    if (current_ != none && servers_[current_].failed != UINT_MAX) ++servers_[current_].failed;
}

void server_pool::on_lame_duck() noexcept {
    if (current_ != none) servers_[current_].leaving = true;
}

bool server_pool::update_discovered(std::span<const std::string> connect_urls, bool over_tls) {
    if (options_.ignore_discovered) return false;
    std::vector<server_url> told;
    for (const std::string& text : connect_urls) {
        if (told.size() == max_servers) break;
        server_url url;
        if (text.size() <= max_discovered_size && !parse_discovered_server(text, url)) told.push_back(std::move(url));
    }
    if (told.empty()) return false;
    const auto is_told = [&](const pool_server& s) {
        return std::any_of(told.begin(), told.end(), [&](const server_url& url) { return same_server(s.url, url); });
    };
    // Those that are gone leave, but never the user's own and never the one in use.
    for (std::size_t i = servers_.size(); i-- > 0;) {
        if (!servers_[i].discovered || i == current_ || is_told(servers_[i])) continue;
        servers_.erase(servers_.begin() + static_cast<std::ptrdiff_t>(i));
        if (current_ != none && current_ > i) --current_;
    }
    bool grown = false;
    for (server_url& url : told) {
        if (pool_server* const in_use = current_ == none ? nullptr : &servers_[current_];
            in_use != nullptr && in_use->removed && same_server(in_use->url, url)) {
            in_use->removed = false;
            in_use->discovered = grown = true;
            in_use->learnt_through = in_use->url.host;
        }
        if (servers_.size() >= max_servers) break;
        if (pool_server* const s = find(url)) {
            if (over_tls) s->vouched_for = true;
            continue;
        }
        insert_discovered(std::move(url), over_tls);
        grown = true;
    }
    return grown;
}

pool_server* server_pool::find(const server_url& url) noexcept {
    const auto it = std::find_if(servers_.begin(), servers_.end(), [&](const pool_server& s) { return same_server(s.url, url); });
    return it == servers_.end() ? nullptr : &*it;
}

void server_pool::insert_discovered(server_url url, bool over_tls) {
    url.tls = implicit_tls_;
    pool_server fresh{std::move(url)};
    fresh.discovered = true;
    fresh.vouched_for = over_tls;
    if (const pool_server* const from = current()) fresh.learnt_through = from->discovered ? from->learnt_through : from->url.host;
    // Anywhere but before the one in use keeps whose turn is next fair; in the order told when nothing is to be random.
    std::size_t at = servers_.size();
    if (options_.randomize) {
        const std::size_t first = current_ == none ? 0 : current_ + 1;
        at = first + static_cast<std::size_t>(rng_.below(servers_.size() - first + 1));
    }
    servers_.insert(servers_.begin() + static_cast<std::ptrdiff_t>(at), std::move(fresh));
}

const authentication& server_pool::current_url_login() const noexcept {
    static const authentication nothing = no_auth{};
    const pool_server* const s = current();
    if (s == nullptr) return nothing;
    return s->discovered ? implicit_login_ : s->url.login;
}

tls_names_of_server server_pool::current_tls_names() const {
    const pool_server* const s = current();
    if (s == nullptr) return {};
    std::string own = name_for_tls(s->url.host);
    if (!s->discovered) return {std::move(own), {}};
    std::string known = name_for_tls(s->learnt_through);
    if (!s->vouched_for || own == known) return {std::move(known), {}};
    return {std::move(own), std::move(known)};
}

std::size_t server_pool::usable() const noexcept {
    return static_cast<std::size_t>(std::count_if(servers_.begin(), servers_.end(), [&](const pool_server& s) { return may_dial(s); }));
}

bool server_pool::has_alternative() const noexcept {
    for (std::size_t i = 0; i < servers_.size(); ++i) {
        if (i != current_ && may_dial(servers_[i]) && !servers_[i].leaving) return true;
    }
    return false;
}

const authentication& choose_login(const authentication& from_options, const authentication& from_url) noexcept {
    return has_login(from_options) ? from_options : from_url;
}

}  // namespace slipstream::session
