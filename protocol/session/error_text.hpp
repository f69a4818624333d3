// What an -ERR means (spec/protocol.md 7; A14, A15, D10, W25).
//
// Told: the text without its quotes. Decides: the error code, whether it ends the connection, and what it is about. Only the leading
// words count, in any letter case; subjects in it are unescaped (the server prints them with Go's %q). Invariant: any text,
// the empty one too, gets an answer, and an unknown one never closes the connection.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <slipstream/error.hpp>
#include <slipstream/event.hpp>

namespace slipstream::session {

/// What a permission error refuses.
enum class refusal : std::uint8_t {
    none,
    publish,        ///< Publishing to `subject`.
    publish_reply,  ///< Publishing with `subject` as reply subject.
    subscribe,      ///< Subscribing to `subject`.
};

struct server_error_text {
    errc code = errc::server_error;
    bool closes = false;             ///< The server ends the connection, so do we, with this as the cause.
    disconnect_reason reason = disconnect_reason::server_error;  ///< When it closes.
    refusal refused = refusal::none;
    std::string subject;             ///< As the caller spelled it.
    std::string queue_group;         ///< Of a refused subscription; empty = none.
    std::uint64_t sid = 0;           ///< Of a subscription that lost its permission; 0 = not named.
};

[[nodiscard]] server_error_text classify_error_text(std::string_view text);

/// The errors that say our login was refused or has ended: another attempt may need other credentials (B17).
[[nodiscard]] bool is_login_error(errc code) noexcept;

}  // namespace slipstream::session
