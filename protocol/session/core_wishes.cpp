// What the user asks for: checked here, done by the parts.
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "protocol/session/core_parts.hpp"
#include "protocol/wire/encoder.hpp"
#include "protocol/wire/subject_rules.hpp"

namespace slipstream::session {

std::error_code core::parts::refusal() const noexcept {
    if (shared.closed) return errc::closed;
    if (options_error) return options_error;
    if (drain.active()) return errc::draining;
    if (options.fail_fast && !shared.up) return errc::not_connected;
    return {};
}

[[gnu::always_inline]]
inline errc core::parts::check_message(const wire::outgoing& m, std::size_t size) const noexcept {
    if (!wire::is_publish_subject(m.subject)) return errc::invalid_subject;
    if (wire::counted_line(m, size) > options.max_control_line) return errc::max_control_line;
    // Before the first connection the usual limits are assumed; what a server turns out not to take is dropped when it is known.
    const auto limit = static_cast<std::size_t>(shared.info.max_payload);
    if (m.payload.size() > limit || m.header_block.size() > limit - m.payload.size()) return errc::max_payload;
    if (!m.header_block.empty() && shared.info_known && !shared.info.headers) return errc::headers_unsupported;
    if (!shared.box.has_room(size)) return errc::buffer_full;
    return {};
}

/// The message is allowed now.
errc core::parts::append(const wire::outgoing& m) {
    const std::size_t size = wire::publish_size(m);
    if (const errc refused = check_message(m, size); refused != errc{}) [[unlikely]]
        return refused;
    wire::encode_publish(shared.box.user_frames(), size, m);
    count_out(m.size());
    return {};
}

/// Two blanks and digits: more than what a line has beside its subjects.
constexpr std::size_t most_of_size = 2 + 20;

/// Once for each way to call it: what a message does not have costs it nothing.
[[gnu::always_inline]]
inline bool core::parts::append_plain(const wire::outgoing& m) {
    // A server's max_payload is 64 MiB at most.
    if (m.payload.size() > static_cast<std::uint32_t>(shared.info.max_payload)) return false;
    const std::size_t size = wire::publish_size_of_plain(m);
    char* const place = shared.box.quick_place(size);
    if (place == nullptr || !wire::is_usual_publish_subject(m.subject)) return false;
    if (!m.reply_to.empty() && !wire::is_usual_publish_subject(m.reply_to)) return false;
    if (m.subject.size() + m.reply_to.size() + most_of_size > options.max_control_line) return false;
    ++shared.counters.out_msgs;  // apart from the bytes: side by side they are packed and unpacked to be added
    char* const body = wire::encode_publish_around(place, size, m);
    shared.box.quick_taken(size);
    shared.counters.out_bytes += m.payload.size();
    if (!m.payload.empty()) std::memcpy(body, m.payload.data(), m.payload.size());  // last, so that nothing must be kept over the call
    return true;
}

bool core::publish_plain(std::string_view subject, std::string_view payload) { return parts_->append_plain({subject, {}, {}, payload}); }

bool core::publish_plain(std::string_view subject, std::string_view reply_to, std::string_view payload) {
    return parts_->append_plain({subject, reply_to, {}, payload});
}

std::error_code core::parts::check_publish(const wire::outgoing& m) const noexcept {
    if (!shared.up || drain.active()) [[unlikely]] {
        const std::error_code ec = refusal();
        if (ec && (ec != errc::draining || drain.flushing())) return ec;  // replies to what is being drained still go out (D7)
    }
    if (!m.reply_to.empty() && !wire::is_publish_subject(m.reply_to)) return errc::invalid_reply_subject;
    return {};
}

std::error_code core::publish(const wire::outgoing& m) {
    parts& p = *parts_;
    if (const std::error_code refused = p.check_publish(m)) return refused;
    if (const errc refused = p.append(m); refused != errc{}) return refused;
    if (p.shared.up && !p.drain.active()) p.shared.box.begin_quick();
    return {};
}

std::error_code core::publish_gathered(const wire::outgoing& m, const gathered_write& write, time_point now) {
    parts& p = *parts_;
    outbox& box = p.shared.box;
    if (const std::error_code refused = p.check_publish(m)) return refused;
    const std::size_t size = wire::publish_size(m);
    if (const errc refused = p.check_message(m, size); refused != errc{}) return refused;
    const std::string_view queued = p.shared.up ? pending_write(now) : std::string_view();
    if (!p.shared.up || !box.all_pending()) return publish(m);

    // Room for all of the frame, which is not touched unless it is needed: a frame that has left in part must be queued whole.
    wire::write_buffer& place = box.user_frames();
    char* const begin = place.reserve(size);
    const auto line = static_cast<std::size_t>(wire::encode_publish_line(begin, size, m) - begin);
    const std::array<std::string_view, 5> pieces{queued, {begin, line}, m.header_block, m.payload, "\r\n"};
    const std::size_t n = write(pieces);
    p.count_out(m.size());
    const std::size_t before = std::min(n, queued.size());
    const bool whole = n == queued.size() + size;
    if (!whole) {
        wire::encode_publish_at(begin, size, m);
        place.commit(size);
    }
    if (before != 0) on_written(generation(), before, now);
    if (whole) {
        box.on_passed(size);
        p.shared.counters.socket_out_bytes += size;
        p.alive.on_write_done(now);
    } else if (n > queued.size()) {
        static_cast<void>(pending_write(now));
        on_written(generation(), n - queued.size(), now);
    }
    return {};
}

std::size_t core::take_frames(std::string_view frames, bool beyond_limit, time_point now) {
    parts& p = *parts_;
    if (p.shared.closed) return frames.size();
    std::vector<std::string_view> runs;  // of frames to append; nothing changes before it is complete
    std::size_t size = 0;
    std::size_t taken = 0;
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    std::size_t too_large = 0;
    std::size_t with_headers = 0;
    wire::frame_walker walker(frames);
    while (walker.next() == wire::walk_status::frame) {
        const wire::frame& f = walker.current();
        if (!beyond_limit && !p.shared.box.has_room(f.size, size)) break;
        taken = f.begin + f.size;
        if (const std::error_code ec = p.unfit(f)) {
            ++(ec == errc::max_payload ? too_large : with_headers);
            continue;
        }
        ++messages;
        bytes += f.header_block.size() + f.payload.size();
        size += f.size;
        const std::string_view frame = frames.substr(f.begin, f.size);
        if (!runs.empty() && runs.back().data() + runs.back().size() == frame.data())
            runs.back() = {runs.back().data(), runs.back().size() + frame.size()};
        else
            runs.push_back(frame);
    }
    wire::write_buffer& out = p.shared.box.user_frames();
    static_cast<void>(out.reserve(size));
    for (const std::string_view run : runs) out.append(run);
    p.shared.counters.out_msgs += messages;
    p.shared.counters.out_bytes += bytes;
    p.shared.counters.handed_over_msgs += messages;
    p.tell_unfit(too_large, with_headers, now);
    return taken;
}

batch_fate core::take_batch(handed_batch& batch, bool beyond_limit) {
    parts& p = *parts_;
    outbox& box = p.shared.box;
    if (p.shared.closed) {
        batch.clear();
        return batch_fate::taken;
    }
    if (box.holds() || batch.largest > static_cast<std::size_t>(p.shared.info.max_payload) || (batch.headers && !p.shared.info.headers))
        return batch_fate::by_frames;
    // A large one could wait for ever while others fill what becomes free.
    const std::size_t size = batch.frames.size();
    const std::size_t room = box.limit() - std::min(box.size(), box.limit());
    if (!beyond_limit && size > room) return size <= box.limit() / 2 ? batch_fate::waits : batch_fate::by_frames;
    const std::uint64_t messages = batch.messages;
    const std::uint64_t bytes = batch.bytes;
    if (size >= outbox::least_adopted)
        box.adopt(batch.frames);
    else
        box.user_frames().append(batch.frames.view());
    batch.clear();
    p.shared.counters.out_msgs += messages;
    p.shared.counters.out_bytes += bytes;
    p.shared.counters.handed_over_msgs += messages;
    return batch_fate::taken;
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
    if (!p.shared.up || p.drain.active()) [[unlikely]] {
        if (const std::error_code ec = p.refusal()) {
            p.shared.out.finish_at_once(std::move(done), ec);
            return {};
        }
    }
    const wire::outgoing m{subject, p.reqs.reply_shape(), header_block, payload};
    const std::size_t size = wire::publish_size(m);
    const errc refused = timeout < std::chrono::milliseconds::zero() ? errc::invalid_option : p.check_message(m, size);
    if (refused != errc{}) [[unlikely]] {
        p.shared.out.finish_at_once(std::move(done), refused);
        return {};
    }
    if (timeout == std::chrono::milliseconds::zero()) timeout = p.options.request_timeout;
    const std::uint64_t number = p.reqs.start(size, m, std::move(done), deadline_after(now, timeout));
    ++p.shared.counters.out_msgs;
    const detail::operation_id id = make_id(operation_kind::request, number);
    p.shared.counters.out_bytes += m.size();
    return id;
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

detail::operation_id core::wait_writable(std::chrono::milliseconds timeout, detail::plain_completion done, time_point now) {
    parts& p = *parts_;
    std::error_code ec = p.shared.closed ? make_error_code(errc::closed) : p.options_error;
    if (!ec && timeout <= std::chrono::milliseconds::zero()) ec = errc::invalid_option;
    if (ec || p.room.open()) {
        p.shared.out.finish_at_once(std::move(done), ec);
        return {};
    }
    p.room.wait(p.operations + 1, std::move(done), deadline_after(now, timeout));
    return make_id(operation_kind::other, ++p.operations);
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
    p.shared.box.end_quick();
    try {
        p.stay(now);
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
            if (p.room.cancel(number)) break;
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
