#include "tests/support/jwt_maker.hpp"

#include <array>
#include <chrono>
#include <numeric>

namespace slipstream::test {

namespace {

std::array<unsigned char, auth::key_size> seed_bytes(unsigned char first) {
    std::array<unsigned char, auth::key_size> bytes{};
    std::iota(bytes.begin(), bytes.end(), first);
    return bytes;
}

std::string issued_at() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

std::string expiry(std::int64_t at) { return at == 0 ? std::string() : ",\"exp\":" + std::to_string(at); }

/// `rest` begins with a comma.
std::string claims_of(const test_key& issuer, const test_key& subject, std::string_view name, std::string_view rest) {
    return R"({"jti":"T","iat":)" + issued_at() + R"(,"iss":")" + issuer.public_key() + R"(","sub":")" + subject.public_key() +
           R"(","name":")" + std::string(name) + "\"" + std::string(rest) + "}";
}

}  // namespace

test_key::test_key(auth::nkey_kind kind, unsigned char first) : test_key(kind, seed_bytes(first)) {}

test_key::test_key(auth::nkey_kind kind, auth::key_bytes seed)
    : pair_(kind, seed), seed_(auth::encode_seed(kind, seed).reveal()), public_(pair_.public_key()) {}

std::string test_key::sign(std::string_view message) const {
    const auto signature = pair_.sign(message);
    return {signature.begin(), signature.end()};
}

std::string make_jwt(std::string_view claims, const test_key& issuer) {
    const std::string signed_part = base64url(R"({"typ":"JWT","alg":"ed25519-nkey"})") + "." + base64url(claims);
    return signed_part + "." + base64url(issuer.sign(signed_part));
}

std::string make_user_jwt(const test_key& user, const test_key& account, const user_claims& claims) {
    std::string nats = R"(,"nats":{"pub":{},"sub":{},"subs":-1,"data":-1,"payload":-1,"type":"user","version":2)";
    if (claims.bearer) nats += R"(,"bearer_token":true)";
    return make_jwt(claims_of(account, user, claims.name, expiry(claims.expires) + nats + claims.nats + "}"), account);
}

std::string make_account_jwt(const test_key& account, const test_key& issuer, const account_claims& claims) {
    std::string nats = R"(,"nats":{"limits":{"subs":-1,"data":-1,"payload":-1,"imports":-1,"exports":-1,"wildcards":true,"conn":)" +
                       std::to_string(claims.connections) +
                       R"(,"leaf":-1},"default_permissions":{"pub":{},"sub":{}},"type":"account","version":2)";
    if (!claims.revoked.empty()) {
        nats += R"(,"revocations":{)";
        for (const auto& [key, until] : claims.revoked) nats += (nats.back() == '{' ? "\"" : ",\"") + key + "\":" + std::to_string(until);
        nats += "}";
    }
    return make_jwt(claims_of(issuer, account, "A", expiry(claims.expires) + nats + "}"), issuer);
}

std::string make_creds(std::string_view jwt, std::string_view seed) {
    return "-----BEGIN NATS USER JWT-----\n" + std::string(jwt) +
           "\n------END NATS USER JWT------\n\n************************* IMPORTANT *************************\n"
           "NKEY Seed printed below can be used to sign and prove identity.\n\n-----BEGIN USER NKEY SEED-----\n" +
           std::string(seed) + "\n------END USER NKEY SEED------\n\n*************************************************************\n";
}

std::string operator_config(const account_claims& claims) {
    const test_key issuer = operator_key();
    const test_key account = account_key();
    const std::string operator_jwt = make_jwt(claims_of(issuer, issuer, "O", R"(,"nats":{"type":"operator","version":2})"), issuer);
    return "operator: \"" + operator_jwt + "\"\nresolver: MEMORY\nresolver_preload: { " + account.public_key() + ": \"" +
           make_account_jwt(account, issuer, claims) + "\" }\n";
}

}  // namespace slipstream::test
