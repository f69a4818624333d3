// OpenSSL's objects with owners.
#pragma once

#include <memory>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace slipstream::io {

template <auto Free>
struct openssl_deleter {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};

using ssl_ctx_handle = std::unique_ptr<SSL_CTX, openssl_deleter<&SSL_CTX_free>>;
using ssl_handle = std::unique_ptr<SSL, openssl_deleter<&SSL_free>>;
using ssl_session_handle = std::unique_ptr<SSL_SESSION, openssl_deleter<&SSL_SESSION_free>>;
using bio_handle = std::unique_ptr<BIO, openssl_deleter<&BIO_free>>;
using x509_handle = std::unique_ptr<X509, openssl_deleter<&X509_free>>;
using key_handle = std::unique_ptr<EVP_PKEY, openssl_deleter<&EVP_PKEY_free>>;

}  // namespace slipstream::io
