#include <slipstream/client_state.hpp>

namespace slipstream {

std::string_view to_string(client_state state) noexcept {
    switch (state) {
        case client_state::idle: return "idle";
        case client_state::connecting: return "connecting";
        case client_state::connected: return "connected";
        case client_state::reconnecting: return "reconnecting";
        case client_state::draining: return "draining";
        case client_state::closed: return "closed";
    }
    return "unknown";
}

}  // namespace slipstream
