// Reads a file with credentials (spec/auth.md 6; B13, B15, B16).
#pragma once

#include <string>
#include <system_error>

#include <slipstream/secret.hpp>

namespace slipstream::io {

/// As read_regular_file. A leading `~/` is the home directory.
/// Errors: the system's; errc::credentials_unreadable (not a regular file); errc::creds_malformed (more than auth::max_document bytes).
[[nodiscard]] std::error_code read_secret_file(const std::string& path, secret& out);

}  // namespace slipstream::io
