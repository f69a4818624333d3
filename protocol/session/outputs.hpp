// What the client's machine hands out: pulled by the shell, in order, until empty.
//
// Invariants: nothing follows the `closed` event; events of a flood are dropped beyond a bound, those that tell of connections
// never; memory is reused, so that handing out costs no allocation in steady state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include <slipstream/detail/completion.hpp>
#include <slipstream/event.hpp>
#include <slipstream/message.hpp>

#include "protocol/session/fifo.hpp"

namespace slipstream::session {

/// What the shell must do to the transport. There is one transport at a time.
struct transport_action {
    enum class kind {
        none,
        dial,       ///< Resolve and connect to host:port; report on_dialed(generation).
        start_tls,  ///< Begin the TLS handshake; report on_secured(generation). Until then nothing is read for the core and nothing
                    ///< written. The server's certificate must be for `host`, or for `or_host` unless that is empty.
        close,      ///< Abandon the dial or cut the connection of this generation, at once; nothing is reported back. It also comes
                    ///< after on_transport_down, so that a half-closed socket is let go (C6); then it may find nothing to do.
        leave,      ///< Leave the connection for another one, whose dial follows: send nothing more, but do not take back what was written.
        shut_down,  ///< The orderly end of a drain: everything has been written and answered, close without losing it.
    };
    kind what = kind::none;
    std::uint64_t generation = 0;
    std::string host;
    std::uint16_t port = 0;
    std::string or_host{};
};

/// A finished operation: hand `ec` (and `reply`) to whichever completion is set.
struct finished_operation {
    detail::plain_completion plain;
    detail::message_completion with_message;
    std::error_code ec;
    message reply;
    void complete() {
        if (plain)
            plain.release()->complete(ec);
        else if (with_message)
            with_message.release()->complete(ec, std::move(reply));
    }
};

class outputs {
public:
    static constexpr std::size_t max_waiting_events = 1024;

    outputs() {
        // Enough that the end of a client can always be told.
        actions.reserve(8);
        events.reserve(16);
    }

    /// An operation is about to begin: its end will find room, also when there is no memory then (H9).
    void begin() { finished.promise(); }
    /// Ends an operation that has begun. Null: there was none.
    void finish(detail::plain_completion done, std::error_code ec) noexcept {
        if (done) finished.push_promised(std::move(done), nullptr, ec, message());
    }
    void finish(detail::message_completion done, std::error_code ec, message&& reply = {}) noexcept {
        if (done) finished.push_promised(nullptr, std::move(done), ec, std::move(reply));
    }
    /// Ends an operation that does not begin at all.
    template <class Completion>
    void finish_at_once(Completion done, std::error_code ec, message reply = {}) {
        begin();
        if constexpr (std::is_same_v<Completion, detail::plain_completion>)
            finish(std::move(done), ec);
        else
            finish(std::move(done), ec, std::move(reply));
    }
    void tell(event e) noexcept {
        if (ended_ || (events.size() >= max_waiting_events && !about_connections(e.kind))) return;
        ended_ = e.kind == event_kind::closed;
        try {
            events.push(std::move(e));
        } catch (const std::bad_alloc&) {  // beyond the room made in the beginning
        }
    }
    /// `closed` has been told.
    [[nodiscard]] bool ended() const noexcept { return ended_; }

    fifo<transport_action> actions;
    fifo<finished_operation> finished;
    fifo<event> events;

private:
    static bool about_connections(event_kind kind) noexcept {
        return kind != event_kind::slow_consumer && kind != event_kind::server_error && kind != event_kind::handler_failed;
    }
    bool ended_ = false;
};

}  // namespace slipstream::session
