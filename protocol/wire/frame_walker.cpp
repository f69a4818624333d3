#include "protocol/wire/frame_walker.hpp"

#include <array>
#include <charconv>
#include <system_error>

namespace slipstream::wire {
namespace {

struct verb {
    std::string_view word;
    frame_kind kind;
};

constexpr std::array verbs{
    verb{"PUB ", frame_kind::pub},         verb{"HPUB ", frame_kind::hpub},    verb{"SUB ", frame_kind::sub},
    verb{"UNSUB ", frame_kind::unsub},     verb{"PING\r\n", frame_kind::ping}, verb{"PONG\r\n", frame_kind::pong},
    verb{"CONNECT ", frame_kind::connect},
};

/// The encoder's own lines: single blanks, one to four arguments.
struct argument_list {
    std::array<std::string_view, 4> at;
    std::size_t count = 0;

    bool split(std::string_view line) noexcept {
        while (true) {
            const std::size_t blank = line.find(' ');
            if (count == at.size() || blank == 0 || line.empty()) return false;
            at[count++] = line.substr(0, blank);
            if (blank == std::string_view::npos) return true;
            line.remove_prefix(blank + 1);
        }
    }
};

template <class Number>
bool read_number(std::string_view text, Number& value) noexcept {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
}

bool read_line(std::string_view line, frame& f, std::size_t& header_size, std::size_t& total) noexcept {
    argument_list args;
    if (f.kind == frame_kind::connect) return true;
    if (!args.split(line)) return false;
    const std::size_t last = args.count - 1;
    switch (f.kind) {
        case frame_kind::pub:
        case frame_kind::hpub: {
            const std::size_t numbers = f.kind == frame_kind::hpub ? 2 : 1;
            if (args.count < 1 + numbers || args.count > 2 + numbers) return false;
            f.subject = args.at[0];
            if (args.count == 2 + numbers) f.reply_to = args.at[1];
            if (!read_number(args.at[last], total)) return false;
            return numbers == 1 || (read_number(args.at[last - 1], header_size) && header_size <= total);
        }
        case frame_kind::sub:
            if (args.count < 2 || args.count > 3) return false;
            f.subject = args.at[0];
            if (args.count == 3) f.queue_group = args.at[1];
            return read_number(args.at[last], f.sid);
        case frame_kind::unsub:
            if (args.count > 2) return false;
            return read_number(args.at[0], f.sid) && (args.count == 1 || read_number(args.at[1], f.max_messages));
        default: return false;
    }
}

}  // namespace

walk_status frame_walker::next() noexcept {
    const std::string_view rest = bytes_.substr(offset_);
    if (rest.empty()) return walk_status::end;
    const verb* found = nullptr;
    for (const verb& v : verbs) {
        if (rest.starts_with(v.word)) {
            found = &v;
            break;
        }
        if (v.word.starts_with(rest)) return walk_status::incomplete;
    }
    if (found == nullptr) return walk_status::malformed;

    frame f;
    f.kind = found->kind;
    f.begin = offset_;
    f.size = found->word.size();
    if (f.kind != frame_kind::ping && f.kind != frame_kind::pong) {
        const std::size_t lf = rest.find('\n');
        if (lf == std::string_view::npos) return walk_status::incomplete;
        if (lf <= found->word.size() || rest[lf - 1] != '\r') return walk_status::malformed;
        f.size = lf + 1;
        std::size_t header_size = 0;
        std::size_t total = 0;
        if (!read_line(rest.substr(found->word.size(), lf - 1 - found->word.size()), f, header_size, total)) return walk_status::malformed;
        if (f.kind == frame_kind::pub || f.kind == frame_kind::hpub) {
            const std::size_t left = rest.size() - f.size;
            if (left < 2 || left - 2 < total) return walk_status::incomplete;
            f.header_block = rest.substr(f.size, header_size);
            f.payload = rest.substr(f.size + header_size, total - header_size);
            f.size += total + 2;
            if (rest.substr(f.size - 2, 2) != "\r\n") return walk_status::malformed;
        }
    }
    offset_ += f.size;
    current_ = f;
    return walk_status::frame;
}

}  // namespace slipstream::wire
