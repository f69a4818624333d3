// TLS in memory: bytes, every split, every end.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

#include <openssl/crypto.h>

#include "tests/io/tls_memory.hpp"
#include "tests/support/alloc_counter.hpp"

using namespace slipstream;
using namespace slipstream::test;
using io::tls_context;
using io::transfer;

namespace {

// OpenSSL does not use operator new.
std::uint64_t openssl_allocations = 0;

void* count_malloc(std::size_t size, const char*, int) {
    ++openssl_allocations;
    return std::malloc(size);
}
void* count_realloc(void* old, std::size_t size, const char*, int) {
    ++openssl_allocations;
    return std::realloc(old, size);
}
void plain_free(void* p, const char*, int) { std::free(p); }
const bool counts = CRYPTO_set_mem_functions(&count_malloc, &count_realloc, &plain_free) == 1;

}  // namespace

TEST_CASE("B4: plain bytes go through in both directions, in TLS 1.2 and 1.3") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const tls_options options = trusting();
        tls_context context(options);
        tls_server_options of_server = plain_server();
        of_server.version = version;
        const tls_server server(of_server);
        tls_link l(context, server);
        CHECK_FALSE(l.client->state().active());
        REQUIRE(l.shake_hands());
        CHECK(l.server.asked_name() == "a.test");
        const tls_state state = l.client->state();
        CHECK(state.version == (version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3"));
        CHECK_FALSE(state.cipher.empty());
        CHECK(state.peer_subject == "CN=server");
        CHECK_FALSE(state.resumed);

        l.write("PING\r\n");
        CHECK(l.server.read() == "PING\r\n");
        l.server.write("PONG\r\n");
        l.down.bytes += l.server.take();
        CHECK(l.read() == "PONG\r\n");
        CHECK_FALSE(l.failed);

        std::string large(1'000'003, 'x');
        for (std::size_t i = 0; i < large.size(); i += 7) large[i] = static_cast<char>(i);
        l.write(large);
        CHECK(l.server.read() == large);
        l.server.write(large);
        l.down.bytes += l.server.take();
        CHECK(l.read() == large);
    }
}

TEST_CASE("B7: the handshake and the first bytes may be cut anywhere") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const tls_options options = trusting();
        tls_server_options of_server = plain_server();
        of_server.version = version;
        const tls_server server(of_server);
        std::size_t total = 1;
        for (std::size_t cut = 0; cut <= total; ++cut) {  // cut 0 = byte by byte
            tls_context context(options);
            tls_link l(context, server);
            std::size_t passed = 0;
            std::string wire;
            std::string got;
            bool said = false;
            for (int i = 0; i < 100'000 && got != "INFO {}\r\n"; ++i) {
                if (!l.client->established()) {
                    const io::transfer_result result = l.client->handshake(l.down);
                    REQUIRE(result.outcome != transfer::ended);
                    if (result.outcome == transfer::more) got += l.read();
                } else {
                    got += l.read();
                }
                l.to_server();
                if (l.server.established() && !std::exchange(said, true)) l.server.write("INFO {}\r\n");
                wire += l.server.take();
                if (wire.empty()) continue;
                std::size_t n = wire.size();
                if (cut == 0) {
                    n = 1;
                } else if (passed < cut && cut < passed + n) {
                    n = cut - passed;
                }
                l.down.bytes += wire.substr(0, n);
                wire.erase(0, n);
                passed += n;
            }
            CHECK(got == "INFO {}\r\n");
            CHECK_FALSE(l.failed);
            total = std::max(total, passed);
        }
        CHECK(total > 500);
    }
}

