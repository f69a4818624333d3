// Credentials documents and JWTs (spec/auth.md 6; S8-S10, B15, W19): what is found lies in the document on a line of its own between
// borders, whatever the prose around it; CR and byte order marks change nothing; a JWT is accepted exactly by its shape, and belongs to
// another user only when its claims say so.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <slipstream/detail/base64.hpp>

#include "fuzz/check.hpp"
#include "fuzz/input.hpp"
#include "protocol/auth/creds.hpp"
#include "protocol/auth/jwt.hpp"
#include "tests/support/base64url.hpp"

using namespace slipstream;

namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool is_body(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return letters.find(c) != std::string_view::npos || c == '.' || c == '='; });
}

bool lies_in(std::string_view part, std::string_view whole) {
    return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

void check_document(std::string_view document) {
    auth::creds_parts parts;
    const bool both = !auth::find_creds(document, parts);
    std::string_view jwt;
    std::string_view seed;
    const bool has_jwt = !auth::find_jwt(document, jwt);
    const bool has_seed = !auth::find_seed(document, seed);
    FUZZ_CHECK(!has_jwt || (!jwt.empty() && lies_in(jwt, document)));
    FUZZ_CHECK(!has_seed || (!seed.empty() && lies_in(seed, document)));
    if (!both) {
        FUZZ_CHECK(parts.jwt.empty() && parts.seed.empty());
        return;
    }
    FUZZ_CHECK(lies_in(parts.jwt, document) && lies_in(parts.seed, document) && is_body(parts.jwt) && is_body(parts.seed));
    FUZZ_CHECK(parts.jwt.data() + parts.jwt.size() < parts.seed.data());
    FUZZ_CHECK(jwt == parts.jwt && seed == parts.seed);
    std::string with_cr = "\xef\xbb\xbf";
    for (const char c : document) with_cr += c == '\n' ? "\r\n" : std::string(1, c);
    auth::creds_parts same;
    if (with_cr.size() <= auth::max_document && !document.starts_with("\xef\xbb\xbf")) {
        FUZZ_CHECK(!auth::find_creds(with_cr, same) && same.jwt == parts.jwt && same.seed == parts.seed);
    }
    secret decoded;
    if (!auth::decode_creds(detail::encode_base64(document), decoded)) FUZZ_CHECK(decoded.reveal() == document);
}

void check_jwt(std::string_view text) {
    std::vector<std::string_view> parts;
    for (std::string_view rest = text;;) {
        const std::size_t dot = rest.find('.');
        parts.push_back(rest.substr(0, dot));
        if (dot == std::string_view::npos) break;
        rest.remove_prefix(dot + 1);
    }
    const bool shape = parts.size() == 3 && text.size() <= auth::max_document && std::all_of(parts.begin(), parts.end(), [](auto part) {
                           return !part.empty() && part.find_first_not_of(letters) == std::string_view::npos;
                       });
    FUZZ_CHECK(!auth::check_jwt(text) == shape);
    static_cast<void>(auth::names_another_user(text, "U"));
}

/// Prose around a document that is right.
void check_made(fuzz::input in) {
    std::string prose[3];
    for (std::string& text : prose) {
        for (const char c : in.text(60)) text += c == '-' ? '_' : c;  // no borders of its own
        text += "\nprose!\n";
    }
    std::string user(in.text(20));
    std::replace_if(user.begin(), user.end(), [](char c) { return letters.find(c) == std::string_view::npos; }, '_');
    const std::string jwt = "e30." + test::base64url("{\"sub\":\"" + user + "\"}") + ".c2ln";
    FUZZ_CHECK(!auth::check_jwt(jwt) && !auth::names_another_user(jwt, user) && auth::names_another_user(jwt, user + "x"));
    const std::string document = prose[0] + "---BEGIN---\n" + jwt + "\n------END------\n" + prose[1] + "---BEGIN---\n\nSUA" + user +
                                 "\n------END------\n" + prose[2];
    auth::creds_parts parts;
    FUZZ_CHECK(!auth::find_creds(document, parts) && parts.jwt == jwt && parts.seed == "SUA" + user);
    check_document(document);
    check_jwt("e30." + test::base64url(in.rest()) + ".c2ln");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 8192) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    check_document(input);
    check_jwt(input);
    secret decoded;
    static_cast<void>(auth::decode_creds(input, decoded));
    check_made(fuzz::input(data, size));
    return 0;
}
