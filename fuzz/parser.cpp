// Wire parser: any split gives the same operations, consumed bytes are exact, errors stay, views lie in the frame, nothing beyond
// the visible bytes is read, and what it asks for is within the caps (I9, I10).
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "fuzz/check.hpp"
#include "protocol/wire/parser.hpp"

using namespace slipstream::wire;

namespace {

constexpr std::size_t max_input = 65536;

/// Relative to the frame, which is the same bytes of the input however it was split.
struct range {
    std::size_t begin = 0;
    std::size_t size = 0;
    friend bool operator==(const range&, const range&) = default;
};

struct found_op {
    op_kind kind;
    std::uint64_t sid;
    std::size_t consumed;
    std::array<range, 5> parts;
    friend bool operator==(const found_op&, const found_op&) = default;
};

struct outcome {
    std::vector<found_op> ops;
    parse_error error = parse_error::none;
    std::size_t consumed = 0;

    void clear() {
        ops.clear();
        error = parse_error::none;
        consumed = 0;
    }
    friend bool operator==(const outcome&, const outcome&) = default;
};

std::array<std::string_view, 5> parts_of(const operation& op) {
    return {op.message.subject(), op.message.reply_to(), op.message.header_block(), op.message.payload(), op.text};
}

found_op record(const operation& op, const char* frame) {
    found_op found{op.kind, op.sid, op.consumed, {}};
    std::size_t i = 0;
    for (const std::string_view part : parts_of(op)) {
        if (!part.empty()) {
            FUZZ_CHECK(part.data() >= frame && part.data() + part.size() <= frame + op.consumed);
            found.parts[i] = {static_cast<std::size_t>(part.data() - frame), part.size()};
        }
        ++i;
    }
    return found;
}

/// Bytes that end where the memory of this program's own ends: a sanitizer sees every read beyond them. They lie somewhere else in
/// every call of another size.
class visible_bytes {
public:
    std::string_view show(std::string_view bytes) {
        char* const begin = memory_.data() + (memory_.size() - bytes.size());
        if (!bytes.empty()) std::memcpy(begin, bytes.data(), bytes.size());
        return {begin, bytes.size()};
    }

private:
    std::array<char, max_input> memory_;
};

visible_bytes visible;

/// Alone, the frame gives the same operation; without its last byte, none.
void check_frame(std::string_view frame, const operation& op, const found_op& found, const parser_limits& limits) {
    parser alone(limits);
    const parse_result again = alone.next(frame);
    FUZZ_CHECK(again.status == parse_status::op);
    FUZZ_CHECK(record(again.op, frame.data()) == found);
    alone.reset();
    FUZZ_CHECK(alone.next(frame.substr(0, frame.size() - 1)).status == parse_status::need_more);
    if (op.kind == op_kind::msg) {
        FUZZ_CHECK(!op.message.subject().empty());
        FUZZ_CHECK(op.message.subject().find_first_of(" \t\r\n") == std::string_view::npos);
        FUZZ_CHECK(op.message.reply_to().find_first_of(" \t\r\n") == std::string_view::npos);
        FUZZ_CHECK(op.message.header_block().size() + op.message.payload().size() <= alone.payload_cap());
        FUZZ_CHECK(frame.ends_with("\r\n"));
    } else {
        FUZZ_CHECK(frame.ends_with('\n'));
        FUZZ_CHECK(frame.find('\n') == frame.size() - 1);
    }
}

/// `next_cut(at)` is where the piece that begins at `at` ends.
template <class NextCut>
void parse(std::string_view input, const parser_limits& limits, outcome& result, NextCut next_cut) {
    result.clear();
    parser p(limits);
    for (std::size_t end = 0;;) {
        end = input.empty() ? 0 : std::min(next_cut(end), input.size());
        for (;;) {
            const std::string_view bytes = visible.show(input.substr(result.consumed, end - result.consumed));
            const parse_result r = p.next(bytes);
            if (r.status == parse_status::need_more) {
                FUZZ_CHECK(p.wanted() == 0 || (p.wanted() > bytes.size() && p.wanted() <= limits.control_line + p.payload_cap() + 2));
                break;
            }
            if (r.status == parse_status::error) {
                FUZZ_CHECK(r.error != parse_error::none && !to_string(r.error).empty());
                FUZZ_CHECK(p.next("PING\r\n").error == r.error);
                FUZZ_CHECK(p.next({}).status == parse_status::error);
                FUZZ_CHECK(p.wanted() == 0);
                result.error = r.error;
                return;
            }
            FUZZ_CHECK(r.error == parse_error::none);
            FUZZ_CHECK(r.op.consumed > 0 && r.op.consumed <= bytes.size());
            result.ops.push_back(record(r.op, bytes.data()));
            if (end == input.size()) check_frame(bytes.substr(0, r.op.consumed), r.op, result.ops.back(), limits);
            result.consumed += r.op.consumed;
        }
        if (end == input.size()) return;
    }
}

void check(std::string_view input, const parser_limits& limits, std::uint32_t salt, bool byte_by_byte) {
    static outcome whole;  // memory is kept from input to input
    static outcome split;
    parse(input, limits, whole, [&](std::size_t) { return input.size(); });
    // Cuts that depend on the input alone, so that a finding can be replayed.
    std::uint32_t state = 2166136261U ^ salt;
    for (const char c : input) state = (state ^ static_cast<unsigned char>(c)) * 16777619U;
    parse(input, limits, split, [&](std::size_t at) {
        state = state * 1664525U + 1013904223U;
        return at + 1 + (state >> 16U) % 40U;
    });
    FUZZ_CHECK(split == whole);
    if (!byte_by_byte || input.size() > 256) return;
    parse(input, limits, split, [](std::size_t at) { return at + 1; });
    FUZZ_CHECK(split == whole);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > max_input) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    // Byte by byte with one of the two limits, in turn: half as much again gets done.
    check(input, {}, 1, size % 2 == 1);
    parser_limits small;  // within reach of short inputs
    small.control_line = 40;
    small.info_line = 60;
    small.payload_slack = 0;
    small.payload_floor = 1000;
    check(input, small, 2, size % 2 == 0);
    return 0;
}
