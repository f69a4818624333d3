#include "protocol/wire/encoder.hpp"

#include <cassert>

namespace slipstream::wire {
using encoder_detail::digits;
using encoder_detail::is_argument;
using encoder_detail::put;

void encode_pub(write_buffer& out, std::string_view subject, std::string_view reply_to, std::string_view payload) {
    const outgoing m{subject, reply_to, {}, payload};
    encode_publish(out, publish_size(m), m);
}

void encode_hpub(write_buffer& out, std::string_view subject, std::string_view reply_to, std::string_view header_block,
                 std::string_view payload) {
    assert(!header_block.empty());
    const outgoing m{subject, reply_to, header_block, payload};
    encode_publish(out, publish_size(m), m);
}

void encode_sub(write_buffer& out, std::string_view subject, std::string_view queue_group, std::uint64_t sid) {
    assert(!subject.empty() && is_argument(subject) && is_argument(queue_group));
    const std::size_t length = digits(sid);
    char* const begin = out.reserve(4 + subject.size() + 1 + queue_group.size() + 1 + length + 2);
    char* p = put(begin, "SUB ");
    p = put(put(p, subject), ' ');
    if (!queue_group.empty()) p = put(put(p, queue_group), ' ');
    p = put(put(p, sid, length), "\r\n");
    out.commit(static_cast<std::size_t>(p - begin));
}

void encode_unsub(write_buffer& out, std::uint64_t sid, std::uint64_t max_messages) {
    char* const begin = out.reserve(6 + 20 + 1 + 20 + 2);
    char* p = put(begin, "UNSUB ");
    p = put(p, sid, digits(sid));
    if (max_messages != 0) p = put(put(p, ' '), max_messages, digits(max_messages));
    p = put(p, "\r\n");
    out.commit(static_cast<std::size_t>(p - begin));
}

void encode_ping(write_buffer& out) { out.append("PING\r\n"); }

void encode_pong(write_buffer& out) { out.append("PONG\r\n"); }

void encode_connect(write_buffer& out, std::string_view json) {
    assert(json.find_first_of("\r\n") == std::string_view::npos);
    char* const begin = out.reserve(8 + json.size() + 2);
    char* const p = put(put(put(begin, "CONNECT "), json), "\r\n");
    out.commit(static_cast<std::size_t>(p - begin));
}

}  // namespace slipstream::wire
