#include "protocol/wire/parser.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace slipstream::wire {
namespace {

// What is merged by force below takes part in every message: the calls would cost a quarter of it.

// Behind the verb and its blank, which was looked at with it: the subject may fill the first block then.
constexpr std::uint32_t msg_begin = 4;
constexpr std::uint32_t hmsg_begin = 5;

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

// For the verbs: maps exactly the two cases of a letter to the lower one.
constexpr char lower(char c) noexcept { return static_cast<char>(c | 0x20); }

/// 1 to 19 digits always fit: 9999999999999999999 < 2^64.
bool read_number(std::string_view in, byte_range range, std::uint64_t& value) noexcept {
    if (range.end - range.begin > 19) return false;
    std::uint64_t v = 0;
    for (std::uint32_t i = range.begin; i != range.end; ++i) {
        const auto digit = static_cast<unsigned>(static_cast<unsigned char>(in[i])) - '0';
        if (digit > 9) return false;
        v = v * 10 + digit;
    }
    value = v;
    return true;
}

std::string_view view_of(std::string_view in, byte_range range) noexcept { return {in.data() + range.begin, range.end - range.begin}; }

byte_range range_of(std::string_view in, std::string_view part) noexcept {
    if (part.empty()) return {};
    const auto begin = static_cast<std::uint32_t>(part.data() - in.data());
    return {begin, begin + static_cast<std::uint32_t>(part.size())};
}

std::string_view trim(std::string_view text) noexcept {
    const auto drop = [](char c) { return is_blank(c) || c == '\r'; };
    while (!text.empty() && drop(text.front())) text.remove_prefix(1);
    while (!text.empty() && drop(text.back())) text.remove_suffix(1);
    return text;
}

std::string_view unquote(std::string_view text) noexcept {
    if (!text.starts_with('\'')) return text;
    text.remove_prefix(1);
    if (text.ends_with('\'')) text.remove_suffix(1);
    return trim(text);
}

}  // namespace

std::string_view to_string(parse_error error) noexcept {
    switch (error) {
        case parse_error::none: return "none";
        case parse_error::unknown_operation: return "unknown operation";
        case parse_error::line_too_long: return "control line too long";
        case parse_error::wrong_arguments: return "wrong arguments";
        case parse_error::wrong_number: return "wrong number";
        case parse_error::wrong_header_size: return "wrong header size";
        case parse_error::payload_too_large: return "payload too large";
        case parse_error::payload_not_terminated: return "payload not terminated";
    }
    return "unknown";
}

parser::parser(const parser_limits& limits) noexcept : limits_(limits) {
    // Offsets are 32 bits wide.
    limits_.control_line = std::min(limits_.control_line, std::size_t{1} << 30);
    set_max_payload(std::int64_t{1024} * 1024);
}

void parser::set_max_payload(std::int64_t max_payload) noexcept {
    const std::int64_t announced = std::clamp(max_payload, std::int64_t{1}, parser_limits::highest_payload);
    const std::size_t floor = std::min(limits_.payload_floor, static_cast<std::size_t>(parser_limits::highest_payload));
    const std::size_t slack = std::min(limits_.payload_slack, static_cast<std::size_t>(parser_limits::highest_payload));
    payload_cap_ = std::max(static_cast<std::size_t>(announced), floor) + slack;
}

void parser::reset() noexcept {
    error_ = parse_error::none;
    verb_ = verb::none;
    scanned_ = 0;
    frame_.size = 0;
    result_ = {};
}

const parse_result& parser::fail(parse_error error) noexcept {
    error_ = error;
    frame_.size = 0;
    result_.status = parse_status::error;
    result_.error = error;
    return result_;
}

