// Subject rules (ADR-6, spec 13): what may leave this client, and which pattern matches which subject.
//
// The server reports nothing for a bad publish subject and a blank would change the meaning of the line, so every subject is
// checked here before a byte of its frame is written.
#include <slipstream/subject.hpp>

#include <algorithm>
#include <cstddef>

#include <slipstream/error.hpp>

#include "protocol/wire/subject_rules.hpp"

namespace slipstream {

bool wire::subject_detail::wildcards_in_place(std::string_view text, wildcards allowed) noexcept {
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

namespace {

using namespace wire::subject_detail;

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
    if (!wire::is_publish_subject(subject)) return errc::invalid_subject;
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
