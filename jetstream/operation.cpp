// See operation.hpp.
#include <slipstream/jetstream/detail/operation.hpp>

#include <slipstream/error.hpp>
#include <slipstream/event.hpp>

#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>

#include <asio/error.hpp>
#include <asio/post.hpp>

#include "jetstream/api/retry.hpp"

namespace slipstream::jetstream {
namespace {

using std::chrono::milliseconds;

/// Beyond this a deadline is as good as none; it keeps the arithmetic on time points far from its end (failure mode E13).
constexpr milliseconds max_timeout = std::chrono::hours(24 * 365);

bool is_wanted(asio::cancellation_type type) noexcept {
    using asio::cancellation_type;
    return (type & (cancellation_type::terminal | cancellation_type::partial)) != cancellation_type::none;
}

/// Spreads the retries of many clients; nothing depends on its quality.
std::uint32_t some_number(const void* seed, std::chrono::steady_clock::time_point now) noexcept {
    const auto mixed =
        (static_cast<std::uint64_t>(now.time_since_epoch().count()) ^ reinterpret_cast<std::uintptr_t>(seed)) * 0x9E3779B97F4A7C15ULL;
    return static_cast<std::uint32_t>(mixed >> 32);
}

}  // namespace

operation::operation(const client& nc, detail::prepared_request&& request, request_kind kind)
    : client_(nc),
      request_(std::move(request)),
      kind_(kind),
      deadline_(clock::now() + std::min(request_.request.timeout(), max_timeout)) {
    if (request_.info != nullptr) *request_.info = {};
}

void operation::start(std::shared_ptr<operation> made) {
    operation& self = *made;
    self.self_ = std::move(made);
    outcome over = self.request_.refused;
    if (!*over) {
        try {
            self.connect_cancellation();
            over = self.send();
        } catch (...) {
            self.let_go();
            throw;
        }
    }
    if (over) self.end(*over, false);
}

void operation::connect_cancellation() {
    asio::cancellation_slot slot = user_slot();
    if (!slot.is_connected()) return;
    cancellable_ = true;
    // Called from wherever the signal is emitted: everything else happens on the client's executor. That may be gone, and the
    // operation with it.
    slot.assign([weak = std::weak_ptr<operation>(self_), executor = client_.get_executor()](asio::cancellation_type type) {
        if (!is_wanted(type) || weak.expired()) return;
        asio::post(executor, [weak, type] {
            if (const auto self = weak.lock()) self->cancel(type);
        });
    });
}

asio::cancellation_slot operation::slot() const noexcept { return cancellable_ ? inner_.slot() : asio::cancellation_slot(); }

void operation::cancel(asio::cancellation_type type) {
    cancelled_ = true;
    if (timer_) timer_->cancel();
    else inner_.emit(type);
}

void operation::complete(std::error_code ec, message&& reply) { on_request_end(ec, std::move(reply)); }

void operation::post(std::error_code ec, message&& reply) {
    asio::post(client_.get_executor(), [me = std::move(self_), ec, late = std::move(reply)]() mutable {
        operation& self = *me;
        self.self_ = std::move(me);
        self.on_request_end(ec, std::move(late));
    });
}

void operation::destroy() noexcept {
    // A request that could not begin gives its handler back to the step.
    if (!std::exchange(sending_, false)) let_go();
}

milliseconds operation::remaining() const noexcept { return std::chrono::ceil<milliseconds>(deadline_ - clock::now()); }

/// Without memory for a reply or for the next request the operation ends. What the user's handler throws is the event loop's to tell.
template <class Step>
void operation::take_step(Step&& step) {
    outcome over;
    try {
        over = step();
    } catch (const std::bad_alloc&) {
        over = std::make_error_code(std::errc::not_enough_memory);
    }
    if (over) end(*over, true);
}

void operation::on_request_end(std::error_code ec, message&& reply) {
    if (asio::cancellation_slot s = inner_.slot(); s.has_handler()) s.clear();
    take_step([&] { return advance(ec, std::move(reply)); });
}

operation::outcome operation::advance(std::error_code ec, message&& reply) {
    if (!ec) ec = on_reply(std::move(reply));
    const bool more = !ec && wants_more();
    if (!ec && !more) return std::error_code();
    if (cancelled_) return asio::error::operation_aborted;
    if (more) return send();

    last_error_ = ec;
    reply_lost_ = reply_lost_ || ec == slipstream::errc::connection_lost;
    const api::failed_attempt failed{ec, kind_, attempts_, remaining(), some_number(this, deadline_)};
    if (const auto delay = api::retry_delay(failed)) return delay->count() == 0 ? send() : wait(*delay);
    if (wants_to_verify(ec)) return send();
    return result_of(ec);
}

operation::outcome operation::send() {
    const milliseconds left = attempts_ == 0 ? std::min(request_.request.timeout(), max_timeout) : remaining();
    if (left.count() <= 0) return last_error_ ? result_of(last_error_) : slipstream::errc::timeout;
    ++attempts_;
    sending_ = true;
    client_.start_request(request_.request.parts(), left, detail::any_handler<void(std::error_code, message)>(this));
    if (!std::exchange(sending_, false)) let_go();  // given back without a word: nothing runs on the event loop any more
    return std::nullopt;
}

operation::outcome operation::wait(milliseconds delay) {
    timer_.emplace(client_.get_executor(), delay);
    closing_ = client_.listen([weak = std::weak_ptr<operation>(self_)](const event& e) {
        const auto self = weak.lock();
        if (self && e.kind == event_kind::closed && self->timer_) self->timer_->cancel();
    });
    timer_->async_wait([me = self_](std::error_code) mutable {
        operation& self = *me;
        self.self_ = std::move(me);
        self.timer_.reset();
        self.closing_ = {};
        // Of a client that was closed meanwhile the next request says so itself.
        self.take_step([&self] { return self.cancelled_ ? outcome(asio::error::operation_aborted) : self.send(); });
    });
    self_.reset();
    return std::nullopt;
}

void operation::end(std::error_code ec, bool now) {
    const std::shared_ptr<operation> last = std::move(self_);
    finish(ec, now);
}

}  // namespace slipstream::jetstream
