// Subject rules (ADR-6, spec 13): what may leave this client, and which pattern matches which subject.
//
// The server reports nothing for a bad publish subject and a blank would change the meaning of the line, so every subject is
// checked here before a byte of its frame is written.
#include <slipstream/subject.hpp>

#include <slipstream/error.hpp>

namespace slipstream {
namespace {

enum class wildcards { refused, allowed };

/// `text` consists of non-empty tokens of allowed characters.
bool well_formed(std::string_view text, wildcards allowed) noexcept {
    std::size_t token = 0;  // where the current token begins
    for (std::size_t i = 0; i <= text.size(); ++i) {
        const bool end = i == text.size();
        if (!end) {
            const auto c = static_cast<unsigned char>(text[i]);
            if (c <= ' ' || c == 0x7f) return false;
            if (c != '.') continue;
        }
        if (i == token) return false;
        if (i - token == 1 && (text[token] == '*' || text[token] == '>')) {
            if (allowed == wildcards::refused) return false;
            if (text[token] == '>' && !end) return false;
        }
        token = i + 1;
    }
    return true;
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
