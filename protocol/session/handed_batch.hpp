// Frames (PUB, HPUB) that other threads have published, in one buffer, with what there is to know about them without looking at each.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "protocol/wire/encoder.hpp"
#include "protocol/wire/write_buffer.hpp"

namespace slipstream::session {

struct handed_batch {
    wire::write_buffer frames;
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;    ///< Of payloads and header blocks.
    std::size_t largest = 0;    ///< Message, likewise.
    bool headers = false;       ///< Some have any.

    /// `size` is that of the frame.
    void append(std::size_t size, const wire::outgoing& m) {
        wire::encode_publish(frames, size, m);
        ++messages;
        bytes += m.size();
        largest = std::max(largest, m.size());
        headers = headers || !m.header_block.empty();
    }
    /// Keeps the memory.
    void clear() noexcept {
        frames.clear();
        messages = bytes = 0;
        largest = 0;
        headers = false;
    }
};

/// What became of a batch.
enum class batch_fate : std::uint8_t {
    taken,     ///< All of it; it is empty now, perhaps with other memory.
    waits,     ///< None: it will be taken when enough has been written.
    by_frames  ///< None: its frames have to be looked at one by one (core::take_frames).
};

}  // namespace slipstream::session