TEST_CASE("B7 B10: an end anywhere is told as one, with close_notify or without") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const tls_options options = trusting();
        tls_server_options of_server = plain_server();
        of_server.version = version;
        const tls_server server(of_server);
        bool reached_the_end = false;
        for (std::size_t left = 0; !reached_the_end; ++left) {  // after so many bytes
            tls_context context(options);
            tls_link l(context, server);
            std::size_t passed = 0;
            bool said = false;
            bool cut = false;
            std::string got;
            for (int i = 0; i < 1000 && !l.failed; ++i) {
                if (!l.client->established()) {
                    const io::transfer_result result = l.client->handshake(l.down);
                    l.failed = result.outcome == transfer::ended;
                    l.ec = result.ec;
                } else {
                    got += l.read();
                }
                l.to_server();
                if (l.server.established() && !std::exchange(said, true)) l.server.write("PONG\r\n");
                std::string wire = l.server.take();
                if (wire.size() > left - passed) {
                    wire.resize(left - passed);
                    cut = true;
                }
                passed += wire.size();
                l.down.bytes += wire;
                if (cut || said) l.down.ended = true;
            }
            reached_the_end = !cut;
            CHECK(l.failed);
            CHECK_FALSE(l.ec);  // the peer closed: no error of TLS's
            if (reached_the_end) CHECK(got == "PONG\r\n");
        }
    }
    const tls_options options = trusting();
    tls_context context(options);
    const tls_server server(plain_server());
    tls_link l(context, server);
    REQUIRE(l.shake_hands());
    l.server.write("last words");
    l.server.close_notify();
    l.down.bytes += l.server.take();
    CHECK(l.read() == "last words");
    CHECK(l.failed);
    CHECK_FALSE(l.ec);
    CHECK(l.client->write("x").outcome == transfer::ended);
}

TEST_CASE("B10: close_notify is said once, and nothing before there is a session") {
    const tls_options options = trusting();
    tls_context context(options);
    const tls_server server(plain_server());
    tls_link l(context, server);
    l.client->close_notify();
    CHECK(l.client->unsent().empty());
    REQUIRE(l.shake_hands());
    l.client->close_notify();
    l.client->close_notify();
    l.to_server();
    CHECK(l.server.read().empty());
    CHECK(l.server.closed_by_client());
    CHECK_FALSE(l.server.failed());
}

TEST_CASE("B8 B21: sessions are resumed, once each, and not with other certificates") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        tls_options options = trusting();
        tls_context context(options);
        tls_server_options of_server = plain_server();
        of_server.version = version;
        const tls_server server(of_server);
        const auto resumes = [&](const io::tls_peer& peer, bool read_ticket = true) {
            tls_link l(context, server, peer);
            REQUIRE(l.shake_hands());
            CHECK(l.client->state().resumed == l.server.resumed());
            if (read_ticket) static_cast<void>(l.read());
            return l.client->state().resumed;
        };
        const io::tls_peer a{"a.test 1", "a.test", {}};
        CHECK_FALSE(resumes(a));
        CHECK(resumes(a));
        CHECK(resumes(a));
        CHECK_FALSE(resumes({"a.test 2", "a.test", {}}));             // another server
        CHECK_FALSE(resumes({"a.test 1", "10.0.0.1", "a.test"}));     // verified for other names
        CHECK(resumes(a, false));
        if (version == TLS1_3_VERSION) CHECK_FALSE(resumes(a));       // the ticket was used, and no other was read
        CHECK(resumes(a));
        options.ca_pem += "\n";                                       // other files: nothing of before
        CHECK_FALSE(resumes(a));
        CHECK(resumes(a));
    }
    tls_options none = trusting();
    none.resume_sessions = false;
    tls_context context(none);
    const tls_server server(plain_server());
    for (int i = 0; i < 3; ++i) {
        tls_link l(context, server);
        REQUIRE(l.shake_hands());
        static_cast<void>(l.read());
        CHECK_FALSE(l.server.resumed());
    }
}

TEST_CASE("B4: garbage and plain text are no TLS") {
    for (const std::string_view bytes :
         {std::string_view("INFO {\"server_id\":\"x\"}\r\n"), std::string_view("\0\0\0\0\0\0", 6),
          std::string_view("\x16\x03\x03\xff\xff\xff\xff\xff\xff\xff"), std::string_view("HTTP/1.1 400 Bad\r\n\r\n")}) {
        const tls_options options = trusting();
        tls_context context(options);
        const tls_server server(plain_server());
        tls_link l(context, server);
        l.down.bytes = bytes;
        CHECK_FALSE(l.shake_hands());
        CHECK(l.failed);
        CHECK(l.ec == errc::tls_failed);
        CHECK_FALSE(l.client->detail().empty());
        CHECK(ERR_peek_error() == 0);
    }
    // A bit that is flipped later.
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const tls_options options = trusting();
        tls_context context(options);
        tls_server_options of_server = plain_server();
        of_server.version = version;
        const tls_server server(of_server);
        tls_link l(context, server);
        REQUIRE(l.shake_hands());
        static_cast<void>(l.read());
        l.server.write("MSG a 1 1\r\nx\r\n");
        std::string record = l.server.take();
        record[record.size() - 3] ^= 1;
        l.down.bytes += record;
        CHECK(l.read().empty());
        CHECK(l.ec == errc::tls_failed);
    }
}

