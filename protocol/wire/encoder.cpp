#include "protocol/wire/encoder.hpp"

#include <array>
#include <bit>
#include <cassert>
#include <cstring>

namespace slipstream::wire {
namespace {

constexpr std::array<std::uint64_t, 20> powers_of_ten = [] {
    std::array<std::uint64_t, 20> powers{};
    std::uint64_t power = 1;
    for (std::uint64_t& p : powers) {
        p = power;
        power *= 10;  // wraps after the last one
    }
    return powers;
}();

/// Decimal digits of `value`; 1 for 0.
std::size_t digits(std::uint64_t value) noexcept {
    const auto estimate = static_cast<unsigned>(std::bit_width(value | 1)) * 1233U >> 12U;  // floor(bits * log10(2))
    return estimate + (value >= powers_of_ten[estimate] || estimate == 0 ? 1U : 0U);
}

char* put(char* to, std::string_view text) noexcept {
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    return to + text.size();
}

/// `length` = digits(value): the number is written from its end.
char* put(char* to, std::uint64_t value, std::size_t length) noexcept {
    static constexpr char pairs[] =
        "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
        "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
    char* const end = to + length;
    char* at = end;
    while (value >= 100) {
        at -= 2;
        std::memcpy(at, pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (value >= 10) {
        std::memcpy(at - 2, pairs + 2 * value, 2);
    } else {
        *(at - 1) = static_cast<char>('0' + value);
    }
    return end;
}

char* put(char* to, char c) noexcept {
    *to = c;
    return to + 1;
}

[[maybe_unused]] bool is_argument(std::string_view text) noexcept { return text.find_first_of(" \t\r\n") == std::string_view::npos; }

}  // namespace

std::size_t publish_size(std::string_view subject, std::string_view reply_to, std::size_t header_size, std::size_t payload_size) noexcept {
    std::size_t size = 4 + subject.size() + 1 + digits(header_size + payload_size) + 2 + header_size + payload_size + 2;
    if (!reply_to.empty()) size += reply_to.size() + 1;
    if (header_size != 0) size += 1 + digits(header_size) + 1;  // the H, the number, its blank
    return size;
}

void encode_pub(write_buffer& out, std::string_view subject, std::string_view reply_to, std::string_view payload) {
    assert(!subject.empty() && is_argument(subject) && is_argument(reply_to));
    const std::size_t length = digits(payload.size());
    char* const begin = out.reserve(4 + subject.size() + 1 + reply_to.size() + 1 + length + 2 + payload.size() + 2);
    char* p = put(begin, "PUB ");
    p = put(put(p, subject), ' ');
    if (!reply_to.empty()) p = put(put(p, reply_to), ' ');
    p = put(put(p, payload.size(), length), "\r\n");
    p = put(put(p, payload), "\r\n");
    out.commit(static_cast<std::size_t>(p - begin));
}

void encode_hpub(write_buffer& out, std::string_view subject, std::string_view reply_to, std::string_view header_block,
                 std::string_view payload) {
    assert(!subject.empty() && is_argument(subject) && is_argument(reply_to) && !header_block.empty());
    const std::size_t total = header_block.size() + payload.size();
    char* const begin = out.reserve(publish_size(subject, reply_to, header_block.size(), payload.size()));
    char* p = put(begin, "HPUB ");
    p = put(put(p, subject), ' ');
    if (!reply_to.empty()) p = put(put(p, reply_to), ' ');
    p = put(put(p, header_block.size(), digits(header_block.size())), ' ');
    p = put(put(p, total, digits(total)), "\r\n");
    p = put(put(put(p, header_block), payload), "\r\n");
    out.commit(static_cast<std::size_t>(p - begin));
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
