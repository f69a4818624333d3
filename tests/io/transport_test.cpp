// The transport alone, driven by an owner that only takes notes.
#include "protocol/io/transport.hpp"

#include <asio/read.hpp>
#include <asio/write.hpp>

#include "tests/io/fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;
using asio::ip::tcp;
using io::transfer;

namespace {

struct notes final : io::transport_owner {
    int dialed = 0;
    int readable = 0;
    int writable = 0;
    std::error_code ec;
    void on_dialed(io::transport&, std::error_code e) override {
        ++dialed;
        ec = e;
    }
    void on_readable(io::transport&) override { ++readable; }
    void on_writable(io::transport&) override { ++writable; }
};

struct pair_of_ends {
    asio::io_context context{1};
    tcp::acceptor acceptor{context, {asio::ip::make_address("127.0.0.1"), 0}};
    tcp::socket peer{context};
    std::shared_ptr<notes> owner = std::make_shared<notes>();
    std::shared_ptr<io::transport> end = make(10s);

    std::shared_ptr<io::transport> make(session::duration connect_timeout) {
        io::transport_settings settings;
        settings.connect_timeout = connect_timeout;
        return std::make_shared<io::transport>(context.get_executor(), owner, settings);
    }
    void connect() {
        const bool at_once = end->dial("127.0.0.1", acceptor.local_endpoint().port(), session::clock::now());
        acceptor.accept(peer);
        if (!at_once) REQUIRE(run_until(context, [&] { return owner->dialed == 1; }));
        REQUIRE_FALSE(owner->ec);
        REQUIRE(end->connected());
    }
    /// Reads in spans of `piece` until `n` bytes have come.
    std::string read(std::size_t n, std::size_t piece) {
        std::string out;
        std::vector<char> space(piece);
        while (out.size() < n) {
            const int before = owner->readable;
            end->await_readable();
            if (!run_until(context, [&] { return owner->readable > before; }, 5s)) break;
            for (;;) {
                const io::transfer_result r = end->read_some(space);
                out.append(space.data(), r.n);
                if (r.outcome == transfer::more) continue;
                if (r.outcome == transfer::ended) return out + "<end>";
                break;
            }
        }
        return out;
    }
};

std::string pattern(std::size_t n) {
    std::string out(n, ' ');
    for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<char>('a' + i * 7 % 26);
    return out;
}

/// A listener whose queue is full: its kernel drops further SYNs, so that a dial to it hangs.
struct black_hole {
    explicit black_hole(asio::io_context& context) : acceptor(context, tcp::v4()) {
        acceptor.bind({asio::ip::make_address("127.0.0.1"), 0});
        acceptor.listen(0);
        for (int i = 0; i < 8; ++i) {
            tcp::socket& filler = fillers.emplace_back(context);
            filler.async_connect(acceptor.local_endpoint(), [](std::error_code) {});  // tries at once
        }
    }
    tcp::acceptor acceptor;
    std::vector<tcp::socket> fillers;
};

}  // namespace

