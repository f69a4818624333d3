// See publish_ack.hpp.
#include "jetstream/api/publish_ack.hpp"

#include "jetstream/api/reply.hpp"

#include <array>
#include <cstddef>

namespace slipstream::jetstream::api {
namespace {

/// What a string may consist of to be read as it is: printable ASCII, no quote, no escape.
constexpr std::array<bool, 256> plain = [] {
    std::array<bool, 256> table{};
    for (std::size_t c = ' '; c < 0x7f; ++c) table[c] = c != '"' && c != '\\';
    return table;
}();

/// A cursor over text that is usually what is expected; every function says whether it was.
struct scanner {
    std::string_view rest;

    void skip_blanks() noexcept {
        while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    }
    bool take(std::string_view expected) noexcept {
        if (!rest.starts_with(expected)) return false;
        rest.remove_prefix(expected.size());
        return true;
    }
    bool string(std::string_view& out) noexcept {
        skip_blanks();
        if (!take("\"")) return false;
        std::size_t size = 0;
        while (size < rest.size() && plain[static_cast<unsigned char>(rest[size])]) ++size;
        out = rest.substr(0, size);
        rest.remove_prefix(size);
        return take("\"");
    }
    /// Without leading zeros and at most 18 digits, so that nothing can overflow.
    bool number(std::uint64_t& out) noexcept {
        skip_blanks();
        std::size_t size = 0;
        out = 0;
        for (; size < rest.size() && rest[size] >= '0' && rest[size] <= '9'; ++size) {
            if (size == 18) return false;
            out = out * 10 + static_cast<std::uint64_t>(rest[size] - '0');
        }
        const bool usual = size > 0 && (size == 1 || rest[0] != '0');
        rest.remove_prefix(size);
        return usual;
    }
    bool boolean(bool& out) noexcept {
        skip_blanks();
        out = rest.starts_with("true");
        return take(out ? "true" : "false");
    }
};

enum member : unsigned { stream = 1, seq = 2, domain = 4, duplicate = 8 };

/// One `"name": value`. `seen` makes a repeated member unusual: which of the two counts is for the JSON parser to say.
bool read_member(scanner& in, publish_ack_view& out, unsigned& seen) noexcept {
    const auto once = [&seen](member m) {
        const bool first = (seen & m) == 0;
        seen |= m;
        return first;
    };
    if (in.take("\"stream\":")) return once(stream) && in.string(out.stream);
    if (in.take("\"seq\":")) return once(seq) && in.number(out.sequence);
    if (in.take("\"domain\":")) return once(domain) && in.string(out.domain);
    if (in.take("\"duplicate\":")) return once(duplicate) && in.boolean(out.duplicate);
    return false;
}

}  // namespace

std::optional<publish_ack_view> read_usual_ack(std::string_view text) noexcept {
    scanner in{text};
    publish_ack_view out;
    unsigned seen = 0;
    if (!in.take("{")) return std::nullopt;
    do {
        in.skip_blanks();
        if (!read_member(in, out, seen)) return std::nullopt;
        in.skip_blanks();
    } while (in.take(","));
    if (in.rest != "}" || (seen & stream) == 0 || out.stream.empty() || out.sequence == 0) return std::nullopt;
    return out;
}

std::error_code decode_publish_ack(const message_view& reply, publish_ack& out, error_info* info) {
    if (const auto usual = read_usual_ack(reply.payload())) {
        out.stream = usual->stream;
        out.domain.clear();  // mostly there is none
        if (!usual->domain.empty()) out.domain = usual->domain;
        out.sequence = usual->sequence;
        out.duplicate = usual->duplicate;
        return {};
    }
    json_document document;
    if (const auto ec = open_reply(reply, document, info)) return ec;
    object_reader in(document.root());
    in.required("stream", out.stream).required("seq", out.sequence).optional("domain", out.domain).optional("duplicate", out.duplicate);
    return in.ok() && !out.stream.empty() && out.sequence != 0 ? std::error_code() : errc::invalid_response;
}

std::error_code decode_stored_sequence(const message_view& reply, std::uint64_t& out, error_info* info) {
    if (const auto usual = read_usual_ack(reply.payload())) {
        out = usual->sequence;
        return {};
    }
    publish_ack ack;
    const std::error_code ec = decode_publish_ack(reply, ack, info);
    if (!ec) out = ack.sequence;
    return ec;
}

}  // namespace slipstream::jetstream::api
