// Wire parser against a slow one, written from the grammar (spec/protocol.md 1, 2, 14; A1-A9, A14, A24): the same operations with the
// same parts, the same error at the same byte, and never an answer that more bytes would change.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/check.hpp"
#include "protocol/wire/parser.hpp"

using namespace slipstream::wire;

namespace {

/// Reads the frame at the front of all bytes, byte by byte; it keeps no state.
class slow_parser {
public:
    slow_parser(std::string_view in, const parser_limits& limits, std::size_t payload_cap)
        : in_(in), limits_(limits), payload_cap_(payload_cap) {}

    parse_result next() {
        if (in_.empty()) return {};
        struct verb {
            std::string_view word;
            op_kind kind;
        };
        constexpr verb verbs[] = {{"INFO", op_kind::info}, {"-ERR", op_kind::err}, {"PING", op_kind::ping}, {"PONG", op_kind::pong},
                                  {"+OK", op_kind::ok},    {"MSG", op_kind::msg},  {"HMSG", op_kind::msg}};
        for (const verb& v : verbs) {
            const std::size_t known = std::min(v.word.size(), in_.size());
            if (!std::equal(v.word.begin(), v.word.begin() + static_cast<std::ptrdiff_t>(known), in_.begin(), same_letter)) continue;
            if (known < v.word.size()) return {};  // more bytes may make it this word, or an error
            if (v.kind != op_kind::msg) return text(v.kind, v.word.size());
            if (in_.size() == known) return {};
            return is_blank(in_[known]) ? message(known, v.word.size() == 4) : error(parse_error::unknown_operation);
        }
        return error(parse_error::unknown_operation);
    }

private:
    static bool same_letter(char word, char c) { return c == word || (word >= 'A' && word <= 'Z' && c == word - 'A' + 'a'); }
    static bool is_blank(char c) { return c == ' ' || c == '\t'; }
    static parse_result error(parse_error e) {
        parse_result r;
        r.status = parse_status::error;
        r.error = e;
        return r;
    }
    static std::string_view cut(std::string_view text) {
        constexpr std::string_view blanks = " \t\r";
        const std::size_t begin = text.find_first_not_of(blanks);
        return begin == std::string_view::npos ? std::string_view() : text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
    }

    parse_result text(op_kind kind, std::size_t word) const {
        const std::size_t cap = kind == op_kind::info ? limits_.info_line : limits_.control_line;
        const std::size_t lf = in_.find('\n');
        if (std::min(lf, in_.size()) + 1 > cap) return error(parse_error::line_too_long);
        if (lf == std::string_view::npos) return {};
        parse_result r;
        r.status = parse_status::op;
        r.op.kind = kind;
        r.op.consumed = lf + 1;
        const std::string_view said = cut(in_.substr(word, lf - word));
        if (kind == op_kind::info || kind == op_kind::err) r.op.text = said;
        if (kind == op_kind::err && said.starts_with('\'')) {
            r.op.text = said.substr(1);
            if (r.op.text.ends_with('\'')) r.op.text.remove_suffix(1);
            r.op.text = cut(r.op.text);
        }
        return r;
    }

    parse_result message(std::size_t at, bool with_headers) const {
        const std::size_t most = with_headers ? 5 : 4;
        std::string_view arguments[5];
        std::size_t count = 0;
        for (std::size_t begin = at;; ++at) {
            if (at >= limits_.control_line) return error(parse_error::line_too_long);
            if (at >= in_.size()) return {};
            const char c = in_[at];
            if (!is_blank(c) && c != '\r' && c != '\n') continue;
            if (at > begin) {
                if (count == most) return error(parse_error::wrong_arguments);
                arguments[count++] = in_.substr(begin, at - begin);
            }
            begin = at + 1;
            if (is_blank(c)) continue;
            if (c == '\n') break;
            ++at;  // CR: an LF and nothing else must follow
            if (at >= limits_.control_line) return error(parse_error::line_too_long);
            if (at >= in_.size()) return {};
            if (in_[at] != '\n') return error(parse_error::wrong_arguments);
            break;
        }
        return body(at + 1, arguments, count, with_headers);
    }

