// Feeds a script of server bytes to the parser, whole and in every other way, and checks that it makes no difference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/wire/parser.hpp"

namespace slipstream::test {

/// An operation that owns its bytes.
struct parsed_op {
    wire::op_kind kind{};
    std::uint64_t sid = 0;
    std::string subject;
    std::string reply_to;
    std::string header_block;
    std::string payload;
    std::string text;
    std::size_t consumed = 0;

    friend bool operator==(const parsed_op&, const parsed_op&) = default;
};

struct parse_outcome {
    std::vector<parsed_op> ops;
    wire::parse_error error = wire::parse_error::none;
    std::size_t consumed = 0;  ///< Bytes of all operations.

    friend bool operator==(const parse_outcome&, const parse_outcome&) = default;
};

/// The bytes arrive in pieces that end at `cuts` (ascending) and at the end. Each call sees a copy of exactly the unconsumed
/// bytes at a new address, so that a sanitizer sees a read too many and a position kept as a pointer.
parse_outcome parse_in_pieces(std::string_view script, const std::vector<std::size_t>& cuts, const wire::parser_limits& limits = {});

/// Parses the script whole, byte by byte, in pieces of several sizes and, when it is short, cut at every place. Checks that all
/// agree, that the error (if any) stays, and returns what was found.
parse_outcome parse_script(std::string_view script, const wire::parser_limits& limits = {});

/// The error that a script ends with, after all the checks of parse_script.
wire::parse_error script_error(std::string_view script, const wire::parser_limits& limits = {});

/// The only operation of a script; a failed check otherwise.
parsed_op only_op(std::string_view script);

}  // namespace slipstream::test
