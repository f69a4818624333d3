#include "tests/sim/model_parser.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace slipstream::sim {

namespace {

constexpr std::array<std::string_view, 10> verbs{"CONNECT", "PUB", "HPUB", "SUB", "UNSUB", "PING", "PONG", "INFO", "+OK", "-ERR"};

char upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
bool blank(char c) noexcept { return c == ' ' || c == '\t'; }

bool begins(std::string_view text, std::string_view verb, std::size_t n) noexcept {
    for (std::size_t i = 0; i < n; ++i) {
        if (upper(text[i]) != verb[i]) return false;
    }
    return true;
}

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> words;
    for (std::size_t i = 0; i < text.size();) {
        if (blank(text[i]) || text[i] == '\r') {
            ++i;
            continue;
        }
        std::size_t end = i;
        while (end < text.size() && !blank(text[end]) && text[end] != '\r') ++end;
        words.push_back(text.substr(i, end - i));
        i = end;
    }
    return words;
}

/// Digits only. What is larger than any payload is clamped: it is refused all the same.
bool number(std::string_view text, std::uint64_t& value) noexcept {
    if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return false;
    value = 0;
    for (const char c : text) value = std::min<std::uint64_t>(value * 10 + static_cast<std::uint64_t>(c - '0'), 1'000'000'000'000);
    return true;
}

}  // namespace

void model_parser::drop(std::size_t n) {
    at_ += n;
    consumed_ += n;
    if (at_ == buffer_.size() || at_ > 65'536) {
        buffer_.erase(0, at_);
        at_ = 0;
    }
}

model_parser::status model_parser::next(client_op& out) {
    if (in_payload_) return payload(out);
    const std::string_view in = std::string_view(buffer_).substr(at_);
    if (in.empty()) return status::need_more;
    if (connect_demanded && upper(in.front()) != 'C') return status::not_authorized;
    std::string_view verb;
    for (const std::string_view v : verbs) {
        const std::size_t n = std::min(v.size(), in.size());
        if (!begins(in, v, n)) continue;
        if (n < v.size()) return status::need_more;
        verb = v;
        break;
    }
    if (verb.empty()) return status::unknown_operation;
    if (verb == "-ERR") return status::hang_up;
    const bool separate = verb == "PUB" || verb == "HPUB" || verb == "SUB" || verb == "UNSUB";
    if (separate) {
        if (in.size() == verb.size()) return status::need_more;
        if (!blank(in[verb.size()])) return status::unknown_operation;
    }
    const std::size_t end = in.find('\n');
    std::string_view text = in.substr(verb.size(), end == std::string_view::npos ? end : end - verb.size());
    const bool ignored = verb == "PING" || verb == "PONG" || verb == "+OK";
    if (!ignored) {
        while (!text.empty() && blank(text.front())) text.remove_prefix(1);
        std::size_t size = text.size();
        if (end != std::string_view::npos && text.ends_with('\r')) --size;
        if (size > max_control_line) return status::line_too_long;
    }
    if (end == std::string_view::npos) return status::need_more;
    const status result = arguments(out, verb, text);
    drop(end + 1);
    if (result == status::op && in_payload_) return payload(out);
    return result;
}

model_parser::status model_parser::arguments(client_op& out, std::string_view verb, std::string_view text) {
    using kind = client_op::kind;
    out = {};
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (verb == "CONNECT") {
        out.what = kind::connect;
        out.json = text;
        return status::op;
    }
    if (verb == "PING" || verb == "PONG") {
        out.what = verb == "PING" ? kind::ping : kind::pong;
        return status::op;
    }
    if (verb == "+OK" || verb == "INFO") return status::op;
    const std::vector<std::string_view> words = split(text);
    if (verb == "PUB" || verb == "HPUB") return publish_line(out, words, verb == "HPUB");
    if (verb == "SUB") {
        if (words.size() != 2 && words.size() != 3) return status::hang_up;
        out.what = kind::sub;
        out.subject = words.front();
        out.sid = words.back();
        if (words.size() == 3) out.queue = words[1];
        return status::op;
    }
    if (words.size() != 1 && words.size() != 2) return status::hang_up;
    out.what = kind::unsub;
    out.sid = words.front();
    if (words.size() == 2 && !number(words[1], out.max)) out.max = 0;
    return status::op;
}

model_parser::status model_parser::publish_line(client_op& out, const std::vector<std::string_view>& words, bool with_headers) {
    const std::size_t least = with_headers ? 3 : 2;
    if (with_headers && !headers) return status::hang_up;
    if (words.size() != least && words.size() != least + 1) return status::hang_up;
    out.what = client_op::kind::pub;
    out.with_headers = with_headers;
    out.subject = words.front();
    if (words.size() == least + 1) out.reply_to = words[1];
    std::uint64_t total = 0;
    std::uint64_t header = 0;
    if (!number(words.back(), total)) return status::hang_up;
    if (with_headers) {
        if (!number(words[words.size() - 2], header)) return status::hang_up;
        if (total > max_payload) return status::payload_too_large;
        if (header > total) return status::hang_up;
        out.header_size_text = words[words.size() - 2];
    }
    if (total > max_payload) return status::payload_too_large;
    out.size_text = words.back();
    header_size_ = static_cast<std::size_t>(header);
    size_ = static_cast<std::size_t>(total);
    pending_ = out;
    in_payload_ = true;
    return status::op;
}

model_parser::status model_parser::payload(client_op& out) {
    const std::string_view in = std::string_view(buffer_).substr(at_);
    if (in.size() > size_ && in[size_] != '\r') return status::unknown_operation;
    if (in.size() > size_ + 1 && in[size_ + 1] != '\n') return status::unknown_operation;
    if (in.size() < size_ + 2) return status::need_more;
    out = std::move(pending_);
    out.header_block = in.substr(0, header_size_);
    out.payload = in.substr(header_size_, size_ - header_size_);
    in_payload_ = false;
    drop(size_ + 2);
    return status::op;
}

}  // namespace slipstream::sim
