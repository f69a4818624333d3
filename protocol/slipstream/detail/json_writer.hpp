// Writes compact JSON (RFC 8259) behind the contents of a string: CONNECT, JetStream requests, the command's output.
//
// Told: the structure, in order. Decides: commas and escapes. Invariant: the text is valid UTF-8 on one line whatever the
// strings hold, so nothing that a user passes can end a protocol line. Bytes that are not UTF-8 become U+FFFD.
// Whoever writes secrets reserves the string's memory first and wipes it afterwards.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace slipstream::detail {

class json_writer {
public:
    explicit json_writer(std::string& out) noexcept : out_(&out) {}

    json_writer& begin_object() { return open('{'); }
    json_writer& end_object() { return close('}'); }
    json_writer& begin_array() { return open('['); }
    json_writer& end_array() { return close(']'); }

    /// Inside an object, before each value.
    json_writer& key(std::string_view name);

    json_writer& value(std::string_view text);
    json_writer& value(const char* text) { return value(std::string_view(text)); }
    json_writer& value(const std::string& text) { return value(std::string_view(text)); }
    json_writer& value(std::same_as<bool> auto flag) { return raw(flag ? "true" : "false"); }
    template <std::integral Integer>
        requires(!std::same_as<Integer, bool>)
    json_writer& value(Integer number) {
        if constexpr (std::is_signed_v<Integer>) {
            return signed_number(number);
        } else {
            return unsigned_number(number);
        }
    }
    /// The shortest text that reads back as the same number; infinities and NaN, which JSON lacks, become null.
    json_writer& value(double number);
    /// With exactly so many decimals (at most 9).
    json_writer& fixed(double number, int decimals);
    json_writer& null() { return raw("null"); }
    /// A complete JSON value that is already written.
    json_writer& raw(std::string_view json);

    template <class Value>
    json_writer& member(std::string_view name, const Value& v) {
        key(name);
        return value(v);
    }

private:
    json_writer& open(char bracket);
    json_writer& close(char bracket);
    json_writer& signed_number(std::int64_t number);
    json_writer& unsigned_number(std::uint64_t number);
    void separate();

    std::string* out_;
    bool comma_ = false;  // the next value or key is not the first of its container
};

/// `text` as a JSON string, with the quotes.
void append_json_string(std::string& out, std::string_view text);

/// Whether `text` is valid UTF-8 (no surrogates, nothing overlong).
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

}  // namespace slipstream::detail
