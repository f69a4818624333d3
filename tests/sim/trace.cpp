#include "tests/sim/trace.hpp"

#include <cstdio>

namespace slipstream::sim {

void trace::note(std::int64_t when_ns, std::string_view what, std::uint64_t a, std::uint64_t b, std::string_view text) {
    constexpr std::size_t longest = 400;
    char head[48];
    std::snprintf(head, sizeof head, "%12.6f  ", static_cast<double>(when_ns) / 1e9);
    std::string line = head;
    line.append(what);
    line += ' ' + std::to_string(a) + ' ' + std::to_string(b);
    if (!text.empty()) line += "  ";
    for (const char c : text.substr(0, longest)) {
        if (c == '\r')
            line += "\\r";
        else if (c == '\n')
            line += "\\n";
        else
            line += c >= 32 && c < 127 ? c : '?';
    }
    if (text.size() > longest) line += "...";
    lines_.push_back(std::move(line));
}

}  // namespace slipstream::sim
