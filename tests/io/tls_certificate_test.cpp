// Who is trusted, who is refused, and by which code.
#include <functional>

#include "tests/io/tls_memory.hpp"

using namespace slipstream;
using namespace slipstream::test;
using io::tls_context;

namespace {

/// The error of a client's handshake with such a server.
std::error_code handshake_error(const tls_options& options, const tls_server_options& server_options,
                                const io::tls_peer& peer = {"a.test 1", "a.test", {}}) {
    tls_context context(options);
    const tls_server server(server_options);
    tls_link l(context, server, peer);
    if (!l.client) return l.problem.ec;
    if (l.shake_hands()) return {};
    if (l.client->established()) static_cast<void>(l.read());  // TLS 1.3 tells what is wrong with a client afterwards
    CHECK(l.failed);
    CHECK(ERR_peek_error() == 0);
    if (l.ec) CHECK_FALSE(l.client->detail().empty());
    return l.ec;
}

}  // namespace

TEST_CASE("B2 B5 B6: names: DNS and addresses, wildcards of one label, never the subject") {
    struct row {
        std::vector<std::string> certified;
        const char* name;
        const char* other;
        bool good;
    };
    const std::vector<row> table = {
        {{"DNS:a.test"}, "a.test", "", true},
        {{"DNS:a.test"}, "b.test", "", false},
        {{"DNS:a.test"}, "b.test", "a.test", true},
        {{"DNS:a.test"}, "10.0.0.1", "a.test", true},
        {{"DNS:a.test"}, "10.0.0.1", "", false},
        {{"DNS:a.test"}, "", "", false},
        {{"DNS:a.test"}, "x.a.test", "", false},
        {{"DNS:*.a.test"}, "x.a.test", "", true},
        {{"DNS:*.a.test"}, "y.x.a.test", "", false},
        {{"DNS:*.a.test"}, "a.test", "", false},
        {{"DNS:x*.a.test"}, "xy.a.test", "", false},
        {{"DNS:A.TEST"}, "a.test", "", true},
        {{"IP:127.0.0.1"}, "127.0.0.1", "", true},
        {{"IP:127.0.0.1"}, "127.0.0.2", "", false},
        {{"DNS:127.0.0.1"}, "127.0.0.1", "", false},
        {{"IP:::1"}, "::1", "", true},
        {{"IP:::1", "DNS:a.test"}, "0:0:0:0:0:0:0:1", "", true},
        {{"email:a.test@x"}, "a.test", "", false},
        {{}, "server", "", false},  // only the subject has it
    };
    for (const row& r : table) {
        CAPTURE(r.name);
        const std::error_code ec = handshake_error(trusting(), {authority().issue(for_names(r.certified))}, {"e", r.name, r.other});
        CHECK(ec == (r.good ? std::error_code() : errc::tls_name_mismatch));
    }
    tls_options careless = trusting();
    careless.insecure_accept_any_certificate = true;
    CHECK_FALSE(handshake_error(careless, plain_server(), {"e", "b.test", {}}));
    CHECK_FALSE(handshake_error(careless, {certificate_authority::self_signed({})}, {"e", "b.test", {}}));
}

TEST_CASE("B6: an address is not asked for, a name beside it is") {
    const tls_options options = trusting();
    tls_context context(options);
    const tls_server server(plain_server());
    tls_link address(context, server, {"e", "127.0.0.1", {}});
    REQUIRE(address.shake_hands());
    CHECK(address.server.asked_name().empty());
    tls_link both(context, server, {"e", "10.0.0.1", "a.test"});
    REQUIRE(both.shake_hands());
    CHECK(both.server.asked_name() == "a.test");
}

TEST_CASE("B21: each thing that is wrong with a certificate has its code") {
    const certificate_authority other("another authority");
    const auto server_with = [](const std::function<void(certificate_wish&)>& spoil) {
        certificate_wish wish = for_names({"DNS:a.test"});
        spoil(wish);
        return tls_server_options{authority().issue(wish)};
    };
    using w = certificate_wish;
    CHECK_FALSE(handshake_error(trusting(), server_with([](w&) {})));
    CHECK_FALSE(handshake_error(trusting(), server_with([](w& x) { x.usage.clear(); })));
    CHECK_FALSE(handshake_error(trusting(), server_with([](w& x) { x.rsa_bits = 2048; })));
    CHECK(handshake_error(trusting(), server_with([](w& x) { x.from_days = -3, x.to_days = -1; })) == errc::tls_certificate_expired);
    CHECK(handshake_error(trusting(), server_with([](w& x) { x.from_days = 1; })) == errc::tls_certificate_not_yet_valid);
    CHECK(handshake_error(trusting(), server_with([](w& x) { x.usage = "clientAuth"; })) == errc::tls_certificate_invalid);
    CHECK(handshake_error(trusting(), server_with([](w& x) { x.rsa_bits = 1024; })) == errc::tls_certificate_invalid);
    CHECK(handshake_error(trusting(), {other.issue(for_names({"DNS:a.test"}))}) == errc::tls_unknown_ca);
    CHECK(handshake_error(trusting(), {certificate_authority::self_signed(for_names({"DNS:a.test"}))}) == errc::tls_unknown_ca);
    CHECK(handshake_error({}, plain_server()) == errc::tls_unknown_ca);  // the system does not know it

    tls_options pinned;  // one server by itself
    const certificate alone = certificate_authority::self_signed(for_names({"DNS:a.test"}));
    pinned.ca_pem = alone.cert;
    CHECK_FALSE(handshake_error(pinned, {alone}));

    const certificate_authority below = authority().intermediate("below");
    certificate with_chain = below.issue(for_names({"DNS:a.test"}));
    CHECK(handshake_error(trusting(), {with_chain}) == errc::tls_unknown_ca);
    with_chain.cert += below.pem();
    CHECK_FALSE(handshake_error(trusting(), {with_chain}));
}

