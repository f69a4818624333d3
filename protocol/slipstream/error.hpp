// Errors of the core protocol layer.
//
// Every operation reports a std::error_code. `errc` says exactly what happened; `condition` groups the codes of all layers
// (core, JetStream, key-value) for coarse handling:
//
//     if (ec == slipstream::condition::timed_out) ...
//
// A cancelled operation reports asio::error::operation_aborted and never anything of this file.
#pragma once

#include <system_error>
#include <type_traits>

namespace slipstream {

enum class errc {
    // What the caller passed was refused before a byte was sent.
    invalid_subject = 1,     ///< Empty, empty token, white space, control character, or a wildcard where none may be.
    invalid_reply_subject,   ///< The reply subject breaks the rules of a publish subject.
    invalid_queue_group,     ///< Empty token, white space or control character in a queue group.
    invalid_header_name,     ///< Empty, or holds a byte outside printable ASCII, or a colon.
    invalid_header_value,    ///< Holds CR, LF or NUL.
    invalid_url,             ///< A server URL that cannot be parsed, or an unknown scheme.
    invalid_option,          ///< An option is outside its documented range.
    invalid_inbox_prefix,    ///< Breaks the rules of a publish subject, or begins with a reserved prefix.
    max_payload,             ///< Headers and payload together exceed the server's max_payload.
    headers_unsupported,     ///< The connected server does not support headers.

    // Limits of this client.
    buffer_full,             ///< The outbox has no room: the peer does not read fast enough, or the connection is down.
    operation_in_progress,   ///< The object allows one such operation at a time and one is pending.

    // Ends of an operation.
    timeout,                 ///< The deadline passed after the request was written. Whether it was handled is unknown.
    timeout_unsent,          ///< The deadline passed before the request left this process. Nothing was sent.
    no_responders,           ///< Nobody listens on the subject (status 503).
    connection_lost,         ///< The connection broke after the request was written. Whether it was handled is unknown.
    not_connected,           ///< The client is down and fails fast, or gave up its first connect.
    closed,                  ///< The client was closed.
    draining,                ///< The client or subscription drains and takes nothing new.
    subscription_closed,     ///< The subscription has ended and its queue is empty.
    outcome_unknown,         ///< A write was sent but its result was lost: it may or may not have been stored.

    // Ends of a connection or an attempt.
    protocol_error,          ///< The server sent bytes that are not the NATS protocol, or broke a limit.
    stale_connection,        ///< The server did not answer pings (or says that we did not).
    write_stalled,           ///< The server accepted no bytes for the write timeout.
    connection_eof,          ///< The server closed the connection.
    connection_left,         ///< This client left the server: reconnect() was called, or the server is about to shut down.
    handshake_timeout,       ///< Dial, INFO, TLS, CONNECT and PONG did not complete within the connect timeout, or a phase within its own.
    no_servers,              ///< Every server has used up its attempts.
    tls_required,            ///< TLS is demanded by one side and not available on the other.
    tls_failed,              ///< The TLS handshake failed, or the encrypted stream is broken, for a reason without a code of its own.
    tls_certificate_expired,         ///< The server's certificate, or one of its chain, has expired.
    tls_certificate_not_yet_valid,   ///< The server's certificate, or one of its chain, is valid only in the future.
    tls_unknown_ca,          ///< The server's certificate was issued by nobody who is trusted.
    tls_certificate_invalid, ///< The server's certificate is broken, too weak, or not one for servers.
    tls_name_mismatch,       ///< The server's certificate is for somebody else.
    tls_refused,             ///< The server refused the handshake (versions, ciphers).
    tls_client_certificate_required, ///< The server demands a client certificate.
    tls_client_certificate_refused,  ///< The server does not accept the client's certificate.
    tls_bad_ca,              ///< tls_options: the CA certificates cannot be read or are none.
    tls_bad_certificate,     ///< tls_options: the client's certificate cannot be read or is none.
    tls_bad_key,             ///< tls_options: the private key cannot be read, is none, or is not the certificate's.

    // A login that could not be made: nothing was sent.
    creds_malformed,         ///< Not a credentials document: no two blocks, not base64, or larger than 64 KiB.
    jwt_malformed,           ///< Not three parts of base64url.
    nkey_malformed,          ///< Not the text of a key: a character that is not base32, or a length that no key has.
    nkey_checksum,           ///< The key's checksum is wrong: mistyped or cut.
    nkey_wrong_type,         ///< A key of another kind than is needed: a public key for a seed, an account's for a user's.
    key_mismatch,            ///< The seed does not belong to the user that the JWT names.
    credentials_unreadable,  ///< A file with credentials cannot be read, or is no regular file.
    nonce_missing,           ///< The server offers no nonce: it takes no login that signs one.
    credential_provider_failed,  ///< connect_options::auth's provider failed, threw, or dropped its reply.
    signer_failed,           ///< The signing callback failed, threw, dropped its reply, or gave no Ed25519 signature.

    // What the server said (-ERR).
    server_error,            ///< An -ERR without a code of its own.
    authorization_violation,         ///< Credentials were refused.
    authentication_timeout,          ///< CONNECT came too late for the server.
    authentication_expired,          ///< The user's JWT has expired.
    authentication_revoked,          ///< The user was revoked.
    account_authentication_expired,  ///< The account's JWT has expired.
    permission_denied,       ///< The server denies this publish or subscription.
    max_connections,         ///< The server or account has no room for another connection.
    max_subscriptions,       ///< The server refuses further subscriptions of this connection.
    max_control_line,        ///< A subject or CONNECT was longer than the server's control line limit.
};

/// Coarse groups, comparable with codes of every layer: `ec == condition::not_found`.
enum class condition {
    invalid_argument = 1,  ///< The caller passed something that is not allowed. Repeating it cannot help.
    timed_out,             ///< A deadline passed.
    transient,             ///< Repeating the operation may well succeed, and it did not take effect: never also outcome_unknown.
    closed,                ///< The client, subscription or watch has ended.
    denied,                ///< Authentication or permission.
    not_found,             ///< The stream, consumer, message, bucket or key does not exist.
    conflict,              ///< It exists already, or its revision is another.
    outcome_unknown,       ///< The operation may or may not have taken effect.
    protocol,              ///< The peer broke the protocol.
};

const std::error_category& core_category() noexcept;
const std::error_category& condition_category() noexcept;

inline std::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), core_category()}; }
inline std::error_condition make_error_condition(condition c) noexcept { return {static_cast<int>(c), condition_category()}; }

/// The enumerator's own name, for logs and machine-readable output: `to_string(errc::buffer_full) == "buffer_full"`.
const char* to_string(errc e) noexcept;

}  // namespace slipstream

template <>
struct std::is_error_code_enum<slipstream::errc> : std::true_type {};
template <>
struct std::is_error_condition_enum<slipstream::condition> : std::true_type {};
