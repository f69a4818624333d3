#include "protocol/session/requests.hpp"

#include <algorithm>
#include <utility>

#include "protocol/wire/encoder.hpp"

namespace slipstream::session {

requests::requests(context& shared, subscriptions& subs, std::string_view inbox)
    : context_(shared), subscriptions_(subs), reply_to_(inbox), prefix_size_(inbox.size() + 1) {
    reply_to_ += '.';
    reply_to_.append(request_table::token_size, '*');
}

std::uint64_t requests::start(std::size_t size, const wire::outgoing& m, detail::message_completion&& done, time_point deadline) {
    // Lazily, so that a client without requests has no inbox.
    if (subscriptions_.inbox_sid() == 0) subscriptions_.open_inbox(std::string(inbox_prefix()) + "*");

    outbox& box = context_.box;
    wire::write_buffer& out = box.user_frames();
    char* const place = out.reserve(size);
    request_slot& r = table_.acquire(m.subject, std::move(done));
    try {
        deadlines_.arm(r, deadline);
        context_.out.begin();
    } catch (...) {
        deadlines_.disarm(r);
        static_cast<void>(table_.finish(r));
        throw;
    }
    context_.counters.most_pending_requests = std::max<std::uint64_t>(context_.counters.most_pending_requests, table_.pending());
    r.epoch = context_.streaming() ? context_.generation : 0;
    r.position = box.appended();
    request_table::write_token(r, reply_to_.data() + prefix_size_);
    wire::encode_publish_at(place, size, m);  // its reply subject is reply_to_
    out.commit(size);
    return request_table::id_of(r).value;
}

void requests::on_reply(const message_view& m) {
    request_slot* r = nullptr;
    if (m.subject().starts_with(inbox_prefix())) {
        r = table_.find(m.subject().substr(prefix_size_));
    } else if (table_.pending() == 1) {
        // A subject mapping has rewritten the reply subject: with one request pending there is no doubt whose reply it is (E7).
        table_.for_each([&r](request_slot& only) { r = &only; });
    }
    if (r == nullptr) {
        ++context_.counters.orphaned_msgs;  // the second reply, or one too late (E3)
        return;
    }
    if (m.status() == 503)
        finish(*r, errc::no_responders);
    else
        finish(*r, {}, message(m));
}

void requests::cancel(std::uint64_t id) {
    request_slot* const r = table_.find(detail::operation_id{id});
    if (r != nullptr) finish_unanswered(*r, operation_aborted(), operation_aborted());
}

void requests::on_time(time_point now) {
    while (deadline_entry* due = deadlines_.pop_due(now))
        finish_unanswered(static_cast<request_slot&>(*due), errc::timeout, errc::timeout_unsent);
}

std::size_t requests::refuse(std::string_view subject, std::error_code ec) {
    std::size_t refused = 0;
    table_.for_each([&](request_slot& r) {
        if (unsent(r) || r.subject != subject) return;
        finish(r, ec);
        ++refused;
    });
    return refused;
}

bool requests::refuse_reply(std::string_view reply_to, std::error_code ec) {
    request_slot* const r = find(reply_to);
    if (r != nullptr) finish(*r, ec);
    return r != nullptr;
}

void requests::finish_all(std::error_code ec) {
    table_.for_each([&](request_slot& r) { finish_unanswered(r, ec, ec); });
}

void requests::finish_held(std::error_code ec) {
    table_.for_each([&](request_slot& r) {
        if (unsent(r)) finish_unanswered(r, ec, ec);
    });
}

std::size_t requests::on_the_wire() {
    std::size_t n = 0;
    table_.for_each([&n](const request_slot& r) { n += r.epoch != 0 ? 1 : 0; });
    return n;
}

bool requests::keep_after_loss(const wire::frame& f) {
    if (!is_ours(f.reply_to)) return true;
    request_slot* const r = find(f.reply_to);
    if (r == nullptr) return false;
    r->epoch = 0;
    return true;
}

void requests::on_lost() {
    recall_ = false;  // such frames were dropped with the connection
    table_.for_each([&](request_slot& r) {
        if (r.epoch != 0)
            finish(r, errc::connection_lost);
        else if (context_.options.fail_fast)
            finish(r, errc::not_connected);
    });
}

bool requests::place(const wire::frame& f, std::uint64_t position) {
    if (!is_ours(f.reply_to)) return true;
    request_slot* const r = find(f.reply_to);
    if (r == nullptr) return false;
    r->epoch = context_.generation;
    r->position = position;
    return true;
}

void requests::refuse_frame(const wire::frame& f, std::error_code ec) {
    if (request_slot* const r = find(f.reply_to)) finish(*r, ec);
}

void requests::recall() {
    recall_ = false;
    context_.box.recall([this](const wire::frame& f, std::uint64_t position) { return place(f, position); });
}

void requests::finish(request_slot& r, std::error_code ec, message&& reply) {
    deadlines_.disarm(r);
    context_.out.finish(table_.finish(r), ec, std::move(reply));
}

void requests::finish_unanswered(request_slot& r, std::error_code if_sent, std::error_code if_unsent) {
    const bool never_sent = unsent(r);
    // While held, its frame is dropped when the connection is back; in the stream it is taken out before the next write.
    if (never_sent && r.epoch != 0) recall_ = true;
    finish(r, never_sent ? if_unsent : if_sent);
}

}  // namespace slipstream::session
