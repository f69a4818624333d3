// Wire parser: any split gives the same operations, consumed bytes are exact, errors stay, views lie in the frame.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/check.hpp"
#include "protocol/wire/parser.hpp"

using namespace slipstream::wire;

namespace {

struct found_op {
    op_kind kind;
    std::uint64_t sid;
    std::string subject, reply_to, header_block, payload, text;
    std::size_t consumed;
    friend bool operator==(const found_op&, const found_op&) = default;
};

struct outcome {
    std::vector<found_op> ops;
    parse_error error = parse_error::none;
    std::size_t consumed = 0;
    friend bool operator==(const outcome&, const outcome&) = default;
};

found_op copy(const operation& op) {
    return {op.kind,
            op.sid,
            std::string(op.subject),
            std::string(op.reply_to),
            std::string(op.header_block),
            std::string(op.payload),
            std::string(op.text),
            op.consumed};
}

void check_inside(std::string_view part, std::string_view frame) {
    if (part.empty()) return;
    FUZZ_CHECK(part.data() >= frame.data() && part.data() + part.size() <= frame.data() + frame.size());
}

/// Alone, the frame gives the same operation; without its last byte, none.
void check_frame(std::string_view frame, const operation& op, const parser_limits& limits) {
    for (const std::string_view part : {op.subject, op.reply_to, op.header_block, op.payload, op.text}) check_inside(part, frame);
    parser alone(limits);
    const parse_result again = alone.next(frame);
    FUZZ_CHECK(again.status == parse_status::op);
    FUZZ_CHECK(copy(again.op) == copy(op));
    alone.reset();
    FUZZ_CHECK(alone.next(frame.substr(0, frame.size() - 1)).status == parse_status::need_more);
    if (op.kind == op_kind::msg) {
        FUZZ_CHECK(!op.subject.empty());
        FUZZ_CHECK(op.subject.find_first_of(" \t\r\n") == std::string_view::npos);
        FUZZ_CHECK(op.reply_to.find_first_of(" \t\r\n") == std::string_view::npos);
        FUZZ_CHECK(op.header_block.size() + op.payload.size() <= alone.payload_cap());
        FUZZ_CHECK(frame.ends_with("\r\n"));
    } else {
        FUZZ_CHECK(frame.ends_with('\n'));
        FUZZ_CHECK(frame.find('\n') == frame.size() - 1);
    }
}

outcome parse(std::string_view input, const std::vector<std::size_t>& cuts, const parser_limits& limits) {
    outcome result;
    parser p(limits);
    for (std::size_t piece = 0; piece <= cuts.size(); ++piece) {
        const std::size_t end = piece < cuts.size() ? cuts[piece] : input.size();
        for (;;) {
            const std::size_t size = end - result.consumed;
            const auto bytes = std::make_unique_for_overwrite<char[]>(size);
            if (size != 0) std::memcpy(bytes.get(), input.data() + result.consumed, size);
            const parse_result r = p.next({bytes.get(), size});
            if (r.status == parse_status::need_more) {
                FUZZ_CHECK(p.wanted() == 0 || (p.wanted() > size && p.wanted() <= limits.control_line + p.payload_cap() + 2));
                break;
            }
            if (r.status == parse_status::error) {
                FUZZ_CHECK(r.error != parse_error::none);
                FUZZ_CHECK(p.next("PING\r\n").error == r.error);
                FUZZ_CHECK(p.next({}).status == parse_status::error);
                FUZZ_CHECK(p.wanted() == 0);
                result.error = r.error;
                return result;
            }
            FUZZ_CHECK(r.error == parse_error::none);
            FUZZ_CHECK(r.op.consumed > 0 && r.op.consumed <= size);
            check_frame({bytes.get(), r.op.consumed}, r.op, limits);
            result.ops.push_back(copy(r.op));
            result.consumed += r.op.consumed;
        }
    }
    return result;
}

/// Cuts that depend on the input alone, so that a finding can be replayed.
std::vector<std::size_t> scattered_cuts(std::string_view input, std::uint32_t salt) {
    std::uint32_t state = 2166136261U ^ salt;
    for (const char c : input) state = (state ^ static_cast<unsigned char>(c)) * 16777619U;
    std::vector<std::size_t> cuts;
    for (std::size_t at = 0;;) {
        state = state * 1664525U + 1013904223U;
        at += 1 + (state >> 16U) % 40U;
        if (at >= input.size()) return cuts;
        cuts.push_back(at);
    }
}

std::vector<std::size_t> every_byte(std::size_t size) {
    std::vector<std::size_t> cuts;
    for (std::size_t at = 1; at < size; ++at) cuts.push_back(at);
    return cuts;
}

void check(std::string_view input, const parser_limits& limits) {
    const outcome whole = parse(input, {}, limits);
    FUZZ_CHECK(parse(input, scattered_cuts(input, 1), limits) == whole);
    FUZZ_CHECK(parse(input, scattered_cuts(input, 2), limits) == whole);
    if (input.size() <= 256) FUZZ_CHECK(parse(input, every_byte(input.size()), limits) == whole);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 65536) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    check(input, {});
    parser_limits small;  // within reach of short inputs
    small.control_line = 40;
    small.info_line = 60;
    small.payload_slack = 0;
    small.payload_floor = 1000;
    check(input, small);
    return 0;
}