    parse_result body(std::size_t line, const std::string_view* arguments, std::size_t count, bool with_headers) const {
        const std::size_t least = with_headers ? 4 : 3;
        if (count < least) return error(parse_error::wrong_arguments);
        parse_result r;
        std::uint64_t size = 0;
        std::uint64_t header_size = 0;
        if (!number(arguments[1], r.op.sid) || !number(arguments[count - 1], size)) return error(parse_error::wrong_number);
        if (with_headers && !number(arguments[count - 2], header_size)) return error(parse_error::wrong_number);
        if (with_headers && (header_size < 1 || header_size > size)) return error(parse_error::wrong_header_size);
        if (size > payload_cap_) return error(parse_error::payload_too_large);
        const std::string_view behind = in_.substr(line);
        if (behind.size() < size + 2) return {};
        if (behind.substr(size, 2) != "\r\n") return error(parse_error::payload_not_terminated);
        r.status = parse_status::op;
        r.op.kind = op_kind::msg;
        r.op.consumed = line + size + 2;
        const std::string_view reply_to = count > least ? arguments[2] : std::string_view();
        r.op.message = {arguments[0], reply_to, behind.substr(0, header_size), behind.substr(header_size, size - header_size)};
        return r;
    }

    static bool number(std::string_view digits, std::uint64_t& value) {
        value = 0;
        for (const char c : digits) {
            if (c < '0' || c > '9') return false;
            value = value * 10 + static_cast<std::uint64_t>(c - '0');
        }
        return !digits.empty() && digits.size() < 20;
    }

    std::string_view in_;
    const parser_limits& limits_;
    std::size_t payload_cap_;
};

bool same(std::string_view a, std::string_view b) { return a == b && (a.empty() || a.data() == b.data()); }

void check_same(const parse_result& fast, const parse_result& slow) {
    FUZZ_CHECK(fast.status == slow.status);
    FUZZ_CHECK(fast.error == slow.error);
    if (fast.status != parse_status::op) return;
    FUZZ_CHECK(fast.op.kind == slow.op.kind);
    FUZZ_CHECK(fast.op.consumed == slow.op.consumed);
    FUZZ_CHECK(fast.op.sid == slow.op.sid);
    FUZZ_CHECK(same(fast.op.message.subject(), slow.op.message.subject()));
    FUZZ_CHECK(same(fast.op.message.reply_to(), slow.op.message.reply_to()));
    FUZZ_CHECK(same(fast.op.message.header_block(), slow.op.message.header_block()));
    FUZZ_CHECK(same(fast.op.message.payload(), slow.op.message.payload()));
    FUZZ_CHECK(same(fast.op.text, slow.op.text));
}

/// The first frame that the parser has not decided on from `known` bytes, and again with all of them.
void check(std::string_view input, std::size_t known, const parser_limits& limits, std::int64_t max_payload) {
    parser fast(limits);
    fast.set_max_payload(max_payload);
    for (;;) {
        const std::string_view visible = input.substr(0, known);
        const parse_result early = fast.next(visible);
        check_same(early, slow_parser(visible, limits, fast.payload_cap()).next());
        const parse_result r = early.status == parse_status::need_more ? fast.next(input) : early;
        check_same(r, slow_parser(input, limits, fast.payload_cap()).next());
        if (r.status != parse_status::op) return;
        input.remove_prefix(r.op.consumed);
        known = known > r.op.consumed ? known - r.op.consumed : input.size() / 2;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 16384) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    std::uint32_t cut = 2166136261U;  // depends on the input alone, so that a finding can be replayed
    for (const char c : input) cut = (cut ^ static_cast<unsigned char>(c)) * 16777619U;
    check(input, size == 0 ? 0 : cut % size, {}, 1024 * 1024);
    parser_limits small;  // within reach of short inputs
    small.control_line = 32;
    small.info_line = 48;
    small.payload_slack = 8;
    small.payload_floor = 0;
    check(input, size == 0 ? 0 : (cut >> 16U) % size, small, 24);
    return 0;
}
