#include <doctest/doctest.h>

#include <algorithm>
#include <ostream>
#include <string>

#include <slipstream/detail/base64.hpp>
#include <slipstream/error.hpp>

#include "protocol/auth/creds.hpp"
#include "tests/support/jwt_maker.hpp"
#include "tests/unit/auth/vectors.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

/// `jwt|seed`, or the error's name.
std::string parts(std::string_view document) {
    auth::creds_parts out;
    if (const std::error_code ec = auth::find_creds(document, out)) return to_string(static_cast<errc>(ec.value()));
    return std::string(out.jwt) + "|" + std::string(out.seed);
}

std::string jwt_of(std::string_view document) {
    std::string_view out;
    if (const std::error_code ec = auth::find_jwt(document, out)) return to_string(static_cast<errc>(ec.value()));
    return std::string(out);
}

std::string seed_of(std::string_view document) {
    std::string_view out;
    if (const std::error_code ec = auth::find_seed(document, out)) return to_string(static_cast<errc>(ec.value()));
    return std::string(out);
}

std::string crlf(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n') out += '\r';
        out += c;
    }
    return out;
}

const std::string document = make_creds(jwt_u, seed_u);
const std::string both = std::string(jwt_u) + "|" + std::string(seed_u);

}  // namespace

TEST_CASE("S9 B15 auth.md 6: a document as the tools write it") {
    CHECK(parts(document) == both);
    CHECK(parts(crlf(document)) == both);
    CHECK(parts(document.substr(0, document.find("------END USER NKEY") + 29)) == both);  // no newline at the end
    CHECK(parts("\xef\xbb\xbf" + document) == both);
    CHECK(parts("some words\n\n" + document + "more words") == both);
    std::string mixed = document;
    mixed.insert(mixed.find('\n'), "\r");
    CHECK(parts(mixed) == both);
}

TEST_CASE("B15 auth.md 6: borders are dashes around anything, and labels mean nothing") {
    CHECK(parts("---a---\nJ.J.J\n---b---\n---\xc3\xa9---\nSEED\n------\n") == "J.J.J|SEED");
    CHECK(parts("  -----BEGIN-----\n J.J.J\t \n\t------END------ \n---x---\nSEED\n---x---") == "J.J.J|SEED");
    CHECK(parts("---x---\n\nJ.J.J\n\n---x---\n\n---x---\n\nSEED\n\n---x---") == "J.J.J|SEED");
    CHECK(parts("---x---\nSEED\n---x---\n---x---\nJ.J.J\n---x---") == "SEED|J.J.J");  // the order decides
    CHECK(parts("--- words ---\n" + document) == both);                              // a border in the prose opens nothing
    CHECK(parts("---x---\nnot a body\n" + document) == both);
    CHECK(parts(document + document) == both);
    CHECK(parts("---x---\nA=_-.9\n---x---\n---x---\nb\n---x---\n") == "A=_-.9|b");
}

TEST_CASE("B15 auth.md 6: what is no document") {
    for (const std::string_view text :
         {"", "\n", "J.J.J", "---x---\nJ.J.J\n---x---\n", "---x---\n---x---\n---x---\n---x---\n", "--x--\nJ\n--x--\n--x--\nS\n--x--\n",
          "-----\nJ\n-----\n-----\nS\n-----\n", "---x---\nJ\nJ\n---x---\n---x---\nS\n---x---\n", "---x---\nJ\n---x---\n---x---\nS\n",
          "---x---\nJ\n---x---\n---x---\nS S\n---x---\n", "---x---\nJ\n---x---\n---x---\nS\rS\n---x---\n"}) {
        CHECK_MESSAGE(parts(text) == "creds_malformed", text);
    }
    CHECK(parts("---x---\nJ" + std::string(1, '\0') + "\n---x---\n---x---\nS\n---x---\n") == "creds_malformed");
    CHECK(parts(std::string(1024 * 1024, 'x')) == "creds_malformed");
    CHECK(parts(document + std::string(auth::max_document - document.size(), 'x')) == both);
    CHECK(parts(document + std::string(auth::max_document - document.size() + 1, 'x')) == "creds_malformed");
    auth::creds_parts untouched{"a", "b"};
    CHECK(auth::find_creds("", untouched) == errc::creds_malformed);
    CHECK(untouched.jwt == "a");
    CHECK(untouched.seed == "b");
}

TEST_CASE("B15 auth.md 6: a JWT and a seed in files of their own") {
    CHECK(jwt_of(document) == jwt_u);
    CHECK(jwt_of("\n " + std::string(jwt_u) + "\r\n") == jwt_u);
    CHECK(jwt_of("---x---\nJ.J.J\n---x---\n") == "J.J.J");
    CHECK(jwt_of("") == "creds_malformed");
    CHECK(jwt_of(" \r\n\t") == "creds_malformed");
    CHECK(jwt_of(std::string(auth::max_document + 1, 'x')) == "creds_malformed");

    CHECK(seed_of(document) == seed_u);
    CHECK(seed_of(std::string(seed_u) + "\n") == seed_u);
    CHECK(seed_of("-----BEGIN USER NKEY SEED-----\n" + std::string(seed_u) + "\n------END USER NKEY SEED------\n") == seed_u);
    CHECK(seed_of("# the key\r\n  " + std::string(seed_u) + "\r\n" + std::string(public_u)) == seed_u);
    CHECK(seed_of(public_u) == public_u);  // for the error that tells what it is
    CHECK(seed_of("") == "creds_malformed");
    CHECK(seed_of(std::string(auth::max_document + 1, 'S')) == "creds_malformed");
}

TEST_CASE("S8 W19: base64 with white space and without padding, and nothing else") {
    const auto decode = [](std::string_view text) {
        secret out;
        if (const std::error_code ec = auth::decode_creds(text, out)) return std::string(to_string(static_cast<errc>(ec.value())));
        return std::string(out.reveal());
    };
    const std::string text = detail::encode_base64(document + " ");  // needs padding
    REQUIRE(text.ends_with('='));
    CHECK(decode(text) == document + " ");
    CHECK(decode(text + "\n") == document + " ");
    CHECK(decode(text.substr(0, text.find('='))) == document + " ");
    std::string lines;
    for (std::size_t i = 0; i < text.size(); i += 76) lines += text.substr(i, 76) + "\r\n";
    CHECK(decode(" " + lines) == document + " ");
    CHECK(decode(text + "*") == "creds_malformed");
    CHECK(decode(document) == "creds_malformed");
    CHECK(decode(detail::encode_base64("\xff\xfe")) == "creds_malformed");
    CHECK(decode(detail::encode_base64(std::string(auth::max_document + 1, 'x'))) == "creds_malformed");
    CHECK(decode(std::string(4 * auth::max_document, ' ')) == "creds_malformed");
    CHECK(decode(detail::encode_base64(std::string(auth::max_document, 'x'))).size() == auth::max_document);
}
