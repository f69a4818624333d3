// What a watch is asked to tell.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <slipstream/kv/revision.hpp>

namespace slipstream::kv {

/// What a watch does when changes it should have told are no longer in the bucket.
enum class on_expired : std::uint8_t {
    fail,    ///< It ends with errc::cursor_expired.
    resync,  ///< It tells `resync` and begins again with the current state, whatever it began with.
};

/// Trivially destructible: safe as a temporary inside co_await on every compiler we support.
struct watch_options {
    using milliseconds = std::chrono::milliseconds;

    /// Resume after this place: every later change that the bucket still holds, and nothing else. None: the current value of every
    /// key first, in the order of their revisions, then changes.
    cursor from = {};
    /// No current values; only what changes after the watch was set up. Should changes be lost and on_expired be resync, the current
    /// state is told all the same, once, as by every watch: without it, what was deleted meanwhile could not be known. Ignored with
    /// `from`.
    bool updates_only = false;
    bool include_history = false;   ///< All revisions the bucket keeps instead of the last of each key. Ignored with `from`.
    bool meta_only = false;         ///< Values stay on the server; update_view::value_size still tells how long they are.
    bool ignore_deletes = false;    ///< Tell neither erase nor purge. They still count for initial_done and for position().
    /// Tell no erase and purge of keys that were gone before the watch began: to who begins with nothing they mean nothing. A key
    /// that goes away while the current state is being told is told. Only without `from` and `include_history`, and not with a replicated
    /// bucket: a replica that lags behind cannot tell which deletes are old.
    bool skip_initial_deletes = false;
    kv::on_expired on_expired = on_expired::fail;

    /// A floor that has moved beyond the place to continue from means that changes were lost, unless the bucket's configuration
    /// (no age limit, no message TTL, discard new, neither mirror nor aggregate) lets only newer revisions of the same keys push
    /// messages out: nothing a fold needs is lost then. That reasoning holds as long as nobody removes messages through the
    /// stream API (STREAM.PURGE, as the purge-deletes of other clients does). True: do not rely on it, treat every such floor as lost
    /// changes (contract W34).
    bool strict_floor = false;

    /// Limits of what is queued for async_next and try_next. Near them the server is told to wait (flow control); should they be
    /// exceeded all the same, the rest is fetched again later. Nothing is lost and the connection is never held up. Each time costs
    /// a new consumer on the server: a queue of a few updates is slow where many come at a time.
    std::size_t pending_messages = std::size_t{1} << 20;
    std::size_t pending_bytes = std::size_t{64} * 1024 * 1024;  ///< Keys, values and some 120 bytes for each.

    /// How long the set-up may take before it fails; 0 = the bucket's default. Once set up, a watch goes on until it is stopped or
    /// the bucket is gone.
    milliseconds timeout{0};
    /// The server shows a sign of life at least so often; after two missed ones the watch is set up again. At least 100 ms.
    milliseconds heartbeat{2'000};
    /// The server removes the watch's consumer so long after losing contact. Should outlast a short interruption of the network.
    milliseconds inactive_threshold{30'000};
};
static_assert(std::is_trivially_destructible_v<watch_options>);

}  // namespace slipstream::kv
