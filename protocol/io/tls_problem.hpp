// What OpenSSL says about a failure, in our words.
//
// OpenSSL keeps errors in a queue of the thread. Whoever calls it clears the queue before, and takes what is in it after a failure:
// nothing of one connection is left for another.
#pragma once

#include <string>
#include <system_error>

namespace slipstream::io {

struct tls_problem {
    std::error_code ec;  ///< Empty when all is well.
    std::string detail;  ///< More about it, for events: OpenSSL's words and names of options, never their contents.
};

/// Of a failed handshake, read or write. `verify_result` is SSL_get_verify_result(), `with_certificate` whether the client has one.
/// Empties the queue.
[[nodiscard]] tls_problem take_tls_failure(long verify_result, bool with_certificate);

/// Of anything else: `ec`, and "`what`: OpenSSL's words". Empties the queue.
[[nodiscard]] tls_problem take_openssl_error(std::error_code ec, std::string what);

}  // namespace slipstream::io
