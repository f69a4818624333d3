#include "protocol/session/run_machine.hpp"

#include <algorithm>
#include <climits>
#include <utility>
#include <variant>

#include "protocol/session/error_text.hpp"

namespace slipstream::session {

namespace {

/// The server will say the same to the same login. A timeout may have been the network's.
bool is_refused_login(std::error_code ec) noexcept {
    return ec.category() == core_category() && is_login_error(static_cast<errc>(ec.value())) && ec == condition::denied;
}

}  // namespace

run_machine::run_machine(const connect_options& options, std::vector<server_url> servers, random_stream rng)
    : options_(options),
      pool_(std::move(servers),
            {options.randomize_servers, options.ignore_discovered_servers, options.max_reconnects, options.max_auth_failures},
            rng.split("pool")),
      backoff_({options.reconnect_wait, options.reconnect_max_wait, options.reconnect_stable}),
      rng_(rng.split("backoff")),
      spread_(rng.split("spread")) {}

run_action run_machine::resume(time_point now) {
    for (;;) {
        switch (place_) {
            case place::idle:
                if (!wanted_) return run_action::wait;
                pool_.start_pass();
                backoff_.reset();
                first_pass_ = true;
                failed_in_row_ = 0;
                failure_ = {};
                place_ = place::choosing;
                break;

            case place::choosing:
                if (!choose(now)) {
                    if (!ever_up_) {  // the client is as before, and may be told to connect again
                        wanted_ = false;
                        place_ = place::idle;
                        return run_action::give_up;
                    }
                    if (!pool_.refuses_login()) failure_.error = errc::no_servers;
                    place_ = place::ending;
                    break;
                }
                if (first_pass_) {
                    resume_at_ = now;
                    place_ = place::pausing;
                    break;
                }
                place_ = place::asking;
                return run_action::ask;

            case place::asking:
                schedule(now);
                place_ = place::pausing;
                return run_action::announce_attempt;

            case place::pausing:
                if (!wanted_) {
                    place_ = place::idle;
                    break;
                }
                if (now < resume_at_) return run_action::wait;
                ++generation_;
                login_known_ = dialed_ = informed_ = upgrade_ = secured_ = login_made_ = ponged_ = broken_ = false;
                left_ = false;
                pool_.on_dial(now);
                attempt_until_ = deadline_after(now, options_.connect_timeout);
                begin_phase(place::preparing, std::nullopt, now);
                return run_action::prepare_login;

            case place::preparing:
                if (broken(now)) return cut_then(place::failed);
                if (!login_known_) return run_action::wait;
                begin_phase(place::dialing, options_.dial_timeout, now);
                return run_action::dial;

            case place::dialing:
                if (broken(now)) return cut_then(place::failed);
                if (!dialed_) return run_action::wait;
                if (options_.tls.mode == tls_mode::first) {
                    begin_phase(place::securing, options_.tls_timeout, now);
                    return run_action::secure;
                }
                begin_phase(place::expecting_info, options_.info_timeout, now);
                break;

            case place::expecting_info:
                if (broken(now)) return cut_then(place::failed);
                if (!informed_) return run_action::wait;
                if (upgrade_) {
                    begin_phase(place::securing, options_.tls_timeout, now);
                    return run_action::secure;
                }
                begin_phase(place::logging_in, options_.login_timeout, now);
                return run_action::log_in;

            case place::logging_in:
                if (broken(now)) return cut_then(place::failed);
                if (!login_made_) return run_action::wait;
                place_ = place::expecting_pong;
                return run_action::greet;

            case place::securing:
                if (broken(now)) return cut_then(place::failed);
                if (!secured_) return run_action::wait;
                begin_phase(place::expecting_info, options_.info_timeout, now);
                upgrade_ = false;
                break;

            case place::expecting_pong:
                if (broken(now)) return cut_then(place::failed);
                if (!ponged_) return run_action::wait;
                place_ = place::up;
                resume_at_ = never;
                ever_up_ = true;
                first_pass_ = false;
                failed_in_row_ = 0;
                pool_.on_login_accepted();
                backoff_.on_connected(now);
                return run_action::restore;

            case place::up:
                if (!broken(now)) return run_action::wait;
                if (const bool stable = backoff_.on_lost(now); !left_) pool_.on_connection_lost(stable);
                if (is_refused_login(failure_.error)) pool_.on_login_refused(failure_.error);
                return cut_then(place::lost);

            case place::cut: place_ = after_cut_; break;

            case place::lost: place_ = options_.reconnect ? place::choosing : place::ending; return run_action::announce_loss;

            case place::failed:
                if (!wanted_) {
                    place_ = place::idle;
                    break;
                }
                pool_.on_attempt_failed();
                if (is_refused_login(failure_.error)) pool_.on_login_refused(failure_.error);
                if (failed_in_row_ != UINT_MAX) ++failed_in_row_;
                place_ = place::choosing;
                return run_action::announce_failure;

            case place::ending: place_ = place::closed; return run_action::end;

            case place::closed: return run_action::wait;
        }
    }
}

bool run_machine::choose(time_point now) {
    const bool planned = std::exchange(rechoosing_, false);
    delay_ = duration::zero();
    if (first_pass_) {
        if (const pool_server* s = pool_.next_in_pass()) {
            server_ = s->url;
            return true;
        }
        if (!options_.retry_on_failed_connect) return false;
        first_pass_ = false;
        // The pass that has failed was the first round.
        for (std::size_t i = pool_.usable(); i != 0; --i) static_cast<void>(backoff_.next_delay(pool_.usable(), rng_));
    }
    const std::size_t turns = pool_.usable();
    const pool_server* const s = pool_.next();
    if (s == nullptr) return false;
    server_ = s->url;
    if (planned) {
        delay_ = std::max(duration::zero(), resume_at_ - now);
        return true;
    }
    at_once_ = !left_ && backoff_.attempts() == 0;
    if (!left_) delay_ = backoff_.next_delay(turns, rng_);
    return true;
}

void run_machine::schedule(time_point now) noexcept {
    // One server is not dialled again and again, whoever wants it; only the first retry is at once whatever was before.
    const pool_server* const s = pool_.current();
    const bool paced = s != nullptr && s->dialed_at != time_point::min() && !at_once_;
    earliest_ = paced ? deadline_after(s->dialed_at, options_.reconnect_wait) : now;
    if (earliest_ > now) delay_ = std::max(delay_, earliest_ - now);
    resume_at_ = deadline_after(now, delay_);
}

void run_machine::replace_servers(std::vector<server_url> servers) {
    pool_.replace(std::move(servers));
    const pool_server* const s = pool_.current();
    if (s == nullptr || !s->removed) return;
    if (place_ == place::pausing) {
        rechoosing_ = true;
        place_ = place::choosing;
    } else if (place_ == place::preparing) {  // nobody was dialled, and this one is not to be
        on_failure({errc::connection_left, disconnect_reason::requested, "its server was taken out"});
    }
}

void run_machine::decide(const server_url& server) {
    if (place_ != place::asking) return;
    if (const pool_server* const s = pool_.choose(server)) server_ = s->url;
}

void run_machine::leave(failure why) {
    if (place_ == place::up) {
        if (broken_) return;
        left_ = true;
        on_failure(std::move(why));
    } else if (place_ == place::pausing && !first_pass_) {
        resume_at_ = std::min(resume_at_, earliest_);
    }
}

void run_machine::begin_phase(place p, const std::optional<std::chrono::milliseconds>& timeout, time_point now) noexcept {
    place_ = p;
    resume_at_ = timeout ? std::min(attempt_until_, deadline_after(now, *timeout)) : attempt_until_;
}

bool run_machine::broken(time_point now) {
    if (!broken_ && now >= resume_at_) on_failure({errc::handshake_timeout, disconnect_reason::timeout, phase_words()});
    return broken_ || !wanted_;
}

const char* run_machine::phase_words() const noexcept {
    switch (place_) {
        case place::preparing: return "while waiting for credentials";
        case place::dialing: return "while dialing";
        case place::expecting_info: return "while waiting for INFO";
        case place::securing: return "while establishing TLS";
        case place::logging_in: return "while making the login";
        case place::expecting_pong: return "while logging in";
        default: return "";
    }
}

run_action run_machine::cut_then(place next) noexcept {
    after_cut_ = next;
    place_ = place::cut;
    return run_action::cut;
}

void run_machine::on_info(const slipstream::server_info& info) noexcept {
    informed_ = true;
    if (secured_) return;
    upgrade_ = info.tls_required || demands_tls();
    // Where TLS was asked for, not a byte is sent without it, whatever the server says (B3, B4).
    if (upgrade_ && !info.tls_required && !info.tls_available) on_failure({errc::tls_required, disconnect_reason::tls, {}});
}

bool run_machine::demands_tls() const noexcept {
    const tls_options& tls = options_.tls;
    if (tls.mode != tls_mode::automatic || server_.tls || encrypted_before_) return true;
    if (tls.refuse_plaintext_login && !std::holds_alternative<no_auth>(login())) return true;
    // Who says whom to trust does not mean to trust everybody.
    return !tls.ca_file.empty() || !tls.ca_pem.empty() || !tls.cert_file.empty() || !tls.cert_pem.empty() || !tls.server_name.empty();
}

tls_names_of_server run_machine::tls_names() const {
    if (!options_.tls.server_name.empty()) return {options_.tls.server_name, {}};
    return pool_.current_tls_names();
}

void run_machine::on_failure(failure f) {
    if (std::exchange(broken_, true)) return;
    failure_ = std::move(f);
}

}  // namespace slipstream::session
