// A slow JSON reader (RFC 8259) to compare the fast one with: one function a rule of the grammar.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fuzz {

struct json_value {
    enum class kind { null, boolean, number, string, array, object };
    kind what = kind::null;
    bool truth = false;                 ///< Of a boolean.
    std::string text;                   ///< A number as written, a string decoded.
    std::vector<json_value> items;      ///< Elements, or members' values.
    std::vector<std::string> names;     ///< Of members.

    [[nodiscard]] bool is_integer() const { return what == kind::number && text.find_first_of(".eE") == std::string::npos; }
    /// Nothing when it is no integer of that range.
    [[nodiscard]] std::optional<std::uint64_t> as_uint64() const {
        // -0 is no uint64 for some readers and 0 for others; nobody writes it.
        return is_integer() && text.front() != '-' ? magnitude(text, "18446744073709551615") : std::nullopt;
    }
    [[nodiscard]] std::optional<std::int64_t> as_int64() const {
        if (!is_integer()) return std::nullopt;
        const bool negative = text.front() == '-';
        const auto m = magnitude(std::string_view(text).substr(negative ? 1 : 0), negative ? "9223372036854775808" : "9223372036854775807");
        if (!m) return std::nullopt;
        return static_cast<std::int64_t>(negative ? 0 - *m : *m);
    }

private:
    static std::optional<std::uint64_t> magnitude(std::string_view digits, std::string_view max) {
        if (digits.size() > max.size() || (digits.size() == max.size() && digits > max)) return std::nullopt;
        std::uint64_t value = 0;
        for (const char c : digits) value = value * 10 + static_cast<std::uint64_t>(c - '0');
        return value;
    }
};

class json_reader {
public:
    explicit json_reader(std::string_view text) : rest_(text) {}

    std::optional<json_value> document() {
        json_value out;
        blanks();
        if (!value(out, 0)) return std::nullopt;
        blanks();
        return rest_.empty() ? std::optional(std::move(out)) : std::nullopt;
    }

private:
    static constexpr int max_depth = 1023;  // as deep as the fast one goes

