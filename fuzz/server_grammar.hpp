// What nats-server reads from a client (spec/protocol.md 1 and 2), as strictly as a client may be asked to write: verbs in capitals,
// one blank between arguments, CRLF, plain numbers. A second reading beside the product's own frame walker.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

namespace fuzz {

struct client_frame {
    std::string_view verb;
    std::vector<std::string_view> arguments;  ///< Of CONNECT: the JSON.
    std::string_view headers;
    std::string_view payload;
};

class server_reader {
public:
    explicit server_reader(std::string_view bytes) : rest_(bytes) {}

    [[nodiscard]] bool at_end() const { return rest_.empty(); }

    /// Nothing for what the server would not take.
    std::optional<client_frame> next() {
        client_frame f;
        std::string_view line;
        if (!take_line(line)) return std::nullopt;
        f.verb = line.substr(0, line.find(' '));
        line.remove_prefix(f.verb.size());
        if (f.verb == "CONNECT") {
            if (!line.starts_with(" {") || !line.ends_with('}')) return std::nullopt;
            f.arguments.push_back(line.substr(1));
            return f;
        }
        while (!line.empty()) {
            line.remove_prefix(1);
            f.arguments.push_back(line.substr(0, line.find(' ')));
            if (f.arguments.back().empty()) return std::nullopt;
            line.remove_prefix(f.arguments.back().size());
        }
        return complete(f) ? std::optional(f) : std::nullopt;
    }

    static std::optional<std::uint64_t> number(std::string_view digits) {
        std::uint64_t value = 0;
        const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        const bool plain = ec == std::errc() && end == digits.data() + digits.size() && (digits.size() == 1 || digits.front() != '0');
        return plain ? std::optional(value) : std::nullopt;
    }

private:
    bool take_line(std::string_view& line) {
        const std::size_t end = rest_.find("\r\n");
        if (end == std::string_view::npos) return false;
        line = rest_.substr(0, end);
        rest_.remove_prefix(end + 2);
        return line.find_first_of("\r\n\t") == std::string_view::npos;
    }

    bool complete(client_frame& f) {
        const std::size_t count = f.arguments.size();
        if (f.verb == "PING" || f.verb == "PONG") return count == 0;
        if (f.verb == "SUB") return (count == 2 || count == 3) && number(f.arguments.back());
        if (f.verb == "UNSUB") return (count == 1 || count == 2) && number(f.arguments.front()) && number(f.arguments.back());
        const bool with_headers = f.verb == "HPUB";
        if (!with_headers && f.verb != "PUB") return false;
        const std::size_t numbers = with_headers ? 2 : 1;
        if (count != 1 + numbers && count != 2 + numbers) return false;
        const auto size = number(f.arguments.back());
        const auto header_size = with_headers ? number(f.arguments[count - 2]) : std::optional<std::uint64_t>(0);
        if (!size || !header_size || *header_size > *size || rest_.size() < 2 || rest_.size() - 2 < *size) return false;
        f.headers = rest_.substr(0, *header_size);
        f.payload = rest_.substr(*header_size, *size - *header_size);
        rest_.remove_prefix(*size);
        const bool ended = rest_.starts_with("\r\n");
        rest_.remove_prefix(2);
        return ended;
    }

    std::string_view rest_;
};

}  // namespace fuzz
