// A slow reader of what servers send, to compare the client's with: the grammar of protocol/wire/parser.hpp, written down once more.
#pragma once

#include <string>
#include <string_view>

namespace slipstream::sim {

class reference_parser {
public:
    void feed(std::string_view bytes);
    /// What was fed is not the beginning of any allowed stream.
    [[nodiscard]] bool broken() const noexcept { return !why_.empty(); }
    [[nodiscard]] const std::string& why() const noexcept { return why_; }
    /// Allowed by the grammar, but a client may still refuse it: at the edge of a limit, or not INFO where INFO has to be.
    [[nodiscard]] bool suspicious() const noexcept { return suspicious_; }

private:
    bool next();
    bool message_line(std::string_view line, bool with_headers);
    bool fail(const char* why);

    std::string rest_;
    std::string why_;
    std::size_t payload_ = 0;   // with its CRLF, of the message whose line was read
    bool in_payload_ = false;
    bool suspicious_ = false;
    bool first_ = true;
};

}  // namespace slipstream::sim
