#include "protocol/session/connection.hpp"

#include <new>
#include <utility>

#include "protocol/wire/encoder.hpp"
#include "protocol/wire/info.hpp"

namespace slipstream::session {

void connection::begin(server_pool& pool) {
    pool_ = &pool;
    stage_ = stage::expecting_info;
    buffer_.clear();
    parser_.reset();
    info_ = {};
    failure_ = {};
    last_was_error_ = pong_due_ = unfinished_ = lame_duck_ = over_tls_ = info_in_plain_ = false;
    pong_ends_ = 0;
}

void connection::end() noexcept {
    // The server has proved itself and told no addresses since (before 2.11 it tells them only in the first INFO): those of the plain
    // INFO are better than none. They widen nothing, see server_pool::current_tls_names.
    if (stage_ == stage::up && hearsay()) {
        try {
            static_cast<void>(pool_->update_discovered(context_.info.connect_urls));
        } catch (const std::bad_alloc&) {
        }
    }
    stage_ = stage::none;
    last_was_error_ = unfinished_ = lame_duck_ = false;
}

void connection::came_up() {
    stage_ = stage::up;
    if (hearsay()) return;
    static_cast<void>(pool_->update_discovered(context_.info.connect_urls, over_tls_));
    if (context_.info.ldm) tell_lame_duck();
}

[[gnu::always_inline]]
inline connection::outcome connection::on_message(const wire::operation& op, std::size_t enough) {
    last_was_error_ = false;
    const message_view m(op.subject, op.reply_to, op.header_block, op.payload);
    ++context_.counters.in_msgs;
    context_.counters.in_bytes += m.size();
    if (op.sid == subscriptions_.inbox_sid()) {
        requests_.on_reply(m);
        if (context_.out.finished.size() >= enough) return outcome::enough;
    } else if (!subscriptions_.deliver(op.sid, m)) [[unlikely]] {
        --context_.counters.in_msgs;
        context_.counters.in_bytes -= m.size();
        return outcome::full;
    }
    return outcome::read_more;
}

connection::outcome connection::run(time_point now, std::size_t enough) {
    unfinished_ = false;
    for (;;) {
        const wire::parse_result& result = parser_.next(buffer_.unconsumed());
        if (result.status == wire::parse_status::need_more) return outcome::read_more;
        if (result.status == wire::parse_status::error) {
            return fail(errc::protocol_error, disconnect_reason::protocol_error, wire::to_string(result.error));
        }
        outcome what = outcome::read_more;
        if (result.op.kind == wire::op_kind::msg && stage_ == stage::up) [[likely]] {
            what = on_message(result.op, enough);
            if (what == outcome::full) return what;
            if (context_.closed) return outcome::stopped;
            unfinished_ = what == outcome::enough;
        } else {
            what = handle(result.op, now);
        }
        buffer_.consume(result.op.consumed);
        if (what != outcome::read_more) return what;
    }
}

connection::outcome connection::handle(const wire::operation& op, time_point now) {
    if (op.kind == wire::op_kind::err) return on_error(op.text, now);
    last_was_error_ = false;
    switch (op.kind) {
        case wire::op_kind::info: return on_info(op.text, now);
        case wire::op_kind::ping:
            // Before CONNECT a PONG would be the first word of a client that has not logged in (spec/protocol.md 8).
            if (is_greeted()) pong_due_ = true;
            return outcome::read_more;
        case wire::op_kind::pong:
            if (!is_greeted()) break;
            if (stage_ == stage::up) barriers_.on_pong();
            return outcome::pong;
        case wire::op_kind::msg:
            ++context_.counters.orphaned_msgs;  // nothing is subscribed yet
            break;
        case wire::op_kind::ok:
        case wire::op_kind::err: break;
    }
    if (stage_ == stage::expecting_info)
        return fail(errc::protocol_error, disconnect_reason::protocol_error, "the server did not begin with INFO");
    if (stage_ == stage::logging_in)
        return fail(errc::protocol_error, disconnect_reason::protocol_error, "the server answered before it was asked");
    return outcome::read_more;
}

connection::outcome connection::on_info(std::string_view json, time_point now) {
    const bool first = stage_ == stage::expecting_info;
    slipstream::server_info& info = stage_ == stage::up ? context_.info : info_;
    // Nothing of a plain INFO outlives the first one that comes from the server for certain.
    slipstream::server_info updated = hearsay() ? slipstream::server_info() : info;
    if (!wire::update_server_info(updated, json)) {
        if (first) return fail(errc::protocol_error, disconnect_reason::protocol_error, "the server's INFO is not valid");
        context_.tell_server_error(errc::protocol_error, "an INFO that is not valid was ignored", {}, now);  // A12
        return outcome::read_more;
    }
    info = std::move(updated);
    info_in_plain_ = !over_tls_;
    parser_.set_max_payload(info.max_payload);
    if (first) return outcome::info;
    if (stage_ == stage::up) {
        static_cast<void>(pool_->update_discovered(info.connect_urls, over_tls_));
        if (info.ldm) tell_lame_duck();
    }
    return outcome::read_more;
}

void connection::tell_lame_duck() {
    if (std::exchange(lame_duck_, true)) return;
    pool_->on_lame_duck();
    event e;
    e.kind = event_kind::lame_duck;
    e.generation = context_.generation;
    e.server = pool_->current() != nullptr ? pool_->current()->url.display() : std::string();
    context_.out.tell(std::move(e));
}

void connection::end_read() {
    if (!std::exchange(pong_due_, false) || stage_ == stage::none) return;
    if (pong_ends_ > context_.box.written()) return;
    wire::encode_pong(context_.box.protocol_frames());
    pong_ends_ = context_.box.appended();
}

connection::outcome connection::fail(std::error_code ec, disconnect_reason reason, std::string_view detail) {
    failure_ = {ec, reason, std::string(detail)};
    return outcome::failed;
}

}  // namespace slipstream::session
