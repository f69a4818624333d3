// Certificates and keys, from files or memory (B21).
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include <slipstream/secret.hpp>
#include <slipstream/tls_options.hpp>

#include "protocol/io/openssl_handles.hpp"
#include "protocol/io/tls_problem.hpp"

namespace slipstream::io {

/// What tls_options name, read.
struct tls_material {
    using digest = std::array<unsigned char, 32>;

    secret ca;    ///< PEM, of file and memory together. In the same type as the key, which is wiped.
    secret cert;
    secret key;

    /// Files must be regular ones of at most max_file_size, so that nothing can make the event loop wait or grow without bound.
    static constexpr std::size_t max_file_size = std::size_t{4} * 1024 * 1024;
    [[nodiscard]] static tls_problem read(const tls_options& options, tls_material& out);

    /// Equal when nothing has changed.
    [[nodiscard]] static digest digest_of(const secret& pem) noexcept;
};

/// Adds every certificate of `ca` to those that are trusted. Errors: errc::tls_bad_ca.
[[nodiscard]] tls_problem trust(SSL_CTX& context, const secret& ca);

/// Gives the client's certificate, its chain and its key to `ssl`. Errors: errc::tls_bad_certificate, errc::tls_bad_key.
[[nodiscard]] tls_problem identify(SSL& ssl, const tls_material& material, const secret& key_password);

}  // namespace slipstream::io
