// From tls_options to sessions: one for a client.
//
// Told: that a connection to a peer is to be encrypted. Decides: settings, whom to trust, which certificate to show. Emits: a fresh
// tls_session for each attempt, with nothing of an earlier one but a session to resume (B8). Files are read for each; when one has
// changed, nothing that was negotiated with the old ones is resumed.
#pragma once

#include <memory>

#include <slipstream/tls_options.hpp>

#include "protocol/io/openssl_handles.hpp"
#include "protocol/io/tls_material.hpp"
#include "protocol/io/tls_problem.hpp"
#include "protocol/io/tls_session.hpp"
#include "protocol/io/tls_session_cache.hpp"

namespace slipstream::io {

class tls_context {
public:
    /// Lifetime: `options` outlives it.
    explicit tls_context(const tls_options& options) : options_(options), sessions_(std::make_shared<tls_session_cache>()) {}

    /// Null, and `problem` says why. Errors: errc::tls_bad_ca, tls_bad_certificate, tls_bad_key, invalid_option (ciphers).
    [[nodiscard]] std::unique_ptr<tls_session> begin(tls_peer peer, tls_problem& problem);

private:
    [[nodiscard]] tls_problem renew(const secret& ca);

    const tls_options& options_;
    ssl_ctx_handle context_;
    tls_material::digest trusted_{};              // what context_ was made of
    std::array<tls_material::digest, 3> used_{};  // by the last session
    std::shared_ptr<tls_session_cache> sessions_;
};

}  // namespace slipstream::io
