#include "tools/command/exit_code.hpp"

#include <slipstream/error.hpp>
#include <slipstream/kv/error.hpp>

namespace command {

int exit_code_for(const std::error_code& ec) noexcept {
    using slipstream::condition;
    if (!ec) return done;
    if (ec == slipstream::kv::errc::cursor_expired) return cursor_expired;
    if (ec == slipstream::errc::outcome_unknown || ec == slipstream::errc::connection_lost) return outcome_unknown;
    if (ec == condition::invalid_argument) return bad_usage;
    if (ec == condition::timed_out) return timed_out;
    if (ec == condition::not_found) return not_found;
    if (ec == condition::conflict) return conflict;
    return failed;
}

}  // namespace command
