// What the scripts of the client's machine have in common.
#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/session_script.hpp"

/// Where the replies of a session_script's client go.
#define INBOX "_INBOX.0123456789abcdefghijkl."

namespace slipstream::test {

inline const std::error_code aborted(ECANCELED, std::system_category());
inline std::error_code refused() { return std::make_error_code(std::errc::connection_refused); }
inline std::error_code reset() { return std::make_error_code(std::errc::connection_reset); }

inline connect_options servers(std::vector<std::string> urls) {
    connect_options o;
    o.servers = std::move(urls);
    return o;
}

inline void connected(session_script& s, connect_options o = {}) {
    s.start(std::move(o));
    s.connect();
    s.expect_dial("127.0.0.1:4222");
    s.handshake();
    s.expect_event(event_kind::connected);
}

/// Everything that waits is written.
inline void all_written(session_script& s) {
    s.check([&s] { s.written(s.core().pending_write().size()); });
}

/// With manual writes: from the dial to the PONG.
inline void handshake_by_hand(session_script& s, std::string_view info = session_script::plain_info) {
    s.dialed();
    s.server_says(info);
    all_written(s);
    s.server_says("PONG\r\n");
}

/// Connected, and from then on bytes leave by written() alone.
inline void connected_by_hand(session_script& s, connect_options o = {}) {
    s.manual_writes();
    s.start(std::move(o));
    s.connect();
    s.expect_dial("127.0.0.1:4222");
    handshake_by_hand(s);
    s.expect_event(event_kind::connected);
}

/// Down, and up again.
inline void reconnected(session_script& s, std::string_view restored, std::string_view info = session_script::plain_info) {
    s.down();
    s.expect_close();
    s.expect_event(event_kind::disconnected);
    s.expect_event(event_kind::reconnecting);
    s.advance_to_dial();
    s.expect_dial("127.0.0.1:4222");
    s.handshake(restored, info);
    s.expect_event(event_kind::connected);
}

}  // namespace slipstream::test
