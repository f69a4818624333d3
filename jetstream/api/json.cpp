// See json.hpp.
#include "jetstream/api/json.hpp"

#include "jetstream/api/time.hpp"

#include <charconv>
#include <cstddef>
#include <new>
#include <system_error>

namespace slipstream::jetstream::api {
namespace {

using simdjson::dom::element;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Length of the JSON number (RFC 8259) at the front, 0 when there is none. Maximal: a digit that cannot belong to it stays behind.
std::size_t number_length(std::string_view text) noexcept {
    std::size_t i = 0;
    const auto at = [&](char c) { return i < text.size() && text[i] == c; };
    const auto digits = [&] {
        const std::size_t begin = i;
        while (i < text.size() && is_digit(text[i])) ++i;
        return i > begin;
    };
    if (at('-')) ++i;
    if (at('0')) ++i;
    else if (!digits()) return 0;
    if (at('.')) {
        ++i;
        if (!digits()) return 0;
    }
    if (at('e') || at('E')) {
        ++i;
        if (at('+') || at('-')) ++i;
        if (!digits()) return 0;
    }
    return i;
}

/// Whether the JSON parser holds it: as a 64-bit integer of its sign, or as a double because it has a fraction and no exponent.
bool fits(std::string_view number) noexcept {
    constexpr std::size_t surely = 18;
    if (number.find_first_of("eE") != std::string_view::npos) return false;
    if (number.size() <= surely) return true;
    if (number.find('.') != std::string_view::npos) return number.size() < 300;
    std::int64_t negative = 0;
    std::uint64_t positive = 0;
    const char* end = number.data() + number.size();
    const auto result =
        number.front() == '-' ? std::from_chars(number.data(), end, negative) : std::from_chars(number.data(), end, positive);
    return result.ec == std::errc();
}

bool is_one_of(char c, std::string_view set) noexcept { return set.find(c) != std::string_view::npos; }

/// The text with every number that may be beyond a 64-bit integer or a double replaced by 0.5. What is not valid JSON stays
/// invalid: only complete numbers, outside strings and between delimiters, are replaced, by a number.
std::string without_huge_numbers(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    bool in_string = false;
    for (std::size_t i = 0; i < text.size();) {
        const char c = text[i];
        if (in_string && c == '\\' && i + 1 < text.size()) {
            out.append(text.substr(i, 2));
            i += 2;
            continue;
        }
        if (c == '"') in_string = !in_string;
        const std::size_t length = in_string || !(is_digit(c) || c == '-') ? 0 : number_length(text.substr(i));
        if (length == 0) {
            out += c;
            ++i;
            continue;
        }
        const std::string_view number = text.substr(i, length);
        const bool delimited = (i == 0 || is_one_of(text[i - 1], " \t\r\n[,:")) &&
                               (i + length == text.size() || is_one_of(text[i + length], " \t\r\n],}"));
        out += fits(number) || !delimited ? number : std::string_view("0.5");
        i += length;
    }
    return out;
}

/// Newer versions of the parser have a word of their own for an integer that is too large.
template <class Code>
bool is_about_a_number(Code code) noexcept {
    if constexpr (requires { Code::BIGINT_ERROR; }) {
        if (code == Code::BIGINT_ERROR) return true;
    }
    return code == simdjson::NUMBER_ERROR;
}

}  // namespace

bool json_document::parse(std::string_view text) {
    if (text.empty()) return false;  // perhaps without an address: simdjson copies from it all the same
    auto result = parser_.parse(text.data(), text.size()).get(root_);
    if (is_about_a_number(result)) {
        const std::string tamed = without_huge_numbers(text);
        result = parser_.parse(tamed.data(), tamed.size()).get(root_);
    }
    // Says nothing about the text: "not JSON" would be an answer that some callers act upon.
    if (result == simdjson::MEMALLOC) throw std::bad_alloc();
    return result == simdjson::SUCCESS;
}

object_reader::object_reader(element e) noexcept {
    is_object_ = e.get(object_) == simdjson::SUCCESS;
    ok_ = is_object_;
}

bool object_reader::find(std::string_view name, element& out) const noexcept {
    bool found = false;
    if (!is_object_) return false;
    for (const auto member : object_) {
        if (member.key != name) continue;
        out = member.value;
        found = true;
    }
    return found;
}

bool object_reader::read(element e, bool& out) noexcept { return e.get(out) == simdjson::SUCCESS; }
bool object_reader::read(element e, std::int64_t& out) noexcept { return e.is_int64() && e.get(out) == simdjson::SUCCESS; }
bool object_reader::read(element e, std::string_view& out) noexcept { return e.get(out) == simdjson::SUCCESS; }

bool object_reader::read(element e, std::uint64_t& out) noexcept {
    return (e.is_uint64() || e.is_int64()) && e.get(out) == simdjson::SUCCESS;
}

bool object_reader::read(element e, element& out) noexcept {
    out = e;
    return true;
}

bool object_reader::read(element e, std::string& out) {
    std::string_view text;
    if (e.get(text) != simdjson::SUCCESS) return false;
    out = text;
    return true;
}

bool object_reader::read(element e, wall_time& out) noexcept {
    std::string_view text;
    if (e.get(text) != simdjson::SUCCESS) return false;
    const auto time = parse_time(text);
    if (time) out = *time;
    return time.has_value();
}

bool object_reader::read(element e, std::chrono::nanoseconds& out) noexcept {
    std::int64_t count = 0;
    if (read(e, count)) {
        out = std::chrono::nanoseconds(count);
        return true;
    }
    std::string_view text;
    if (e.get(text) != simdjson::SUCCESS) return false;
    const auto duration = parse_duration(text);
    if (duration) out = *duration;
    return duration.has_value();
}

bool object_reader::read(element e, std::vector<std::string>& out) {
    simdjson::dom::array array;
    if (e.get(array) != simdjson::SUCCESS) return false;
    out.clear();
    for (const element item : array) {
        if (!read(item, out.emplace_back())) return false;
    }
    return true;
}

bool object_reader::read(element e, std::vector<std::chrono::nanoseconds>& out) {
    simdjson::dom::array array;
    if (e.get(array) != simdjson::SUCCESS) return false;
    out.clear();
    for (const element item : array) {
        if (!read(item, out.emplace_back())) return false;
    }
    return true;
}

bool object_reader::read(element e, std::map<std::string, std::string>& out) {
    simdjson::dom::object object;
    if (e.get(object) != simdjson::SUCCESS) return false;
    out.clear();
    for (const auto member : object) {
        if (!read(member.value, out[std::string(member.key)])) return false;
    }
    return true;
}

}  // namespace slipstream::jetstream::api
