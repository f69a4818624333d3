// Frame walker: over any bytes the frames lie side by side, and each of them, encoded again from its parts, is the same bytes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/check.hpp"
#include "protocol/wire/encoder.hpp"
#include "protocol/wire/frame_walker.hpp"

using namespace slipstream::wire;

namespace {

/// The walker reads what the encoder writes, and a little more: leading zeros, a CONNECT of anything, blanks that are arguments.
void encode_again(write_buffer& out, const frame& f, std::string_view bytes) {
    switch (f.kind) {
        case frame_kind::connect: out.append(bytes); break;
        case frame_kind::pub: encode_pub(out, f.subject, f.reply_to, f.payload); break;
        case frame_kind::hpub: encode_hpub(out, f.subject, f.reply_to, f.header_block, f.payload); break;
        case frame_kind::sub: encode_sub(out, f.subject, f.queue_group, f.sid); break;
        case frame_kind::unsub: encode_unsub(out, f.sid, f.max_messages); break;
        case frame_kind::ping: encode_ping(out); break;
        case frame_kind::pong: encode_pong(out); break;
    }
}

bool is_argument(std::string_view text) { return text.find_first_of(" \t\r\n") == std::string_view::npos; }

/// What the encoder may be given.
bool can_be_encoded(const frame& f) {
    return is_argument(f.subject) && is_argument(f.reply_to) && is_argument(f.queue_group) &&
           (f.kind != frame_kind::hpub || !f.header_block.empty());
}

bool has_leading_zero(std::string_view frame) { return frame.substr(0, frame.find('\n')).find(" 0") != std::string_view::npos; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    static write_buffer again;
    frame_walker walker(input);
    std::size_t walked = 0;
    walk_status status = walker.next();
    for (; status == walk_status::frame; status = walker.next()) {
        const frame& f = walker.current();
        FUZZ_CHECK(f.begin == walked && f.size > 0 && f.size <= input.size() - walked);
        walked += f.size;
        FUZZ_CHECK(walker.offset() == walked);
        const std::string_view bytes = input.substr(f.begin, f.size);
        FUZZ_CHECK(bytes.ends_with("\r\n"));
        if (!can_be_encoded(f) || has_leading_zero(bytes)) continue;
        again.clear();
        encode_again(again, f, bytes);
        FUZZ_CHECK(again.view() == bytes);
        // Cut anywhere, it is the beginning of a frame and never another one.
        for (const std::size_t cut : {f.size - 1, f.size / 2, std::size_t{1}}) {
            frame_walker part(bytes.substr(0, cut));
            FUZZ_CHECK(part.next() == walk_status::incomplete && part.offset() == 0);
        }
    }
    FUZZ_CHECK(walker.offset() == walked);
    FUZZ_CHECK((status == walk_status::end) == (walked == input.size()));
    FUZZ_CHECK(walker.next() == status);
    return 0;
}
