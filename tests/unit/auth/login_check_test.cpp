#include <doctest/doctest.h>

#include <algorithm>
#include <ostream>
#include <string>

#include <slipstream/detail/base64.hpp>
#include <slipstream/error.hpp>

#include "protocol/auth/creds.hpp"
#include "protocol/auth/jwt.hpp"
#include "protocol/auth/login_check.hpp"
#include "tests/support/jwt_maker.hpp"
#include "tests/unit/auth/vectors.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

std::error_code check(const authentication& how) { return auth::check_login(how); }

const std::string document = make_creds(jwt_u, seed_u);
const signer some_signer = [](const std::string&, const signature_reply&) {};

/// A JWT with these claims, in whatever form.
std::string jwt_with(std::string_view claims) { return "e30." + base64url(claims) + ".AA"; }

}  // namespace

TEST_CASE("B15 auth.md 6: the shape of a JWT") {
    CHECK_FALSE(auth::check_jwt(jwt_u));
    CHECK_FALSE(auth::check_jwt("a.b.c"));
    for (const std::string_view bad : {"", "a", "a.b", "a.b.", ".b.c", "a..c", "a.b.c.d", "a.b.c.", "a.b=.c", "a.b/.c", "a.b c.d",
                                       "a.b.c\n", "..", "SUAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H776Y"}) {
        CHECK_MESSAGE(auth::check_jwt(bad) == errc::jwt_malformed, bad);
    }
    CHECK(auth::check_jwt("a.b." + std::string(auth::max_document, 'c')) == errc::jwt_malformed);
}

TEST_CASE("B15: whose JWT it is, if it can be told") {
    CHECK_FALSE(auth::names_another_user(jwt_u, public_u));
    CHECK(auth::names_another_user(jwt_u, public_zero));
    CHECK_FALSE(auth::names_another_user(jwt_with(R"({"sub":"U"})"), "U"));
    CHECK(auth::names_another_user(jwt_with(R"({"a":{"sub":"U"},"sub":"V"})"), "U"));
    CHECK_FALSE(auth::names_another_user(jwt_with(R"({"sub":"\u0055"})"), "U"));
    // Nothing can be told: the server decides.
    for (const std::string_view claims :
         {"", "{}", "[]", "1", "{\"sub\":1}", "{\"sub\":null}", "{\"sub\":\"V", "\"sub\"", "\xff\xff", "{\"a\":{\"sub\":\"V\"}}"}) {
        CHECK_MESSAGE(!auth::names_another_user(jwt_with(claims), "U"), claims);
    }
    CHECK_FALSE(auth::names_another_user("a.b.c", "U"));
    std::string deep(4000, '[');
    CHECK_FALSE(auth::names_another_user(jwt_with(deep), "U"));
}

TEST_CASE("S9 S14 B15: logins that can be used") {
    CHECK_FALSE(check(no_auth{}));
    CHECK_FALSE(check(user_password{"u", ""}));
    CHECK_FALSE(check(token_auth{"t"}));
    CHECK_FALSE(check(nkey_seed{seed_u}));
    CHECK_FALSE(check(nkey_seed{std::string(seed_u) + "\n"}));
    CHECK_FALSE(check(nkey_file{"~/no/such/file"}));  // files are looked at when a connection needs them
    CHECK_FALSE(check(nkey_signer{std::string(public_u), some_signer}));
    CHECK_FALSE(check(creds_text{document}));
    CHECK_FALSE(check(creds_base64{detail::encode_base64(document) + "\n"}));
    CHECK_FALSE(check(creds_file{"a"}));
    CHECK_FALSE(check(creds_file{"a", "b"}));
    CHECK_FALSE(check(jwt_seed{jwt_u, seed_u}));
    CHECK_FALSE(check(jwt_seed{"\n" + std::string(jwt_u) + "\n", " " + std::string(seed_u) + " "}));
    CHECK_FALSE(check(jwt_signer{jwt_u, some_signer}));
    CHECK_FALSE(check(bearer_jwt{std::string(jwt_u) + "\n"}));
    CHECK_FALSE(check(credential_provider{[](const login_request&, const login_reply&) {}}));
    CHECK_FALSE(auth::check_login(login(nkey_seed{seed_u})));
}

TEST_CASE("S14 B15: logins that are incomplete, as an unset variable makes them") {
    for (const authentication& how :
         {authentication(user_password{"", "p"}), authentication(token_auth{}), authentication(nkey_seed{}), authentication(nkey_file{}),
          authentication(nkey_file{std::string("a\0b", 3)}), authentication(nkey_signer{"", some_signer}),
          authentication(nkey_signer{std::string(public_u), nullptr}), authentication(creds_text{}), authentication(creds_base64{}),
          authentication(creds_file{}), authentication(creds_file{"", "b"}), authentication(creds_file{"a", std::string(1, '\0')}),
          authentication(jwt_seed{"", seed_u}), authentication(jwt_seed{jwt_u, ""}), authentication(jwt_signer{"", some_signer}),
          authentication(jwt_signer{jwt_u, nullptr}), authentication(bearer_jwt{}), authentication(credential_provider{})}) {
        CHECK_MESSAGE(check(how) == errc::invalid_option, how.index());
    }
}

TEST_CASE("S9 B15: logins that are broken, and how") {
    CHECK(check(nkey_seed{public_u}) == errc::nkey_wrong_type);
    CHECK(check(nkey_seed{seed_account}) == errc::nkey_wrong_type);
    CHECK(check(nkey_seed{"x"}) == errc::nkey_malformed);
    CHECK(check(nkey_signer{std::string(seed_u), some_signer}) == errc::nkey_wrong_type);
    CHECK(check(nkey_signer{std::string(public_account), some_signer}) == errc::nkey_wrong_type);
    CHECK(check(creds_text{jwt_u}) == errc::creds_malformed);
    CHECK(check(creds_text{make_creds(seed_u, jwt_u)}) == errc::jwt_malformed);  // swapped
    CHECK(check(creds_text{make_creds(jwt_u, public_u)}) == errc::nkey_wrong_type);
    CHECK(check(creds_text{make_creds(jwt_u, seed_account)}) == errc::nkey_wrong_type);
    CHECK(check(creds_text{make_creds(jwt_u, seed_u.substr(0, 57))}) == errc::nkey_malformed);
    std::string mistyped(seed_u);
    mistyped[10] = 'A';
    CHECK(check(creds_text{make_creds(jwt_u, mistyped)}) == errc::nkey_checksum);
    CHECK(check(creds_text{make_creds(jwt_u, seed_zero)}) == errc::key_mismatch);
    CHECK(check(creds_base64{document}) == errc::creds_malformed);
    CHECK(check(creds_base64{detail::encode_base64(jwt_u)}) == errc::creds_malformed);
    CHECK(check(jwt_seed{"a.b", seed_u}) == errc::jwt_malformed);
    CHECK(check(jwt_seed{jwt_u, seed_zero}) == errc::key_mismatch);
    CHECK(check(jwt_signer{"a.b", some_signer}) == errc::jwt_malformed);
    CHECK(check(bearer_jwt{"a"}) == errc::jwt_malformed);
    CHECK(auth::check_login(login(bearer_jwt{"a"})) == errc::jwt_malformed);
}

TEST_CASE("B15 auth.md 7: the JWTs that tests make are of the kind that the tools make") {
    const std::string jwt = make_user_jwt(user_key(), account_key());
    CHECK_FALSE(check(creds_text{make_creds(jwt, user_key().seed())}));
    CHECK(check(creds_text{make_creds(jwt, user_key(1).seed())}) == errc::key_mismatch);
}
