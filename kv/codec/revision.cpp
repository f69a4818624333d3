// Revisions and cursors as bytes and as text (contract R1, R2: 8 bytes big-endian, so that what other programs saved can be read).
//
// Invariants: what was written is read back equal; anything else gives nothing, and never 0.
#include <slipstream/kv/revision.hpp>

#include <charconv>
#include <system_error>

namespace slipstream::kv {
namespace {

constexpr std::size_t word = 8;

void append_big_endian(std::string& out, std::uint64_t value) {
    for (unsigned shift = 64; shift > 0; shift -= 8) out.push_back(static_cast<char>((value >> (shift - 8)) & 0xffU));
}

/// Precondition: at least 8 bytes.
std::uint64_t read_big_endian(std::string_view bytes) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < word; ++i) value = (value << 8) | static_cast<unsigned char>(bytes[i]);
    return value;
}

/// `sign` bytes in front of the digits are a sign.
template <class Integer>
std::optional<Integer> read_decimal(std::string_view text, std::size_t sign = 0) noexcept {
    if (text.size() <= sign || text[sign] < '0' || text[sign] > '9') return std::nullopt;
    Integer value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

std::string revision::to_bytes() const {
    std::string bytes;
    if (known_) append_big_endian(bytes, sequence_);
    return bytes;
}

std::optional<revision> revision::from_bytes(std::string_view bytes) noexcept {
    if (bytes.empty()) return revision();
    if (bytes.size() != word) return std::nullopt;
    return revision(read_big_endian(bytes));
}

std::string cursor::to_bytes() const {
    std::string bytes;
    if (is_none()) return bytes;
    append_big_endian(bytes, sequence_);
    if (created_ != 0) append_big_endian(bytes, static_cast<std::uint64_t>(created_));
    return bytes;
}

std::optional<cursor> cursor::from_bytes(std::string_view bytes) noexcept {
    if (bytes.empty()) return cursor();
    if (bytes.size() != word && bytes.size() != 2 * word) return std::nullopt;
    const std::uint64_t sequence = read_big_endian(bytes);
    if (sequence == 0) return cursor();
    const std::uint64_t created = bytes.size() > word ? read_big_endian(bytes.substr(word)) : 0;
    return cursor(sequence, static_cast<std::int64_t>(created));
}

std::string cursor::to_string() const {
    std::string text = std::to_string(sequence_);
    if (!is_none() && created_ != 0) text.append("@").append(std::to_string(created_));
    return text;
}

std::optional<cursor> cursor::from_string(std::string_view text) noexcept {
    const std::size_t at = text.find('@');
    const auto sequence = read_decimal<std::uint64_t>(text.substr(0, at));
    if (!sequence) return std::nullopt;
    std::int64_t created = 0;
    if (at != std::string_view::npos) {
        const std::string_view rest = text.substr(at + 1);
        const bool negative = rest.starts_with('-');  // times before 1970: nothing forbids them
        const auto read = read_decimal<std::int64_t>(rest, negative ? 1 : 0);
        if (!read) return std::nullopt;
        created = *read;
    }
    if (*sequence == 0) return cursor();
    return cursor(*sequence, created);
}

}  // namespace slipstream::kv
