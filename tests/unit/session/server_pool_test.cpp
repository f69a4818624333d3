#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "protocol/session/server_pool.hpp"

namespace slipstream::session {
namespace {

std::vector<server_url> urls(std::string_view list) {
    std::vector<server_url> out;
    REQUIRE_FALSE(parse_server_list(list, out));
    return out;
}

server_pool in_order(std::string_view list, std::optional<unsigned> max_failed = std::nullopt) {
    return server_pool(urls(list), {.randomize = false, .ignore_discovered = false, .max_failed = max_failed}, random_stream(1));
}

std::string name(const pool_server* s) { return s == nullptr ? "-" : s->url.host; }

std::string names(const server_pool& pool) {
    std::string all;
    for (const pool_server& s : pool.servers()) all += (all.empty() ? "" : " ") + s.url.host;
    return all;
}

/// The next `n` turns, each failing.
std::string turns(server_pool& pool, int n) {
    std::string all;
    for (int i = 0; i < n; ++i) {
        all += name(pool.next());
        pool.on_attempt_failed();
    }
    return all;
}

std::string token_of(const authentication& login) {
    const auto* token = std::get_if<token_auth>(&login);
    return token != nullptr ? std::string(token->token.reveal()) : "-";
}

bool update(server_pool& pool, const std::vector<std::string>& list) { return pool.update_discovered(list); }

TEST_CASE("C12: servers are tried in the order written, round and round, each address once") {
    server_pool pool = in_order("a,b,A,c,b:4222,b:1");
    CHECK(pool.current() == nullptr);
    CHECK(names(pool) == "a b c b");
    CHECK(turns(pool, 9) == "abcbabcba");
    CHECK(name(pool.current()) == "a");
    CHECK(pool.usable() == 4);
}

TEST_CASE("C12: random order depends on the seed alone and is fair") {
    const auto order = [](std::uint64_t seed) { return names(server_pool(urls("a,b,c,d"), {}, random_stream(seed))); };
    CHECK(order(7) == order(7));
    std::map<char, int> first;
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 4000; ++seed) {
        const std::string o = order(seed);
        ++first[o.front()];
        seen.insert(o);
    }
    CHECK(seen.size() == 24);
    for (const auto& [c, n] : first) CHECK_MESSAGE((n > 880 && n < 1120), c, " was first ", n, " times");
}

TEST_CASE("C1: a pass gives every server one turn and begins with the first again") {
    server_pool pool = in_order("a,b,c");
    for (int pass = 0; pass < 2; ++pass) {
        pool.start_pass();
        std::string all;
        while (const pool_server* s = pool.next_in_pass()) {
            all += s->url.host;
            pool.on_attempt_failed();
        }
        CHECK(all == "abc");
        CHECK(pool.next_in_pass() == nullptr);
    }
    // A server that comes in meanwhile has its turn too.
    pool.start_pass();
    CHECK(name(pool.next_in_pass()) == "a");
    CHECK(update(pool, {"d:4222"}));
    CHECK(name(pool.next_in_pass()) == "b");
    CHECK(name(pool.next_in_pass()) == "c");
    CHECK(name(pool.next_in_pass()) == "d");
    CHECK(pool.next_in_pass() == nullptr);
    // And reconnecting goes on behind the last one.
    CHECK(turns(pool, 3) == "abc");
}

TEST_CASE("C24: a server is given up after so many failed attempts in a row, the others go on") {
    server_pool pool = in_order("a,b", 2);
    CHECK(turns(pool, 2) == "ab");
    CHECK(name(pool.next()) == "a");
    pool.on_connection_lost(true);  // it worked: its count begins anew
    CHECK(turns(pool, 1) == "b");
    CHECK(pool.usable() == 1);
    CHECK(turns(pool, 3) == "aa-");
    CHECK(pool.usable() == 0);
    CHECK(pool.next() == nullptr);
    // An explicit connect is a new wish.
    pool.start_pass();
    CHECK(pool.usable() == 2);
    CHECK(name(pool.next_in_pass()) == "a");
}

TEST_CASE("C9 C24: connections that do not last count as failed attempts, so flapping ends") {
    server_pool pool = in_order("a", 3);
    int dialled = 0;
    while (pool.next() != nullptr) {
        ++dialled;
        pool.on_connection_lost(false);
        REQUIRE(dialled < 10);
    }
    CHECK(dialled == 3);
    server_pool none = in_order("a", 0);
    CHECK(none.next() == nullptr);
    none.start_pass();
    CHECK(name(none.next_in_pass()) == "a");  // the first connect is not a reconnect
}

TEST_CASE("C10: without a limit no number of failures ends it") {
    server_pool pool = in_order("a,b");
    for (int i = 0; i < 10'000; ++i) {
        REQUIRE(pool.next() != nullptr);
        pool.on_attempt_failed();
    }
    CHECK(pool.usable() == 2);
}

TEST_CASE("C12: gossip replaces what was discovered; the user's servers and the one in use stay") {
    server_pool pool = in_order("a,b");
    CHECK(name(pool.next()) == "a");
    CHECK(update(pool, {"a:4222", "c:4222", "d:4222", "c:4222"}));
    CHECK(names(pool) == "a b c d");
    CHECK_FALSE(update(pool, {"a:4222", "c:4222", "d:4222"}));
    CHECK(turns(pool, 1) == "b");
    CHECK(name(pool.next()) == "c");
    CHECK_FALSE(update(pool, {"d:4222"}));  // c is in use, a and b are the user's
    CHECK(names(pool) == "a b c d");
    CHECK(name(pool.current()) == "c");
    CHECK(name(pool.next()) == "d");
    CHECK(update(pool, {"d:4222", "e:4222"}));
    CHECK(names(pool) == "a b d e");
    CHECK(name(pool.current()) == "d");
    CHECK_FALSE(update(pool, {}));  // an INFO without the list says nothing
    CHECK(names(pool) == "a b d e");
    CHECK(turns(pool, 5) == "eabde");
}

TEST_CASE("C12: removing servers before the one in use does not change whose turn is next") {
    server_pool pool = in_order("a");
    CHECK(name(pool.next()) == "a");
    CHECK(update(pool, {"b:1", "c:1", "d:1", "e:1"}));
    CHECK(turns(pool, 2) == "bc");
    CHECK(name(pool.next()) == "d");
    CHECK_FALSE(update(pool, {"e:1", "d:1"}));
    CHECK(names(pool) == "a d e");
    CHECK(name(pool.current()) == "d");
    CHECK(name(pool.next()) == "e");
}

TEST_CASE("C12: localhost and the loopback addresses are one server") {
    server_pool pool = in_order("localhost");
    CHECK_FALSE(update(pool, {"127.0.0.1:4222", "[::1]:4222", "LOCALHOST:4222"}));
    CHECK(names(pool) == "localhost");
    CHECK(update(pool, {"127.0.0.1:4223"}));
    CHECK(names(pool) == "localhost 127.0.0.1");
    server_pool numeric = in_order("127.0.0.1");
    CHECK_FALSE(update(numeric, {"localhost:4222"}));
    CHECK(update(numeric, {"[::1]:4222"}));  // two listeners may well be two servers
}

TEST_CASE("A13: a hostile list is cut to what the pool may hold") {
    server_pool pool = in_order("a,b");
    std::vector<std::string> list;
    for (int i = 0; i < 100'000; ++i) list.push_back("h" + std::to_string(i) + ":4222");
    CHECK(update(pool, list));
    CHECK(pool.servers().size() == server_pool::max_servers);
    CHECK_FALSE(update(pool, {std::string(251, 'x') + ":4222", "", "nats://evil:1", "user:pass@evil", "h:0", "h:99999", "\r\nPING"}));
    CHECK(names(pool).find("evil") == std::string::npos);
    CHECK(pool.servers().size() == server_pool::max_servers);
    CHECK(update(pool, {"user:pass@evil", std::string(250, 'x') + ":4222"}));
    CHECK(names(pool) == "a b " + std::string(250, 'x'));
}

TEST_CASE("C12: with random order newcomers are mixed in behind the server in use") {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        server_pool pool(urls("a"), {}, random_stream(seed));
        CHECK(name(pool.next()) == "a");
        CHECK(update(pool, {"b:1", "c:1", "d:1"}));
        CHECK(names(pool).starts_with("a "));
        CHECK(name(pool.current()) == "a");
        seen.insert(names(pool));
    }
    CHECK(seen.size() == 6);
}

TEST_CASE("B5: discovered servers can be ignored") {
    server_pool pool(urls("a"), {.randomize = false, .ignore_discovered = true, .max_failed = std::nullopt}, random_stream(1));
    CHECK_FALSE(update(pool, {"b:1"}));
    CHECK(names(pool) == "a");
}

TEST_CASE("B19: each of the user's servers has its own login, discovered ones that of the first URL that has one") {
    server_pool pool = in_order("a,t1@b,t2@c");
    CHECK(token_of(pool.current_url_login()) == "-");
    CHECK(update(pool, {"d:4222"}));
    CHECK(name(pool.next()) == "a");
    CHECK(token_of(pool.current_url_login()) == "-");
    CHECK(name(pool.next()) == "b");
    CHECK(token_of(pool.current_url_login()) == "t1");
    CHECK(name(pool.next()) == "c");
    CHECK(token_of(pool.current_url_login()) == "t2");
    CHECK(name(pool.next()) == "d");
    CHECK(token_of(pool.current_url_login()) == "t1");
    // First means as written, whatever the order of dialling.
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        server_pool random(urls("a,t1@b,t2@c"), {}, random_stream(seed));
        CHECK(update(random, {"d:4222"}));
        while (name(random.next()) != "d") {}
        CHECK(token_of(random.current_url_login()) == "t1");
    }
}