/// `found` stays none while `in` is the beginning of a verb.
parse_error parser::find_verb(std::string_view in, verb& found) noexcept {
    struct entry {
        std::string_view word;
        verb kind;
    };
    static constexpr entry verbs[] = {{"msg", verb::msg}, {"hmsg", verb::hmsg}, {"ping", verb::ping}, {"pong", verb::pong},
                                      {"+ok", verb::ok},  {"-err", verb::err},  {"info", verb::info}};
    if (in.empty()) return parse_error::none;
    for (const entry& e : verbs) {
        const bool letter = e.word[0] >= 'a';
        if ((letter ? lower(in[0]) : in[0]) != e.word[0]) continue;
        std::size_t same = 1;
        while (same < e.word.size() && same < in.size() && lower(in[same]) == e.word[same]) ++same;
        if (same == in.size() && same <= e.word.size()) {
            const bool takes_text = e.kind != verb::msg && e.kind != verb::hmsg;
            if (same == e.word.size() && takes_text) found = e.kind;
            return parse_error::none;
        }
        if (same < e.word.size()) continue;
        if ((e.kind == verb::msg || e.kind == verb::hmsg) && !is_blank(in[same])) return parse_error::unknown_operation;
        found = e.kind;
        return parse_error::none;
    }
    return parse_error::unknown_operation;
}

/// A message that is there in full and whose line is as servers write it; all others are left to any_frame.
template <bool with_headers>
const parse_result& parser::plain_message(std::string_view in) noexcept {
    message_line line;
    if (!read_plain_line<with_headers>(in, with_headers ? hmsg_begin : msg_begin, line)) return any_frame(in);
    if (line.line_size > limits_.control_line || check(line, with_headers) != parse_error::none) return any_frame(in);
    if (in.size() < line.line_size + line.size + 2) return any_frame(in);
    message_end(in, line);
    return result_;
}

void parser::any_message(std::string_view in, verb kind) noexcept {
    const bool with_headers = kind == verb::hmsg;
    switch (arguments_.run(in, limits_.control_line, with_headers ? 5U : 4U)) {
        case scan_status::need_more: verb_ = kind; return;
        case scan_status::done: break;
        case scan_status::too_long: verb_ = verb::none; fail(parse_error::line_too_long); return;
        case scan_status::too_many_arguments:
        case scan_status::stray_cr: verb_ = verb::none; fail(parse_error::wrong_arguments); return;
    }
    verb_ = verb::none;
    message_line line;
    if (const parse_error e = read_arguments(in, arguments_, with_headers, line); e != parse_error::none) {
        fail(e);
        return;
    }
    if (in.size() < line.line_size + line.size + 2) {
        frame_ = {.subject = range_of(in, line.subject),
                  .reply_to = range_of(in, line.reply_to),
                  .line_size = static_cast<std::uint32_t>(line.line_size),
                  .header_size = static_cast<std::uint32_t>(line.header_size),
                  .sid = line.sid,
                  .size = line.line_size + line.size + 2};
        return;
    }
    message_end(in, line);
}

parse_error parser::read_arguments(std::string_view in, const argument_scan& scan, bool with_headers, message_line& line) const noexcept {
    const std::uint32_t least = with_headers ? 4 : 3;
    if (scan.count < least) return parse_error::wrong_arguments;
    line.subject = view_of(in, scan.arguments[0]);
    if (!read_number(in, scan.arguments[1], line.sid)) return parse_error::wrong_number;
    if (scan.count > least) line.reply_to = view_of(in, scan.arguments[2]);
    if (!read_number(in, scan.arguments[scan.count - 1], line.size)) return parse_error::wrong_number;
    if (with_headers && !read_number(in, scan.arguments[scan.count - 2], line.header_size)) return parse_error::wrong_number;
    line.line_size = scan.line_size;
    return check(line, with_headers);
}

[[gnu::always_inline]]
inline parse_error parser::check(const message_line& line, bool with_headers) const noexcept {
    if (with_headers && (line.header_size == 0 || line.header_size > line.size)) return parse_error::wrong_header_size;
    if (line.size > payload_cap_) return parse_error::payload_too_large;
    return parse_error::none;
}

[[gnu::always_inline]]
inline void parser::message_end(std::string_view in, const message_line& line) noexcept {
    const std::size_t consumed = line.line_size + line.size + 2;
    if (in[consumed - 2] != '\r' || in[consumed - 1] != '\n') {
        fail(parse_error::payload_not_terminated);
        return;
    }
    result_.status = parse_status::op;
    result_.op.kind = op_kind::msg;
    result_.op.consumed = consumed;
    result_.op.sid = line.sid;
    const char* const behind = in.data() + line.line_size;
    const std::string_view payload(behind + line.header_size, line.size - line.header_size);
    result_.op.message = message_view(line.subject, line.reply_to, {behind, line.header_size}, payload);
    result_.op.text = {};  // of an earlier INFO or -ERR, whose bytes are gone
}

