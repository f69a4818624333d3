// Logins in the Asio half: files are read, callbacks called, and their answers taken from anywhere at any time.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include <asio/post.hpp>

#include "protocol/auth/creds.hpp"
#include "protocol/io/secret_file.hpp"
#include "tests/io/fixture.hpp"

using namespace slipstream;
using namespace slipstream::test;
namespace fs = std::filesystem;

namespace {

// Public test material (spec/auth.md 4).
constexpr const char* seed = "SUAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H776Y";
constexpr const char* public_key = "UAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3RLKK";
constexpr const char* with_nonce = R"("nonce":"PXoWU7zWAMt75FY","auth_required":true)";
constexpr const char* signature = R"("sig":"bnxg5G8aOV2LQdSE_lcM9clxm_fbTTZxsqQ1EpTNgJXmH6z5ezesd49kXfuNhoAqw_DmEtsGcNsJdug9wMuRDQ")";
constexpr const char* signature_of_zeros =
    R"("sig":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")";
const std::string zeros(64, '\0');

class directory {
public:
    directory() {
        std::string name = (fs::temp_directory_path() / "login-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path_ = name;
    }
    directory(const directory&) = delete;
    directory& operator=(const directory&) = delete;
    ~directory() { fs::remove_all(path_); }
    [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }
    std::string write(const std::string& name, std::string_view contents) const {
        std::ofstream(path_ / name) << contents;
        return path_ / name;
    }

private:
    fs::path path_;
};

struct login_fixture : io_fixture {
    std::string sent;  // the JSON of the last CONNECT
    outcome connected_with;

