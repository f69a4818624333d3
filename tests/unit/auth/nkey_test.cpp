#include <doctest/doctest.h>

#include <array>
#include <ostream>
#include <string>
#include <vector>

#include <slipstream/error.hpp>

#include "protocol/auth/base32.hpp"
#include "protocol/auth/crc16.hpp"
#include "protocol/auth/nkey.hpp"
#include "tests/support/jwt_maker.hpp"
#include "tests/unit/auth/vectors.hpp"

using namespace slipstream;
using namespace slipstream::test;

namespace {

std::span<const unsigned char> bytes_of(std::string_view text) {
    return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

std::string base32(std::string_view bytes) {
    std::string out(auth::base32_encoded_size(bytes.size()), '\0');
    auth::encode_base32(bytes_of(bytes), out);
    return out;
}

std::string decoded(std::string_view text) {
    std::vector<unsigned char> out(auth::base32_decoded_size(text.size()));
    if (!auth::decode_base32(text, out)) return "refused";
    return {out.begin(), out.end()};
}

std::error_code read_seed(std::string_view text) {
    auth::nkey_pair pair;
    return pair.read_user_seed(text);
}

}  // namespace

TEST_CASE("B15 auth.md 3: base32 as of RFC 4648, without padding") {
    struct row {
        std::string_view bytes;
        std::string_view text;
    };
    for (const row& r : {row{"", ""}, row{"f", "MY"}, row{"fo", "MZXQ"}, row{"foo", "MZXW6"}, row{"foob", "MZXW6YQ"},
                         row{"fooba", "MZXW6YTB"}, row{"foobar", "MZXW6YTBOI"}}) {
        CHECK(base32(r.bytes) == r.text);
        CHECK(decoded(r.text) == r.bytes);
    }
    for (const std::string_view bad : {"my", "M0", "M1", "M8", "M9", "MY======", "M Y", "M", "MZX", "MZXW6Y", "MZ", "MZXW7", "MY\n"}) {
        CHECK_MESSAGE(decoded(bad) == "refused", bad);
    }
    for (int size = 0; size < 40; ++size) {
        std::string bytes;
        for (int i = 0; i < size; ++i) bytes += static_cast<char>(i * 37 + size);
        CHECK(decoded(base32(bytes)) == bytes);
    }
}

TEST_CASE("B15 auth.md 3: the checksum is CRC-16/XMODEM") {
    CHECK(auth::crc16(bytes_of("123456789")) == 0x31c3);
    CHECK(auth::crc16({}) == 0);
}

TEST_CASE("B15 auth.md 4, 11: seeds and public keys in both directions") {
    struct row {
        auth::nkey_kind kind;
        unsigned char first;
        std::string_view seed;
        std::string_view key;
    };
    using enum auth::nkey_kind;
    for (const row& r : {row{user, 0x00, seed_u, public_u}, row{account, 0x20, seed_account, public_account},
                         row{operator_, 0x40, "SOAEAQKCINCEKRSHJBEUUS2MJVHE6UCRKJJVIVKWK5MFSWS3LROV4X4A44",
                             "OASUHOJP6EEVKEKHNLOIG2O3NXOJGNTFUEMXRXNBIBHOCBTMVFKZ2TJ6"},
                         row{server, 0x60, "SNAGAYLCMNSGKZTHNBUWU23MNVXG64DROJZXI5LWO54HS6T3PR6X473DCU",
                             "NALUKU5UK3O57RUQR3FLDQIB7ZVLEHRLVIDBO6K3PVB2MNECTE75KIVQ"},
                         row{account, 0x00, "SAAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4HYMHI",
                             "AAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QPZV"}}) {
        const test_key key(r.kind, r.first);
        CHECK(key.seed() == r.seed);
        CHECK(key.public_key() == r.key);
        CHECK_FALSE(auth::check_public_key(r.key, r.kind));
        if (r.kind != user) {
            CHECK(read_seed(r.seed) == errc::nkey_wrong_type);
            CHECK(auth::check_public_key(r.key, user) == errc::nkey_wrong_type);
        }
    }
    std::array<unsigned char, auth::key_size> raw{};
    for (std::size_t i = 0; i < raw.size(); ++i) raw[i] = static_cast<unsigned char>(i);
    CHECK(auth::encode_public_key(curve, raw) == "XAAACAQDAQCQMBYIBEFAWDANBYHRAEISCMKBKFQXDAMRUGY4DUPB7QO7");

    auth::nkey_pair pair;
    REQUIRE_FALSE(pair.read_user_seed(seed_zero));
    CHECK(pair.public_key() == public_zero);
    REQUIRE_FALSE(pair.read_user_seed(seed_u));
    CHECK(pair.public_key() == public_u);
}

TEST_CASE("B15 auth.md 4, 11: signatures") {
    struct row {
        std::string_view seed;
        std::string message;
        std::string_view signature;
    };
    for (const row& r :
         {row{seed_u, "PXoWU7zWAMt75FY", "bnxg5G8aOV2LQdSE_lcM9clxm_fbTTZxsqQ1EpTNgJXmH6z5ezesd49kXfuNhoAqw_DmEtsGcNsJdug9wMuRDQ"},
          row{seed_zero, "PXoWU7zWAMt75FY", "hzPuOFPcBzNl6h137pOqrtd9EzdrVOvOPDKiSwLY47RMhV1ZfG4bXK4eO1GcpvImKDorwCZi2cr4Q1AHW7uZCA"},
          row{seed_u, "", "nKU1eVMGVNXD33cInvRe2mE-L-32cOlr7axGOVBOWEXvS5XVeTB3Iz3RaBeyUy6cVSWHKnOkrXS3WTaangXBAg"},
          row{seed_u, "a", "OEPXXWWphwYeS6Ur5nJjCaG2D3BfAXbRt4aFV8-c4DvoxsUoNl2hvziB3Vsrb-U9XYWApyztG82RiXw2zqmcBw"},
          row{seed_u, std::string(15, '\0'), "tRdRR1u4GedP13IcuLr8odKfF2KiIPybP0-lxdmoBhpFBUHEjTXj1dKt1WscgJDkeQyR3eCixP1Y6AAPoHnvCQ"}}) {
        auth::nkey_pair pair;
        REQUIRE_FALSE(pair.read_user_seed(r.seed));
        const auto raw = pair.sign(r.message);
        const secret text = auth::encode_signature({reinterpret_cast<const char*>(raw.data()), raw.size()});
        CHECK(text.reveal() == r.signature);
        CHECK(text.size() == 86);
    }
}

TEST_CASE("B15 auth.md 4: what is no seed of a user") {
    CHECK(read_seed("SUAAAAICAMAAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H776Y") == errc::nkey_checksum);
    CHECK(read_seed(public_u) == errc::nkey_wrong_type);
    CHECK(read_seed(private_u) == errc::nkey_wrong_type);
    CHECK(read_seed("") == errc::nkey_malformed);
    CHECK(read_seed("SU") == errc::nkey_malformed);
    CHECK(read_seed("SUAAA") == errc::nkey_malformed);
    CHECK(read_seed("MZXW6YTBOI") == errc::nkey_checksum);
    CHECK(read_seed(seed_u.substr(0, 57)) == errc::nkey_malformed);
    CHECK(read_seed(std::string(seed_u) + "A") == errc::nkey_malformed);
    CHECK(read_seed(std::string(seed_u) + "=") == errc::nkey_malformed);
    CHECK(read_seed("SUAAAAICAMCAKBQHBAEQUCYMBUHA6E RCIJRIFIWC4MBSGQ3DQOR4H776Y") == errc::nkey_malformed);
    CHECK(read_seed(std::string(1024 * 1024, 'A')) == errc::nkey_malformed);
    std::string lower(seed_u);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    CHECK(read_seed(lower) == errc::nkey_malformed);
    // A checksum that is right over bytes that are no key: prefix 0x08, and a seed of the unknown type 0x08.
    const auto sealed = [](std::string raw) {
        const unsigned crc = auth::crc16(bytes_of(raw));
        raw += static_cast<char>(crc & 0xff);
        raw += static_cast<char>(crc >> 8);
        return base32(raw);
    };
    CHECK(read_seed(sealed(std::string(33, '\x08'))) == errc::nkey_malformed);
    CHECK(read_seed(sealed("\x90\x40" + std::string(32, 'x'))) == errc::nkey_malformed);
    CHECK(read_seed(sealed("\x95\x01" + std::string(32, 'x'))) == errc::nkey_malformed);  // bits that mean nothing are set
    const std::string user_prefix("\x95\x00", 2);
    CHECK(read_seed(sealed(user_prefix + std::string(31, 'x'))) == errc::nkey_malformed);
    CHECK(read_seed(sealed(user_prefix + std::string(33, 'x'))) == errc::nkey_malformed);
    CHECK_FALSE(read_seed(sealed(user_prefix + std::string(32, 'x'))));
    CHECK(auth::check_public_key(sealed("\xa0" + std::string(31, 'x')), auth::nkey_kind::user) == errc::nkey_malformed);
    CHECK(auth::check_public_key(sealed("\x08" + std::string(32, 'x')), auth::nkey_kind::user) == errc::nkey_malformed);
    CHECK(auth::check_public_key(seed_u, auth::nkey_kind::user) == errc::nkey_wrong_type);
    CHECK(auth::check_public_key(private_u, auth::nkey_kind::user) == errc::nkey_wrong_type);
    CHECK_FALSE(auth::check_public_key(sealed("\xa0" + std::string(32, 'x')), auth::nkey_kind::user));
}

TEST_CASE("B15 auth.md 4: any other character anywhere in a seed is noticed") {
    for (std::size_t i = 0; i < seed_u.size(); ++i) {
        for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")) {
            if (c == seed_u[i]) continue;
            std::string text(seed_u);
            text[i] = c;
            const std::error_code ec = read_seed(text);
            // The last character has two bits that no byte uses.
            const bool refused = ec == errc::nkey_checksum || (i + 1 == seed_u.size() && ec == errc::nkey_malformed);
            CHECK_MESSAGE(refused, i, c);
        }
    }
}

TEST_CASE("B15 auth.md 3: blanks and line ends around a key do not matter") {
    for (const std::string& text :
         {std::string(seed_u) + "\n", std::string(seed_u) + "\r\n", " \t" + std::string(seed_u) + " ", "\n\n" + std::string(seed_u)}) {
        auth::nkey_pair pair;
        REQUIRE_FALSE(pair.read_user_seed(text));
        CHECK(pair.public_key() == public_u);
    }
    CHECK_FALSE(auth::check_public_key(" " + std::string(public_u) + "\n", auth::nkey_kind::user));
}
