// What the server's -ERR does: end the connection, end what it names, or be told (spec/protocol.md 7; A14, A15, D10, W25).
#include <string>
#include <utility>

#include "protocol/session/connection.hpp"
#include "protocol/session/error_text.hpp"

namespace slipstream::session {

namespace {

constexpr std::size_t longest_words = 512;  // of the server, in events (W48)

bool of_tls(std::error_code ec) noexcept {
    return ec.category() == core_category() && ec.value() >= static_cast<int>(errc::tls_required) &&
           ec.value() <= static_cast<int>(errc::tls_bad_key);
}

bool peer_closed(std::error_code ec) noexcept { return !ec || ec == errc::connection_eof; }

}  // namespace

connection::outcome connection::on_error(std::string_view text, time_point now) {
    ++context_.counters.server_errors;
    const std::string_view words = text.substr(0, longest_words);
    const server_error_text error = classify_error_text(text);
    if (error.closes) {
        if (error.code == errc::max_control_line) subscriptions_.end_oversized();
        return fail(error.code, error.reason, words);
    }
    last_error_ = {error.code, error.reason, std::string(words)};
    // The reason for what follows, if that is the end: in the handshake any -ERR, later those of no known kind.
    last_was_error_ = stage_ != stage::up || error.code == errc::server_error;
    if (stage_ == stage::up) on_refusal(error, words, now);
    return outcome::read_more;
}

void connection::on_refusal(const server_error_text& error, std::string_view words, time_point now) {
    switch (error.refused) {
        case refusal::publish:
            if (requests_.refuse(error.subject, error.code) != 0) return;
            break;
        case refusal::publish_reply:
            if (requests_.refuse_reply(error.subject, error.code)) return;
            break;
        case refusal::subscribe:
            if (subscription_state* const s = subscriptions_.find_refused(error)) return refuse(*s, error.code, words, now);
            break;
        case refusal::none:
            if (error.code != errc::max_subscriptions) break;
            if (subscription_state* const s = subscriptions_.find_newest_unconfirmed()) return refuse(*s, error.code, words, now);
            break;
    }
    context_.tell_server_error(error.code, words, error.subject, now);
}

void connection::refuse(subscription_state& s, errc code, std::string_view words, time_point now) {
    const bool inbox = subscriptions_.is_inbox(s);
    // A subscription with a queue reports it by async_next; one with a handler has nowhere else to.
    if (!inbox && s.handler) context_.tell_server_error(code, words, s.subject, now);
    // The text does not say which one is too many: the UNSUB makes sure that the server agrees. An unknown sid does not matter to it.
    if (code == errc::max_subscriptions) subscriptions_.begin_drain(s);
    subscriptions_.end(s, code);
    if (inbox) requests_.finish_all(code);  // their replies cannot arrive; the next request tries again
}

failure connection::why_down(std::error_code ec, std::string_view detail) const {
    // A server that ends a connection says why in an -ERR right before.
    if (last_was_error_) return {last_error_.error, last_error_.reason, last_error_.detail};
    if (peer_closed(ec)) return {errc::connection_eof, lame_duck_ ? disconnect_reason::lame_duck : disconnect_reason::eof, {}};
    if (of_tls(ec)) return {ec, disconnect_reason::tls, std::string(detail)};
    const bool timed_out = ec == std::errc::timed_out;
    return {ec, timed_out ? disconnect_reason::timeout : disconnect_reason::reset, std::string(detail)};
}

}  // namespace slipstream::session
