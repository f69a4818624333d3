#include "protocol/auth/login_check.hpp"

#include <string>
#include <variant>

#include "protocol/auth/creds.hpp"
#include "protocol/auth/jwt.hpp"
#include "protocol/auth/nkey.hpp"
#include "protocol/auth/text.hpp"

namespace slipstream::auth {

namespace {

bool is_path(std::string_view path) noexcept { return !path.empty() && path.find('\0') == std::string_view::npos; }

std::error_code need(bool complete) noexcept { return complete ? std::error_code() : errc::invalid_option; }

std::error_code check_document(std::string_view document) {
    creds_parts parts;
    if (const std::error_code ec = find_creds(document, parts)) return ec;
    nkey_pair keys;
    return read_user(parts.jwt, parts.seed, keys);
}

struct checker {
    std::error_code operator()(const no_auth&) const noexcept { return {}; }
    std::error_code operator()(const user_password& how) const noexcept { return need(!how.user.empty()); }
    std::error_code operator()(const token_auth& how) const noexcept { return need(!how.token.empty()); }
    std::error_code operator()(const nkey_seed& how) const noexcept {
        nkey_pair keys;
        return how.seed.empty() ? errc::invalid_option : keys.read_user_seed(how.seed.reveal());
    }
    std::error_code operator()(const nkey_file& how) const noexcept { return need(is_path(how.path)); }
    std::error_code operator()(const nkey_signer& how) const noexcept {
        if (how.public_key.empty() || !how.sign) return errc::invalid_option;
        return check_public_key(how.public_key, nkey_kind::user);
    }
    std::error_code operator()(const creds_text& how) const {
        return how.text.empty() ? errc::invalid_option : check_document(how.text.reveal());
    }
    std::error_code operator()(const creds_base64& how) const {
        if (how.text.empty()) return errc::invalid_option;
        secret document;
        if (const std::error_code ec = decode_creds(how.text.reveal(), document)) return ec;
        return check_document(document.reveal());
    }
    std::error_code operator()(const creds_file& how) const noexcept {
        return need(is_path(how.path) && (how.key_path.empty() || is_path(how.key_path)));
    }
    std::error_code operator()(const jwt_seed& how) const {
        if (how.jwt.empty() || how.seed.empty()) return errc::invalid_option;
        nkey_pair keys;
        return read_user(trim(how.jwt.reveal()), how.seed.reveal(), keys);
    }
    std::error_code operator()(const jwt_signer& how) const noexcept {
        return how.jwt.empty() || !how.sign ? errc::invalid_option : check_jwt(trim(how.jwt.reveal()));
    }
    std::error_code operator()(const bearer_jwt& how) const noexcept {
        return how.jwt.empty() ? errc::invalid_option : check_jwt(trim(how.jwt.reveal()));
    }
    std::error_code operator()(const credential_provider& how) const noexcept { return need(static_cast<bool>(how.ask)); }
};

}  // namespace

std::error_code read_user(std::string_view jwt, std::string_view seed, nkey_pair& out) {
    if (const std::error_code ec = check_jwt(jwt)) return ec;
    if (const std::error_code ec = out.read_user_seed(seed)) return ec;
    if (names_another_user(jwt, out.public_key())) return errc::key_mismatch;
    return {};
}

std::error_code check_login(const login& how) { return std::visit(checker(), how); }

std::error_code check_login(const authentication& how) { return std::visit(checker(), how); }

}  // namespace slipstream::auth