TEST_CASE("B8: new keys are taken, a new handshake is refused, and neither lets memory grow") {
    const tls_options options = trusting();
    tls_context context(options);
    tls_server_options v13 = plain_server();
    v13.version = TLS1_3_VERSION;
    const tls_server server(v13);
    tls_link l(context, server);
    REQUIRE(l.shake_hands());
    l.server.update_keys();
    l.server.write("after");
    l.down.bytes += l.server.take();
    CHECK(l.read() == "after");
    l.write("answer");
    CHECK(l.server.read() == "answer");
    // A peer that asks for keys for ever and takes none is cut off.
    for (int i = 0; i < 100'000 && !l.failed; ++i) {
        l.server.update_keys();
        l.down.bytes += l.server.take();
        static_cast<void>(l.read());
        if (i % 64 == 0) static_cast<void>(l.client->write("x"));
    }
    CHECK(l.client->unsent().size() < 100'000);

    tls_server_options v12 = plain_server();
    v12.version = TLS1_2_VERSION;
    const tls_server old(v12);
    tls_link r(context, old);
    REQUIRE(r.shake_hands());
    r.server.renegotiate();
    r.server.write("still here");
    r.down.bytes += r.server.take();
    CHECK(r.read() == "still here");
    CHECK_FALSE(r.failed);
    r.to_server();
    CHECK(r.server.read().empty());
}

TEST_CASE("H9: an allocation that fails anywhere in a handshake ends that one, and the next is whole") {
    const tls_options options = trusting();
    tls_context context(options);
    const tls_server server(plain_server());
    bool failed = true;
    for (std::uint64_t nth = 1; failed; ++nth) {
        REQUIRE(nth < 1000);
        failed = false;
        try {
            io::tls_peer peer{"a.test 1", "a.test, and a text that is too long to be kept in place", "a.test"};
            const failing_allocation fails(nth);
            const std::uint64_t before = allocations();
            io::tls_problem problem;
            const auto session = context.begin(std::move(peer), problem);
            memory_source down;
            tls_server_session other(server);
            while (!session->established()) {
                static_cast<void>(session->handshake(down));
                other.feed(session->unsent());
                session->on_sent(session->unsent().size());
                down.bytes += other.take();
            }
            failed = allocations() - before >= nth;  // it was caught where it does no harm
        } catch (const std::bad_alloc&) {
            failed = true;
        }
        tls_link whole(context, server);
        REQUIRE(whole.shake_hands());
    }
}

TEST_CASE("Quality bar: in steady state nothing but OpenSSL allocates, and that by the record") {
    const tls_options options = trusting();
    tls_context context(options);
    const tls_server server(plain_server());
    tls_link l(context, server);
    REQUIRE(l.shake_hands());
    static_cast<void>(l.read());
    const std::string frame = "PUB a 5\r\nhello\r\n";
    std::string wire;
    std::vector<std::string> records;
    for (int i = 0; i < 64; ++i) {
        l.server.write(frame);
        records.push_back(l.server.take());
    }
    l.down.bytes.reserve(4096);
    char space[1000];
    std::size_t n = 0;
    std::uint64_t ours = 0;
    std::uint64_t by_reading = 0;
    std::uint64_t by_writing = 0;
    for (std::size_t i = 0; i < records.size(); ++i) {
        l.down.bytes = records[i];
        const allocation_counter counter;
        const std::uint64_t before = openssl_allocations;
        n += l.client->read(space, l.down).n;
        const std::uint64_t between = openssl_allocations;
        const io::transfer_result written = l.client->write(frame);
        l.client->on_sent(l.client->unsent().size());
        CHECK(written.n == frame.size());
        if (i < 8) continue;
        ours += counter.count();
        by_reading += between - before;
        by_writing += openssl_allocations - between;
    }
    const std::uint64_t rounds = records.size() - 8;
    CHECK(ours == 0);
    // OpenSSL takes scratch space for the head of each record, however large the record is.
    CHECK(by_reading <= 2 * rounds);
    CHECK(by_writing <= 6 * rounds);
    CHECK(counts);
    CHECK(n == records.size() * frame.size());
}
