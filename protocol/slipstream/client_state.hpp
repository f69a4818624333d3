// Where a client stands.
#pragma once

#include <cstdint>
#include <string_view>

namespace slipstream {

/// Derived from the client's state machine, so it cannot disagree with it.
enum class client_state : std::uint8_t {
    idle,          ///< Not connected yet and not trying.
    connecting,    ///< On the way to the first connection.
    connected,
    reconnecting,  ///< The connection was lost; attempts go on.
    draining,
    closed,
};

std::string_view to_string(client_state state) noexcept;

}  // namespace slipstream
