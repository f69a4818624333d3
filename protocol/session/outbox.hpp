// Bytes on their way to the server.
//
// Frames of the user (PUB, HPUB) and of the protocol (SUB, UNSUB, PING, PONG) are appended in order. While the connection is up
// they go to the block behind the one being written, so that everything queued in one turn leaves in one write with at most one
// write in flight. While it is down they are held, bounded by `limit`. There is no bookkeeping per frame: frame borders are found
// again by walking the bytes, only when a connection is lost.
//
// On loss, frames whose last byte had not been written are kept whole (a frame cut off was not handled by the server) and the
// rest is forgotten; protocol frames are dropped, because the session restores them. Kept frames go out again, in order and
// before later ones, after release(). Invariant: over all connections together, every user frame is written whole at most once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "protocol/wire/frame_walker.hpp"
#include "protocol/wire/write_buffer.hpp"

namespace slipstream::session {

class outbox {
public:
    explicit outbox(std::size_t limit) noexcept : limit_(limit) {}
    ~outbox() { clear(); }
    outbox(const outbox&) = delete;
    outbox& operator=(const outbox&) = delete;

    // --- appending ---
    /// Whether a user's frame of about `n` bytes still fits the limit, behind `before` bytes that will be appended first. One that is
    /// larger than all of it fits when nothing else waits: or it could never be sent.
    [[nodiscard]] bool has_room(std::size_t n, std::size_t before = 0) const noexcept {
        const std::size_t used = size() + before;
        return (used <= limit_ && n <= limit_ - used) || used == 0;
    }
    /// Where to encode a user's frame: held_ while down, else the block behind the write.
    [[nodiscard]] wire::write_buffer& user_frames() noexcept { return held_open_ ? held_ : back_; }
    /// Where to encode a protocol frame of the current connection. Only while a connection is up (handshake included).
    [[nodiscard]] wire::write_buffer& protocol_frames() noexcept { return back_; }
    /// What was appended last holds a secret (CONNECT): its bytes are wiped once they are written or forgotten. To be called at once:
    /// when no write is in flight it also takes them out of the way of what is appended next, so that growing copies no secret.
    void wipe_when_written() noexcept {
        back_is_secret_ = true;
        static_cast<void>(pending());
    }

    // --- writing ---
    /// The bytes to write now; empty when there is nothing. Valid until on_written; new frames do not move them.
    [[nodiscard]] std::string_view pending() noexcept;
    /// `n` bytes of pending() have left.
    void on_written(std::size_t n) noexcept;
    /// Position in the stream of this connection of the next frame appended, and of what has been written.
    [[nodiscard]] std::uint64_t appended() const noexcept { return written_ + unwritten(); }
    [[nodiscard]] std::uint64_t written() const noexcept { return written_; }
    /// Up to here the stream has been returned by pending(): the transport may be sending it, so it cannot be called back.
    [[nodiscard]] std::uint64_t handed_over() const noexcept { return written_ + front_.size() - front_offset_; }
    /// Offers each user frame that was not handed over to `keep(frame, position)`, with the place that it moves to when frames before
    /// it go; frames refused are dropped. Protocol frames stay. For requests that ended unsent: they must not be sent later.
    void recall(const std::function<bool(const wire::frame&, std::uint64_t position)>& keep);
    /// The most that size() was before something of it was written or dropped.
    [[nodiscard]] std::size_t most() const noexcept { return most_; }
    /// Bytes of user and protocol frames that are not written yet, held ones included.
    [[nodiscard]] std::size_t size() const noexcept { return unwritten() + held_.size(); }

    // --- connection changes ---
    /// From now on user frames are held for the next connection, or for release(); what is in the stream goes on.
    void hold() noexcept { held_open_ = true; }
    /// The connection is gone. Each frame that is kept is offered to `keep` in order (those held already are not: release does
    /// that); frames for which it returns false are dropped.
    void on_connection_lost(const std::function<bool(const wire::frame&)>& keep);
    /// The handshake of a new connection is done and subscriptions are restored: held frames follow. Each is offered to
    /// `keep(frame, position)`, which is told where in the stream it will begin; frames refused are dropped.
    void release(const std::function<bool(const wire::frame&, std::uint64_t position)>& keep);
    /// Forgets everything and is as new.
    void clear() noexcept;

    /// Memory held now, for limits and tests.
    [[nodiscard]] std::size_t capacity() const noexcept { return front_.capacity() + back_.capacity() + held_.capacity(); }

private:
    /// A block larger than this goes back once `calm_writes` writes in a row have not needed it (I5).
    static constexpr std::size_t kept_capacity = 256 * 1024;
    static constexpr unsigned calm_writes = 8;

    [[nodiscard]] std::size_t unwritten() const noexcept { return front_.size() - front_offset_ + back_.size(); }
    void note_size() noexcept {
        if (const std::size_t now = size(); now > most_) most_ = now;
    }
    void front_done() noexcept;
    void forget_stream() noexcept;

    std::size_t limit_;
    std::size_t most_ = 0;
    bool held_open_ = true;
    bool front_is_secret_ = false;
    bool back_is_secret_ = false;
    unsigned calm_ = 0;               // writes in a row that needed little
    wire::write_buffer front_;        // being written
    std::size_t front_offset_ = 0;    // of it, written
    wire::write_buffer back_;         // next
    wire::write_buffer held_;         // user frames while down
    std::uint64_t written_ = 0;
};

}  // namespace slipstream::session
