#include "kv/codec/decode.hpp"

#include <cstring>

#include "kv/codec/subjects.hpp"

namespace slipstream::kv::codec {

namespace {

/// What a consumer of headers only adds to a message without headers of its own: the frequent case of a listing.
bool has_size_only(std::string_view block) noexcept {
    constexpr std::string_view begin = "NATS/1.0\r\nNats-Msg-Size: ";
    constexpr std::string_view end = "\r\n\r\n";
    if (block.size() < begin.size() + end.size()) return false;
    const char* const last = block.data() + block.size() - end.size();
    if (std::memcmp(block.data(), begin.data(), begin.size()) != 0 || std::memcmp(last, end.data(), end.size()) != 0) return false;
    for (const char* p = block.data() + begin.size(); p != last; ++p) {
        if (*p < '0' || *p > '9') return false;
    }
    return true;
}

/// Apart from operation_of, which it would slow down.
[[gnu::noinline]]
operation searched_operation(const header_view& headers) noexcept {
    // Most messages have other headers or none. A header that is there has its name somewhere in the block, and its rarest letter.
    const std::string_view block = headers.block();
    if (block.find('O') == std::string_view::npos && block.find('M') == std::string_view::npos) return operation::put;
    if (block.find(operation_header) == std::string_view::npos && block.find(marker_reason_header) == std::string_view::npos)
        return operation::put;
    if (const auto value = headers.get(operation_header)) {
        if (*value == "DEL") return operation::erase;
        if (*value == "PURGE") return operation::purge;
    }
    // Made by the server when a value expires or is removed; there is no KV-Operation then.
    if (const auto reason = headers.get(marker_reason_header)) {
        if (*reason == "MaxAge" || *reason == "Purge") return operation::purge;
        if (*reason == "Remove") return operation::erase;
    }
    return operation::put;
}

/// What a message says by itself.
std::optional<decoded> decode_content(std::string_view key_prefix, const message_view& message) noexcept {
    const auto key = key_of(key_prefix, message.subject());
    if (!key) return std::nullopt;
    decoded result;
    result.key = *key;
    result.operation = operation_of(message);
    if (result.operation == operation::put) result.value = message.payload();
    return result;
}

}  // namespace

operation operation_of(const header_view& headers) noexcept {
    return has_size_only(headers.block()) ? operation::put : searched_operation(headers);
}

std::optional<decoded> decode_delivery(std::string_view key_prefix, const message_view& message) noexcept {
    if (const auto place = jetstream::parse_ack_subject(message.reply_to())) return decode_delivery(key_prefix, message, *place);
    return decode_content(key_prefix, message);
}

std::optional<decoded> decode_delivery(std::string_view key_prefix, const message_view& message,
                                       const jetstream::delivery_info& place) noexcept {
    auto result = decode_content(key_prefix, message);
    if (result) {
        result->revision = revision(place.stream_sequence);
        result->created = place.timestamp;
        result->delta = place.pending;
    }
    return result;
}

bool is_empty_value(const message_view& message, bool headers_only) noexcept {
    if (!headers_only) return message.payload().empty();
    // The server adds it behind the headers that the writer chose, so the last one is true.
    return message.headers().get_last(message_size_header) == "0";
}

}  // namespace slipstream::kv::codec
