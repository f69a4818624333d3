#include "protocol/io/tls_material.hpp"

#include <algorithm>
#include <climits>
#include <cstring>
#include <string_view>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>

#include <slipstream/error.hpp>

#include "protocol/io/regular_file.hpp"

namespace slipstream::io {

namespace {

tls_problem read_named(const std::string& path, std::string_view option, errc code, secret& out) {
    const file_result result = read_regular_file(path, tls_material::max_file_size, out);
    const auto wrong = [&](std::string_view what) { return tls_problem{code, std::string(option) + ": " + std::string(what)}; };
    switch (result.problem) {
        case file_problem::none: break;
        case file_problem::system: return wrong(result.ec.message());
        case file_problem::not_regular: return wrong("not a regular file");
        case file_problem::too_large: return wrong("too large");
    }
    return {};
}

bio_handle over(const secret& pem) noexcept {
    return bio_handle(BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(std::min<std::size_t>(pem.size(), INT_MAX))));
}

/// After the last certificate the reader says that there is no other. Anything else is a broken one.
bool at_end_of_pem() noexcept {
    const unsigned long error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

/// Instead of OpenSSL's own, which asks at the terminal.
int give_password(char* space, int size, int, void* given) {
    const std::string_view password = static_cast<const secret*>(given)->reveal();
    if (password.empty() || password.size() > static_cast<std::size_t>(size)) return -1;
    std::memcpy(space, password.data(), password.size());
    return static_cast<int>(password.size());
}

int give_no_password(char*, int, int, void*) { return -1; }

x509_handle next_certificate(BIO* pem) noexcept { return x509_handle(PEM_read_bio_X509_AUX(pem, nullptr, &give_no_password, nullptr)); }

}  // namespace

tls_problem tls_material::read(const tls_options& options, tls_material& out) {
    if (!options.ca_file.empty()) {
        if (tls_problem p = read_named(options.ca_file, "ca_file", errc::tls_bad_ca, out.ca); p.ec) return p;
    }
    if (!options.ca_pem.empty()) out.ca = std::string(out.ca.reveal()) + "\n" + options.ca_pem;
    if (!options.cert_file.empty()) {
        if (tls_problem p = read_named(options.cert_file, "cert_file", errc::tls_bad_certificate, out.cert); p.ec) return p;
    } else {
        out.cert = options.cert_pem;
    }
    if (!options.key_file.empty()) return read_named(options.key_file, "key_file", errc::tls_bad_key, out.key);
    out.key = options.key_pem.empty() ? out.cert : options.key_pem;
    return {};
}

tls_material::digest tls_material::digest_of(const secret& pem) noexcept {
    digest out{};
    EVP_Digest(pem.reveal().data(), pem.size(), out.data(), nullptr, EVP_sha256(), nullptr);
    return out;
}

tls_problem trust(SSL_CTX& context, const secret& ca) {
    ERR_clear_error();
    const bio_handle pem = over(ca);
    X509_STORE* const store = SSL_CTX_get_cert_store(&context);
    std::size_t added = 0;
    while (const x509_handle certificate = pem ? next_certificate(pem.get()) : nullptr) {
        if (X509_STORE_add_cert(store, certificate.get()) != 1) return take_openssl_error(errc::tls_bad_ca, "CA certificates");
        ++added;
    }
    if (!at_end_of_pem()) return take_openssl_error(errc::tls_bad_ca, "CA certificates");
    ERR_clear_error();
    if (added == 0) return {errc::tls_bad_ca, "CA certificates: there is none"};
    // Whoever is named there is trusted, also an intermediate authority or one server by itself.
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    return {};
}

tls_problem identify(SSL& ssl, const tls_material& material, const secret& key_password) {
    ERR_clear_error();
    const bio_handle chain = over(material.cert);
    const x509_handle own = chain ? next_certificate(chain.get()) : nullptr;
    if (!own || SSL_use_certificate(&ssl, own.get()) != 1) return take_openssl_error(errc::tls_bad_certificate, "client certificate");
    while (const x509_handle issuer = next_certificate(chain.get())) {
        if (SSL_add1_chain_cert(&ssl, issuer.get()) != 1)
            return take_openssl_error(errc::tls_bad_certificate, "client certificate's chain");
    }
    if (!at_end_of_pem()) return take_openssl_error(errc::tls_bad_certificate, "client certificate's chain");
    ERR_clear_error();

    const bio_handle pem = over(material.key);
    const key_handle key(pem ? PEM_read_bio_PrivateKey(pem.get(), nullptr, &give_password, const_cast<secret*>(&key_password)) : nullptr);
    if (!key) return take_openssl_error(errc::tls_bad_key, "private key");
    if (SSL_use_PrivateKey(&ssl, key.get()) != 1 || SSL_check_private_key(&ssl) != 1) {
        return take_openssl_error(errc::tls_bad_key, "private key");
    }
    return {};
}

}  // namespace slipstream::io
