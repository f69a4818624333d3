// What an ordered consumer receives, and what it tells its handler.
#include <chrono>
#include <new>
#include <system_error>
#include <utility>

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>

#include "jetstream/ordered_consumer_impl.hpp"

namespace slipstream::jetstream {

using machine::step;

namespace {

/// Also when memory runs out in between.
class scoped_flag {
public:
    explicit scoped_flag(bool& flag) noexcept : flag_(flag) { flag_ = true; }
    scoped_flag(const scoped_flag&) = delete;
    scoped_flag& operator=(const scoped_flag&) = delete;
    ~scoped_flag() { flag_ = false; }

private:
    bool& flag_;
};

template <class Request>
std::error_code result_of(Request&& send) {
    try {
        send();
    } catch (const std::bad_alloc&) {
        return std::make_error_code(std::errc::not_enough_memory);
    }
    return {};
}

}  // namespace

void ordered_consumer::impl::on_frame(std::uint64_t incarnation, const message_view& m) {
    const delivery_info* const info = reader_.read(m.reply_to());
    if (info == nullptr) return on_status(incarnation, m);
    const machine::message_place place{.consumer_sequence = info->consumer_sequence,
                                       .stream_sequence = info->stream_sequence,
                                       .pending = info->pending,
                                       .size = m.subject().size() + m.reply_to().size() + m.size()};
    switch (machine_.on_message(incarnation, place)) {
        case step::ignore: break;
        case step::hold:
            if (result_of([&] { held_.emplace_back(m); })) machine_.on_not_held(incarnation);
            break;
        case step::deliver:
            if (handler_ != nullptr) machine_.handled(place, handler_->on_message(m, *info));
            break;
    }
    if (machine_.has_actions()) pump();
}

void ordered_consumer::impl::on_status(std::uint64_t incarnation, const message_view& m) {
    const machine::delivery_status status = machine::read_status(m);
    // A stored message whose place cannot be read: without it nothing can be promised about order and gaps.
    if (status.what == machine::delivery_status::kind::message && m.reply_to().starts_with("$JS.ACK.")) {
        if (incarnation == machine_.incarnation()) machine_.on_denied(errc::invalid_response);
    } else {
        machine_.on_status(incarnation, status);
    }
    if (machine_.has_actions()) pump();
}

void ordered_consumer::impl::on_event(const event& e) {
    switch (e.kind) {
        case event_kind::connected: machine_.on_connected(); break;
        case event_kind::disconnected:
            // A creation would be asked for again by itself, for a consumer that nobody wants by then.
            if (creation_) creation_->emit(asio::cancellation_type::terminal);
            machine_.on_disconnected();
            break;
        case event_kind::closed: machine_.on_closed(); break;
        case event_kind::server_error:
            if (e.error != slipstream::errc::permission_denied || e.subject != inbox_subject_ || machine_.incarnation() == 0) return;
            machine_.on_denied(e.error);
            break;
        default: return;
    }
    pump();
}

void ordered_consumer::impl::on_wake() {
    machine_.on_time(std::chrono::steady_clock::now());
    pump();
}

void ordered_consumer::impl::pump() {
    if (pumping_) return;  // the handler called us: the loop below goes on when it returns
    const std::shared_ptr<impl> keep = shared_from_this();
    {
        const scoped_flag pumping(pumping_);
        action a;
        while (machine_.next_action(a, std::chrono::steady_clock::now())) act(a);
    }
    if (machine_.is_ended()) timer_.stop();
    else timer_.wake_at(machine_.next_deadline());
}

void ordered_consumer::impl::act(const action& a) {
    using kind = action::kind;
    switch (a.what) {
        // A request that could not be sent for lack of memory has failed.
        case kind::create:
            if (const auto ec = result_of([&] { create(a); })) machine_.on_create_failed(a.incarnation, ec);
            return;
        case kind::read_stream:
            if (const auto ec = result_of([&] { read_stream(a); })) machine_.on_stream_failed(a.incarnation, ec);
            return;
        case kind::find_end:
            if (result_of([&] { find_end(a); })) machine_.on_end_found(a.incarnation, std::nullopt);
            return;
        case kind::remove:
            // Else the server's reaper does it.
            static_cast<void>(result_of([&] { remove(a.incarnation); }));
            return;
        case kind::unsubscribe:
            inbox_ = subscription();
            name_.clear();
            held_.clear();
            return;
        case kind::flow_reply:
            // Should there be no room for it, the server's next heartbeat asks again.
            static_cast<void>(client_.publish(a.subject, payload_view()));
            return;
        case kind::deliver_held: return deliver_held(a.incarnation);
        default: return tell(a);
    }
}

void ordered_consumer::impl::deliver_held(std::uint64_t incarnation) {
    const std::vector<message> held = std::exchange(held_, {});
    action a;
    for (const message& m : held) {
        if (is_client_closed()) return;
        on_frame(incarnation, m.view());
        while (machine_.next_action(a, std::chrono::steady_clock::now())) act(a);
    }
    machine_.held_done();
}

void ordered_consumer::impl::tell(const action& a) {
    using kind = action::kind;
    if (handler_ == nullptr || (is_client_closed() && a.what != kind::tell_ended)) return;
    const stream_info* const stream = options_.stream_facts && stream_info_ ? &*stream_info_ : nullptr;
    switch (a.what) {
        case kind::tell_created: {
            ordered_created created = a.created;
            created.stream = stream;
            return handler_->on_created(created);
        }
        case kind::ask_loss: {
            ordered_loss loss = a.loss;
            loss.stream = stream;
            return machine_.answer(handler_->on_lost(loss));
        }
        case kind::tell_caught_up: return handler_->on_caught_up();
        case kind::tell_idle: return handler_->on_idle(a.sequence);
        case kind::tell_stalled: return handler_->on_stalled();
        case kind::tell_restarted: return handler_->on_restarted(a.reason, a.from_scratch);
        case kind::tell_ended:
            events_ = event_listener();
            return std::exchange(handler_, nullptr)->on_ended(a.error);
        default: return;
    }
}

}  // namespace slipstream::jetstream
