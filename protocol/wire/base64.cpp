// See base64.hpp. A table lookup a character; what is not in the alphabet is looked at only then.
#include <slipstream/detail/base64.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace slipstream::detail {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t none = 0xFF;

constexpr std::array<std::uint8_t, 256> values = [] {
    std::array<std::uint8_t, 256> out{};
    out.fill(none);
    for (std::size_t i = 0; i < alphabet.size(); ++i) out[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    return out;
}();

constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace

void append_base64(std::string& out, std::string_view bytes) {
    std::size_t to = out.size();
    out.resize(to + base64_encoded_size(bytes.size()), '=');
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : bytes) {
        bits = (bits << 8) | static_cast<unsigned char>(c);
        held += 8;
        while (held >= 6) {
            held -= 6;
            out[to++] = alphabet[(bits >> held) & 63];
        }
    }
    if (held > 0) out[to] = alphabet[(bits << (6 - held)) & 63];
}

std::string encode_base64(std::string_view bytes) {
    std::string out;
    append_base64(out, bytes);
    return out;
}

bool decode_base64(std::string_view text, std::string& out, base64_rule rule) {
    const std::size_t begin = out.size();
    const bool lenient = rule == base64_rule::lenient;
    out.reserve(begin + text.size() / 4 * 3 + 3);
    std::uint32_t bits = 0;
    int held = 0;
    std::size_t digits = 0;
    std::size_t padding = 0;
    for (const char c : text) {
        const std::uint8_t v = values[static_cast<unsigned char>(c)];
        if (v != none && padding == 0) {
            bits = (bits << 6) | v;
            held += 6;
            ++digits;
            if (held >= 8) {
                held -= 8;
                out += static_cast<char>((bits >> held) & 0xFF);
            }
        } else if (c == '=' && padding < 2) {
            ++padding;
        } else if (!lenient || !is_space(c)) {
            out.resize(begin);
            return false;
        }
    }
    const bool complete = (digits + padding) % 4 == 0;
    const bool clean = (bits & ((1U << held) - 1)) == 0;
    // One digit left over is six bits, which is no byte; padding stands only where a group needs it.
    if (digits % 4 == 1 || (padding != 0 && !complete) || (padding != 0 && digits % 4 == 0) || (!lenient && !(complete && clean))) {
        out.resize(begin);
        return false;
    }
    return true;
}

}  // namespace slipstream::detail
