#include "protocol/session/connection.hpp"

#include <utility>

#include "protocol/wire/encoder.hpp"

namespace slipstream::session {

[[gnu::always_inline]]
inline connection::outcome connection::on_message(const wire::operation& op, std::size_t enough) {
    last_was_error_ = false;
    const message_view& m = op.message;
    const std::size_t size = m.size();
    ++context_.counters.in_msgs;  // apart from the bytes: side by side they are packed and unpacked to be added
    outcome what = outcome::read_more;
    if (op.sid == subscriptions_.inbox_sid()) {
        requests_.on_reply(m);
        if (context_.out.finished.size() >= enough) what = outcome::enough;
    } else if (!subscriptions_.deliver(op.sid, m)) [[unlikely]] {
        --context_.counters.in_msgs;
        return outcome::full;
    }
    context_.counters.in_bytes += size;
    return what;
}

connection::outcome connection::run(time_point now, std::size_t enough) {
    unfinished_ = false;
    for (;;) {
        const std::string_view in = buffer_.unconsumed();
        if (in.empty()) return outcome::read_more;  // mostly a read ends with a frame
        const wire::parse_result& result = parser_.next(in);
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
