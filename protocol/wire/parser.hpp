// From received bytes to operations (spec 1, 2 and 14; failure modes A1-A9, A14, A24).
//
// Told: all bytes that were not yet consumed. Decides: whether a whole frame is there, and whether it is one. Emits: views of
// those bytes. It never copies, allocates, throws or looks at a payload. Invariants: the operations depend on the bytes alone,
// never on how they were split; a call looks at what arrived since the last one (and at most 16 bytes before), however long the
// frame; every number is compared with its cap before it takes part in arithmetic; after an error there are only errors.
//
// The grammar (letters of a verb in any case):
//
//     frame   = info / msg / hmsg / ping / pong / ok / err
//     info    = "INFO" text EOL                                     at most limits::info_line bytes with its EOL;
//     err     = "-ERR" text EOL                                     all other lines at most limits::control_line
//     ping    = "PING" text EOL        pong = "PONG" text EOL       ok = "+OK" text EOL       (their text is ignored)
//     msg     = "MSG"  BL subject BL sid [BL reply-to] BL size [BL] EOL payload CRLF
//     hmsg    = "HMSG" BL subject BL sid [BL reply-to] BL header-size BL size [BL] EOL header-block payload CRLF
//     BL      = 1*( SP / TAB )
//     EOL     = LF / CRLF
//     text    = any bytes but LF; blanks and CR at its ends are cut
//     subject, reply-to = 1* any byte but SP, TAB, CR, LF
//     sid, header-size, size = 1*19 DIGIT                           leading zeros are allowed, signs are not
//
// `size` counts header block and payload; 0 < header-size <= size. A frame begins where the last one ended: an empty line,
// a leading blank or an unknown verb is an error. `-ERR` may have no text. One pair of single quotes around it is cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <slipstream/message.hpp>

#include "protocol/wire/argument_scan.hpp"
#include "protocol/wire/plain_line.hpp"

namespace slipstream::wire {

enum class op_kind : std::uint8_t { info, msg, ping, pong, ok, err };  // msg: HMSG as well

enum class parse_error : std::uint8_t {
    none,
    unknown_operation,       ///< The frame begins with no verb of the server.
    line_too_long,           ///< The control line exceeds its cap.
    wrong_arguments,         ///< Too few or too many, or a CR among them.
    wrong_number,            ///< Not one to nineteen digits.
    wrong_header_size,       ///< Zero, or more than the whole.
    payload_too_large,       ///< More than the cap on payloads.
    payload_not_terminated,  ///< No CRLF after the payload.
};

std::string_view to_string(parse_error error) noexcept;

/// One frame. The views lie in the bytes passed to next().
struct operation {
    op_kind kind = op_kind::ok;
    std::size_t consumed = 0;       ///< Bytes of the frame: to be dropped once it is handled.
    std::uint64_t sid = 0;
    message_view message;           ///< MSG and HMSG. Its header block is as received, not validated, and empty for MSG.
    std::string_view text;          ///< INFO: JSON. -ERR: the message, may be empty.
};

enum class parse_status : std::uint8_t { need_more, op, error };

struct parse_result {
    parse_status status = parse_status::need_more;
    parse_error error = parse_error::none;
    operation op;
};

struct parser_limits {
    static constexpr std::int64_t highest_payload = std::int64_t{64} * 1024 * 1024;  // what a server can be configured for

    std::size_t control_line = std::size_t{64} * 1024;
    std::size_t info_line = std::size_t{1024} * 1024;
    /// For headers that the server adds on top of what a publisher was allowed.
    std::size_t payload_slack = std::size_t{64} * 1024;
    /// Payloads up to this size are accepted whatever max_payload says: INFO announces what *this user* may publish now. Other
    /// users may have a higher limit, and streams keep messages from before the limit was lowered.
    std::size_t payload_floor = std::size_t{8} * 1024 * 1024;
};

class parser {
public:
    explicit parser(const parser_limits& limits = {}) noexcept;

    /// Reads the frame at the front of `unconsumed`. The caller passes everything it has received and not dropped: the same
    /// bytes as in the last call (at any address) and what arrived since, or the bytes after the frame that was returned.
    /// What is returned lives until the next call; its `op` says something only together with parse_status::op.
    [[nodiscard]] const parse_result& next(std::string_view unconsumed) noexcept;

    /// Bytes that the frame at the front needs in all, 0 while that is unknown. It is what the peer announces: let the buffer
    /// grow towards it as bytes arrive, not at once.
    [[nodiscard]] std::size_t wanted() const noexcept { return frame_.size; }

    /// INFO's max_payload; see limits. Values outside 1 to 64 MiB are moved to the nearer end.
    void set_max_payload(std::int64_t max_payload) noexcept;

    /// Headers and payload of a message may have so many bytes.
    [[nodiscard]] std::size_t payload_cap() const noexcept { return payload_cap_; }

    /// For a new connection: forgets the frame and the error, keeps the limits.
    void reset() noexcept;

private:
    enum class verb : std::uint8_t { none, info, msg, hmsg, ping, pong, ok, err };

    /// A MSG or HMSG whose line was read; `size` is 0 until then.
    struct message_frame {
        byte_range subject{};
        byte_range reply_to{};
        std::uint32_t line_size = 0;
        std::uint32_t header_size = 0;
        std::uint64_t sid = 0;
        std::size_t size = 0;
    };

    const parse_result& any_frame(std::string_view in) noexcept;
    template <bool with_headers>
    const parse_result& plain_message(std::string_view in) noexcept;
    void any_message(std::string_view in, verb kind) noexcept;
    void message_end(std::string_view in, const message_line& line) noexcept;
    void text_line(std::string_view in, verb kind) noexcept;
    parse_error read_arguments(std::string_view in, const argument_scan& scan, bool with_headers, message_line& line) const noexcept;
    parse_error check(const message_line& line, bool with_headers) const noexcept;
    const parse_result& fail(parse_error error) noexcept;
    static verb frequent_verb(std::string_view in) noexcept;
    static parse_error find_verb(std::string_view in, verb& found) noexcept;

    parser_limits limits_;
    std::size_t payload_cap_ = 0;
    parse_error error_ = parse_error::none;
    verb verb_ = verb::none;      // of an unfinished line
    std::size_t scanned_ = 0;     // bytes of an unfinished text line that hold no LF
    argument_scan arguments_;     // of an unfinished MSG or HMSG line
    message_frame frame_;         // of an unfinished message
    parse_result result_;         // kept here: to clear it for every message would cost as much as reading a number
};

}  // namespace slipstream::wire
