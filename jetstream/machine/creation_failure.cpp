#include "jetstream/machine/creation_failure.hpp"

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>

namespace slipstream::jetstream::machine {

namespace {

/// Passing states of the server or the account.
bool is_passing(std::error_code ec) noexcept {
    return ec == condition::transient || ec == condition::timed_out || ec == condition::outcome_unknown ||
           ec == errc::temporarily_unavailable || ec == errc::insufficient_resources || ec == errc::memory_resources ||
           ec == errc::storage_resources || ec == errc::too_many_requests || ec == errc::sequence_not_ready || ec == errc::invalid_response;
}

}  // namespace

creation_failure judge_creation(std::error_code ec, bool was_live) noexcept {
    if (ec == slipstream::errc::no_responders) return was_live ? creation_failure::retry : creation_failure::retry_few;
    if (ec == errc::stream_not_found || ec == slipstream::errc::closed || ec == slipstream::errc::draining) return creation_failure::final;
    if (ec == slipstream::errc::permission_denied || ec == condition::invalid_argument) return creation_failure::final;
    if (is_passing(ec) || was_live) return creation_failure::retry;
    return ec.category() == category() ? creation_failure::final : creation_failure::retry;
}

bool may_exist(std::error_code ec) noexcept {
    if (ec == slipstream::errc::no_responders || ec == slipstream::errc::timeout_unsent || ec == slipstream::errc::not_connected)
        return false;
    return ec.category() != category() || ec == errc::invalid_response;
}

}  // namespace slipstream::jetstream::machine
