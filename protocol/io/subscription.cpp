#include <slipstream/subscription.hpp>

#include <utility>

#include <slipstream/error.hpp>

#include "protocol/io/client_impl.hpp"

namespace slipstream {

subscription& subscription::operator=(subscription&& other) noexcept {
    if (this != &other) {
        release();
        client_ = std::move(other.client_);
        state_ = std::move(other.state_);
    }
    return *this;
}

subscription::~subscription() { release(); }

void subscription::release() noexcept {
    // Taken out first: what the message handler holds is destroyed in here and may be this very handle's owner.
    const client_pointer client = std::move(client_);
    const state_pointer state = std::move(state_);
    if (!state) return;
    try {
        static_cast<void>(client->unsubscribe(*state, 0));
    } catch (...) {  // out of memory for one frame: the server goes on sending what is counted as orphaned
    }
}

asio::any_io_executor subscription::executor_of(const client_pointer& client) {
    if (!client) throw std::system_error(make_error_code(errc::subscription_closed), "subscription");
    return client->executor();
}

bool subscription::try_next(message& out) {
    if (!state_ || !state_->queue.pop(out)) return false;
    if (state_->awaited) client_->on_queue_taken();
    return true;
}

std::error_code subscription::unsubscribe(std::uint64_t max_messages) {
    if (!state_) return errc::subscription_closed;
    return client_->unsubscribe(*state_, max_messages);
}

void subscription::start_next(const client_pointer& client, const state_pointer& state,
                              detail::any_handler<void(std::error_code, message)> handler) {
    client->start_next(state, std::move(handler));
}

void subscription::start_drain(const client_pointer& client, const state_pointer& state,
                               detail::any_handler<void(std::error_code)> handler) {
    client->start_drain(state, std::move(handler));
}

std::string_view subscription::subject() const noexcept { return state_ ? std::string_view(state_->subject) : std::string_view(); }
bool subscription::is_closed() const noexcept { return !state_ || state_->sid == 0; }
std::uint64_t subscription::received() const noexcept { return state_ ? state_->received : 0; }
std::uint64_t subscription::dropped() const noexcept { return state_ ? state_->dropped : 0; }
std::size_t subscription::pending_messages() const noexcept { return state_ ? state_->queue.messages() : 0; }
std::size_t subscription::pending_bytes() const noexcept { return state_ ? state_->queue.bytes() : 0; }

}  // namespace slipstream
