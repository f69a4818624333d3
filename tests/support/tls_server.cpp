#include "tests/support/tls_server.hpp"

#include <stdexcept>

#include <openssl/err.h>
#include <openssl/pem.h>

namespace slipstream::test {

namespace {

void require(bool ok, const char* what) {
    if (ok) return;
    const char* const reason = ERR_reason_error_string(ERR_get_error());
    ERR_clear_error();
    throw std::runtime_error(std::string("tls_server: ") + what + ": " + (reason != nullptr ? reason : "?"));
}

std::shared_ptr<BIO> over(const std::string& text) { return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free}; }

void use(SSL_CTX* context, const certificate& own) {
    const auto chain = over(own.cert);
    for (bool first = true; X509* const x = PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr); first = false) {
        require((first ? SSL_CTX_use_certificate(context, x) : SSL_CTX_add1_chain_cert(context, x)) == 1, "certificate");
        X509_free(x);
    }
    ERR_clear_error();
    const auto pem = over(own.key);
    EVP_PKEY* const key = PEM_read_bio_PrivateKey(pem.get(), nullptr, nullptr, nullptr);
    require(SSL_CTX_use_PrivateKey(context, key) == 1, "key");
    EVP_PKEY_free(key);
}

}  // namespace

tls_server::tls_server(const tls_server_options& options) : context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free) {
    SSL_CTX* const c = context();
    SSL_CTX_set_security_level(c, 0);  // it may be as weak as a test wants it
    use(c, options.own);
    if (options.version != 0) {
        SSL_CTX_set_min_proto_version(c, options.version);
        SSL_CTX_set_max_proto_version(c, options.version);
    }
    if (!options.cipher_list.empty()) require(SSL_CTX_set_cipher_list(c, options.cipher_list.c_str()) == 1, "ciphers");
    static constexpr unsigned char id[] = "test";
    SSL_CTX_set_session_id_context(c, id, sizeof id);
    if (!options.tickets) {
        SSL_CTX_set_num_tickets(c, 0);
        SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
        SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    }
    if (!options.client_ca.empty()) {
        SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
        const auto pem = over(options.client_ca);
        X509* const ca = PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr);
        X509_STORE_add_cert(SSL_CTX_get_cert_store(c), ca);
        X509_free(ca);
    }
    ERR_clear_error();
}

tls_server_session::tls_server_session(const tls_server& server)
    : ssl_(SSL_new(server.context()), &SSL_free), in_(BIO_new(BIO_s_mem())), out_(BIO_new(BIO_s_mem())) {
    BIO_set_mem_eof_return(in_, -1);
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_accept_state(ssl_.get());
}

void tls_server_session::note_error(int result) {
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_ZERO_RETURN || failed()) {
        ERR_clear_error();
        return;
    }
    const char* const reason = ERR_reason_error_string(ERR_get_error());
    error_ = reason != nullptr ? reason : "unknown";
    ERR_clear_error();
}

void tls_server_session::feed(std::string_view encrypted) {
    if (!encrypted.empty()) BIO_write(in_, encrypted.data(), static_cast<int>(encrypted.size()));
    if (established() || failed()) return;
    ERR_clear_error();
    if (const int result = SSL_do_handshake(ssl_.get()); result != 1) note_error(result);
}

void tls_server_session::feed_end() {
    BIO_set_mem_eof_return(in_, 0);
    feed({});
}

std::string tls_server_session::take() {
    std::string out(BIO_ctrl_pending(out_), '\0');
    if (!out.empty()) BIO_read(out_, out.data(), static_cast<int>(out.size()));
    return out;
}

std::string tls_server_session::read() {
    std::string out;
    while (established() && !failed()) {
        char chunk[16 * 1024];
        ERR_clear_error();
        const int n = SSL_read(ssl_.get(), chunk, sizeof chunk);
        if (n <= 0) {
            note_error(n);
            break;
        }
        out.append(chunk, static_cast<std::size_t>(n));
    }
    return out;
}

void tls_server_session::write(std::string_view plain) {
    ERR_clear_error();
    if (!plain.empty()) require(SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size())) > 0, "write");
}

void tls_server_session::close_notify() {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
}

void tls_server_session::update_keys() {
    require(SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED) == 1 && SSL_do_handshake(ssl_.get()) == 1, "key update");
}

void tls_server_session::renegotiate() {
    require(SSL_renegotiate(ssl_.get()) == 1, "renegotiate");
    SSL_do_handshake(ssl_.get());
    ERR_clear_error();
}

std::string tls_server_session::asked_name() const {
    const char* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name != nullptr ? name : "";
}

}  // namespace slipstream::test