    void blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }
    bool take(std::string_view expected) {
        if (!rest_.starts_with(expected)) return false;
        rest_.remove_prefix(expected.size());
        return true;
    }

    bool value(json_value& out, int depth) {
        if (rest_.empty()) return false;
        switch (rest_.front()) {
            case '{': return object(out, depth + 1);
            case '[': return array(out, depth + 1);
            case '"': out.what = json_value::kind::string; return string(out.text);
            case 'n': return take("null");
            case 't': out.what = json_value::kind::boolean; out.truth = true; return take("true");
            case 'f': out.what = json_value::kind::boolean; return take("false");
            default: return number(out);
        }
    }

    bool object(json_value& out, int depth) {
        out.what = json_value::kind::object;
        take("{");
        blanks();
        if (take("}")) return true;
        if (depth > max_depth) return false;
        do {
            blanks();
            if (!string(out.names.emplace_back())) return false;
            blanks();
            if (!take(":")) return false;
            blanks();
            if (!value(out.items.emplace_back(), depth)) return false;
            blanks();
        } while (take(","));
        return take("}");
    }

    bool array(json_value& out, int depth) {
        out.what = json_value::kind::array;
        take("[");
        blanks();
        if (take("]")) return true;
        if (depth > max_depth) return false;
        do {
            blanks();
            if (!value(out.items.emplace_back(), depth)) return false;
            blanks();
        } while (take(","));
        return take("]");
    }

    bool digits(std::string& out) {
        const std::size_t size = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
        out += rest_.substr(0, size);
        rest_.remove_prefix(size);
        return size > 0;
    }

    bool number(json_value& out) {
        out.what = json_value::kind::number;
        if (take("-")) out.text += '-';
        if (take("0")) out.text += '0';
        else if (!digits(out.text)) return false;
        if (take(".")) {
            out.text += '.';
            if (!digits(out.text)) return false;
        }
        if (take("e") || take("E")) {
            out.text += 'e';
            if (take("-")) out.text += '-';
            else static_cast<void>(take("+"));
            if (!digits(out.text)) return false;
        }
        return true;
    }

    bool string(std::string& out) {
        if (!take("\"")) return false;
        while (!rest_.empty() && rest_.front() != '"') {
            if (!(rest_.front() == '\\' ? escape(out) : character(out))) return false;
        }
        return take("\"");
    }

    bool escape(std::string& out) {
        rest_.remove_prefix(1);
        if (rest_.empty()) return false;
        constexpr std::string_view from = "\"\\/bfnrt";
        constexpr std::string_view to = "\"\\/\b\f\n\r\t";
        if (const std::size_t i = from.find(rest_.front()); i != std::string_view::npos) {
            out += to[i];
            rest_.remove_prefix(1);
            return true;
        }
        std::uint32_t code = 0;
        if (!unit(code)) return false;
        if (code >= 0xDC00 && code <= 0xDFFF) return false;
        if (code >= 0xD800 && code <= 0xDBFF) {
            std::uint32_t low = 0;
            if (!take("\\") || !unit(low) || low < 0xDC00 || low > 0xDFFF) return false;
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        append(out, code);
        return true;
    }

    /// `uXXXX`
    bool unit(std::uint32_t& out) {
        if (!take("u") || rest_.size() < 4) return false;
        out = 0;
        for (int i = 0; i < 4; ++i) {
            const char c = rest_[static_cast<std::size_t>(i)];
            const std::size_t digit = std::string_view("0123456789abcdefABCDEF").find(c);
            if (digit == std::string_view::npos) return false;
            out = out * 16 + static_cast<std::uint32_t>(digit > 15 ? digit - 6 : digit);
        }
        rest_.remove_prefix(4);
        return true;
    }

    static void append(std::string& out, std::uint32_t code) {
        const auto byte = [&](std::uint32_t b) { out += static_cast<char>(b); };
        if (code < 0x80) return byte(code);
        if (code < 0x800) return byte(0xC0 | (code >> 6)), byte(0x80 | (code & 63));
        if (code < 0x10000) return byte(0xE0 | (code >> 12)), byte(0x80 | ((code >> 6) & 63)), byte(0x80 | (code & 63));
        byte(0xF0 | (code >> 18)), byte(0x80 | ((code >> 12) & 63)), byte(0x80 | ((code >> 6) & 63)), byte(0x80 | (code & 63));
    }

    /// One unescaped character: no control character, valid UTF-8.
    bool character(std::string& out) {
        const auto at = [&](std::size_t i) { return i < rest_.size() ? static_cast<unsigned char>(rest_[i]) : 0U; };
        const unsigned first = at(0);
        const auto follows = [&](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
        std::size_t size = 0;
        if (first >= 0x20 && first < 0x80) size = 1;
        else if (first >= 0xC2 && first <= 0xDF && follows(1)) size = 2;
        else if (first >= 0xE0 && first <= 0xEF && follows(1) && follows(2)) size = 3;
        else if (first >= 0xF0 && first <= 0xF4 && follows(1) && follows(2) && follows(3)) size = 4;
        const bool overlong = (first == 0xE0 && at(1) < 0xA0) || (first == 0xF0 && at(1) < 0x90);
        const bool surrogate = first == 0xED && at(1) > 0x9F;
        const bool beyond = first == 0xF4 && at(1) > 0x8F;
        if (size == 0 || (size > 1 && (overlong || surrogate || beyond))) return false;
        out += rest_.substr(0, size);
        rest_.remove_prefix(size);
        return true;
    }

    std::string_view rest_;
};

inline std::optional<json_value> read_json(std::string_view text) { return json_reader(text).document(); }

}  // namespace fuzz