TEST_CASE("B19: a login in the options goes before that of a URL") {
    const authentication nothing = no_auth{};
    const authentication one = token_auth{"one"};
    const authentication two = token_auth{"two"};
    CHECK(token_of(choose_login(nothing, nothing)) == "-");
    CHECK(token_of(choose_login(nothing, two)) == "two");
    CHECK(token_of(choose_login(one, two)) == "one");
    CHECK(token_of(choose_login(one, nothing)) == "one");
}

TEST_CASE("B4 B5: where one of the user's servers demands TLS, discovered ones do as well") {
    server_pool plain = in_order("a");
    CHECK(update(plain, {"b:1"}));
    CHECK_FALSE(plain.servers()[1].url.tls);
    server_pool demanding = in_order("tls://a,c");
    CHECK(update(demanding, {"b:1"}));
    CHECK_FALSE(demanding.servers()[1].url.tls);
    CHECK(demanding.servers()[2].url.tls);
}

TEST_CASE("C12 B4: replaced servers: what is known of them stays, the one in use goes when another is chosen") {
    server_pool pool = in_order("a,tls://b,c");
    CHECK(name(pool.next()) == "a");
    pool.on_attempt_failed();
    pool.on_lame_duck();
    CHECK(name(pool.next()) == "b");
    pool.replace(urls("d,a"));
    CHECK(names(pool) == "d a b");
    CHECK(pool.usable() == 2);
    CHECK(pool.servers()[1].failed == 1);
    CHECK(pool.servers()[1].leaving);
    CHECK(pool.servers()[2].removed);
    CHECK(pool.has_alternative());
    pool.on_attempt_failed();  // facts are about the one in use
    CHECK(pool.servers()[2].failed == 1);
    CHECK(pool.choose(urls("b")[0]) == nullptr);
    CHECK(pool.choose(urls("x")[0]) == nullptr);
    CHECK(name(pool.choose(urls("a")[0])) == "a");
    CHECK(names(pool) == "d a");

    // What a server tells of itself brings it back, as discovered; and TLS that was demanded once stays so.
    pool.replace(urls("e"));
    CHECK(names(pool) == "e a");
    CHECK(update(pool, {"a:4222", "f:1"}));
    CHECK(names(pool) == "e a f");
    CHECK_FALSE(pool.servers()[1].removed);
    CHECK(pool.servers()[1].discovered);
    CHECK(pool.servers()[2].url.tls);
    pool.replace(urls("g"));
    pool.start_pass();
    CHECK(names(pool) == "g");
    CHECK(name(pool.next_in_pass()) == "g");
    CHECK(pool.next_in_pass() == nullptr);
    CHECK_FALSE(pool.has_alternative());
}

TEST_CASE("C18: a server that is leaving is avoided while there is another, and not for ever") {
    server_pool pool = in_order("a,b");
    CHECK(name(pool.next()) == "a");
    pool.on_lame_duck();
    pool.on_connection_lost(true);
    CHECK(turns(pool, 2) == "bb");   // b has failed, but a is not back yet
    CHECK(turns(pool, 3) == "aba");  // b stays dead: a may have come back
    server_pool alone = in_order("a");
    CHECK(name(alone.next()) == "a");
    alone.on_lame_duck();
    CHECK(turns(alone, 2) == "aa");
    // Two leave, one does not; the mark of given-up servers plays no part.
    server_pool three = in_order("a,b,c");
    CHECK(name(three.next()) == "a");
    three.on_lame_duck();
    CHECK(name(three.next()) == "b");
    three.on_lame_duck();
    CHECK(turns(three, 2) == "cc");
    CHECK(turns(three, 3) == "abc");
    server_pool last = in_order("a,b", 1);
    CHECK(turns(last, 1) == "a");
    CHECK(name(last.next()) == "b");
    last.on_lame_duck();
    CHECK(name(last.next()) == "b");
}

}  // namespace
}  // namespace slipstream::session
