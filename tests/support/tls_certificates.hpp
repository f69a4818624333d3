// Certificates for tests, made when they are needed: none is kept in the tree, and none can expire there.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <openssl/evp.h>
#include <openssl/x509.h>

namespace slipstream::test {

struct certificate {
    std::string cert;  ///< PEM.
    std::string key;   ///< PEM.
    [[nodiscard]] std::string both() const { return cert + key; }
};

struct certificate_wish {
    std::string subject = "server";            ///< Its common name.
    std::vector<std::string> names{};          ///< Alternative names: `DNS:a.test`, `IP:127.0.0.1`, `email:x@y`.
    std::string usage = "serverAuth";          ///< Extended key usage; empty = none.
    int from_days = -1;                        ///< From today.
    int to_days = 30;
    unsigned rsa_bits = 0;                     ///< 0 = an elliptic curve.
    std::string key_password{};                ///< Encrypts the key.
};

class certificate_authority {
public:
    explicit certificate_authority(const std::string& name = "test authority");

    [[nodiscard]] const std::string& pem() const noexcept { return pem_; }
    [[nodiscard]] certificate issue(const certificate_wish& wish) const;
    /// A certificate that only itself vouches for.
    [[nodiscard]] static certificate self_signed(const certificate_wish& wish);
    /// An authority that this one vouches for.
    [[nodiscard]] certificate_authority intermediate(const std::string& name) const;

private:
    template <auto Free>
    struct deleter {
        template <class T>
        void operator()(T* object) const noexcept {
            Free(object);
        }
    };
    using key_pointer = std::unique_ptr<EVP_PKEY, deleter<&EVP_PKEY_free>>;
    using x509_pointer = std::unique_ptr<X509, deleter<&X509_free>>;

    certificate_authority(key_pointer key, x509_pointer own);
    static x509_pointer make(const certificate_wish& wish, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key, bool authority);

    key_pointer key_;
    x509_pointer own_;
    std::string pem_;
};

/// The secret number of an elliptic key as OpenSSL keeps it in a key: least significant byte first.
[[nodiscard]] std::string private_number(const std::string& key_pem);

}  // namespace slipstream::test
