// Subject rules (ADR-6, spec 13): what may leave this client, and which pattern matches which subject.
//
// The server reports nothing for a bad publish subject and a blank would change the meaning of the line, so every subject is
// checked here before a byte of its frame is written.
#include <slipstream/subject.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

#include <slipstream/error.hpp>

namespace slipstream {
namespace {

enum class wildcards { refused, allowed };

// What a byte can mean in a subject, as bits.
enum byte_meaning : unsigned char { plain = 0, dot = 1, wildcard = 2, forbidden = 4 };

constexpr std::array<unsigned char, 256> meanings = [] {
    std::array<unsigned char, 256> table{};
    for (std::size_t c = 0; c <= ' '; ++c) table[c] = forbidden;
    table[0x7f] = forbidden;
    table['.'] = dot;
    table['*'] = table['>'] = wildcard;
    return table;
}();

/// Of well-formed tokens: whether those that are wildcards may be where they are.
bool wildcards_in_place(std::string_view text, wildcards allowed) noexcept {
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('.', begin), text.size());
        if (end - begin == 1 && meanings[static_cast<unsigned char>(text[begin])] == wildcard) {
            if (allowed == wildcards::refused) return false;
            if (text[begin] == '>' && end != text.size()) return false;
        }
        begin = end + 1;
    }
    return true;
}

/// `text` consists of non-empty tokens of allowed characters. One pass that does not branch on what it sees: every publish runs it.
bool well_formed(std::string_view text, wildcards allowed) noexcept {
    unsigned seen = 0;
    unsigned empty_token = 0;
    unsigned before = dot;
    for (const char c : text) {
        const unsigned now = meanings[static_cast<unsigned char>(c)];
        seen |= now;
        empty_token |= before & now & dot;
        before = now;
    }
    if (empty_token != 0 || before == dot || (seen & forbidden) != 0) return false;
    return (seen & wildcard) == 0 || wildcards_in_place(text, allowed);
}

/// Cuts the first token off `rest`, with the dot. `more` tells whether a dot was there.
std::string_view take_token(std::string_view& rest, bool& more) noexcept {
    const std::size_t dot = rest.find('.');
    const std::string_view token = rest.substr(0, dot);
    more = dot != std::string_view::npos;
    rest.remove_prefix(more ? dot + 1 : rest.size());
    return token;
}

bool has_empty_token(std::string_view text) noexcept {
    return text.empty() || text.front() == '.' || text.back() == '.' || text.find("..") != std::string_view::npos;
}

}  // namespace

std::error_code check_publish_subject(std::string_view subject) noexcept {
    if (!well_formed(subject, wildcards::refused)) return errc::invalid_subject;
    return {};
}

std::error_code check_subscribe_subject(std::string_view subject) noexcept {
    if (!well_formed(subject, wildcards::allowed)) return errc::invalid_subject;
    return {};
}

std::error_code check_queue_group(std::string_view group) noexcept {
    if (!well_formed(group, wildcards::refused)) return errc::invalid_queue_group;
    return {};
}

bool subject_matches(std::string_view pattern, std::string_view subject) noexcept {
    if (has_empty_token(subject)) return false;  // nothing receives it, not even `>`
    for (;;) {
        bool more_pattern = false;
        bool more_subject = false;
        const std::string_view wanted = take_token(pattern, more_pattern);
        if (wanted == ">" && !more_pattern) return true;  // the subject has at least one token left
        const std::string_view token = take_token(subject, more_subject);
        if (wanted != "*" && wanted != token) return false;
        if (more_pattern != more_subject) return false;
        if (!more_pattern) return true;
    }
}

}  // namespace slipstream
