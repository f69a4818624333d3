// Rules for subjects (ADR-6): validation before a byte is sent, and matching.
#pragma once

#include <string_view>
#include <system_error>

namespace slipstream {

/// A subject to publish to: dot-separated non-empty tokens without white space, control characters and DEL; no token is `*` or
/// `>` alone. Other bytes, UTF-8 among them, are allowed. Returns errc::invalid_subject or no error.
std::error_code check_publish_subject(std::string_view subject) noexcept;

/// As above, but `*` may be a token and `>` the last one.
std::error_code check_subscribe_subject(std::string_view subject) noexcept;

/// Queue groups follow the rules of a subject without wildcards. Returns errc::invalid_queue_group or no error.
std::error_code check_queue_group(std::string_view group) noexcept;

/// Whether a literal subject is matched by a pattern with wildcards.
bool subject_matches(std::string_view pattern, std::string_view subject) noexcept;

}  // namespace slipstream