TEST_CASE_FIXTURE(pair_of_ends, "D14: bytes are read in order whatever the spans, and before the end is told") {
    connect();
    const std::string sent = pattern(20'000);
    std::size_t piece = 0;
    SUBCASE("large spans") { piece = 64 * 1024; }
    SUBCASE("spans of the size of an arrival") { piece = 4096; }
    SUBCASE("odd spans") { piece = 1009; }
    SUBCASE("single bytes") { piece = 1; }
    asio::write(peer, asio::buffer(sent));
    CHECK(read(sent.size(), piece) == sent);
    asio::write(peer, asio::buffer(sent));
    peer.close();
    CHECK(read(sent.size() + 1, piece) == sent + "<end>");
    const io::transfer_result again = end->read_some({});
    CHECK(again.outcome != transfer::more);
}

TEST_CASE_FIXTURE(pair_of_ends, "D14: a pause of the owner in the middle of an arrival loses nothing") {
    connect();
    const std::string sent = pattern(3000);
    asio::write(peer, asio::buffer(sent));
    end->await_readable();
    REQUIRE(run_until(context, [&] { return owner->readable == 1; }));
    std::array<char, 1000> space{};
    const io::transfer_result first = end->read_some(space);
    CHECK(first.n == 1000);
    CHECK(first.outcome == transfer::more);
    end->await_readable();
    CHECK(end->read_some(space).n == 0);  // not while awaiting
    CHECK(owner->readable == 1);          // and never inside the call
    REQUIRE(run_until(context, [&] { return owner->readable == 2; }));
    std::string rest;
    for (;;) {
        const io::transfer_result r = end->read_some(space);
        rest.append(space.data(), r.n);
        if (r.outcome != transfer::more) break;
    }
    CHECK(std::string(sent, 1000) == rest);
}

TEST_CASE_FIXTURE(pair_of_ends, "C7: a peer that does not read blocks writing, is told when it does again, and gets every byte once") {
    connect();
    const std::string block = pattern(100'000);
    std::string sent;
    io::transfer_result r;
    do {
        r = end->write_some(block);
        sent.append(block, 0, r.n);
    } while (r.outcome == transfer::more);
    REQUIRE(r.outcome == transfer::blocked);
    CHECK(end->write_some(block).n == 0);
    end->await_writable();
    CHECK_FALSE(end->writable());
    std::string got(sent.size(), ' ');
    asio::read(peer, asio::buffer(got));
    REQUIRE(run_until(context, [&] { return owner->writable == 1; }));
    CHECK(end->writable());
    CHECK((got == sent));
}

TEST_CASE_FIXTURE(pair_of_ends, "protocol 7: after a failed write the bytes that had arrived are read, then comes the end") {
    connect();
    const std::string words = "-ERR 'Stale Connection'\r\n";
    asio::write(peer, asio::buffer(words));
    peer.set_option(asio::socket_base::linger(true, 0));
    peer.close();
    const io::transfer_result failed = end->write_some("PING\r\n");
    CHECK(failed.outcome == transfer::ended);
    CHECK((failed.ec == std::errc::connection_reset || failed.ec == std::errc::broken_pipe));
    CHECK(read(words.size() + 1, 100) == words + "<end>");
}

TEST_CASE_FIXTURE(pair_of_ends, "C6: FIN is an end without an error, RST one with") {
    connect();
    end->await_readable();
    std::error_code wanted;
    SUBCASE("FIN") { peer.close(); }
    SUBCASE("RST") {
        wanted = std::make_error_code(std::errc::connection_reset);
        peer.set_option(asio::socket_base::linger(true, 0));
        peer.close();
    }
    REQUIRE(run_until(context, [&] { return owner->readable == 1; }));
    std::array<char, 10> space{};
    const io::transfer_result r = end->read_some(space);
    CHECK(r.outcome == transfer::ended);
    CHECK(r.ec.default_error_condition() == wanted.default_error_condition());
}

TEST_CASE_FIXTURE(pair_of_ends, "H4: a closed transport says nothing, whatever was pending") {
    SUBCASE("resolving") {
        REQUIRE_FALSE(end->dial("localhost", acceptor.local_endpoint().port(), session::clock::now()));
        end->close();
    }
    SUBCASE("connecting") {
        static_cast<void>(end->dial("127.0.0.1", acceptor.local_endpoint().port(), session::clock::now()));
        end->close();
    }
    SUBCASE("failed and not told yet") {
        CHECK_FALSE(end->connect({}, session::clock::now()));
        end->close();
    }
    SUBCASE("reading and writing") {
        connect();
        end->await_readable();
        end->await_writable();
        end->close();
        end->close();
        owner->dialed = 0;
    }
    REQUIRE(runs_out(context));
    CHECK(owner->dialed + owner->readable + owner->writable == 0);
    CHECK(owner.use_count() == 1);  // and has let go of its owner
    CHECK(end->write_some("x").n == 0);
}

TEST_CASE_FIXTURE(pair_of_ends, "C1: an address that hangs costs its share of the connect timeout, a refused one nothing") {
    const black_hole hole(context);
    const tcp::endpoint good = acceptor.local_endpoint();
    tcp::acceptor gone(context, {asio::ip::make_address("127.0.0.1"), 0});
    const tcp::endpoint refused = gone.local_endpoint();
    gone.close();
    const session::time_point start = session::clock::now();
    end = make(9s);
    REQUIRE_FALSE(end->connect({refused, hole.acceptor.local_endpoint(), good}, start));
    CHECK(end->next_deadline() == start + 3s);
    end->on_time(end->next_deadline() - 1ms);
    static_cast<void>(context.poll());
    CHECK(owner->dialed == 0);
    end->on_time(end->next_deadline());
    acceptor.accept(peer);
    REQUIRE(run_until(context, [&] { return owner->dialed == 1; }));
    CHECK_FALSE(owner->ec);
    CHECK(peer.remote_endpoint().address() == good.address());
    CHECK(end->next_deadline() == session::never);
}

TEST_CASE_FIXTURE(pair_of_ends, "C1: a dial that is answered late is told from the event loop") {
    black_hole hole(context);
    REQUIRE_FALSE(end->connect({hole.acceptor.local_endpoint()}, session::clock::now()));
    bool answered = false;
    SUBCASE("by who listens") {  // the fillers are taken out of the queue, and the kernel tries again after a second
        answered = true;
        hole.acceptor.non_blocking(true);
        const auto accept_all = [&] {
            std::error_code none;
            while (!none) hole.acceptor.accept(none);
            return owner->dialed == 1;
        };
        REQUIRE(run_until(context, accept_all));
    }
    SUBCASE("by nobody") {
        hole.acceptor.close();
        REQUIRE(run_until(context, [&] { return owner->dialed == 1; }));
        CHECK(owner->ec == std::errc::connection_refused);
    }
    CHECK(end->connected() == answered);
    CHECK(!owner->ec == answered);
}

TEST_CASE_FIXTURE(pair_of_ends, "C1: a dial that meets itself has found nobody") {
    // Nobody listens on a port that source ports are taken from: each dial takes the next one, until one takes this very port.
    tcp::endpoint nobody = acceptor.local_endpoint();
    std::error_code taken;
    do {
        nobody.port(static_cast<std::uint16_t>((nobody.port() + 1) & ~1));  // Linux gives even ones to those who connect
        tcp::socket(context, tcp::v4()).bind(nobody, taken);
        if (taken) nobody.port(static_cast<std::uint16_t>(nobody.port() + 1));
    } while (taken);
    CHECK_FALSE(end->connect(std::vector<tcp::endpoint>(30'000, nobody), session::clock::now()));
    REQUIRE(run_until(context, [&] { return owner->dialed == 1; }));
    CHECK(owner->ec == std::errc::connection_refused);
}

TEST_CASE_FIXTURE(pair_of_ends, "C1 C11: when every address fails, the error of the last is told, from a turn of its own") {
    tcp::acceptor gone(context, {asio::ip::make_address("127.0.0.1"), 0});
    const tcp::endpoint refused = gone.local_endpoint();
    gone.close();
    SUBCASE("refused") {
        CHECK_FALSE(end->connect({refused, refused}, session::clock::now()));
        CHECK(owner->dialed == 0);
        REQUIRE(run_until(context, [&] { return owner->dialed == 1; }));
        CHECK(owner->ec == std::errc::connection_refused);
    }
    SUBCASE("none at all") {
        CHECK_FALSE(end->connect({}, session::clock::now()));
        CHECK(owner->dialed == 0);
        REQUIRE(run_until(context, [&] { return owner->dialed == 1; }));
        CHECK(owner->ec);
    }
}

TEST_CASE_FIXTURE(pair_of_ends, "I13: finish lets the peer read everything although bytes of its own are unread") {
    connect();
    SUBCASE("while awaiting readability") { end->await_readable(); }
    SUBCASE("while not") {}
    const std::string last = pattern(5000);
    CHECK(end->write_some(last).n == last.size());
    const std::string unread = pattern(3000);
    asio::write(peer, asio::buffer(unread));
    end->finish();
    CHECK(owner.use_count() == 1);
    end.reset();
    bool fin = false;
    std::string got(last.size(), ' ');
    asio::async_read(peer, asio::buffer(got), [&](std::error_code ec, std::size_t) {
        CHECK_FALSE(ec);
        asio::write(peer, asio::buffer(unread));  // crosses the end
        peer.async_wait(tcp::socket::wait_read, [&](std::error_code) {
            char more = 0;
            std::error_code end_of_it;
            CHECK(peer.read_some(asio::buffer(&more, 1), end_of_it) == 0);
            CHECK(end_of_it == asio::error::eof);
            fin = true;
            peer.close();
        });
    });
    REQUIRE(runs_out(context));
    CHECK(fin);
    CHECK(got == last);
    CHECK(owner->readable == 0);
}

TEST_CASE_FIXTURE(pair_of_ends, "B10: finish waits for a peer that never closes no longer than its linger time") {
    connect();
    end->finish();
    end.reset();
    const auto start = session::clock::now();
    REQUIRE(runs_out(context));
    CHECK(session::clock::now() - start >= io::transport::linger_time - 50ms);
}
