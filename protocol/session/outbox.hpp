// Bytes on their way to the server.
//
// Frames of the user (PUB, HPUB) and of the protocol (SUB, UNSUB, PING, PONG) are appended in order. While the connection is up
// they go to the last of a row of blocks, of which the first is being written, with at most one write in flight. A block that has
// grown to the size of a good write is closed, and used again when it has been written: what is queued stays in the processor's cache,
// and a backlog costs neither copies nor fresh memory. While the connection is down frames are held, bounded by `limit`. There is no
// bookkeeping per frame, and none lies in two blocks: frame borders are found again by walking the bytes, only when a connection is lost.
//
// On loss, frames whose last byte had not been written are kept whole (a frame cut off was not handled by the server) and the
// rest is forgotten; protocol frames are dropped, because the session restores them. Kept frames go out again, in order and
// before later ones, after release(). Invariant: over all connections together, every user frame is written whole at most once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/session/fifo.hpp"
#include "protocol/wire/frame_walker.hpp"
#include "protocol/wire/write_buffer.hpp"

namespace slipstream::session {

class outbox {
public:
    explicit outbox(std::size_t limit) noexcept : limit_(limit) {}
    ~outbox() { clear(); }
    outbox(const outbox&) = delete;
    outbox& operator=(const outbox&) = delete;

    /// A good size for one write: with much more it leaves the cache before it is sent, with less the peer's process is woken up more
    /// often than it has something to do (bench/README.md, "Sizes of writes").
    static constexpr std::size_t write_size = 48 * 1024;
    /// A block takes more than one write: what is queued a little late leaves with the rest.
    static constexpr std::size_t block_size = 64 * 1024;

    // --- appending ---
    /// Whether a user's frame of about `n` bytes still fits the limit, behind `before` bytes that will be appended first. One that is
    /// larger than all of it fits when nothing else waits: or it could never be sent.
    [[nodiscard]] bool has_room(std::size_t n, std::size_t before = 0) const noexcept {
        const std::size_t used = size() + before;
        return (used <= limit_ && n <= limit_ - used) || used == 0;
    }
    /// Where to encode the next user's frame: held_ while down, else the last block. Asked for anew for each frame.
    [[nodiscard]] wire::write_buffer& user_frames() {
        end_quick();
        if (held_open_) [[unlikely]]
            return held_;
        if (back_.bytes.size() >= block_size) [[unlikely]]
            close_block();
        return back_.bytes;
    }
    /// Where to encode a protocol frame of the current connection. Only while a connection is up (handshake included).
    [[nodiscard]] wire::write_buffer& protocol_frames() noexcept {
        end_quick();
        return back_.bytes;
    }
    /// The quick way for the next user's frames, one question for each instead of all of the above. begin_quick finds out how many bytes
    /// the stream may take before write_due() should be asked; quick_place gives the place for a frame of `n` of them, or null; then it is
    /// taken. Any other call that changes this object ends it.
    void begin_quick() noexcept;
    void end_quick() noexcept { quick_ = 0; }
    [[nodiscard]] char* quick_place(std::size_t n) noexcept {
        return n <= quick_ ? back_.bytes.bytes() + back_.bytes.size() : nullptr;
    }
    void quick_taken(std::size_t n) noexcept {
        quick_ -= n;
        back_.bytes.commit(n);
    }
    /// Takes a block of whole user's frames as it is, to be written behind what was appended before, and leaves an empty one, perhaps
    /// with memory. Only while nothing is held. When memory ends, nothing has happened.
    void adopt(wire::write_buffer& frames);
    /// From so many bytes on that is cheaper than to append a copy.
    static constexpr std::size_t least_adopted = 8 * 1024;
    /// A block's memory: it has room for a frame that began just before it was full, if that is not a large one. What is adopted should
    /// have as much, then it is used again.
    static constexpr std::size_t block_capacity = block_size + 8 * 1024 + 512;
    /// What was appended last holds a secret (CONNECT): its bytes are wiped once they are written or forgotten. To be called at once:
    /// when no write is in flight it also takes them out of the way of what is appended next, so that growing copies no secret.
    void wipe_when_written() noexcept {
        back_.secret = true;
        static_cast<void>(pending());
    }

