#include "protocol/io/tls_problem.hpp"

#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <slipstream/error.hpp>

namespace slipstream::io {

namespace {

errc of_certificate(long verify_result) noexcept {
    switch (verify_result) {
        case X509_V_ERR_CERT_HAS_EXPIRED: return errc::tls_certificate_expired;
        case X509_V_ERR_CERT_NOT_YET_VALID: return errc::tls_certificate_not_yet_valid;
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH: return errc::tls_name_mismatch;
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_CERT_UNTRUSTED: return errc::tls_unknown_ca;
        default: return errc::tls_certificate_invalid;
    }
}

/// RFC 8446 6.2. Servers say "bad certificate" both for none (TLS 1.2) and for one that they do not like.
errc of_alert(int alert, bool with_certificate) noexcept {
    switch (alert) {
        case SSL_AD_CERTIFICATE_REQUIRED: return errc::tls_client_certificate_required;
        case SSL_AD_BAD_CERTIFICATE:
        case SSL_AD_UNSUPPORTED_CERTIFICATE:
        case SSL_AD_CERTIFICATE_REVOKED:
        case SSL_AD_CERTIFICATE_EXPIRED:
        case SSL_AD_CERTIFICATE_UNKNOWN:
        case SSL_AD_UNKNOWN_CA:
        case SSL_AD_ACCESS_DENIED: return with_certificate ? errc::tls_client_certificate_refused : errc::tls_client_certificate_required;
        default: return errc::tls_refused;
    }
}

std::string words_of(unsigned long error) {
    const char* const reason = ERR_reason_error_string(error);
    return reason != nullptr ? reason : "unknown error";
}

/// The first error is the cause, later ones are what it led to.
unsigned long take_first() noexcept {
    const unsigned long first = ERR_get_error();
    ERR_clear_error();
    return first;
}

}  // namespace

tls_problem take_tls_failure(long verify_result, bool with_certificate) {
    const unsigned long error = take_first();
    if (error == 0 || ERR_GET_LIB(error) != ERR_LIB_SSL) return {errc::tls_failed, error == 0 ? std::string() : words_of(error)};
    const int reason = ERR_GET_REASON(error);
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) return {of_certificate(verify_result), X509_verify_cert_error_string(verify_result)};
    if (reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 255) {
        return {of_alert(reason - SSL_AD_REASON_OFFSET, with_certificate), words_of(error)};
    }
    switch (reason) {
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_PACKET_LENGTH_TOO_LONG:
        case SSL_R_HTTP_REQUEST: return {errc::tls_failed, words_of(error) + " (does the server speak plain text?)"};
        default: return {errc::tls_failed, words_of(error)};
    }
}

tls_problem take_openssl_error(std::error_code ec, std::string what) {
    const unsigned long error = take_first();
    if (error != 0) what += ": " + words_of(error);
    return {ec, std::move(what)};
}

}  // namespace slipstream::io