/// MSG and HMSG, which nearly every frame begins with; none for all others and for what is not yet there in full.
[[gnu::always_inline]]
inline parser::verb parser::frequent_verb(std::string_view in) noexcept {
    if (in.size() < 5) return verb::none;
    using four = std::array<char, 4>;
    constexpr auto word = [](four letters) { return std::bit_cast<std::uint32_t>(letters); };
    std::uint32_t front = 0;
    std::memcpy(&front, in.data(), sizeof front);
    if ((front | word({' ', ' ', ' ', 0})) == word({'m', 's', 'g', ' '})) return verb::msg;  // a blank is the bit that makes letters lower
    if ((front | word({' ', ' ', ' ', ' '})) == word({'h', 'm', 's', 'g'}) && is_blank(in[4])) return verb::hmsg;
    return verb::none;
}

const parse_result& parser::next(std::string_view in) noexcept {
    if (frame_.size == 0 && verb_ == verb::none && error_ == parse_error::none) [[likely]] {
        const verb kind = frequent_verb(in);
        if (kind == verb::msg) return plain_message<false>(in);
        if (kind == verb::hmsg) return plain_message<true>(in);
    }
    return any_frame(in);
}

const parse_result& parser::any_frame(std::string_view in) noexcept {
    result_.status = parse_status::need_more;
    if (frame_.size != 0) {
        if (in.size() < frame_.size) return result_;
        const message_line line{.subject = view_of(in, frame_.subject),
                                .reply_to = view_of(in, frame_.reply_to),
                                .sid = frame_.sid,
                                .header_size = frame_.header_size,
                                .size = frame_.size - frame_.line_size - 2,
                                .line_size = frame_.line_size};
        frame_.size = 0;
        message_end(in, line);
        return result_;
    }
    verb kind = verb_;
    if (kind == verb::none) {
        if (error_ != parse_error::none) return fail(error_);
        if (const parse_error e = find_verb(in, kind); e != parse_error::none) return fail(e);
        switch (kind) {
            case verb::none: return result_;
            case verb::msg: arguments_.start(msg_begin); break;
            case verb::hmsg: arguments_.start(hmsg_begin); break;
            default: scanned_ = 0; break;
        }
    }
    if (kind == verb::msg || kind == verb::hmsg) {
        any_message(in, kind);
    } else {
        text_line(in, kind);
    }
    return result_;
}

void parser::text_line(std::string_view in, verb kind) noexcept {
    const std::size_t cap = kind == verb::info ? limits_.info_line : limits_.control_line;
    const void* const found = scanned_ < in.size() ? std::memchr(in.data() + scanned_, '\n', in.size() - scanned_) : nullptr;
    const std::size_t lf = found != nullptr ? static_cast<std::size_t>(static_cast<const char*>(found) - in.data()) : in.size();
    if (lf >= cap) {
        verb_ = verb::none;
        fail(parse_error::line_too_long);
        return;
    }
    if (found == nullptr) {
        verb_ = kind;
        scanned_ = std::max(scanned_, in.size());
        return;
    }
    verb_ = verb::none;
    result_.status = parse_status::op;
    result_.op = {};
    result_.op.consumed = lf + 1;
    const std::string_view text = in.substr(0, lf);
    switch (kind) {
        case verb::info:
            result_.op.kind = op_kind::info;
            result_.op.text = trim(text.substr(4));
            break;
        case verb::err:
            result_.op.kind = op_kind::err;
            result_.op.text = unquote(trim(text.substr(4)));
            break;
        case verb::ping: result_.op.kind = op_kind::ping; break;
        case verb::pong: result_.op.kind = op_kind::pong; break;
        default: result_.op.kind = op_kind::ok; break;
    }
}

}  // namespace slipstream::wire
