// The whole client as one pure state machine: what the Asio shell drives in production, and scripts and the simulator in tests.
//
// Told: wishes of the user, facts of the transport (dialled, bytes, written, down), and the time. Emits, pulled by the shell until
// empty after every call: actions (dial, start_tls, close), finished operations, events, bytes to write, and the next deadline.
// Invariants: no call completes an operation or runs user code, except on_read and message handlers, and the hooks that are asked
// before an attempt to reconnect; every operation is finished exactly once; facts of an old connection attempt (generation) are ignored.
//
// The parts, each in its own file: run_machine (from one connection to the next), connection (the protocol of one), subscriptions,
// requests, barriers (flush and drain of a subscription), drain_machine (of the client), outbox, valve, liveness. They share a context.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <slipstream/client_state.hpp>
#include <slipstream/connect_options.hpp>
#include <slipstream/detail/completion.hpp>
#include <slipstream/options.hpp>
#include <slipstream/payload_view.hpp>
#include <slipstream/reconnect.hpp>
#include <slipstream/server_info.hpp>
#include <slipstream/statistics.hpp>

#include "protocol/session/handed_batch.hpp"
#include "protocol/session/login_machine.hpp"
#include "protocol/session/outbox.hpp"
#include "protocol/session/outputs.hpp"
#include "protocol/session/subscription_table.hpp"
#include "protocol/session/time.hpp"
#include "protocol/wire/encoder.hpp"

namespace slipstream::session {

/// What is to be pulled from a core.
enum class output_kind : std::uint8_t {
    none,
    news,     ///< next_action, next_login_action or next_event has something.
    finished  ///< So has next_finished.
};

class core {
public:
    /// `seed` feeds backoff jitter and server order; `inbox_id` is 22 characters from a cryptographic source (E11).
    core(connect_options options, std::uint64_t seed, std::string inbox_id);
    ~core();
    core(const core&) = delete;
    core& operator=(const core&) = delete;

    // --- wishes ---
    detail::operation_id connect(detail::plain_completion done, time_point now);
    std::error_code publish(const wire::outgoing& m);
    /// As publish of a message without headers, which nearly every one is; the first also without a reply subject. False when it was not
    /// taken, or not by so short a way: then publish says why, or takes it.
    bool publish_plain(std::string_view subject, std::string_view payload);
    bool publish_plain(std::string_view subject, std::string_view reply_to, std::string_view payload);
    /// By whichever way there is, as the shell does it.
    std::error_code publish(std::string_view subject, std::string_view reply_to, std::string_view header_block, std::string_view payload) {
        if (header_block.empty()) {
            if (reply_to.empty() ? publish_plain(subject, payload) : publish_plain(subject, reply_to, payload)) return {};
        }
        return publish({subject, reply_to, header_block, payload});
    }
    /// From this size on a copy of the payload costs more than a write of its own.
    static constexpr std::size_t large_payload = 32 * 1024;
    /// Writes pieces, in this order, and returns how many bytes the connection took at once.
    using gathered_write = std::function<std::size_t(std::span<const std::string_view>)>;
    /// As publish, for a large payload while the transport takes bytes: what is queued and the message are offered to `write`, the payload
    /// where it lies, and only what does not leave is queued. `write` is not called when that cannot be. For the current transport alone.
    std::error_code publish_gathered(const wire::outgoing& m, const gathered_write& write, time_point now);
    /// Takes over frames (PUB, HPUB) that another thread has encoded, and checked by an older INFO: from the front as many
    /// as the outbox has room for, all of them with `beyond_limit`. Returns the bytes taken.
    std::size_t take_frames(std::string_view frames, bool beyond_limit, time_point now);
    /// Takes over a batch of such frames as a whole, without looking at each, and a large one without copying it, if nothing speaks
    /// against it: it fits, and a server is there that takes all of them.
    batch_fate take_batch(handed_batch& batch, bool beyond_limit);
    std::error_code subscribe(std::string_view subject, const subscribe_options& options, std::function<void(const message_view&)> handler,
                              std::shared_ptr<subscription_state>& out);
    /// To be called too when the last handle of a subscription goes, whether it has ended or not.
    std::error_code unsubscribe(subscription_state& s, std::uint64_t max_messages);
    /// An operation that is refused at once is finished with the error, and has no id.
    detail::operation_id next(const std::shared_ptr<subscription_state>& s, detail::message_completion done);
    detail::operation_id drain(const std::shared_ptr<subscription_state>& s, detail::plain_completion done, time_point now);
    detail::operation_id request(std::string_view subject, std::string_view header_block, std::string_view payload,
                                 std::chrono::milliseconds timeout, detail::message_completion done, time_point now);
    detail::operation_id flush(std::chrono::milliseconds timeout, detail::plain_completion done, time_point now);
    /// Ends when little is queued, see writable().
    detail::operation_id wait_writable(std::chrono::milliseconds timeout, detail::plain_completion done, time_point now);
    detail::operation_id drain(detail::plain_completion done, time_point now);
    /// Finishes the operation with operation_aborted if it is still pending. `terminal` is false for partial and total. The drain of
    /// the client heeds terminal only, and closes at once.
    void cancel(detail::operation_id id, bool terminal, time_point now);
    void close(time_point now) noexcept;
    /// Leaves the connection that is up for another one, or ends the wait before an attempt.
    std::error_code reconnect(time_point now);
    std::error_code set_servers(const std::vector<std::string>& servers, time_point now);

