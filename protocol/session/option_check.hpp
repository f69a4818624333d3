// Whether connect_options make sense, before anything is sent.
//
// Told: the options. Decides: the first thing that is wrong with them. Emits: an error with the option's name, or the parsed
// servers. Invariant: with options that pass, no machine of this layer can overflow, spin or wait for ever.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <slipstream/connect_options.hpp>

#include "protocol/session/server_url.hpp"

namespace slipstream::session {

inline constexpr std::chrono::milliseconds longest_option = std::chrono::hours(24 * 30);
inline constexpr unsigned most_pings_out = 100;
inline constexpr std::size_t max_name_size = 256;
inline constexpr std::size_t max_inbox_prefix_size = 255;
inline constexpr std::size_t least_control_line = 512;  // the client's own lines fit

struct option_problem {
    std::error_code ec;           ///< Empty when all is well.
    std::string_view option;      ///< The member's name; never its value.
};

/// Checks everything and fills `servers` (in the order written). On a problem `servers` is empty.
/// Errors: errc::invalid_url, errc::invalid_inbox_prefix, errc::invalid_option, and those of auth::check_login.
[[nodiscard]] option_problem check_options(const connect_options& options, std::vector<server_url>& servers);

/// What connect_options::servers may hold; `servers` is filled in the order written, and unchanged on a problem.
[[nodiscard]] option_problem check_servers(const std::vector<std::string>& entries, std::vector<server_url>& servers);

/// A publish subject of at most max_inbox_prefix_size bytes that the server does not keep for itself ($JS.ACK., _R_, _GR_).
[[nodiscard]] std::error_code check_inbox_prefix(std::string_view prefix) noexcept;

}  // namespace slipstream::session
