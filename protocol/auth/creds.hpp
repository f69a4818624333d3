// Credentials documents, JWT files and seed files (spec/auth.md 6; S8-S10, B15, W19).
//
// Told: text. Decides: where in it the JWT and the seed are. Emits: views of the text, nothing is copied. A block is a line of dashes,
// words and dashes, one line of [A-Za-z0-9_.=-], and another line with dashes; blank lines inside are skipped, everything outside is prose.
// Labels mean nothing: the first block is the JWT, the second the seed. LF and CRLF may be mixed, a byte order mark is skipped.
// Invariant: the work is linear in the text, which is at most max_document bytes long.
#pragma once

#include <cstddef>
#include <string_view>
#include <system_error>

#include <slipstream/secret.hpp>

namespace slipstream::auth {

inline constexpr std::size_t max_document = 64 * 1024;

struct creds_parts {
    std::string_view jwt;
    std::string_view seed;
};

/// Both blocks of a document. Neither is looked into. Errors: errc::creds_malformed, `out` unchanged.
[[nodiscard]] std::error_code find_creds(std::string_view document, creds_parts& out) noexcept;

/// The JWT of a document that may hold nothing else: the first block, or everything when there is none.
/// Errors: errc::creds_malformed when it is empty or too long.
[[nodiscard]] std::error_code find_jwt(std::string_view document, std::string_view& out) noexcept;

/// The seed of a document that may hold nothing else: the second block, the only block, the first line that begins as a seed does, or
/// everything. Errors: as find_jwt.
[[nodiscard]] std::error_code find_seed(std::string_view document, std::string_view& out) noexcept;

/// A document from base64 (standard alphabet; white space, missing padding do not matter); it must be UTF-8.
/// Errors: errc::creds_malformed, `out` unchanged.
[[nodiscard]] std::error_code decode_creds(std::string_view base64, secret& out);

}  // namespace slipstream::auth
