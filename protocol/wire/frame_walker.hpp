// Finds the frames in bytes that the encoder wrote (spec 1, client to server), to tell what was sent whole when a connection
// broke.
//
// Told: a byte range that begins at a frame. Emits: one frame after the other, as views; the last one may be cut off.
// Invariant: the sizes of the frames, the incomplete one included, add up to the bytes walked over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace slipstream::wire {

enum class frame_kind : std::uint8_t { connect, pub, hpub, sub, unsub, ping, pong };

struct frame {
    frame_kind kind = frame_kind::ping;
    std::size_t begin = 0;           ///< Offset of the first byte.
    std::size_t size = 0;            ///< Bytes of the whole frame, with its line ends.
    std::uint64_t sid = 0;           ///< SUB, UNSUB.
    std::uint64_t max_messages = 0;  ///< UNSUB; 0 = at once.
    std::string_view subject;        ///< PUB, HPUB, SUB.
    std::string_view reply_to;       ///< PUB, HPUB; empty when there is none.
    std::string_view queue_group;    ///< SUB; empty when there is none.
    std::string_view header_block;   ///< HPUB.
    std::string_view payload;        ///< PUB, HPUB.
};

enum class walk_status : std::uint8_t {
    frame,       ///< `current()` is the next one.
    end,         ///< The bytes end where a frame ends.
    incomplete,  ///< From `offset()` on there is the beginning of a frame.
    malformed,   ///< From `offset()` on there are bytes that the encoder does not write.
};

class frame_walker {
public:
    explicit frame_walker(std::string_view bytes) noexcept : bytes_(bytes) {}

    /// Goes to the next frame. Any other answer than `frame` is final.
    walk_status next() noexcept;

    [[nodiscard]] const frame& current() const noexcept { return current_; }

    /// Where the next frame begins; after the last one, how many bytes belong to whole frames.
    [[nodiscard]] std::size_t offset() const noexcept { return offset_; }

private:
    std::string_view bytes_;
    std::size_t offset_ = 0;
    frame current_;
};

}  // namespace slipstream::wire
