// Reads INFO (spec 4; failure modes A12, A13, A18).
//
// Told: the JSON of one INFO and what earlier ones of the same connection said. Decides: which of it to believe.
// Invariants: a refused INFO changes nothing; every string, list and number that is kept has a bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <slipstream/server_info.hpp>

namespace slipstream::wire {

struct info_limits {
    static constexpr std::size_t json_bytes = std::size_t{1024} * 1024;
    static constexpr std::size_t json_depth = 64;
    static constexpr std::size_t string_bytes = 255;
    static constexpr std::size_t connect_urls = 256;
    static constexpr std::int64_t max_payload = std::int64_t{64} * 1024 * 1024;
};

/// Updates `info` by what `json` says. A new connection starts with a fresh server_info.
///
/// False, and `info` as it was: not one valid JSON object (an integer beyond 64 bits counts as invalid), over a limit of size
/// or depth, or a known field of a wrong JSON type.
/// Else true: unknown fields are ignored, absent and null ones leave what is there; `connect_urls` is replaced as a whole.
/// A value that has its type but cannot be meant leaves what is there too: a string over 255 bytes or with control
/// characters, an integer outside its range or with a fraction, max_payload below 1. Larger ones than 64 MiB become 64 MiB.
/// Such entries of connect_urls are skipped, and those after the 256th good one. Of a repeated field the last one counts.
[[nodiscard]] bool update_server_info(server_info& info, std::string_view json);

}  // namespace slipstream::wire
