// What the user asks for: checked here, done by the parts.
#include <utility>

#include <slipstream/subject.hpp>

#include "protocol/session/core_parts.hpp"
#include "protocol/wire/encoder.hpp"

namespace slipstream::session {

std::error_code core::parts::refusal() const noexcept {
    if (shared.closed) return errc::closed;
    if (options_error) return options_error;
    if (drain.active()) return errc::draining;
    if (options.fail_fast && !shared.up) return errc::not_connected;
    return {};
}

std::error_code core::parts::check_message(std::string_view subject, std::string_view reply_to, std::size_t header_size,
                                           std::size_t payload_size) const noexcept {
    if (const std::error_code ec = check_publish_subject(subject)) return ec;
    // Before the first connection the usual limits are assumed; what a server turns out not to take is dropped when it is known.
    const auto limit = static_cast<std::size_t>(shared.info.max_payload);
    if (payload_size > limit || header_size > limit - payload_size) return errc::max_payload;
    if (header_size != 0 && shared.info_known && !shared.info.headers) return errc::headers_unsupported;
    if (!shared.box.has_room(wire::publish_size(subject, reply_to, header_size, payload_size))) return errc::buffer_full;
    return {};
}

std::error_code core::publish(std::string_view subject, std::string_view reply_to, std::string_view header_block,
                              std::string_view payload) {
    parts& p = *parts_;
    if (!p.shared.up || p.drain.active()) [[unlikely]] {
        const std::error_code ec = p.refusal();
        if (ec && (ec != errc::draining || p.drain.flushing())) return ec;  // replies to what is being drained still go out (D7)
    }
    if (!reply_to.empty() && check_publish_subject(reply_to)) return errc::invalid_reply_subject;
    if (const std::error_code ec = p.check_message(subject, reply_to, header_block.size(), payload.size())) return ec;
    wire::write_buffer& out = p.shared.box.user_frames();
    if (header_block.empty())
        wire::encode_pub(out, subject, reply_to, payload);
    else
        wire::encode_hpub(out, subject, reply_to, header_block, payload);
    p.count_out(header_block.size() + payload.size());
    return {};
}

std::error_code core::subscribe(std::string_view subject, const subscribe_options& options,
                                std::function<void(const message_view&)> handler, std::shared_ptr<subscription_state>& out) {
    parts& p = *parts_;
    if (const std::error_code ec = p.refusal()) {
        if (ec != errc::not_connected) return ec;  // a subscription is no message: it waits for the connection, also with fail_fast
    }
    return p.subs.add(subject, options, std::move(handler), out);
}

std::error_code core::unsubscribe(subscription_state& s, std::uint64_t max_messages) {
    parts_->subs.unsubscribe(s, max_messages);
    return parts_->shared.closed ? errc::closed : std::error_code();
}

detail::operation_id core::connect(detail::plain_completion done, time_point now) {
    parts& p = *parts_;
    std::error_code ec = p.shared.closed ? make_error_code(errc::closed) : p.options_error;
    if (!ec && p.drain.active()) ec = errc::draining;
    if (ec || p.shared.up) {
        p.shared.out.finish_at_once(std::move(done), ec);
        return {};
    }
    const std::uint64_t number = ++p.operations;
    p.connects.add(number, std::move(done), p.shared.out);
    p.machine->want();
    try {
        p.run(now);
    } catch (...) {
        static_cast<void>(p.connects.take(number));
        throw;
    }
    return make_id(operation_kind::other, number);
}

detail::operation_id core::next(const std::shared_ptr<subscription_state>& s, detail::message_completion done) {
    return make_id(operation_kind::next, parts_->subs.next(*s, std::move(done)));
}

detail::operation_id core::drain(const std::shared_ptr<subscription_state>& s, detail::plain_completion done, time_point now) {
    parts& p = *parts_;
    std::error_code ec;
    if (p.shared.closed)
        ec = errc::closed;
    else if (s->sid != 0 && s->draining && !p.drain.active())
        ec = errc::operation_in_progress;
    if (ec || s->sid == 0 || s->sent == 0) {
        // Ended already, or unknown to any server: there is nothing to wait for.
        if (!ec) p.subs.end(*s, errc::subscription_closed);
        p.shared.out.finish_at_once(std::move(done), ec);
        return {};
    }
    try {
        p.subs.begin_drain(*s);
        return make_id(operation_kind::barrier, p.fences.drain(s, std::move(done), deadline_after(now, p.options.drain_timeout)));
    } catch (...) {
        p.subs.end(*s, errc::subscription_closed);  // or it would be restored on the next connection
        throw;
    }
}

detail::operation_id core::request(std::string_view subject, std::string_view header_block, std::string_view payload,
                                   std::chrono::milliseconds timeout, detail::message_completion done, time_point now) {
    parts& p = *parts_;
    std::error_code ec = p.refusal();
    if (!ec && timeout < std::chrono::milliseconds::zero()) ec = errc::invalid_option;
    if (!ec) ec = p.check_message(subject, p.reqs.reply_shape(), header_block.size(), payload.size());
    if (ec) {
        p.shared.out.finish_at_once(std::move(done), ec);
        return {};
    }
    if (timeout == std::chrono::milliseconds::zero()) timeout = p.options.request_timeout;
    const std::uint64_t number = p.reqs.start(subject, header_block, payload, std::move(done), deadline_after(now, timeout));
    p.count_out(header_block.size() + payload.size());
    return make_id(operation_kind::request, number);
}

detail::operation_id core::flush(std::chrono::milliseconds timeout, detail::plain_completion done, time_point now) {
    parts& p = *parts_;
    std::error_code ec = p.shared.closed ? make_error_code(errc::closed) : p.options_error;
    if (!ec && timeout <= std::chrono::milliseconds::zero()) ec = errc::invalid_option;
    if (ec) {
        p.shared.out.finish_at_once(std::move(done), ec);
        return {};
    }
    return make_id(operation_kind::barrier, p.fences.flush(std::move(done), deadline_after(now, timeout)));
}

detail::operation_id core::drain(detail::plain_completion done, time_point now) {
    parts& p = *parts_;
    if (p.shared.closed) {
        p.shared.out.finish_at_once(std::move(done), errc::closed);
        return {};
    }
    const std::uint64_t number = ++p.operations;
    p.drains.add(number, std::move(done), p.shared.out);
    if (p.drain.active()) return make_id(operation_kind::other, number);
    p.drain_deadline = deadline_after(now, p.options.drain_timeout);
    try {
        p.drain.begin();
    } catch (...) {  // it has begun, and goes on; only nobody waits for it
        static_cast<void>(p.drains.take(number));
        throw;
    }
    if (!p.machine || p.machine->idle()) {
        // No connection and nobody asked for one: what is held stays unsent (D9).
        const std::error_code ec = p.shared.box.size() != 0 ? make_error_code(errc::not_connected) : std::error_code();
        p.shut(ec, ec, transport_action::kind::close);
    } else {
        p.advance_drain();
        p.update_state();
    }
    return make_id(operation_kind::other, number);
}

void core::cancel(detail::operation_id id, bool terminal, time_point now) {
    parts& p = *parts_;
    const std::uint64_t number = number_of(id);
    switch (kind_of(id)) {
        case operation_kind::request: p.reqs.cancel(number); break;
        case operation_kind::next: p.subs.cancel(number); break;
        case operation_kind::barrier: p.fences.cancel(number); break;
        case operation_kind::other:
            if (detail::plain_completion done = p.connects.take(number)) {
                p.shared.out.finish(std::move(done), operation_aborted());
                if (p.connects.empty()) p.machine->abandon();
                p.run(now);
            } else if (terminal) {
                done = p.drains.take(number);
                if (!done) break;
                p.shared.out.finish(std::move(done), operation_aborted());
                p.shut({}, errc::closed, transport_action::kind::close);
            }
            break;
    }
}

void core::close(time_point) noexcept { parts_->shut({}, errc::closed, transport_action::kind::close); }

}  // namespace slipstream::session
