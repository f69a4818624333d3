// See retry.hpp.
#include "jetstream/api/retry.hpp"

#include <slipstream/error.hpp>
#include <slipstream/jetstream/error.hpp>

#include <algorithm>

namespace slipstream::jetstream::api {
namespace {

using std::chrono::milliseconds;

constexpr unsigned no_responders_attempts = 3;
constexpr milliseconds no_responders_wait{250};
constexpr milliseconds base_wait{50};
constexpr milliseconds max_wait{1'000};
/// An attempt begins no later than this before the deadline: it would only put a timeout in the place of what the server said.
constexpr milliseconds least_time{50};

bool not_just_now(const std::error_code& ec) noexcept {
    return ec == errc::temporarily_unavailable || ec == errc::sequence_not_ready || ec == errc::too_many_requests;
}

milliseconds backoff(unsigned attempts, std::uint32_t random) noexcept {
    constexpr unsigned doublings_to_max = 5;
    const milliseconds full = std::min(base_wait * (1U << std::min(attempts - std::min(attempts, 1U), doublings_to_max)), max_wait);
    const auto half = static_cast<std::uint64_t>(full.count() / 2);
    return full - milliseconds(static_cast<std::int64_t>((half * random) >> 32));
}

std::optional<milliseconds> wanted_delay(const failed_attempt& f) noexcept {
    if (f.error == slipstream::errc::no_responders) {
        const bool again = f.kind == request_kind::publish && f.attempts < no_responders_attempts;
        return again ? std::optional(no_responders_wait) : std::nullopt;
    }
    if (f.error == slipstream::errc::connection_lost) {
        return f.kind == request_kind::repeatable ? std::optional(milliseconds(0)) : std::nullopt;
    }
    return not_just_now(f.error) ? std::optional(backoff(f.attempts, f.random)) : std::nullopt;
}

}  // namespace

std::optional<milliseconds> retry_delay(const failed_attempt& failed) noexcept {
    const auto delay = wanted_delay(failed);
    return delay && *delay + least_time <= failed.remaining ? delay : std::nullopt;
}

}  // namespace slipstream::jetstream::api
