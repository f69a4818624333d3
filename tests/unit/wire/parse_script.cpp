#include "tests/unit/wire/parse_script.hpp"

#include <doctest/doctest.h>

#include <memory>

namespace slipstream::test {
namespace {

parsed_op own(const wire::operation& op) {
    return {op.kind,
            op.sid,
            std::string(op.message.subject()),
            std::string(op.message.reply_to()),
            std::string(op.message.header_block()),
            std::string(op.message.payload()),
            std::string(op.text),
            op.consumed};
}

void check_sticky(wire::parser& parser, wire::parse_error error) {
    for (const std::string_view more : {std::string_view(), std::string_view("PING\r\n"), std::string_view("MSG a 1 1\r\nx\r\n")}) {
        const wire::parse_result again = parser.next(more);
        CHECK(again.status == wire::parse_status::error);
        CHECK(again.error == error);
    }
    CHECK(parser.wanted() == 0);
}

std::vector<std::size_t> cuts_every(std::size_t step, std::size_t size) {
    std::vector<std::size_t> cuts;
    for (std::size_t at = step; at < size; at += step) cuts.push_back(at);
    return cuts;
}

}  // namespace

parse_outcome parse_in_pieces(std::string_view script, const std::vector<std::size_t>& cuts, const wire::parser_limits& limits) {
    parse_outcome outcome;
    wire::parser parser(limits);
    for (std::size_t piece = 0; piece <= cuts.size(); ++piece) {
        const std::size_t end = piece < cuts.size() ? cuts[piece] : script.size();
        for (;;) {
            const std::size_t size = end - outcome.consumed;
            const auto bytes = std::make_unique_for_overwrite<char[]>(size);
            script.copy(bytes.get(), size, outcome.consumed);
            const wire::parse_result result = parser.next({bytes.get(), size});
            if (result.status == wire::parse_status::need_more) {
                if (parser.wanted() != 0) CHECK(parser.wanted() > size);
                break;
            }
            if (result.status == wire::parse_status::error) {
                check_sticky(parser, result.error);
                outcome.error = result.error;
                return outcome;
            }
            REQUIRE(result.op.consumed > 0);
            REQUIRE(result.op.consumed <= size);
            outcome.ops.push_back(own(result.op));
            outcome.consumed += result.op.consumed;
        }
    }
    return outcome;
}

parse_outcome parse_script(std::string_view script, const wire::parser_limits& limits) {
    const parse_outcome whole = parse_in_pieces(script, {}, limits);
    if (script.size() <= 4096) {
        for (std::size_t cut = 1; cut < script.size(); ++cut) {
            const parse_outcome split = parse_in_pieces(script, {cut}, limits);
            INFO("cut at ", cut);
            CHECK(split == whole);
        }
        CHECK(parse_in_pieces(script, cuts_every(1, script.size()), limits) == whole);
    }
    for (const std::size_t step : {std::size_t{7}, std::size_t{16}, std::size_t{4093}}) {
        if (script.size() / step > 4096) continue;
        INFO("pieces of ", step);
        CHECK(parse_in_pieces(script, cuts_every(step, script.size()), limits) == whole);
    }
    return whole;
}

wire::parse_error script_error(std::string_view script, const wire::parser_limits& limits) { return parse_script(script, limits).error; }

parsed_op only_op(std::string_view script) {
    parse_outcome outcome = parse_script(script);
    INFO("script: ", std::string(script));
    CHECK(outcome.error == wire::parse_error::none);
    REQUIRE(outcome.ops.size() == 1);
    CHECK(outcome.consumed == script.size());
    return std::move(outcome.ops.front());
}

}  // namespace slipstream::test
