// The parts of a client and what connects them. Internal to core*.cpp.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/session/barriers.hpp"
#include "protocol/session/connection.hpp"
#include "protocol/session/context.hpp"
#include "protocol/session/core.hpp"
#include "protocol/session/drain_machine.hpp"
#include "protocol/session/leave_machine.hpp"
#include "protocol/session/liveness.hpp"
#include "protocol/session/login_machine.hpp"
#include "protocol/session/requests.hpp"
#include "protocol/session/run_machine.hpp"
#include "protocol/session/subscriptions.hpp"
#include "protocol/session/valve.hpp"
#include "protocol/wire/encoder.hpp"

namespace slipstream::session {

/// What an operation_id says first: whose the rest is.
enum class operation_kind : std::uint64_t { request, next, barrier, other };

constexpr detail::operation_id make_id(operation_kind kind, std::uint64_t number) noexcept {
    return {number == 0 ? 0 : static_cast<std::uint64_t>(kind) << 62 | number};
}
constexpr operation_kind kind_of(detail::operation_id id) noexcept { return static_cast<operation_kind>(id.value >> 62); }
constexpr std::uint64_t number_of(detail::operation_id id) noexcept { return id.value & (~std::uint64_t{0} >> 2); }

/// Operations that all end together: connects, drains of the client.
class waiters {
public:
    void add(std::uint64_t number, detail::plain_completion done, outputs& out) {
        all_.reserve(all_.size() + 1);
        out.begin();
        all_.emplace_back(number, std::move(done));
    }
    /// Null when it is none of these.
    detail::plain_completion take(std::uint64_t number) noexcept {
        for (auto it = all_.begin(); it != all_.end(); ++it) {
            if (it->first != number) continue;
            detail::plain_completion done = std::move(it->second);
            all_.erase(it);
            return done;
        }
        return nullptr;
    }
    void finish_all(outputs& out, std::error_code ec) noexcept {
        for (auto& [number, done] : std::exchange(all_, {})) out.finish(std::move(done), ec);
    }
    [[nodiscard]] bool empty() const noexcept { return all_.empty(); }

private:
    std::vector<std::pair<std::uint64_t, detail::plain_completion>> all_;
};

/// connect_options::choose_server and reconnect_delay. Null where there is none; shared, because one may end the client that calls it.
struct reconnect_hooks {
    reconnect_hooks() noexcept = default;
    explicit reconnect_hooks(connect_options& o) {
        if (o.choose_server) choose_server = std::make_shared<server_choice_hook>(std::exchange(o.choose_server, nullptr));
        if (o.reconnect_delay) delay = std::make_shared<reconnect_delay_hook>(std::exchange(o.reconnect_delay, nullptr));
    }
    std::shared_ptr<server_choice_hook> choose_server;
    std::shared_ptr<reconnect_delay_hook> delay;
};

/// Reading waits for the consumer of a subscription whose policy that is.
struct reading_pause {
    std::uint64_t sid = 0;
    std::size_t queued = 0;      // messages that made its queue full
    time_point since = never;
    time_point until = never;    // then its newest are dropped
    [[nodiscard]] bool on() const noexcept { return sid != 0; }
};

struct core::parts {
    parts(connect_options&& o, std::uint64_t seed, std::string id);

    /// Why a wish for new work is refused now; empty when it is not.
    [[nodiscard]] std::error_code refusal() const noexcept;
    /// Why a message is refused; errc{} when it is not. `size` is that of its frame.
    [[nodiscard]] std::error_code check_publish(const wire::outgoing& m) const noexcept;
    [[nodiscard]] errc check_message(const wire::outgoing& m, std::size_t size) const noexcept;
    [[nodiscard]] errc append(const wire::outgoing& m);
    [[nodiscard]] bool append_plain(const wire::outgoing& m);
    void count_out(std::size_t size) noexcept {
        ++shared.counters.out_msgs;
        shared.counters.out_bytes += size;
    }
    /// Facts about `generation` count.
    [[nodiscard]] bool engaged(std::uint64_t generation) const noexcept {
        return machine && machine->engaged() && machine->generation() == generation;
    }

    // --- core.cpp: what arrives, and what time brings ---
    void read(time_point now, std::size_t enough = SIZE_MAX);
    void begin_pause(time_point now) noexcept;
    void end_pause(time_point now) noexcept;
    void check_liveness(time_point now);
    /// The drain goes on, and closes the client when it is done.
    void advance_drain();
    [[nodiscard]] output_kind waiting() const noexcept;

    // --- core_run.cpp: what the run machine decides is done here ---
    void run(time_point now);
    void ask();
    void dial();
    void secure();
    /// Somebody speaks in plain text where only TLS may come.
    void refuse_overheard(time_point now);
    void prepare_login();
    void log_in();
    /// The login machine was told something: does what it has come to.
    void on_login(time_point now);
    void greet();
    void come_up(time_point now);
    void release_held(time_point now);
    void let_go() noexcept;
    void announce(event_kind kind, const failure& why) noexcept;
    void give_up() noexcept;
    void fail(failure why, time_point now);
    /// Why this server cannot take the frame; empty when it can.
    [[nodiscard]] std::error_code unfit(const wire::frame& f) const noexcept;
    void tell_unfit(std::size_t too_large, std::size_t with_headers, time_point now);
    /// A server in lame duck mode is left when it is time.
    void advance_leave(time_point now);
    void stay(time_point now);
    /// The end of everything. `why` goes to the last event, `drained` to those who wait for a drain.
    void shut(std::error_code why, std::error_code drained, transport_action::kind how) noexcept;
    /// The one place where the state that other threads see is written.
    void update_state() noexcept;

    reconnect_hooks hooks;  // taken out of the options: let go of when the client ends
    connect_options options;  // only the login changes: it is let go of when the client ends
    context shared;
    std::error_code options_error;
    std::string inbox_id;
    std::uint64_t inboxes = 0;
    std::uint64_t operations = 0;   // of kind `other`, numbered so far

    subscriptions subs;
    requests reqs;
    barriers fences;
    valve room;
    connection wire_side;
    drain_machine drain;
    leave_machine leaving;
    reading_pause pause;
    liveness alive;
    login_machine login;
    std::optional<run_machine> machine;  // none when the options are not valid

    waiters connects;
    waiters drains;
    time_point drain_deadline = never;
    bool asking = false;                 // a hook is being called
    bool transport_open = false;         // a dial was asked for, and neither its failure told nor a close asked for
    bool told_connected = false;         // and not yet told `disconnected`
    bool write_clock_unknown = false;    // bytes were offered at a time that is not known
    std::string last_server;             // of the current or last connection
    std::atomic<client_state> state{client_state::idle};
};

}  // namespace slipstream::session
