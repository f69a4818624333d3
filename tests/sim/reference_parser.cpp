#include "tests/sim/reference_parser.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace slipstream::sim {

namespace {

constexpr std::array<std::string_view, 7> verbs{"INFO", "MSG", "HMSG", "PING", "PONG", "+OK", "-ERR"};
constexpr std::size_t longest_line = 64 * 1024;
constexpr std::size_t longest_info = 1024 * 1024;
constexpr std::uint64_t sure_payload = 8 * 1024 * 1024;

char upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool same(std::string_view text, std::string_view verb) noexcept {
    return std::equal(text.begin(), text.end(), verb.begin(), verb.begin() + static_cast<std::ptrdiff_t>(text.size()),
                      [](char a, char b) { return upper(a) == b; });
}

bool number(std::string_view text, std::uint64_t& value) noexcept {
    if (text.empty() || text.size() > 19 || text.find_first_not_of("0123456789") != std::string_view::npos) return false;
    value = 0;
    for (const char c : text) value = value * 10 + static_cast<std::uint64_t>(c - '0');
    return true;
}

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    for (std::size_t i = 0; i < line.size();) {
        if (line[i] == ' ' || line[i] == '\t') {
            ++i;
            continue;
        }
        std::size_t end = i;
        while (end < line.size() && line[end] != ' ' && line[end] != '\t') ++end;
        words.push_back(line.substr(i, end - i));
        i = end;
    }
    return words;
}

/// The beginning of a message's line has a CR inside or too many words.
bool hopeless(std::string_view beginning, std::size_t most) {
    return beginning.substr(0, beginning.size() - 1).find('\r') != std::string_view::npos || words_of(beginning).size() > most;
}

}  // namespace

void reference_parser::feed(std::string_view bytes) {
    rest_ += bytes;
    while (!broken() && next()) {}
}

bool reference_parser::fail(const char* why) {
    why_ = why;
    return false;
}

bool reference_parser::next() {
    if (in_payload_) {
        if (rest_.size() < payload_) return false;
        if (rest_.substr(payload_ - 2, 2) != "\r\n") return fail("no line end after a payload");
        rest_.erase(0, payload_);
        in_payload_ = false;
        return true;
    }
    if (rest_.empty()) return false;
    std::string_view verb;
    for (const std::string_view v : verbs) {
        const std::size_t n = std::min(v.size(), rest_.size());
        if (!same(std::string_view(rest_).substr(0, n), v)) continue;
        if (n < v.size()) return false;
        verb = v;
    }
    if (verb.empty()) return fail("no verb");
    const std::size_t end = rest_.find('\n');
    const std::size_t limit = verb == "INFO" ? longest_info : longest_line;
    if (end == std::string::npos ? rest_.size() >= limit : end + 1 > limit) {
        // Where exactly the limit lies is the client's business; far beyond it there is no doubt.
        suspicious_ = true;
        return rest_.size() > limit + 4096 && end == std::string::npos ? fail("a line without an end") : false;
    }
    const bool message = verb == "MSG" || verb == "HMSG";
    if (message && rest_.size() > verb.size() && rest_[verb.size()] != ' ' && rest_[verb.size()] != '\t')
        return fail("no blank after a verb");
    if (end == std::string::npos) {
        // Whatever else comes, it ends badly: a client may say so at once or when the line ends.
        if (message && hopeless(std::string_view(rest_).substr(verb.size()), verb == "HMSG" ? 5 : 4)) suspicious_ = true;
        return false;
    }
    std::string line = rest_.substr(verb.size(), end - verb.size());
    if (std::exchange(first_, false) && verb != "INFO") suspicious_ = true;
    rest_.erase(0, end + 1);
    if (!message) return true;
    if (line.ends_with('\r')) line.pop_back();
    return message_line(line, verb == "HMSG");
}

bool reference_parser::message_line(std::string_view line, bool with_headers) {
    const std::vector<std::string_view> words = words_of(line);
    const std::size_t least = with_headers ? 4 : 3;
    if (words.size() != least && words.size() != least + 1) return fail("wrong arguments");
    if (line.find('\r') != std::string_view::npos) return fail("a CR among arguments");
    std::uint64_t sid = 0;
    std::uint64_t size = 0;
    std::uint64_t header = 0;
    if (!number(words[1], sid) || !number(words.back(), size)) return fail("not a number");
    if (with_headers && (!number(words[words.size() - 2], header) || header == 0 || header > size)) return fail("wrong header size");
    if (size > std::uint64_t{64} * 1024 * 1024 + 65'536) return fail("a payload beyond every limit");
    if (size > sure_payload) suspicious_ = true;
    payload_ = static_cast<std::size_t>(size) + 2;
    in_payload_ = true;
    return true;
}

}  // namespace slipstream::sim
