#include "jetstream/machine/delivery_status.hpp"

#include <charconv>

namespace slipstream::jetstream::machine {

namespace {

std::optional<std::uint64_t> number(const std::optional<std::string_view>& text) noexcept {
    if (!text || text->empty()) return std::nullopt;
    std::uint64_t value = 0;
    const char* const end = text->data() + text->size();
    const auto [stop, ec] = std::from_chars(text->data(), end, value);
    if (ec != std::errc() || stop != end) return std::nullopt;
    return value;
}

}  // namespace

delivery_status read_status(const message_view& m) noexcept {
    delivery_status out;
    // A stored message is told from a status by its reply subject: publishers may store any header block they like.
    if (m.reply_to().starts_with("$JS.ACK.")) return out;
    const header_view headers = m.headers();
    out.code = m.status();
    if (out.code == 0) return out;
    if (out.code != 100) {
        out.what = delivery_status::kind::other;
        return out;
    }
    // Both kinds share the code; only a flow control request has a reply subject, only a heartbeat has sequences.
    if (!m.reply_to().empty()) {
        out.what = delivery_status::kind::flow_control;
        out.answer_to = m.reply_to();
        return out;
    }
    out.what = delivery_status::kind::idle_heartbeat;
    out.last_consumer = number(headers.get("Nats-Last-Consumer"));
    out.last_stream = number(headers.get("Nats-Last-Stream"));
    out.answer_to = headers.get("Nats-Consumer-Stalled").value_or(std::string_view());
    return out;
}

}  // namespace slipstream::jetstream::machine
