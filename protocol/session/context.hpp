// What the parts of one client share: the options, the bytes on their way out, the results, and whether there is a connection.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <slipstream/connect_options.hpp>
#include <slipstream/error.hpp>
#include <slipstream/event.hpp>
#include <slipstream/server_info.hpp>
#include <slipstream/statistics.hpp>

#include "protocol/session/outbox.hpp"
#include "protocol/session/outputs.hpp"
#include "protocol/session/time.hpp"

namespace slipstream::session {

/// What a cancelled operation reports: the value of asio::error::operation_aborted.
inline std::error_code operation_aborted() noexcept { return {ECANCELED, std::system_category()}; }

/// Why an attempt or a connection ended.
struct failure {
    std::error_code error;
    disconnect_reason reason = disconnect_reason::none;
    std::string detail;
};

/// At most one event of a kind in a second, however often it happens (A15).
class event_limit {
public:
    [[nodiscard]] bool allows(errc kind, time_point now) noexcept {
        const auto i = static_cast<std::size_t>(kind);
        if (i >= next_.size()) return true;
        if (now < next_[i]) return false;
        next_[i] = deadline_after(now, std::chrono::seconds(1));
        return true;
    }

private:
    static constexpr auto kinds = static_cast<std::size_t>(errc::max_control_line) + 1;
    static constexpr std::array<time_point, kinds> at_once() noexcept {
        std::array<time_point, kinds> all{};
        all.fill(time_point::min());
        return all;
    }
    std::array<time_point, kinds> next_ = at_once();
};

struct context {
    explicit context(const connect_options& o) : options(o), box(o.outbox_bytes) {}

    const connect_options& options;
    outbox box;
    outputs out;
    statistics counters;
    slipstream::server_info info;   // of the current or last connection
    bool info_known = false;        // there was one
    bool up = false;                // handshake done, subscriptions restored: frames go to the stream of `generation`
    bool leaving = false;           // up, but what the user sends is held for the next connection
    bool closed = false;
    std::uint64_t generation = 0;   // of the current or last connection
    std::uint64_t attempt = 0;      // the same of the attempt, from its dial on
    std::uint64_t sequence = 0;     // numbers SUBs and PINGs in the order they are queued
    event_limit limit;

    /// What the user sends goes into the stream of this connection.
    [[nodiscard]] bool streaming() const noexcept { return up && !leaving; }
    /// An -ERR, or something of its kind, that does not end the connection.
    void tell_server_error(errc code, std::string_view detail, std::string_view subject, time_point now) {
        if (!limit.allows(code, now)) return;
        event e;
        e.kind = event_kind::server_error;
        e.error = code;
        e.generation = attempt;
        e.detail = detail;
        e.subject = subject;
        out.tell(std::move(e));
    }
};

}  // namespace slipstream::session
