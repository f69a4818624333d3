// Revisions and cursors: small values that can be saved.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace slipstream::kv {

/// A key's version: the stream sequence of its last change, or unknown. Ordered within one bucket; unknown is below all.
/// Unknown is never 0 and never made up (contract R1, R24).
class revision {
public:
    constexpr revision() noexcept = default;  ///< Unknown.
    constexpr explicit revision(std::uint64_t sequence) noexcept : sequence_(sequence), known_(true) {}

    [[nodiscard]] constexpr bool is_known() const noexcept { return known_; }
    /// Precondition: is_known().
    [[nodiscard]] constexpr std::uint64_t value() const noexcept { return sequence_; }
    /// 8 bytes big-endian, or none when unknown.
    [[nodiscard]] std::string to_bytes() const;
    /// From 8 bytes big-endian, or 0 bytes (unknown); anything else gives nothing.
    [[nodiscard]] static std::optional<revision> from_bytes(std::string_view bytes) noexcept;
    friend constexpr auto operator<=>(const revision& a, const revision& b) noexcept {
        return a.known_ == b.known_ ? a.sequence_ <=> b.sequence_ : (a.known_ ? std::strong_ordering::greater : std::strong_ordering::less);
    }
    friend constexpr bool operator==(const revision&, const revision&) noexcept = default;

private:
    std::uint64_t sequence_ = 0;
    bool known_ = false;
};

/// A place in a bucket's history from which a watch can resume: everything up to `sequence` has been seen. It carries the bucket's
/// identity (creation time), so that a bucket that was deleted and made again is noticed (contract W2).
class cursor {
public:
    constexpr cursor() noexcept = default;  ///< None: watch from the current state.
    constexpr cursor(std::uint64_t sequence, std::int64_t bucket_created_ns) noexcept : sequence_(sequence), created_(bucket_created_ns) {}
    /// Without identity, as saved by other programs.
    constexpr explicit cursor(revision r) noexcept : sequence_(r.is_known() ? r.value() : 0) {}

    [[nodiscard]] constexpr bool is_none() const noexcept { return sequence_ == 0; }
    [[nodiscard]] constexpr std::uint64_t sequence() const noexcept { return sequence_; }
    /// Nanoseconds since 1970, 0 when unknown.
    [[nodiscard]] constexpr std::int64_t bucket_created_ns() const noexcept { return created_; }

    /// 8 bytes (sequence) or 16 bytes (sequence, creation time), big-endian; empty for none.
    [[nodiscard]] std::string to_bytes() const;
    [[nodiscard]] static std::optional<cursor> from_bytes(std::string_view bytes) noexcept;
    /// `<sequence>` or `<sequence>@<creation time>`, decimal; `0` for none.
    [[nodiscard]] std::string to_string() const;
    [[nodiscard]] static std::optional<cursor> from_string(std::string_view text) noexcept;
    friend constexpr bool operator==(const cursor&, const cursor&) noexcept = default;

private:
    std::uint64_t sequence_ = 0;
    std::int64_t created_ = 0;
};

}  // namespace slipstream::kv