    // --- writing ---
    /// The bytes to write now; empty when there is nothing. Valid until on_written; new frames do not move them.
    [[nodiscard]] std::string_view pending() noexcept;
    /// Enough for a write was appended to the stream since pending() was asked last.
    [[nodiscard]] bool write_due() const noexcept { return appended() - offered_ >= write_size; }
    /// `n` bytes of pending() have left.
    void on_written(std::size_t n) noexcept;
    /// Whether pending(), as it was returned last, is all of the stream, and the next user's frame would follow it.
    [[nodiscard]] bool all_pending() const noexcept { return !held_open_ && closed_.empty() && back_.bytes.empty(); }
    /// A user's frame of `n` bytes that never was here has left, behind everything that was.
    void on_passed(std::size_t n) noexcept;
    /// Position in the stream of this connection of the next frame appended, and of what has been written.
    [[nodiscard]] std::uint64_t appended() const noexcept { return written_ + unwritten(); }
    [[nodiscard]] std::uint64_t written() const noexcept { return written_; }
    /// Up to here the stream has been returned by pending(): the transport may be sending it, so it cannot be called back.
    [[nodiscard]] std::uint64_t handed_over() const noexcept { return written_ + front_.bytes.size() - front_offset_; }
    /// Offers each user frame that was not handed over to `keep(frame, position)`, with the place that it moves to when frames before
    /// it go; frames refused are dropped. Protocol frames stay. For requests that ended unsent: they must not be sent later.
    void recall(const std::function<bool(const wire::frame&, std::uint64_t position)>& keep);
    /// The most that size() was before something of it was written or dropped.
    [[nodiscard]] std::size_t most() const noexcept { return most_; }
    /// Whether user frames are held now, and the most that may wait.
    [[nodiscard]] bool holds() const noexcept { return held_open_; }
    [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
    /// Bytes of user and protocol frames that are not written yet, held ones included.
    [[nodiscard]] std::size_t size() const noexcept { return unwritten() + held_.size(); }

    // --- connection changes ---
    /// From now on user frames are held for the next connection, or for release(); what is in the stream goes on.
    void hold() noexcept {
        end_quick();
        held_open_ = true;
    }
    /// The connection is gone. Each frame that is kept is offered to `keep` in order (those held already are not: release does
    /// that); frames for which it returns false are dropped.
    void on_connection_lost(const std::function<bool(const wire::frame&)>& keep);
    /// The handshake of a new connection is done and subscriptions are restored: held frames follow. Each is offered to
    /// `keep(frame, position)`, which is told where in the stream it will begin; frames refused are dropped.
    void release(const std::function<bool(const wire::frame&, std::uint64_t position)>& keep);
    /// Forgets everything and is as new.
    void clear() noexcept;
    /// Nothing was written for some time: memory that is not needed goes back (I5).
    void trim() noexcept;

    /// Memory held now, for limits and tests.
    [[nodiscard]] std::size_t capacity() const noexcept;

private:
    /// Written blocks that nothing has asked for again during so many writes go back (I5). A flow that fills the outbox again
    /// and again has used all of them by then.
    static constexpr unsigned writes_of_a_period = 512;
    /// A single block larger than this goes back once `calm_writes` writes in a row have not needed it (I5).
    static constexpr std::size_t kept_capacity = 256 * 1024;
    static constexpr unsigned calm_writes = 8;

    struct block {
        wire::write_buffer bytes;
        bool secret = false;
    };

    [[nodiscard]] std::size_t unwritten() const noexcept { return ahead_ + back_.bytes.size(); }
    void note_size() noexcept {
        if (const std::size_t now = size(); now > most_) most_ = now;
    }
    void close_block();
    void make_room_for_blocks(std::size_t more);
    void keep_for_later(wire::write_buffer written) noexcept;
    void release_spare(std::size_t count) noexcept;
    void front_done() noexcept;
    void forget_stream() noexcept;

    std::size_t quick_ = 0;           // bytes that quick_place may still give
    std::size_t limit_;
    std::size_t most_ = 0;
    bool held_open_ = true;
    unsigned calm_ = 0;               // writes in a row that needed little
    block back_;                      // of the stream, the last: what is appended goes there
    std::size_t ahead_ = 0;           // bytes before it that are not written: of front_ and closed_
    wire::write_buffer held_;         // user frames while down
    block front_;                     // being written
    std::size_t front_offset_ = 0;    // of it, written
    fifo<block> closed_;              // between the two
    std::uint64_t written_ = 0;
    std::uint64_t offered_ = 0;       // appended() when pending() was asked last
    std::vector<wire::write_buffer> spare_;  // written blocks; its capacity suffices for all there are
    std::size_t least_spare_ = 0;     // of them, never used in this period
    unsigned period_ = 0;             // writes in it
};

}  // namespace slipstream::session