    /// A server for one connection, and a client that connects to it and closes; what CONNECT said is in `sent`.
    void connect(const authentication& how) {
        connect_options o = options();
        o.auth = how;
        client nc(context.get_executor(), o);
        auto server = [&]() -> asio::awaitable<void> {
            peer_connection c = co_await peer.accept();
            sent = co_await c.handshake(with_nonce);
            co_await c.rest();
        };
        auto user = [&]() -> asio::awaitable<void> {
            co_await nc.async_connect();
            nc.close();
        };
        play(context, server, user);
    }
    /// A client whose login fails, at a server that greets it.
    std::error_code fails(const authentication& how) {
        connect_options o = options();
        o.auth = how;
        client nc(context.get_executor(), o);
        std::error_code result;
        auto server = [&]() -> asio::awaitable<void> {
            peer_connection c = co_await peer.accept();
            co_await c.send(peer_connection::info(with_nonce));
            const std::string bytes = co_await c.rest();
            CHECK(bytes.empty());
        };
        auto user = [&]() -> asio::awaitable<void> {
            std::tie(result) = co_await nc.async_connect(use_tuple);
            nc.close();
        };
        play(context, server, user);
        return result;
    }
    /// As fails, for what fails before the dial.
    std::error_code fails_undialed(const authentication& how) {
        connect_options o = options();
        o.auth = how;
        client nc(context.get_executor(), o);
        outcome result;
        nc.async_connect(result.plain());
        REQUIRE(run_until(context, [&] { return result.calls != 0; }));
        nc.close();
        return result.ec;
    }
};

std::string read(const std::string& path) {
    secret out;
    if (const std::error_code ec = io::read_secret_file(path, out)) return ec.message();
    return std::string(out.reveal());
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("B15: which files are read") {
    const directory dir;
    CHECK(read(dir.write("a", "one\ntwo")) == "one\ntwo");
    CHECK(read(dir.write("empty", "")).empty());
    CHECK(read(dir.file("none")) == std::make_error_code(std::errc::no_such_file_or_directory).message());
    CHECK(read(dir.file("")) == make_error_code(errc::credentials_unreadable).message());  // a directory
    CHECK(read("/dev/zero") == make_error_code(errc::credentials_unreadable).message());
    REQUIRE(::mkfifo(dir.file("fifo").c_str(), 0600) == 0);
    CHECK(read(dir.file("fifo")) == make_error_code(errc::credentials_unreadable).message());
    CHECK(read(dir.write("most", std::string(auth::max_document, 'x'))).size() == auth::max_document);
    CHECK(read(dir.write("more", std::string(auth::max_document + 1, 'x'))) == make_error_code(errc::creds_malformed).message());
    fs::create_symlink(dir.file("a"), dir.file("link"));
    CHECK(read(dir.file("link")) == "one\ntwo");  // as mounted secrets are
    if (::geteuid() != 0) {
        fs::permissions(dir.write("locked", "x"), fs::perms::none);
        CHECK(read(dir.file("locked")) == std::make_error_code(std::errc::permission_denied).message());
    }
}

TEST_CASE("B15 auth.md 6: a tilde is the home directory") {
    const directory dir;
    dir.write("a", "one");
    const char* const home = std::getenv("HOME");
    const std::string before = home != nullptr ? home : "";
    ::setenv("HOME", dir.file("").c_str(), 1);
    CHECK(read("~/a") == "one");
    CHECK(read("~a") == std::make_error_code(std::errc::no_such_file_or_directory).message());
    ::setenv("HOME", "", 1);
    CHECK(read("~/a") == std::make_error_code(std::errc::no_such_file_or_directory).message());
    if (home != nullptr)
        ::setenv("HOME", before.c_str(), 1);
    else
        ::unsetenv("HOME");
}

TEST_CASE_FIXTURE(login_fixture, "S10 B16: a seed from a file signs the nonce of the connection") {
    const directory dir;
    connect(nkey_file{dir.write("seed", std::string(seed) + "\n")});
    CHECK(has(sent, signature));
    CHECK(has(sent, std::string("\"nkey\":\"") + public_key + "\""));
    CHECK_FALSE(has(sent, seed));
}

TEST_CASE_FIXTURE(login_fixture, "B15 S18: a file that is not there fails the connect, and its path is shown nowhere") {
    const directory dir;
    CHECK(fails(nkey_file{dir.file("none")}) == errc::credentials_unreadable);
    const event& e = last(event_kind::connect_failed);
    CHECK(e.reason == disconnect_reason::auth);
    CHECK(e.detail == std::make_error_code(std::errc::no_such_file_or_directory).message());
    CHECK(fails(nkey_file{dir.write("x", public_key)}) == errc::nkey_wrong_type);
    CHECK(last(event_kind::connect_failed).detail.empty());
}

TEST_CASE_FIXTURE(login_fixture, "B13: a signer may answer inside the call, in another turn, or on another thread") {
    std::thread elsewhere;
    bool inside = false;
    signer sign;
    SUBCASE("inside") {
        sign = [&](const std::string& nonce, const signature_reply& reply) {
            CHECK(nonce == "PXoWU7zWAMt75FY");
            inside = true;
            reply(zeros);
            CHECK(sent.empty());  // the answer runs later
            inside = false;
        };
    }
    SUBCASE("in another turn") {
        sign = [&](const std::string&, const signature_reply& reply) {
            asio::post(context, [reply, this] {
                CHECK(sent.empty());
                reply(zeros);
            });
        };
    }
    SUBCASE("on another thread, several times") {
        sign = [&](const std::string&, signature_reply reply) {
            elsewhere = std::thread([reply = std::move(reply)] {
                reply(zeros);
                reply("twice");
                reply.fail();
            });
        };
    }
    connect(nkey_signer{public_key, sign});
    CHECK(has(sent, signature_of_zeros));
    CHECK_FALSE(inside);
    if (elsewhere.joinable()) elsewhere.join();
}

TEST_CASE_FIXTURE(login_fixture, "B15: a signer that drops its reply, throws or fails") {
    SUBCASE("drops") {
        CHECK(fails(nkey_signer{public_key, [](const std::string&, const signature_reply&) {}}) == errc::signer_failed);
    }
    SUBCASE("drops later") {
        CHECK(fails(nkey_signer{public_key, [this](const std::string&, signature_reply reply) {
                                    asio::post(context, [reply = std::move(reply)] {});
                                }}) == errc::signer_failed);
    }
    SUBCASE("throws") {
        CHECK(fails(nkey_signer{public_key, [](const std::string&, const signature_reply&) { throw std::runtime_error("s3cret"); }}) ==
              errc::signer_failed);
    }
    SUBCASE("fails") {
        const auto why = std::make_error_code(std::errc::io_error);
        CHECK(fails(nkey_signer{public_key, [&](const std::string&, const signature_reply& reply) { reply.fail(why); }}) ==
              errc::signer_failed);
        CHECK(last(event_kind::connect_failed).detail == why.message());
        return;
    }
    CHECK(last(event_kind::connect_failed).detail.empty());
}

TEST_CASE_FIXTURE(login_fixture, "B16: a provider is asked for each connection, before it is dialled") {
    int asked = 0;
    connect_options o = options();
    o.auth = credential_provider{[&](const login_request& request, const login_reply& reply) {
        CHECK(request.server == peer.address());
        CHECK(request.last_error == (asked == 0 ? std::error_code() : make_error_code(errc::authentication_expired)));
        ++asked;
        asio::post(context, [reply, n = asked] { reply(user_password{"u" + std::to_string(n), "p" + std::to_string(n)}); });
    }};
    client nc(context.get_executor(), o);
    auto server = [&]() -> asio::awaitable<void> {
        {
            peer_connection c = co_await peer.accept();
            CHECK(asked == 1);
            CHECK(has(co_await c.handshake(), R"("user":"u1","pass":"p1")"));
            co_await c.send("-ERR 'User Authentication Expired'\r\n");
            co_await c.rest();
        }
        peer_connection c = co_await peer.accept();
        CHECK(asked == 2);
        CHECK(has(co_await c.handshake(), R"("user":"u2","pass":"p2")"));
        nc.close();
    };
    auto user = [&]() -> asio::awaitable<void> { co_await nc.async_connect(); };
    play(context, server, user);
    CHECK(asked == 2);
}

TEST_CASE_FIXTURE(login_fixture, "B15: a provider that drops its reply, throws or answers nonsense: nothing is dialled") {
    CHECK(fails_undialed(credential_provider{[](const login_request&, const login_reply&) {}}) == errc::credential_provider_failed);
    CHECK(fails_undialed(credential_provider{[](const login_request&, const login_reply&) { throw 1; }}) ==
          errc::credential_provider_failed);
    CHECK(fails_undialed(credential_provider{[](const login_request&, const login_reply& reply) { reply(nkey_seed{public_key}); }}) ==
          errc::nkey_wrong_type);
    CHECK(fails_undialed(credential_provider{[](const login_request&, const login_reply& reply) { reply.fail(); }}) ==
          errc::credential_provider_failed);
}

TEST_CASE_FIXTURE(login_fixture, "C7 H8: a reply that comes after the attempt, after close, after the client, after the event loop") {
    std::optional<login_reply> kept;
    std::optional<signature_reply> signature_kept;
    outcome result;
    {
        asio::io_context other{1};
        connect_options o = options();
        o.auth = credential_provider{[&](const login_request&, const login_reply& reply) { kept = reply; }};
        std::optional<client> nc(std::in_place, other.get_executor(), o);
        nc->async_connect(result.plain());
        REQUIRE(run_until(other, [&] { return kept.has_value(); }));
        nc->close();
        (*kept)(user_password{"u", "p"});  // after close
        REQUIRE(run_until(other, [&] { return result.calls != 0; }));
        CHECK(result.ec == errc::closed);

        kept.reset();
        nc.emplace(other.get_executor(), o);
        nc->async_connect(result.plain());
        REQUIRE(run_until(other, [&] { return kept.has_value(); }));
        nc.reset();
        (*kept)(jwt_signer{"a.b.c", [again = *kept](const std::string&, const signature_reply&) {}});  // after the client's end
        REQUIRE(run_until(other, [&] { return result.calls == 2; }));

        kept.reset();
        nc.emplace(other.get_executor(), o);
        nc->async_connect(result.plain());
        REQUIRE(run_until(other, [&] { return kept.has_value(); }));
    }
    (*kept)(user_password{"u", "p"});  // after the event loop's end
    kept.reset();
    CHECK(result.calls == 2);

    {
        asio::io_context other{1};
        connect_options o = options();
        o.auth = nkey_signer{public_key, [&](const std::string&, const signature_reply& reply) { signature_kept = reply; }};
        client nc(other.get_executor(), o);
        nc.async_connect(result.plain());
        auto server = [&]() -> asio::awaitable<void> {
            peer_connection c = co_await peer.accept();
            co_await c.send(peer_connection::info(with_nonce));
            co_await c.rest();
        };
        std::exception_ptr failed;
        asio::co_spawn(context, server(), [&](std::exception_ptr e) { failed = e; });
        for (int i = 0; i < 100'000 && !signature_kept; ++i) {
            context.poll();
            other.poll();
        }
        REQUIRE(signature_kept.has_value());
        nc.close();
        (*signature_kept)(zeros);
        REQUIRE(run_until(other, [&] { return result.calls == 3; }));
        context.restart();
        REQUIRE(run_until(context, [&] { return context.stopped(); }));
        CHECK_FALSE(failed);
    }
    (*signature_kept)(zeros);
    signature_kept->fail();
}

TEST_CASE_FIXTURE(login_fixture, "H8 C7: a callback may close the client, and let go of its last handle") {
    outcome result;
    std::optional<client> nc;
    connect_options o = options();
    o.auth = credential_provider{[&](const login_request&, const login_reply& reply) {
        nc->close();
        nc.reset();
        reply(user_password{"u", "p"});
    }};
    nc.emplace(context.get_executor(), o);
    nc->async_connect(result.plain());
    REQUIRE(runs_out());
    CHECK(result.calls == 1);
    CHECK(result.ec == errc::closed);
    CHECK(events.back().kind == event_kind::closed);
}

TEST_CASE_FIXTURE(login_fixture, "H8 H11 B13: a callback may hold a handle: it is let go of when the client ends, and so is the login") {
    const auto held = std::make_shared<int>();
    const std::weak_ptr<int> watched = held;
    const auto holder = std::make_shared<std::optional<client>>();
    connect_options o = options();
    o.auth = credential_provider{[holder, kept = held](const login_request&, const login_reply& reply) { reply.fail(); }};
    client nc(context.get_executor(), std::move(o));
    *holder = nc;
    outcome result;
    nc.async_connect(result.plain());
    REQUIRE(run_until(context, [&] { return result.calls != 0; }));
    CHECK(watched.use_count() > 1);
    nc.close();
    REQUIRE(runs_out());
    CHECK(watched.use_count() == 1);
    CHECK(std::holds_alternative<no_auth>(nc.options().auth));
}

TEST_CASE_FIXTURE(login_fixture, "B7: a signer that never answers ends with the connect timeout") {
    std::optional<signature_reply> kept;
    connect_options o = options();
    o.connect_timeout = 30ms;
    o.auth = nkey_signer{public_key, [&](const std::string&, const signature_reply& reply) { kept = reply; }};
    client nc(context.get_executor(), o);
    auto server = [&]() -> asio::awaitable<void> {
        peer_connection c = co_await peer.accept();
        co_await c.send(peer_connection::info(with_nonce));
        CHECK((co_await c.rest()).empty());
    };
    auto user = [&]() -> asio::awaitable<void> {
        auto [ec] = co_await nc.async_connect(use_tuple);
        CHECK(ec == errc::handshake_timeout);
        CHECK(last(event_kind::connect_failed).detail == "while making the login");
        nc.close();
    };
    play(context, server, user);
}
