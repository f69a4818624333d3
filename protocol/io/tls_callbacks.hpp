// Where OpenSSL calls back into a tls_session.
#pragma once

#include "protocol/io/openssl_handles.hpp"

namespace slipstream::io {

class tls_session;

struct tls_callbacks {
    /// For SSL_CTX_set_verify: the chain is good, but is the server whom we mean?
    static int on_verified(int good, X509_STORE_CTX* context) noexcept;
    /// For SSL_CTX_sess_set_new_cb.
    static int on_new_session(SSL* ssl, SSL_SESSION* session) noexcept;

    /// Encrypted bytes go through the session. Null when there is no memory.
    static BIO* make_bio(tls_session& session) noexcept;
    static int read(tls_session& session, char* space, int size, bool& again) noexcept;
    static bool write(tls_session& session, const char* bytes, int size) noexcept;
    static bool ended(const tls_session& session) noexcept;
};

}  // namespace slipstream::io
