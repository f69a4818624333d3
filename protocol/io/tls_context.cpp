#include "protocol/io/tls_context.hpp"

#include <algorithm>
#include <utility>

#include <openssl/err.h>

#include <slipstream/error.hpp>

#include "protocol/io/tls_callbacks.hpp"

namespace slipstream::io {

namespace {

constexpr int security_level = 2;  // 112 bits: no RSA key below 2048 bits, no SHA-1 signature

}  // namespace

std::unique_ptr<tls_session> tls_context::begin(tls_peer peer, tls_problem& problem) {
    tls_material material;
    problem = tls_material::read(options_, material);
    if (problem.ec) return nullptr;

    const std::array<tls_material::digest, 3> now{tls_material::digest_of(material.ca), tls_material::digest_of(material.cert),
                                                  tls_material::digest_of(material.key)};
    if (now != used_) sessions_->clear();
    used_ = now;
    if (!context_ || now[0] != trusted_) {
        problem = renew(material.ca);
        if (problem.ec) return nullptr;
        trusted_ = now[0];
    }

    ERR_clear_error();
    ssl_handle ssl(SSL_new(context_.get()));
    if (!ssl) {
        problem = take_openssl_error(errc::tls_failed, "TLS");
        return nullptr;
    }
    const bool with_certificate = !material.cert.empty();
    if (with_certificate) {
        problem = identify(*ssl, material, options_.key_password);
        if (problem.ec) return nullptr;
    }
    return std::make_unique<tls_session>(std::move(ssl), std::move(peer), options_.resume_sessions ? sessions_ : nullptr, with_certificate);
}

tls_problem tls_context::renew(const secret& ca) {
    context_.reset();
    ERR_clear_error();
    ssl_ctx_handle fresh(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* const c = fresh.get();
    if (c == nullptr) return take_openssl_error(errc::tls_failed, "TLS");

    const int lowest = options_.min_version == tls_version::v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
    if (SSL_CTX_set_min_proto_version(c, lowest) != 1) return take_openssl_error(errc::invalid_option, "min_version");
    SSL_CTX_set_security_level(c, std::max(SSL_CTX_get_security_level(c), security_level));
    if (!options_.cipher_list.empty() && SSL_CTX_set_cipher_list(c, options_.cipher_list.c_str()) != 1) {
        return take_openssl_error(errc::invalid_option, "cipher_list");
    }
    if (!options_.cipher_suites.empty() && SSL_CTX_set_ciphersuites(c, options_.cipher_suites.c_str()) != 1) {
        return take_openssl_error(errc::invalid_option, "cipher_suites");
    }
    SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);

    if (options_.resume_sessions) {
        SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(c, &tls_callbacks::on_new_session);
    } else {
        SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
    }

    if (options_.insecure_accept_any_certificate) {
        SSL_CTX_set_verify(c, SSL_VERIFY_NONE, nullptr);
    } else {
        SSL_CTX_set_verify(c, SSL_VERIFY_PEER, &tls_callbacks::on_verified);
    }
    if (!ca.empty()) {
        if (tls_problem p = trust(*c, ca); p.ec) return p;
    } else if (!options_.ca_file.empty()) {
        return {errc::tls_bad_ca, "ca_file: it is empty"};
    } else if (SSL_CTX_set_default_verify_paths(c) != 1) {
        return take_openssl_error(errc::tls_bad_ca, "the system's CA certificates");
    }
    context_ = std::move(fresh);
    return {};
}

}  // namespace slipstream::io
