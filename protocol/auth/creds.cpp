#include "protocol/auth/creds.hpp"

#include <algorithm>

#include <simdjson.h>

#include <slipstream/detail/base64.hpp>
#include <slipstream/error.hpp>

#include "protocol/auth/text.hpp"
#include "protocol/auth/wipe.hpp"

namespace slipstream::auth {

namespace {

/// Lines without what is blank around them.
class line_reader {
public:
    explicit line_reader(std::string_view text) noexcept : rest_(text) {
        constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
        if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
    }
    /// False at the end.
    bool next(std::string_view& line) noexcept {
        if (rest_.empty()) return false;
        const std::size_t end = rest_.find('\n');
        line = trim(rest_.substr(0, end));
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
        return true;
    }

private:
    std::string_view rest_;
};

bool is_border(std::string_view line) noexcept { return line.size() >= 6 && line.starts_with("---") && line.ends_with("---"); }

bool is_body(std::string_view line) noexcept {
    return !line.empty() && std::all_of(line.begin(), line.end(), [](char c) { return is_base64url(c) || c == '.' || c == '='; });
}

class block_reader {
public:
    explicit block_reader(std::string_view document) noexcept : lines_(document) {}

    /// The next block's line; false when there is no more.
    bool next(std::string_view& body) noexcept {
        std::string_view line;
        std::string_view candidate;
        bool open = false;  // a border was the last line, or the one before `candidate`
        while (lines_.next(line)) {
            if (line.empty()) continue;
            if (is_border(line)) {
                if (open && !candidate.empty()) {
                    body = candidate;
                    return true;
                }
                open = true;
            } else if (open && candidate.empty() && is_body(line)) {
                candidate = line;
            } else {  // prose
                open = false;
                candidate = {};
            }
        }
        return false;
    }

private:
    line_reader lines_;
};

}  // namespace

std::error_code find_creds(std::string_view document, creds_parts& out) noexcept {
    if (document.size() > max_document) return errc::creds_malformed;
    block_reader blocks(document);
    creds_parts found;
    if (!blocks.next(found.jwt) || !blocks.next(found.seed)) return errc::creds_malformed;
    out = found;
    return {};
}

std::error_code find_jwt(std::string_view document, std::string_view& out) noexcept {
    if (document.size() > max_document) return errc::creds_malformed;
    std::string_view found;
    if (!block_reader(document).next(found)) found = trim(document);
    if (found.empty()) return errc::creds_malformed;
    out = found;
    return {};
}

std::error_code find_seed(std::string_view document, std::string_view& out) noexcept {
    if (document.size() > max_document) return errc::creds_malformed;
    block_reader blocks(document);
    std::string_view found;
    if (blocks.next(found)) {
        static_cast<void>(blocks.next(found));  // unchanged when there is no second
    } else {
        line_reader lines(document);
        while (lines.next(found) && !found.starts_with('S')) {}
        if (!found.starts_with('S')) found = trim(document);
    }
    if (found.empty()) return errc::creds_malformed;
    out = found;
    return {};
}

std::error_code decode_creds(std::string_view base64, secret& out) {
    if (base64.size() > detail::base64_encoded_size(max_document) * 2) return errc::creds_malformed;
    wiped_text document;
    if (!detail::decode_base64(base64, document.text, detail::base64_rule::lenient)) return errc::creds_malformed;
    if (document.text.size() > max_document || !simdjson::validate_utf8(document.text)) return errc::creds_malformed;
    out = secret(document.text);
    return {};
}

}  // namespace slipstream::auth
