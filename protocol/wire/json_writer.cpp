// See json_writer.hpp. Text that needs no escape is appended in runs.
#include <slipstream/detail/json_writer.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace slipstream::detail {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

/// Bytes of a sequence that begins with this byte, and the range of its second byte (Unicode, table 3-7). 0: none begins with it.
struct lead {
    std::size_t size;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
};

constexpr lead classify(unsigned char c) noexcept {
    if (c < 0x80) return {1};
    if (c < 0xC2) return {0};
    if (c < 0xE0) return {2};
    if (c == 0xE0) return {3, 0xA0, 0xBF};
    if (c == 0xED) return {3, 0x80, 0x9F};
    if (c < 0xF0) return {3};
    if (c == 0xF0) return {4, 0x90, 0xBF};
    if (c < 0xF4) return {4};
    if (c == 0xF4) return {4, 0x80, 0x8F};
    return {0};
}

struct sequence {
    std::size_t size;  ///< Bytes that belong together, at least 1.
    bool valid;
};

/// The sequence at the beginning of `text`, which is not empty; a broken one ends before the first byte that cannot belong to it.
sequence next_sequence(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const lead first = classify(byte(0));
    if (first.size <= 1) return {1, first.size == 1};
    if (text.size() < 2 || byte(1) < first.low || byte(1) > first.high) return {1, false};
    for (std::size_t i = 2; i < first.size; ++i) {
        if (i >= text.size() || (byte(i) & 0xC0) != 0x80) return {i, false};
    }
    return {first.size, true};
}

void append_control(std::string& out, unsigned char c) {
    constexpr char digits[] = "0123456789abcdef";
    switch (c) {
        case '\b': out += "\\b"; return;
        case '\f': out += "\\f"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default:
            out += "\\u00";
            out += digits[c >> 4];
            out += digits[c & 15];
    }
}

template <class... Format>
void append_number(std::string& out, Format... format) {
    char text[400];  // the widest: a double with fixed decimals
    const auto end = std::to_chars(text, text + sizeof text, format...).ptr;
    out.append(text, static_cast<std::size_t>(end - text));
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    std::size_t run = 0;  // begin of what needs no change
    std::size_t i = 0;
    const auto flush = [&] { out.append(text.substr(run, i - run)); };
    while (i < text.size()) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c < 0x7F && c != '"' && c != '\\') {
            ++i;
            continue;
        }
        if (c < 0x20 || c == 0x7F) {
            flush();
            append_control(out, c);
            run = ++i;
            continue;
        }
        if (c < 0x80) {
            flush();
            out += '\\';
            out += static_cast<char>(c);
            run = ++i;
            continue;
        }
        const sequence s = next_sequence(text.substr(i));
        if (s.valid) {
            i += s.size;
            continue;
        }
        flush();
        out += replacement;
        run = i += s.size;
    }
    flush();
    out += '"';
}

bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const sequence s = next_sequence(text);
        if (!s.valid) return false;
        text.remove_prefix(s.size);
    }
    return true;
}

void json_writer::separate() {
    if (comma_) *out_ += ',';
    comma_ = true;
}

json_writer& json_writer::open(char bracket) {
    separate();
    *out_ += bracket;
    comma_ = false;
    return *this;
}

json_writer& json_writer::close(char bracket) {
    *out_ += bracket;
    comma_ = true;
    return *this;
}

json_writer& json_writer::key(std::string_view name) {
    separate();
    append_json_string(*out_, name);
    *out_ += ':';
    comma_ = false;
    return *this;
}

json_writer& json_writer::raw(std::string_view json) {
    separate();
    *out_ += json;
    return *this;
}

json_writer& json_writer::value(std::string_view text) {
    separate();
    append_json_string(*out_, text);
    return *this;
}

json_writer& json_writer::signed_number(std::int64_t number) {
    separate();
    append_number(*out_, number);
    return *this;
}

json_writer& json_writer::unsigned_number(std::uint64_t number) {
    separate();
    append_number(*out_, number);
    return *this;
}

json_writer& json_writer::value(double number) {
    if (!std::isfinite(number)) return null();
    separate();
    append_number(*out_, number);
    return *this;
}

json_writer& json_writer::fixed(double number, int decimals) {
    if (!std::isfinite(number)) return null();
    separate();
    append_number(*out_, number, std::chars_format::fixed, std::clamp(decimals, 0, 9));
    return *this;
}

}  // namespace slipstream::detail
