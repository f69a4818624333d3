// The stable words for events and reasons; scripts that read the command's output depend on them.
#include <slipstream/event.hpp>

namespace slipstream {

std::string_view to_string(event_kind kind) noexcept {
    switch (kind) {
        case event_kind::connected: return "connected";
        case event_kind::disconnected: return "disconnected";
        case event_kind::reconnecting: return "reconnecting";
        case event_kind::connect_failed: return "connect_failed";
        case event_kind::lame_duck: return "lame_duck";
        case event_kind::slow_consumer: return "slow_consumer";
        case event_kind::server_error: return "server_error";
        case event_kind::handler_failed: return "handler_failed";
        case event_kind::closed: return "closed";
    }
    return "unknown";
}

std::string_view to_string(disconnect_reason reason) noexcept {
    switch (reason) {
        case disconnect_reason::none: return "none";
        case disconnect_reason::eof: return "eof";
        case disconnect_reason::reset: return "reset";
        case disconnect_reason::stale: return "stale";
        case disconnect_reason::write_stall: return "write_stall";
        case disconnect_reason::protocol_error: return "protocol_error";
        case disconnect_reason::auth: return "auth";
        case disconnect_reason::tls: return "tls";
        case disconnect_reason::server_error: return "server_error";
        case disconnect_reason::max_payload: return "max_payload";
        case disconnect_reason::lame_duck: return "lame_duck";
        case disconnect_reason::closed: return "closed";
        case disconnect_reason::refused: return "refused";
        case disconnect_reason::timeout: return "timeout";
        case disconnect_reason::requested: return "requested";
    }
    return "unknown";
}

}  // namespace slipstream
