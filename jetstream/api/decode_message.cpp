// Stored messages, from JSON and from direct-get replies. See decode.hpp.
#include "jetstream/api/decode.hpp"

#include "jetstream/api/number.hpp"
#include "jetstream/api/reply.hpp"
#include "jetstream/api/time.hpp"

#include <slipstream/detail/base64.hpp>

#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

namespace slipstream::jetstream::api {
namespace {

/// The server's headers. A publisher can store headers of the same names; the server's stand behind them, so the last one counts
/// (spec/jetstream.md 9).
struct direct_headers {
    std::string_view subject;
    std::string_view sequence;
    std::string_view time;
};

/// Up to the first blank or control character, or the end.
std::size_t word_size(std::string_view text) noexcept {
    std::size_t size = 0;
    if constexpr (std::endian::native == std::endian::little) {
        constexpr std::uint64_t ones = 0x0101010101010101U;
        for (; size + 8 <= text.size(); size += 8) {
            std::uint64_t bytes = 0;
            std::memcpy(&bytes, text.data() + size, sizeof bytes);
            // The high bit of bytes up to a blank: the lowest one that is set is true, those above it need not be.
            const std::uint64_t small = (bytes - ones * (' ' + 1)) & ~bytes & (ones * 0x80);
            if (small != 0) return size + static_cast<std::size_t>(std::countr_zero(small)) / 8;
        }
    }
    while (size < text.size() && static_cast<unsigned char>(text[size]) > ' ') ++size;
    return size;
}

/// Up to 18 digits, so that nothing can overflow; 0 when there are none or more.
std::uint64_t take_sequence(std::string_view& text) noexcept {
    std::uint64_t value = 0;
    std::size_t size = 0;
    for (; size < text.size() && text[size] >= '0' && text[size] <= '9'; ++size) {
        if (size == 18) return 0;
        value = value * 10 + static_cast<std::uint64_t>(text[size] - '0');
    }
    text.remove_prefix(size);
    return value;
}

/// Of a message without headers of its own: the server's, in the order and the spelling in which it writes them. False when it is
/// anything else, however little, which may still be valid.
bool read_plain(std::string_view block, direct_reply& out) noexcept {
    const auto take = [&block]<std::size_t Size>(const char(&expected)[Size]) {
        if (block.size() < Size - 1 || std::memcmp(block.data(), expected, Size - 1) != 0) return false;
        block.remove_prefix(Size - 1);
        return true;
    };
    const auto take_word = [&block] {
        const std::string_view word = block.substr(0, word_size(block));
        block.remove_prefix(word.size());
        return word;
    };
    if (!take("NATS/1.0\r\nNats-Stream: ")) return false;
    static_cast<void>(take_word());
    if (!take("\r\nNats-Subject: ")) return false;
    const std::string_view subject = take_word();
    if (!take("\r\nNats-Sequence: ")) return false;
    const std::uint64_t sequence = take_sequence(block);
    if (!take("\r\nNats-Time-Stamp: ")) return false;
    // What is a time holds no line end.
    if (subject.empty() || sequence == 0 || !block.ends_with("\r\n\r\n")) return false;
    const auto time = parse_time(block.substr(0, block.size() - 4));
    if (!time) return false;
    out = {subject, sequence, *time, false};
    return true;
}

direct_headers find_direct_headers(const header_view& headers) noexcept {
    direct_headers out;
    for (const header& h : headers) {
        if (!h.name.starts_with("Nats-")) continue;
        if (h.name == "Nats-Subject")
            out.subject = h.value;
        else if (h.name == "Nats-Sequence")
            out.sequence = h.value;
        else if (h.name == "Nats-Time-Stamp")
            out.time = h.value;
    }
    return out;
}

}  // namespace

std::error_code read_direct_message(const message_view& reply, direct_reply& out, error_info* info) {
    if (read_plain(reply.header_block(), out)) return {};
    const direct_headers found = find_direct_headers(reply.headers());
    if (found.sequence.empty() || found.time.empty()) {
        return reply.status() != 0 ? status_error(reply, info) : std::error_code(errc::invalid_response);
    }
    const auto sequence = parse_number(found.sequence);
    const auto time = parse_time(found.time);
    if (!sequence || *sequence == 0 || !time || found.subject.empty()) return errc::invalid_response;
    out = {found.subject, *sequence, *time, true};
    return {};
}

std::error_code decode_direct_message(message&& reply, stored_message& out, error_info* info) {
    direct_reply found;
    if (const auto ec = read_direct_message(reply.view(), found, info)) return ec;
    out = stored_message(std::move(reply), found.subject, found.sequence, found.time);
    return {};
}

std::error_code decode_message(const message_view& reply, stored_message& out, error_info* info) {
    json_document document;
    if (const auto ec = open_reply(reply, document, info)) return ec;
    simdjson::dom::element element;
    object_reader envelope(document.root());
    if (!envelope.required("message", element).ok()) return errc::invalid_response;
    object_reader in(element);
    std::string_view subject;
    std::uint64_t sequence = 0;
    wall_time time{};
    std::string_view encoded_headers;
    std::string_view encoded_data;
    in.required("subject", subject)
        .required("seq", sequence)
        .required("time", time)
        .optional("hdrs", encoded_headers)
        .optional("data", encoded_data);
    std::string headers;
    std::string data;
    if (!in.ok() || subject.empty() || sequence == 0 || !detail::decode_base64(encoded_headers, headers) ||
        !detail::decode_base64(encoded_data, data)) {
        return errc::invalid_response;
    }
    out = stored_message(message(message_view(subject, {}, headers, data)), sequence, time);
    return {};
}

}  // namespace slipstream::jetstream::api
