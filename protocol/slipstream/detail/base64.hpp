// Base64 with the standard alphabet and padding (RFC 4648, section 4): message data in JetStream's JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace slipstream::detail {

enum class base64_rule : std::uint8_t {
    strict,   ///< Canonical text only: padded, unused bits zero, nothing between the letters.
    lenient,  ///< Padding may be missing, unused bits may be set, CR, LF, blanks are skipped.
};

[[nodiscard]] constexpr std::size_t base64_encoded_size(std::size_t bytes) noexcept { return (bytes + 2) / 3 * 4; }

void append_base64(std::string& out, std::string_view bytes);
[[nodiscard]] std::string encode_base64(std::string_view bytes);

/// Appends the bytes to `out`. False, and `out` as it was, when `text` breaks the rule.
[[nodiscard]] bool decode_base64(std::string_view text, std::string& out, base64_rule rule = base64_rule::strict);

}  // namespace slipstream::detail
