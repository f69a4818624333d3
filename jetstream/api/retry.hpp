// When a request is sent again, within the one deadline of its operation.
//
// Told: what failed, how often, the time left and a random number. Emits: the wait before the next attempt, or nothing. Invariant:
// only what surely did not happen, or may happen twice without harm, is repeated; and never what could hardly end in time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <system_error>

#include <slipstream/jetstream/detail/request_kind.hpp>

namespace slipstream::jetstream::api {

struct failed_attempt {
    std::error_code error;
    request_kind kind = request_kind::once;
    unsigned attempts = 1;                      ///< Made so far.
    std::chrono::milliseconds remaining{0};     ///< Until the deadline.
    std::uint32_t random = 0;
};

/// - no responders, publishing only: twice, after 250 ms (ADR-22).
/// - connection lost, repeatable requests only: at once; the client keeps the request until it is connected again.
/// - 10008, 10163, 10167 (the server cannot just now): 50 ms, doubled up to 1 s, half of it random.
std::optional<std::chrono::milliseconds> retry_delay(const failed_attempt& failed) noexcept;

}  // namespace slipstream::jetstream::api
