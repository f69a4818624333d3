// Options of single JetStream calls. Trivially destructible views, as <slipstream/options.hpp>.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include <slipstream/jetstream/error.hpp>

namespace slipstream::jetstream {

/// What every call takes.
struct call_options {
    std::chrono::milliseconds timeout{0};   ///< Total; 0 = the context's. Negative: slipstream::errc::invalid_option.
    error_info* info = nullptr;             ///< Receives the server's words on failure; must live until completion.
};
static_assert(std::is_trivially_destructible_v<call_options>);

struct purge_options {
    std::string_view filter = {};               ///< Only this subject (wildcards allowed); empty = all.
    std::optional<std::uint64_t> sequence = {}; ///< Up to, not including. Not together with keep.
    std::optional<std::uint64_t> keep = {};     ///< Leave so many.
    std::chrono::milliseconds timeout{0};       ///< As call_options.
    error_info* info = nullptr;
};
static_assert(std::is_trivially_destructible_v<purge_options>);

/// Which message to read: exactly one of `sequence` and `last_by_subject`.
struct message_selector {
    std::uint64_t sequence = 0;             ///< By sequence, or
    std::string_view last_by_subject = {};  ///< the last one of a subject (wildcards: over all that match).
    bool direct = false;                    ///< Any replica may answer (needs allow_direct): faster, but perhaps not your own last write.
    std::chrono::milliseconds timeout{0};   ///< As call_options.
    error_info* info = nullptr;
};
static_assert(std::is_trivially_destructible_v<message_selector>);

}  // namespace slipstream::jetstream
