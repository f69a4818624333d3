// Subjects, queue groups and JetStream names (ADR-6, spec/protocol.md 13; W20, F16): accepted exactly when a slow reading of the rules
// accepts them; what is accepted cannot end a protocol line; matching agrees with a recursive definition.
//
// The input: one text; or pattern, LF, subject.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <slipstream/subject.hpp>

#include "fuzz/check.hpp"
#include "jetstream/api/names.hpp"
#include "jetstream/api/subjects.hpp"

using namespace slipstream;
namespace api = slipstream::jetstream::api;

namespace {

std::vector<std::string_view> tokens_of(std::string_view text) {
    std::vector<std::string_view> tokens;
    for (;;) {
        const std::size_t dot = text.find('.');
        tokens.push_back(text.substr(0, dot));
        if (dot == std::string_view::npos) return tokens;
        text.remove_prefix(dot + 1);
    }
}

bool forbidden(char c) { return static_cast<unsigned char>(c) <= ' ' || c == 127; }

bool is_subject(std::string_view text, bool wildcards) {
    const auto tokens = tokens_of(text);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const std::string_view token = tokens[i];
        if (token.empty() || std::any_of(token.begin(), token.end(), forbidden)) return false;
        if (token == "*" && !wildcards) return false;
        if (token == ">" && (!wildcards || i + 1 != tokens.size())) return false;
    }
    return true;
}

bool is_name(std::string_view text) {
    constexpr std::string_view special = ".*>/\\";
    return !text.empty() && text.size() <= 255 &&
           std::none_of(text.begin(), text.end(), [&](char c) { return forbidden(c) || special.find(c) != std::string_view::npos; });
}

/// From the tokens `p` and `s` on.
bool matches(const std::vector<std::string_view>& pattern, std::size_t p, const std::vector<std::string_view>& subject, std::size_t s) {
    if (p == pattern.size()) return s == subject.size();
    if (s == subject.size()) return false;
    if (pattern[p] == ">" && p + 1 == pattern.size()) return true;
    return (pattern[p] == "*" || pattern[p] == subject[s]) && matches(pattern, p + 1, subject, s + 1);
}

void check_match(std::string_view pattern, std::string_view subject) {
    const auto tokens = tokens_of(subject);
    const bool receivable = std::none_of(tokens.begin(), tokens.end(), [](std::string_view t) { return t.empty(); });
    FUZZ_CHECK(subject_matches(pattern, subject) == (receivable && matches(tokens_of(pattern), 0, tokens, 0)));
    FUZZ_CHECK(subject_matches(subject, subject) == receivable || is_subject(subject, false) != receivable);
    FUZZ_CHECK(subject_matches(">", subject) == receivable);
}

void check_text(std::string_view text) {
    FUZZ_CHECK(!check_publish_subject(text) == is_subject(text, false));
    FUZZ_CHECK(!check_subscribe_subject(text) == is_subject(text, true));
    FUZZ_CHECK(!check_queue_group(text) == is_subject(text, false));
    FUZZ_CHECK(!api::check_stream_name(text) == is_name(text));
    FUZZ_CHECK(!api::check_consumer_name(text) == is_name(text));
    std::string prefix;
    if (!api::make_api_prefix({}, text, prefix)) {
        FUZZ_CHECK(is_subject(prefix, false));
        FUZZ_CHECK(is_subject(api::subject(prefix, api::verbs::stream_info, "S"), false));
        for (const std::string_view name : {std::string_view(), text}) {
            const api::subject_for_call call(prefix, api::verbs::consumer_info, name, "c");
            FUZZ_CHECK(call.text() == api::subject(prefix, api::verbs::consumer_info, name, "c"));
        }
    }
    if (!api::make_api_prefix(text, {}, prefix)) FUZZ_CHECK(text.empty() ? prefix == "$JS.API" : tokens_of(prefix).size() == 3);
    FUZZ_CHECK(text.empty() || api::make_api_prefix("D", text, prefix));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 2048) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    check_text(input);
    const std::size_t end = std::min(input.find('\n'), size);
    const std::string_view pattern = input.substr(0, end);
    const std::string_view subject = input.substr(std::min(end + 1, size));
    check_text(pattern);
    check_match(pattern, subject);
    check_match("*." + std::string(subject), subject);
    check_match(std::string(subject.substr(0, subject.find('.'))) + ".>", subject);
    return 0;
}
