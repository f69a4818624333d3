// See operation.hpp.
#include "jetstream/operation.hpp"

#include <slipstream/error.hpp>
#include <slipstream/event.hpp>

#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>

#include <asio/error.hpp>
#include <asio/post.hpp>

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

operation::operation(client nc, detail::prepared_request&& request, api::request_kind kind)
    : client_(std::move(nc)),
      request_(std::move(request)),
      kind_(kind),
      deadline_(clock::now() + std::min(request_.request.timeout(), max_timeout)) {
    if (request_.info != nullptr) *request_.info = {};
}

void operation::start() {
    starting_ = true;
    if (request_.refused) {
        end(request_.refused);
    } else {
        connect_cancellation();
        send();
    }
    starting_ = false;
}

void operation::connect_cancellation() {
    asio::cancellation_slot slot = user_slot();
    if (!slot.is_connected()) return;
    // Called from wherever the signal is emitted: everything else happens on the client's executor. That may be gone, and the
    // operation with it.
    slot.assign([weak = weak_from_this(), executor = client_.get_executor()](asio::cancellation_type type) {
        if (!is_wanted(type) || weak.expired()) return;
        asio::post(executor, [weak, type] {
            if (const auto self = weak.lock()) self->cancel(type);
        });
    });
}

asio::cancellation_slot operation::slot() const noexcept {
    return user_slot().is_connected() ? inner_.slot() : asio::cancellation_slot();
}

void operation::cancel(asio::cancellation_type type) {
    if (ended_) return;
    cancelled_ = true;
    if (timer_) timer_->cancel();
    else inner_.emit(type);
}

void operation::complete(std::error_code ec, message&& reply) {
    const std::shared_ptr<operation> keep = std::move(self_);
    if (asio::cancellation_slot s = inner_.slot(); s.has_handler()) s.clear();
    step(ec, std::move(reply));
}

void operation::post(std::error_code ec, message&& reply) {
    asio::post(client_.get_executor(), [keep = std::move(self_), ec, late = std::move(reply)]() mutable {
        if (asio::cancellation_slot s = keep->inner_.slot(); s.has_handler()) s.clear();
        keep->step(ec, std::move(late));
    });
}

void operation::destroy() noexcept { const std::shared_ptr<operation> last = std::move(self_); }

milliseconds operation::remaining() const noexcept { return std::chrono::ceil<milliseconds>(deadline_ - clock::now()); }

/// Without memory for a reply or for the next request the operation ends. What the user's handler throws is the event loop's to tell.
template <class Step>
void operation::unless_out_of_memory(Step&& step) {
    try {
        step();
    } catch (const std::bad_alloc&) {
        if (ended_) throw;
        end(std::make_error_code(std::errc::not_enough_memory));
    }
}

void operation::step(std::error_code ec, message&& reply) {
    unless_out_of_memory([&] { advance(ec, std::move(reply)); });
}

void operation::advance(std::error_code ec, message&& reply) {
    if (!ec) ec = on_reply(std::move(reply));
    const bool more = !ec && wants_more();
    if (!ec && !more) return end({});
    if (cancelled_) return end(asio::error::operation_aborted);
    if (more) return send();

    last_error_ = ec;
    reply_lost_ = reply_lost_ || ec == slipstream::errc::connection_lost;
    const api::failed_attempt failed{ec, kind_, attempts_, remaining(), some_number(this, deadline_)};
    if (const auto delay = api::retry_delay(failed)) return delay->count() == 0 ? send() : wait(*delay);
    if (wants_to_verify(ec)) return send();
    end(result_of(ec));
}

void operation::send() {
    const milliseconds left = attempts_ == 0 ? std::min(request_.request.timeout(), max_timeout) : remaining();
    if (left.count() <= 0) return end(last_error_ ? result_of(last_error_) : slipstream::errc::timeout);
    ++attempts_;
    self_ = shared_from_this();
    client_.start_request(request_.request.parts(), left, detail::any_handler<void(std::error_code, message)>(this));
}

void operation::wait(milliseconds delay) {
    timer_.emplace(client_.get_executor(), delay);
    closing_ = client_.listen([weak = weak_from_this()](const event& e) {
        const auto self = weak.lock();
        if (self && e.kind == event_kind::closed && self->timer_) self->timer_->cancel();
    });
    timer_->async_wait([self = shared_from_this()](std::error_code) {
        self->timer_.reset();
        self->closing_ = {};
        // Of a client that was closed meanwhile the next request says so itself.
        self->unless_out_of_memory([&self] { self->cancelled_ ? self->end(asio::error::operation_aborted) : self->send(); });
    });
}

void operation::end(std::error_code ec) {
    ended_ = true;
    finish(ec, !starting_);
}

}  // namespace slipstream::jetstream