TEST_CASE("B21: no version below 1.2, and 1.3 alone when asked for") {
    tls_server_options old = plain_server();
    old.version = TLS1_1_VERSION;
    old.cipher_list = "ALL:@SECLEVEL=0";
    CHECK(handshake_error(trusting(), old) == errc::tls_refused);
    tls_server_options v12 = plain_server();
    v12.version = TLS1_2_VERSION;
    CHECK_FALSE(handshake_error(trusting(), v12));
    tls_options modern = trusting();
    modern.min_version = tls_version::v1_3;
    CHECK(handshake_error(modern, v12) == errc::tls_refused);
    CHECK_FALSE(handshake_error(modern, plain_server()));
    tls_options picky = trusting();
    picky.cipher_list = "ECDHE-ECDSA-AES256-GCM-SHA384";
    CHECK_FALSE(handshake_error(picky, v12));
    v12.cipher_list = "ECDHE-ECDSA-AES128-GCM-SHA256";
    CHECK(handshake_error(picky, v12) == errc::tls_refused);
    picky.cipher_list = "NO-SUCH-CIPHER";
    CHECK(handshake_error(picky, v12) == errc::invalid_option);
    picky = trusting();
    picky.cipher_suites = "NO-SUCH-SUITE";
    CHECK(handshake_error(picky, plain_server()) == errc::invalid_option);
}

TEST_CASE("B21: client certificates: shown, demanded, refused") {
    certificate_wish wish;
    wish.subject = "client";
    wish.usage = "clientAuth";
    const certificate own = authority().issue(wish);
    const certificate_authority other("another authority");
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        tls_server_options demanding = plain_server();
        demanding.version = version;
        demanding.client_ca = authority().pem();
        tls_options good = trusting();
        good.cert_pem = own.cert;
        good.key_pem = own.key;
        CHECK_FALSE(handshake_error(good, demanding));
        CHECK_FALSE(handshake_error(good, plain_server()));  // nobody asks for it
        tls_options together = trusting();
        together.cert_pem = own.key + own.cert;
        CHECK_FALSE(handshake_error(together, demanding));
        const std::error_code none = handshake_error(trusting(), demanding);
        CHECK((none == errc::tls_client_certificate_required || (version == TLS1_2_VERSION && none == errc::tls_refused)));
        const certificate foreign = other.issue(wish);
        tls_options bad = trusting();
        bad.cert_pem = foreign.both();
        CHECK(handshake_error(bad, demanding) == errc::tls_client_certificate_refused);
        wish.from_days = -3, wish.to_days = -1;
        bad.cert_pem = authority().issue(wish).both();
        wish.from_days = -1, wish.to_days = 30;
        CHECK(handshake_error(bad, demanding) == errc::tls_client_certificate_refused);
    }
}

TEST_CASE("B21 B11: what is wrong with the client's own files is told without their contents") {
    certificate_wish wish;
    wish.usage = "clientAuth";
    const certificate own = authority().issue(wish);
    wish.key_password = "hunter2";
    const certificate locked = authority().issue(wish);
    const auto problem_of = [](const std::function<void(tls_options&)>& spoil) {
        tls_options options = trusting();
        spoil(options);
        tls_context context(options);
        io::tls_problem problem;
        const auto session = context.begin({"e", "a.test", {}}, problem);
        CHECK((session == nullptr) == static_cast<bool>(problem.ec));
        CHECK(problem.detail.find("BEGIN") == std::string::npos);
        CHECK(problem.detail.find("hunter2") == std::string::npos);
        CHECK(problem.detail.empty() == !problem.ec);
        CHECK(ERR_peek_error() == 0);
        return problem.ec;
    };
    using t = tls_options;
    CHECK_FALSE(problem_of([](t&) {}));
    CHECK(problem_of([](t& o) { o.ca_pem = "hunter2"; }) == errc::tls_bad_ca);
    CHECK(problem_of([](t& o) { o.ca_pem.resize(o.ca_pem.size() / 2); }) == errc::tls_bad_ca);
    CHECK(problem_of([](t& o) { o.ca_pem += "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"; }) == errc::tls_bad_ca);
    CHECK(problem_of([](t& o) { o.ca_file = "/no/such/file"; }) == errc::tls_bad_ca);
    CHECK(problem_of([](t& o) { o.ca_file = "/dev/zero"; }) == errc::tls_bad_ca);
    CHECK(problem_of([](t& o) { o.ca_file = "/"; }) == errc::tls_bad_ca);
    CHECK(problem_of([](t& o) { o.cert_file = "/no/such/file"; }) == errc::tls_bad_certificate);
    CHECK(problem_of([](t& o) { o.cert_pem = "hunter2"; }) == errc::tls_bad_certificate);
    CHECK(problem_of([&](t& o) { o.cert_pem = own.cert; }) == errc::tls_bad_key);
    CHECK(problem_of([&](t& o) { o.cert_pem = own.cert, o.key_file = "/no/such/file"; }) == errc::tls_bad_key);
    CHECK(problem_of([&](t& o) { o.cert_pem = own.cert, o.key_pem = locked.key; }) == errc::tls_bad_key);  // and nothing asks for it
    CHECK(problem_of([&](t& o) { o.cert_pem = locked.cert, o.key_pem = locked.key, o.key_password = "wrong"; }) == errc::tls_bad_key);
    CHECK(problem_of([&](t& o) { o.cert_pem = locked.cert, o.key_pem = own.key; }) == errc::tls_bad_key);
    CHECK_FALSE(problem_of([&](t& o) { o.cert_pem = locked.cert, o.key_pem = locked.key, o.key_password = "hunter2"; }));
}