    // --- facts ---
    void on_dialed(std::uint64_t generation, std::error_code ec, time_point now);
    /// The end of what start_tls began; `detail` says more about an error, in words without secrets.
    void on_secured(std::uint64_t generation, std::error_code ec, std::string_view detail, time_point now);
    /// Where the next read goes.
    std::span<char> read_space();
    /// `n` bytes were read; parses and delivers everything complete. Message handlers run inside. Having finished `enough` operations it
    /// stops and is unfinished; then read_on goes on, once those were taken. A reply that is taken soon gives its memory to the next one,
    /// while it is in the cache. The next fact of this connection waits until nothing is unfinished.
    void on_read(std::uint64_t generation, std::size_t n, time_point now, std::size_t enough = SIZE_MAX);
    [[nodiscard]] bool read_unfinished() const noexcept;
    void read_on(time_point now, std::size_t enough);
    /// `n` bytes of pending_write have left, or can at least not be called back. To be told before anything that happened later: when a
    /// connection is lost, what was not told is taken for never sent, and sent again. False when nothing more waits to be written, so that
    /// pending_write need not be asked.
    bool on_written(std::uint64_t generation, std::size_t n, time_point now);
    /// The transport failed, or the peer closed it: then `ec` is empty (or errc::connection_eof; end-of-file codes of other categories
    /// are not known here). At most once for a generation, after everything that had arrived was told by on_read.
    void on_transport_down(std::uint64_t generation, std::error_code ec, time_point now, std::string_view detail = {});
    void on_time(time_point now);
    /// Answers to a login_action, by its id; late ones are dropped and wiped. An empty `ec` comes with a result. Codes of a file are the
    /// system's, or errc::creds_malformed when it is too large.
    void on_login_answer(std::uint64_t id, std::error_code ec, login answer, time_point now);
    void on_login_file(std::uint64_t id, std::error_code ec, secret contents, time_point now);
    void on_login_signature(std::uint64_t id, std::error_code ec, secret signature, time_point now);

    /// A subscription is full, and its policy is to wait: no more reads, until resume_reading() has found that they may go on.
    [[nodiscard]] bool reading_paused() const noexcept;
    [[nodiscard]] bool reading_may_resume(time_point now) const noexcept;
    /// Goes on if it may. To be called when messages may have been taken from a queue (once in a turn will do); on_time does it too.
    void resume_reading(time_point now);

    // --- outputs: pull until all are empty; handling one may make more ---
    /// What there is to pull. One question instead of four: mostly there is nothing. A drain of the client goes on when all was pulled,
    /// because whoever was told something has had his say by then.
    [[nodiscard]] output_kind next_output();
    bool next_action(transport_action& out);
    bool next_login_action(login_action& out);
    /// See login_machine::take_traces.
    [[nodiscard]] bool take_login_traces() noexcept;
    bool next_event(event& out);
    bool next_finished(finished_operation& out);
    /// The same in two steps, with one move less: whether there is one, and which.
    [[nodiscard]] bool has_finished() const noexcept;
    [[nodiscard]] finished_operation take_finished() noexcept;
    /// Bytes to write on the current transport; empty when none. Valid until on_written or on_transport_down.
    /// With `now` the clock of the write timeout begins exactly; without it, next_deadline() asks for an immediate on_time when
    /// needed.
    std::string_view pending_write(time_point now = never);
    /// So much was queued since pending_write was asked last that the end of the turn should not be waited for: the bytes are still in the
    /// cache, and the peer can work meanwhile. Asking more often than pending_write had something new is allowed, but to no avail.
    [[nodiscard]] bool write_due() const noexcept;
    [[nodiscard]] time_point next_deadline() const noexcept;
    [[nodiscard]] std::uint64_t generation() const noexcept;

    // --- observers ---
    /// So little is queued that it leaves in the next writes.
    [[nodiscard]] bool writable() const noexcept;
    [[nodiscard]] client_state state() const noexcept;  ///< Any thread.
    [[nodiscard]] const slipstream::server_info& server_info() const noexcept;
    [[nodiscard]] std::string connected_server() const;
    [[nodiscard]] std::vector<known_server> servers() const;
    [[nodiscard]] statistics stats() const noexcept;
    [[nodiscard]] const connect_options& options() const noexcept;
    [[nodiscard]] std::string new_inbox();
    /// What is wrong with the options; empty when nothing is.
    [[nodiscard]] std::error_code options_problem() const noexcept;

private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace slipstream::session
