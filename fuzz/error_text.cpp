// The text of -ERR (spec/protocol.md 7; A14, A15, D10, W25): any text gets an answer; only the leading words count, in any case; an
// unknown one never closes the connection; the subject that the server quotes with Go's %q comes back exactly.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <slipstream/detail/json_writer.hpp>

#include "fuzz/check.hpp"
#include "fuzz/input.hpp"
#include "protocol/session/error_text.hpp"

using namespace slipstream;
using session::refusal;
using session::server_error_text;

namespace {

/// As Go prints it with %q: printable ASCII and longer UTF-8 as it is (a cautious printer may escape more), the rest escaped.
std::string quoted(std::string_view text, bool cautious) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        constexpr std::string_view plain = "\a\b\f\n\r\t\v\\\"";
        constexpr std::string_view letters = "abfnrtv\\\"";
        if (const std::size_t i = plain.find(c); i != std::string_view::npos) {
            out += '\\';
            out += letters[i];
        } else if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && cautious)) {
            out += "\\x";
            out += digits[byte >> 4U];
            out += digits[byte & 15U];
        } else {
            out += c;
        }
    }
    return out + '"';
}

void check_any(std::string_view text) {
    const server_error_text out = session::classify_error_text(text);
    if (out.closes) FUZZ_CHECK(out.reason != disconnect_reason::none);
    if (out.refused != refusal::none) FUZZ_CHECK(out.code == errc::permission_denied && !out.closes);
    if (out.code != errc::permission_denied) FUZZ_CHECK(out.subject.empty() && out.queue_group.empty() && out.sid == 0);
    if (session::is_login_error(out.code)) FUZZ_CHECK(out.closes);
    std::string shouted(text);
    const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
    std::transform(shouted.begin(), shouted.end(), shouted.begin(), upper);
    const server_error_text loud = session::classify_error_text(shouted);
    FUZZ_CHECK(loud.code == out.code && loud.closes == out.closes && loud.reason == out.reason);
}

void check_subject(fuzz::input in) {
    const std::uint8_t flags = in.byte();
    const std::string_view subject = in.text(80);
    const std::string_view queue = in.text(40);
    const std::uint64_t sid = in.number() >> 4U;  // at most eighteen digits
    const bool cautious = (flags & 1U) != 0;
    server_error_text out = session::classify_error_text("Permissions Violation for Publish to " + quoted(subject, cautious));
    FUZZ_CHECK(out.refused == refusal::publish && out.subject == subject);
    out = session::classify_error_text("permissions violation for publish with reply of " + quoted(subject, cautious));
    FUZZ_CHECK(out.refused == refusal::publish_reply && out.subject == subject);
    std::string text = "Permissions Violation for Subscription to " + quoted(subject, cautious);
    if ((flags & 2U) != 0) text += " using queue " + quoted(queue, cautious);
    if ((flags & 4U) != 0) text += " (sid \"" + std::to_string(sid) + "\")";
    out = session::classify_error_text(text);
    FUZZ_CHECK(out.refused == refusal::subscribe && out.subject == subject);
    FUZZ_CHECK(out.queue_group == ((flags & 2U) != 0 ? queue : std::string_view()));
    FUZZ_CHECK(out.sid == ((flags & 4U) != 0 ? sid : 0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string input(reinterpret_cast<const char*>(data), size);
    check_any(input);
    check_any("Permissions Violation for Subscription to \"" + input);
    check_any("Permissions Violation" + input);
    FUZZ_CHECK(!session::classify_error_text("x" + input).closes);  // no row begins with it
    check_subject(fuzz::input(data, size));
    return 0;
}
