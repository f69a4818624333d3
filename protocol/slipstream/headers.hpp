// Message headers (ADR-4): a borrowed view of a received block, and an owning map to send.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace slipstream {

/// One header line. Names are case-sensitive and keep their case; values come without leading and trailing blanks.
struct header {
    std::string_view name;
    std::string_view value;
    friend bool operator==(const header&, const header&) = default;
};

/// A read-only view of a received header block, parsed lazily and without allocation.
///
/// The server forwards whatever another client published, so a block need not be well-formed. The rule: a block that does not
/// begin with `NATS/1.0` followed by CR, LF, a blank or the end is *not valid* and shows no headers and no status; the message
/// is still delivered. In a valid block, lines without a colon or with an empty name are skipped; a missing final blank line
/// and bare LF line ends are accepted. Order and duplicates are kept.
/// Lifetime: as the bytes it was made from.
class header_view {
public:
    class iterator {
    public:
        using iterator_category = std::forward_iterator_tag;
        using value_type = header;
        using difference_type = std::ptrdiff_t;
        using pointer = const header*;
        using reference = const header&;

        iterator() noexcept = default;
        reference operator*() const noexcept { return current_; }
        pointer operator->() const noexcept { return &current_; }
        iterator& operator++() noexcept;
        iterator operator++(int) noexcept { iterator old = *this; ++*this; return old; }
        friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.current_.name.data() == b.current_.name.data(); }

    private:
        friend class header_view;
        explicit iterator(std::string_view rest) noexcept : rest_(rest) { ++*this; }
        std::string_view rest_;
        header current_;
    };

    header_view() noexcept = default;
    explicit header_view(std::string_view block) noexcept : block_(block) {}

    /// The bytes as received, with the `NATS/1.0` line; empty when the message had no headers.
    [[nodiscard]] std::string_view block() const noexcept { return block_; }
    [[nodiscard]] bool empty() const noexcept { return begin() == end(); }
    [[nodiscard]] bool valid() const noexcept;

    [[nodiscard]] iterator begin() const noexcept;
    [[nodiscard]] iterator end() const noexcept { return {}; }

    /// The first value under exactly this name. The server itself looks at the first.
    [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept;
    /// The last value under exactly this name: for what the server appends after a publisher's own headers (direct get).
    [[nodiscard]] std::optional<std::string_view> get_last(std::string_view name) const noexcept;

    /// The code of an inline status (`NATS/1.0 503`), 0 when there is none.
    [[nodiscard]] int status() const noexcept;
    /// The text after the status code, trimmed; may be empty.
    [[nodiscard]] std::string_view description() const noexcept;

private:
    std::string_view block_;
};

/// Headers to send: an ordered multimap kept in wire form, so that sending it is one copy.
class header_map {
public:
    header_map() = default;
    /// Throws std::system_error (errc::invalid_header_name, errc::invalid_header_value).
    header_map(std::initializer_list<header> headers);

    /// Adds a header after the others. Leading and trailing blanks of the value are cut.
    /// Errors: errc::invalid_header_name (allowed: ASCII 33 to 126 without `:`), errc::invalid_header_value (no CR, LF, NUL).
    std::error_code append(std::string_view name, std::string_view value);
    /// Replaces every header of this name by one, at the place of the first. Errors: as append.
    std::error_code set(std::string_view name, std::string_view value);
    void erase(std::string_view name);
    void clear() noexcept { block_.clear(); }

    [[nodiscard]] bool empty() const noexcept { return block_.empty(); }
    /// Complete block (`NATS/1.0` to the blank line), empty when there are no headers.
    /// Valid until the next change.
    [[nodiscard]] header_view view() const noexcept { return header_view(block_); }
    [[nodiscard]] std::string_view block() const noexcept { return block_; }

private:
    std::string block_;  // empty, or complete with the final blank line
};

}  // namespace slipstream
