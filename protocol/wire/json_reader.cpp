#include "protocol/wire/json_reader.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "protocol/wire/json_writer.hpp"

namespace slipstream::wire {

namespace {

/// What a byte of a string asks for.
enum class care : std::uint8_t { none, end, escape, check, control, refuse };

constexpr std::array<care, 256> care_of = [] {
    std::array<care, 256> all{};
    for (std::size_t c = 0; c < 0x20; ++c) all[c] = care::refuse;
    for (std::size_t c = 0x80; c < 0x100; ++c) all[c] = care::check;
    all[0x7F] = care::control;
    all['"'] = care::end;
    all['\\'] = care::escape;
    return all;
}();

/// The first byte from `at` on that asks for care, a word at a time.
std::size_t pass_plain(std::string_view text, std::size_t at) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101U;
    constexpr std::uint64_t high_bits = 0x80 * ones;
    for (std::uint64_t bytes = 0; text.size() - at >= sizeof bytes; at += sizeof bytes) {
        std::memcpy(&bytes, text.data() + at, sizeof bytes);
        // Up to the first such byte nothing is borrowed, so its high bit is the first that is set.
        const auto equal = [bytes](char c) { return (bytes ^ static_cast<unsigned char>(c) * ones) - ones; };
        const std::uint64_t marks = (bytes | (bytes - 0x20 * ones) | equal('"') | equal('\\') | equal(0x7F)) & high_bits;
        if (marks == 0) continue;
        if constexpr (std::endian::native == std::endian::little) return at + static_cast<std::size_t>(std::countr_zero(marks)) / 8;
        break;
    }
    while (at < text.size() && care_of[static_cast<unsigned char>(text[at])] == care::none) ++at;
    return at;
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Four hexadecimal digits.
bool read_code_unit(std::string_view text, std::size_t& at, std::uint32_t& out) noexcept {
    if (text.size() - at < 4) return false;
    for (const char c : text.substr(at, 4)) {
        const char lower = static_cast<char>(c | 0x20);
        if (!is_digit(c) && (lower < 'a' || lower > 'f')) return false;
        out = out * 16 + static_cast<std::uint32_t>(is_digit(c) ? c - '0' : lower - 'a' + 10);
    }
    at += 4;
    return true;
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto byte = [&out](std::uint32_t b) { out += static_cast<char>(b); };
    const auto following = [&byte](std::uint32_t bits) { byte(0x80 | (bits & 0x3F)); };
    if (code < 0x80) return byte(code);
    if (code < 0x800) {
        byte(0xC0 | code >> 6);
    } else {
        if (code < 0x10000) {
            byte(0xE0 | code >> 12);
        } else {
            byte(0xF0 | code >> 18);
            following(code >> 12);
        }
        following(code >> 6);
    }
    following(code);
}

}  // namespace

void json_reader::pass_blanks() noexcept { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }

bool json_reader::begin(char bracket) noexcept {
    if (depth_left_ == 0 || !take(bracket)) return false;
    --depth_left_;
    return true;
}

bool json_reader::word(std::string_view expected) noexcept {
    if (at_end() || !rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
}

bool json_reader::boolean(bool& out) noexcept {
    out = word("true");
    return out || word("false");
}

bool json_reader::some_digits() noexcept {
    std::size_t n = 0;
    while (n < rest_.size() && is_digit(rest_[n])) ++n;
    rest_.remove_prefix(n);
    return n != 0;
}

bool json_reader::number(number_value& out) noexcept {
    const bool negative = take('-');
    const std::uint64_t most = negative ? std::uint64_t{1} << 63 : UINT64_MAX;
    out = {};
    bool fits = true;
    std::size_t size = 0;
    for (; size < rest_.size() && is_digit(rest_[size]); ++size) {
        const auto digit = static_cast<std::uint64_t>(rest_[size] - '0');
        if (out.value > (most - digit) / 10) fits = false;
        out.value = out.value * 10 + digit;
    }
    if (size == 0 || (size > 1 && rest_.front() == '0')) return false;
    rest_.remove_prefix(size);
    bool integer = true;
    if (rest_.starts_with('.')) {
        rest_.remove_prefix(1);
        integer = false;
        if (!some_digits()) return false;
    }
    if (rest_.starts_with('e') || rest_.starts_with('E')) {
        rest_.remove_prefix(1);
        integer = false;
        if (rest_.starts_with('+') || rest_.starts_with('-')) rest_.remove_prefix(1);
        if (!some_digits()) return false;
    }
    out.natural = integer && (!negative || out.value == 0);
    return fits || !integer;
}

bool json_reader::string(std::string_view& out) {
    if (!take('"')) return false;
    bool escapes = false;
    bool ascii = true;
    controls_ = false;
    for (std::size_t at = 0; (at = pass_plain(rest_, at)) < rest_.size(); ++at) {
        switch (care_of[static_cast<unsigned char>(rest_[at])]) {
            case care::none: break;
            case care::check: ascii = false; break;
            case care::control: controls_ = true; break;
            case care::escape:
                escapes = true;
                if (++at == rest_.size()) return false;
                break;
            case care::refuse: return false;
            case care::end:
                out = rest_.substr(0, at);
                rest_.remove_prefix(at + 1);
                if (!ascii && !is_utf8(out)) return false;
                if (!escapes) return true;
                if (!decode(out)) return false;
                out = decoded_;
                controls_ = controls_ || std::any_of(out.begin(), out.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; });
                return true;
        }
    }
    return false;
}

/// `text` is a string's inside: no byte of it ends the string or is a control character, but for one behind a backslash.
bool json_reader::decode(std::string_view text) {
    decoded_.clear();
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t escape = std::min(text.find('\\', at), text.size());
        decoded_.append(text.substr(at, escape - at));
        if (escape == text.size()) return true;
        at = escape + 2;
        switch (const char c = text[escape + 1]) {
            case '"':
            case '\\':
            case '/': decoded_ += c; break;
            case 'b': decoded_ += '\b'; break;
            case 'f': decoded_ += '\f'; break;
            case 'n': decoded_ += '\n'; break;
            case 'r': decoded_ += '\r'; break;
            case 't': decoded_ += '\t'; break;
            case 'u': {
                std::uint32_t code = 0;
                if (!read_code_unit(text, at, code)) return false;
                if (code >= 0xDC00 && code < 0xE000) return false;
                if (code >= 0xD800 && code < 0xDC00) {
                    std::uint32_t low = 0;
                    if (!text.substr(at).starts_with("\\u") || !read_code_unit(text, at += 2, low)) return false;
                    if (low < 0xDC00 || low >= 0xE000) return false;
                    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                }
                append_utf8(decoded_, code);
                break;
            }
            default: return false;
        }
    }
    return true;
}

bool json_reader::skip() {
    if (at_end()) return false;
    switch (rest_.front()) {
        case 'n': return null();
        case 't':
        case 'f': {
            bool ignored = false;
            return boolean(ignored);
        }
        case '"': {
            std::string_view ignored;
            return string(ignored);
        }
        case '[': return array([this] { return skip(); });
        case '{': return object([this](std::string_view) { return skip(); });
        default: {
            number_value ignored;
            return number(ignored);
        }
    }
}

}  // namespace slipstream::wire
