// Header blocks (ADR-4, spec 6): reading what anybody may have sent, and writing what nobody can misread.
//
// Reading never fails and never allocates: the server forwards blocks without looking at them. A line ends at LF, with or
// without a CR before it; a blank line ends the block. Writing refuses whatever could change the meaning of the block.
// Invariant of header_map: its block is empty or canonical (`NATS/1.0`, `Name: value` lines, blank line, all with CRLF).
#include <slipstream/headers.hpp>

#include <algorithm>

#include <slipstream/error.hpp>

namespace slipstream {
namespace {

constexpr std::string_view version = "NATS/1.0";
constexpr std::string_view crlf = "\r\n";

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

/// Cuts the first line off `rest`, without its end.
std::string_view take_line(std::string_view& rest) noexcept {
    const std::size_t lf = rest.find('\n');
    std::string_view line = rest.substr(0, lf);
    rest.remove_prefix(lf == std::string_view::npos ? rest.size() : lf + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line;
}

/// What follows `NATS/1.0` on the first line of a valid block, trimmed.
std::string_view status_text(std::string_view block) noexcept {
    block.remove_prefix(version.size());
    return trim(block.substr(0, block.find_first_of(crlf)));
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// The code at the start of a status text: exactly three digits, then a blank or the end.
int status_code(std::string_view text) noexcept {
    if (text.size() < 3 || !is_digit(text[0]) || !is_digit(text[1]) || !is_digit(text[2])) return 0;
    if (text.size() > 3 && !is_blank(text[3])) return 0;
    return (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
}

bool valid_name(std::string_view name) noexcept {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f' && c != ':'; });
}

bool valid_value(std::string_view value) noexcept { return value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos; }

std::error_code check(const header& h) noexcept {
    if (!valid_name(h.name)) return errc::invalid_header_name;
    if (!valid_value(h.value)) return errc::invalid_header_value;
    return {};
}

std::size_t line_size(const header& h) noexcept { return h.name.size() + 2 + h.value.size() + crlf.size(); }

void append_line(std::string& block, const header& h) { block.append(h.name).append(": ").append(h.value).append(crlf); }

}  // namespace

header_view::iterator& header_view::iterator::operator++() noexcept {
    while (!rest_.empty()) {
        const std::string_view line = take_line(rest_);
        if (line.empty()) break;  // what follows the blank line is not part of the block
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0) continue;
        current_ = {line.substr(0, colon), trim(line.substr(colon + 1))};
        return *this;
    }
    rest_ = {};
    current_ = {};
    return *this;
}

bool header_view::valid() const noexcept {
    if (!block_.starts_with(version)) return false;
    return block_.size() == version.size() || std::string_view("\r\n \t").find(block_[version.size()]) != std::string_view::npos;
}

header_view::iterator header_view::begin() const noexcept {
    if (!valid()) return {};
    std::string_view rest = block_;
    take_line(rest);
    return iterator(rest);
}

std::optional<std::string_view> header_view::get(std::string_view name) const noexcept {
    for (const header& h : *this) {
        if (h.name == name) return h.value;
    }
    return std::nullopt;
}

std::optional<std::string_view> header_view::get_last(std::string_view name) const noexcept {
    std::optional<std::string_view> found;
    for (const header& h : *this) {
        if (h.name == name) found = h.value;
    }
    return found;
}

int header_view::status() const noexcept {
    // Asked of every message without a payload, and nearly always the first line is the version alone.
    if (block_.size() <= version.size() || block_[version.size()] == '\r' || block_[version.size()] == '\n') return 0;
    return valid() ? status_code(status_text(block_)) : 0;
}

std::string_view header_view::description() const noexcept {
    if (status() == 0) return {};
    return trim(status_text(block_).substr(3));
}

header_map::header_map(std::initializer_list<header> headers) {
    for (const header& h : headers) {
        if (const std::error_code ec = append(h.name, h.value)) throw std::system_error(ec);
    }
}

std::error_code header_map::append(std::string_view name, std::string_view value) {
    const header h{name, trim(value)};
    if (const std::error_code ec = check(h)) return ec;
    const std::size_t old_size = block_.empty() ? version.size() + 2 * crlf.size() : block_.size();
    const std::size_t size = old_size + line_size(h);
    if (size > block_.capacity()) {
        // Into a new string: `name` and `value` may be views of this very block.
        std::string grown;
        grown.reserve(std::max(size, 2 * block_.capacity()));
        if (block_.empty()) {
            grown.append(version).append(crlf);
        } else {
            grown.append(block_, 0, block_.size() - crlf.size());
        }
        append_line(grown, h);
        grown.append(crlf);
        block_.swap(grown);
        return {};
    }
    if (block_.empty()) {
        block_.append(version).append(crlf);
    } else {
        block_.resize(block_.size() - crlf.size());
    }
    append_line(block_, h);
    block_.append(crlf);
    return {};
}

std::error_code header_map::set(std::string_view name, std::string_view value) {
    const header replacement{name, trim(value)};
    if (const std::error_code ec = check(replacement)) return ec;
    if (!view().get(name)) return append(name, value);
    std::string block;
    block.reserve(block_.size() + line_size(replacement));
    block.append(version).append(crlf);
    bool placed = false;
    for (const header& h : view()) {
        if (h.name != name) {
            append_line(block, h);
        } else if (!placed) {
            append_line(block, replacement);
            placed = true;
        }
    }
    block.append(crlf);
    block_.swap(block);
    return {};
}

void header_map::erase(std::string_view name) {
    if (!view().get(name)) return;
    std::string block;
    block.reserve(block_.size());
    block.append(version).append(crlf);
    const std::size_t start = block.size();
    for (const header& h : view()) {
        if (h.name != name) append_line(block, h);
    }
    if (block.size() == start) {
        block.clear();
    } else {
        block.append(crlf);
    }
    block_.swap(block);
}

}  // namespace slipstream
