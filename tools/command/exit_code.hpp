// What the command's exit codes mean (documented in README, "The command").
#pragma once

#include <system_error>

namespace command {

enum exit_code : int {
    done = 0,
    failed = 1,
    bad_usage = 2,
    not_connected = 3,
    timed_out = 4,
    not_found = 5,
    conflict = 6,
    cursor_expired = 7,
    outcome_unknown = 8,
    interrupted = 130,
};

/// The exit code an operation's error ends with.
int exit_code_for(const std::error_code& ec) noexcept;

}  // namespace command
