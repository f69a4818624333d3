// How a connection is encrypted, and whom it trusts.
#pragma once

#include <string>

#include <slipstream/secret.hpp>

namespace slipstream {

enum class tls_mode {
    automatic,  ///< Where it is demanded: by the server, by a `tls://` URL, or by a member of tls_options that says so. Else plain text.
    required,   ///< Always: the handshake follows the server's INFO, and a server without TLS is refused (errc::tls_required).
    first,      ///< Always, and before INFO: for servers with `handshake_first`. Nothing at all is in plain text then.
};

enum class tls_version { v1_2, v1_3 };

/// Owning; the member `tls` of connect_options. Certificates are PEM. Files are read again for every connection, so that replaced
/// ones take effect with the next; what is wrong with one fails that attempt (errc::tls_bad_ca, tls_bad_certificate, tls_bad_key).
///
/// TLS is demanded, and a server without it refused before anything is sent (errc::tls_required): in the modes required and first, for
/// `tls://` servers and those learnt from the cluster where one of `servers` is `tls://`, when a CA, a certificate or `server_name` is
/// given here, and for every connection after the first encrypted one (what was once encrypted is never sent in plain text later).
/// A server that merely offers TLS (`allow_non_tls`) is otherwise talked to in plain text.
///
/// What INFO says before the handshake only decides whether there is one; everything in it is asked for anew or checked: its
/// addresses of other servers are used only when the server tells no others over TLS.
///
/// Names: the certificate must be for the host of the server's URL as written in `servers`, as a DNS name or IP address among its
/// subject alternative names; what the server calls itself does not matter. A server learnt from the cluster must be the one it was
/// called by a server that had proved itself over TLS, or be for the name in `servers` through which it was learnt: so one certificate may
/// serve a whole cluster, also one that tells bare addresses. Resumed sessions were verified by these rules when they began.
struct tls_options {
    tls_mode mode = tls_mode::automatic;
    /// Never send a login unencrypted: with a login, TLS is demanded. Without this, `nats://` sends one in plain text to a server that
    /// does not require TLS.
    bool refuse_plaintext_login = false;

    std::string ca_file{};   ///< Who is trusted. With neither of these: the system's store, which is read once.
    std::string ca_pem{};    ///< As ca_file, in memory; may be given beside it.

    std::string cert_file{}; ///< The client's certificate, its chain behind it; for servers that demand one (`verify`).
    std::string cert_pem{};  ///< Instead of cert_file.
    std::string key_file{};  ///< The certificate's private key. With neither: looked for behind the certificate.
    secret key_pem;          ///< Instead of key_file.
    secret key_password;     ///< Of an encrypted key.

    /// Whom the certificate must be for, instead of the URL's host: a DNS name or an IP address. For all servers.
    std::string server_name{};
    /// Accepts any certificate, of anybody: the connection is encrypted, and nobody knows with whom. For experiments.
    bool insecure_accept_any_certificate = false;

    tls_version min_version = tls_version::v1_2;
    std::string cipher_list{};    ///< OpenSSL's, for TLS 1.2; empty = the library's own choice.
    std::string cipher_suites{};  ///< OpenSSL's, for TLS 1.3.
    bool resume_sessions = true;  ///< Reconnect with an abbreviated handshake where the server allows it.
};

/// The encryption of a connection; empty when there is none.
struct tls_state {
    std::string version{};        ///< `TLSv1.3`
    std::string cipher{};         ///< `TLS_AES_128_GCM_SHA256`
    std::string peer_subject{};   ///< Of the server's certificate (RFC 2253); may be empty, names are in its alternative names.
    bool resumed = false;         ///< An abbreviated handshake.
    [[nodiscard]] bool active() const noexcept { return !version.empty(); }
};

}  // namespace slipstream
