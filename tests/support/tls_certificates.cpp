#include "tests/support/tls_certificates.hpp"

#include <stdexcept>
#include <utility>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

namespace slipstream::test {

namespace {

void require(bool ok, const char* what) {
    if (ok) return;
    ERR_clear_error();
    throw std::runtime_error(std::string("certificates: ") + what);
}

EVP_PKEY* make_key(unsigned rsa_bits) {
    EVP_PKEY* const key = rsa_bits != 0 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(rsa_bits))
                                        : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
    require(key != nullptr, "no key");
    return key;
}

template <class Write>
std::string pem_of(Write write) {
    BIO* const bio = BIO_new(BIO_s_mem());
    require(bio != nullptr && write(bio) == 1, "no PEM");
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio, &bytes);
    std::string out(bytes, static_cast<std::size_t>(size));
    BIO_free(bio);
    return out;
}

std::string pem_of(X509* x) {
    return pem_of([x](BIO* bio) { return PEM_write_bio_X509(bio, x); });
}

std::string pem_of(EVP_PKEY* key, const std::string& password) {
    return pem_of([&](BIO* bio) {
        auto* const bytes = reinterpret_cast<const unsigned char*>(password.data());
        return PEM_write_bio_PrivateKey(bio, key, password.empty() ? nullptr : EVP_aes_256_cbc(), bytes, static_cast<int>(password.size()),
                                        nullptr, nullptr);
    });
}

void add_extension(X509* x, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    require(extension != nullptr && X509_add_ext(x, extension, -1) == 1, "no extension");
    X509_EXTENSION_free(extension);
}

}  // namespace

certificate_authority::x509_pointer certificate_authority::make(const certificate_wish& wish, EVP_PKEY* key, X509* issuer,
                                                                EVP_PKEY* issuer_key, bool authority) {
    x509_pointer x(X509_new());
    require(x != nullptr, "no memory");
    X509_set_version(x.get(), 2);
    unsigned char serial[8] = {};
    require(RAND_bytes(serial, sizeof serial) == 1, "no serial number");
    std::uint64_t number = 0;
    for (const unsigned char byte : serial) number = number << 8U | byte;
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x.get()), number >> 1U);
    constexpr long day = 24L * 3600;
    X509_gmtime_adj(X509_getm_notBefore(x.get()), wish.from_days * day);
    X509_gmtime_adj(X509_getm_notAfter(x.get()), wish.to_days * day);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wish.subject.c_str()), -1, -1, 0);
    X509* const from = issuer != nullptr ? issuer : x.get();
    X509_set_issuer_name(x.get(), X509_get_subject_name(from));
    X509_set_pubkey(x.get(), key);
    add_extension(x.get(), from, NID_subject_key_identifier, "hash");
    if (authority) {
        add_extension(x.get(), from, NID_basic_constraints, "critical,CA:TRUE");
        add_extension(x.get(), from, NID_key_usage, "critical,keyCertSign,cRLSign");
    } else {
        add_extension(x.get(), from, NID_basic_constraints, "CA:FALSE");
        if (!wish.usage.empty()) add_extension(x.get(), from, NID_ext_key_usage, wish.usage);
    }
    std::string names;
    for (const std::string& name : wish.names) names += (names.empty() ? "" : ",") + name;
    if (!names.empty()) add_extension(x.get(), from, NID_subject_alt_name, names);
    require(X509_sign(x.get(), issuer_key, EVP_sha256()) != 0, "not signed");
    return x;
}

certificate_authority::certificate_authority(key_pointer key, x509_pointer own)
    : key_(std::move(key)), own_(std::move(own)), pem_(pem_of(own_.get())) {}

certificate_authority::certificate_authority(const std::string& name) : key_(make_key(0)) {
    certificate_wish wish;
    wish.subject = name;
    own_ = make(wish, key_.get(), nullptr, key_.get(), true);
    pem_ = pem_of(own_.get());
}

certificate certificate_authority::issue(const certificate_wish& wish) const {
    const key_pointer key(make_key(wish.rsa_bits));
    const x509_pointer x = make(wish, key.get(), own_.get(), key_.get(), false);
    return {pem_of(x.get()), pem_of(key.get(), wish.key_password)};
}

certificate certificate_authority::self_signed(const certificate_wish& wish) {
    const key_pointer key(make_key(wish.rsa_bits));
    const x509_pointer x = make(wish, key.get(), nullptr, key.get(), false);
    return {pem_of(x.get()), pem_of(key.get(), wish.key_password)};
}

certificate_authority certificate_authority::intermediate(const std::string& name) const {
    certificate_wish wish;
    wish.subject = name;
    key_pointer key(make_key(0));
    x509_pointer x = make(wish, key.get(), own_.get(), key_.get(), true);
    return {std::move(key), std::move(x)};
}

std::string private_number(const std::string& key_pem) {
    BIO* const bio = BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size()));
    EVP_PKEY* const key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
    BIGNUM* number = nullptr;
    require(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1, "no private number");
    std::string out(32, '\0');
    BN_bn2lebinpad(number, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
    BN_free(number);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return out;
}

}  // namespace slipstream::test
