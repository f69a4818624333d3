#include "tests/sim/fidelity_scripts.hpp"

#include <array>
#include <utility>

#include "tests/sim/clock.hpp"

namespace slipstream::sim {

namespace {

using server = client_script::server;

const std::string connect =
    R"(CONNECT {"verbose":false,"pedantic":false,"protocol":1,"headers":true,"no_responders":true,"lang":"x","version":"1"})"
    "\r\n";
const std::string verbose = R"(CONNECT {"verbose":true,"pedantic":true,"protocol":1,"headers":true,"no_responders":true})"
                            "\r\n";

client_script one(std::string name, std::string bytes, server on = server::plain) { return {std::move(name), on, {{0, std::move(bytes)}}}; }
client_script after_connect(std::string name, std::string bytes, server on = server::plain) {
    return one(std::move(name), connect + bytes, on);
}

}  // namespace

std::vector<client_script> written_scripts() {
    std::vector<client_script> all{
        after_connect("ping", "PING\r\n"),
        after_connect("publish to oneself", "SUB a 1\r\nPUB a 5\r\nhello\r\n"),
        after_connect("headers", "SUB a 1\r\nHPUB a 22 27\r\nNATS/1.0\r\nBar: Baz\r\n\r\nhello\r\n"),
        after_connect("reply subject", "SUB a 1\r\nPUB a r.s 2\r\nhi\r\n"),
        after_connect("empty payload", "SUB a 1\r\nPUB a 0\r\n\r\n"),
        after_connect("leading zeros are copied", "SUB a 1\r\nPUB a 003\r\nabc\r\n"),
        after_connect("a sign is no number", "PUB a +3\r\nabc\r\n"),
        after_connect("a negative size", "PUB a -1\r\n"),
        after_connect("no number", "PUB a x\r\n"),
        after_connect("too few arguments of PUB", "PUB a\r\n"),
        after_connect("too many arguments of PUB", "PUB a b c 1\r\nx\r\n"),
        after_connect("one argument of SUB", "SUB a\r\n"),
        after_connect("headers larger than all", "HPUB a 30 20\r\n"),
        after_connect("no header bytes", "SUB a 1\r\nHPUB a 0 3\r\nabc\r\n"),
        after_connect("any letter case", "sUb a 1\r\npub a 1\r\nx\r\nping\r\n"),
        after_connect("tabs and blanks", "SUB\ta \t 1 \r\nPUB  a   1 \r\nx\r\n"),
        after_connect("bare line feed", "SUB a 1\nPUB a 1\nx\r\nPING\n"),
        after_connect("payload ended by a line feed", "PUB a 1\r\nx\nPING\r\n"),
        after_connect("payload too long", "PUB a 1\r\nxy\r\n"),
        after_connect("payload too short", "PUB a 5\r\nx\r\nPING\r\nPING\r\n"),
        after_connect("text after PING", "PING abc\r\nPINGzzz\r\n"),
        after_connect("an empty line", "\r\n"),
        after_connect("a leading blank", " PING\r\n"),
        after_connect("unknown operation", "HELLO\r\n"),
        one("HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        after_connect("MSG from a client", "MSG a 1 1\r\nx\r\n"),
        after_connect("+OK and INFO from a client", "+OK\r\nINFO {}\r\nPING\r\n"),
        after_connect("-ERR from a client", "-ERR 'x'\r\n"),
        after_connect("invalid subject", "SUB a..b 1\r\nSUB a.>.b 2\r\nPING\r\n"),
        after_connect("sid used twice", "SUB a 1\r\nSUB b 1\r\nPUB a 1\r\nx\r\nPUB b 1\r\ny\r\n"),
        after_connect("unknown sid", "UNSUB 77\r\nPING\r\n"),
        after_connect("a sid that is no number", "SUB a abc-!\r\nPUB a 1\r\nx\r\n"),
        after_connect("maximum", "SUB a 1\r\nUNSUB 1 2\r\nPUB a 1\r\nx\r\nPUB a 1\r\ny\r\nPUB a 1\r\nz\r\n"),
        after_connect("maximum reached before", "SUB a 1\r\nPUB a 1\r\nx\r\nPUB a 1\r\nx\r\nUNSUB 1 2\r\nPUB a 1\r\nz\r\n"),
        after_connect("maximum 0", "SUB a 1\r\nUNSUB 1 0\r\nPUB a 1\r\nx\r\n"),
        after_connect("maximum that is no number", "SUB a 1\r\nUNSUB 1 junk\r\nPUB a 1\r\nx\r\n"),
        after_connect("no responders", "SUB _INBOX.1 9\r\nPUB nobody _INBOX.1 2\r\nhi\r\n"),
        after_connect("no responders for a queue subscription", "SUB _INBOX.1 q 9\r\nPUB nobody _INBOX.1 2\r\nhi\r\n"),
        after_connect("503 does not count", "SUB r 60\r\nUNSUB 60 1\r\nPUB n r 0\r\n\r\nPUB n r 0\r\n\r\n"),
        after_connect("publish to a wildcard", "SUB a.* 1\r\nPUB a.* 1\r\nx\r\n"),
        after_connect("publish to empty tokens", "SUB > 1\r\nPUB a..b 1\r\nx\r\nPUB a. 1\r\nx\r\n"),
        after_connect("wildcards", "SUB a.* 1\r\nSUB a.> 2\r\nSUB > 3\r\nPUB a.b 1\r\nx\r\nPUB a.b.c 1\r\ny\r\nPUB a 1\r\nz\r\n"),
        after_connect("connect again", "SUB a 1\r\n" + connect + "PUB a 1\r\nx\r\nPING\r\n"),
        after_connect("reply to the system", "SUB a 1\r\nPUB a $JS.ACK.x 1\r\nx\r\nPUB a _R_.x 1\r\nx\r\n"),
        after_connect("payload that looks like the protocol", "SUB a 1\r\nPUB a 14\r\n\r\nPING\r\n-ERR 'x\r\nPING\r\n"),
        one("verbose", verbose + "SUB a 1\r\nPUB a 1\r\nx\r\nUNSUB 1\r\nPING\r\n"),
        one("pedantic", verbose + "PUB a.* 1\r\nx\r\nPUB a..b 1\r\nx\r\nPUB > 1\r\nx\r\n"),
        one("before CONNECT", "SUB a 1\r\nPUB a 1\r\nx\r\nPING\r\n"),
        one("no blank after CONNECT", "CONNECT{}\r\nPING\r\n"),
        one("bad JSON", "CONNECT {x\r\n"),
        one("wrong type", "CONNECT {\"verbose\":\"false\"}\r\n"),
        one("unknown fields and null", "CONNECT {\"verbose\":false,\"x\":[1,{}],\"user\":null}\r\nPING\r\n"),
        one("protocol 2", "CONNECT {\"verbose\":false,\"protocol\":2}\r\n"),
        one("no_responders without headers", "CONNECT {\"verbose\":false,\"no_responders\":true}\r\n"),
        one("an account", "CONNECT {\"verbose\":false,\"account\":\"x\"}\r\n"),
        one("no headers", "CONNECT {\"verbose\":false}\r\nHPUB a 12 12\r\nNATS/1.0\r\n\r\n\r\n"),
        one("protocol 0", "CONNECT {\"verbose\":false}\r\nPING\r\nPING\r\n"),
        one("no echo",
            "CONNECT {\"verbose\":false,\"echo\":false,\"headers\":true,\"no_responders\":true}\r\nSUB a 1\r\nSUB r 2\r\nPUB a r "
            "1\r\nx\r\n"),
        after_connect("control line at the limit", "SUB " + std::string(4094, 'a') + " 1\r\nPING\r\n"),
        after_connect("control line beyond the limit", "SUB " + std::string(4095, 'a') + " 1\r\nPING\r\n"),
        after_connect("control line without an end", "SUB " + std::string(5000, 'a')),
        after_connect("publish denied", "PUB deny.p 1\r\nx\r\nPING\r\n", server::permissions),
        after_connect("subscription denied", "SUB deny.s 1\r\nSUB deny.s q 2\r\nPING\r\n", server::permissions),
        one("wrong password", "CONNECT {\"verbose\":false,\"user\":\"u\",\"pass\":\"x\"}\r\nPING\r\n", server::login),
        one("right password", "CONNECT {\"verbose\":false,\"user\":\"u\",\"pass\":\"p\"}\r\nPING\r\n", server::login),
        one("no login", connect + "PING\r\n", server::login),
        one("something before the login", "PING\r\n", server::login),
        after_connect("payload at the limit", "SUB a 1\r\nPUB a 100\r\n" + std::string(100, 'x') + "\r\n", server::limits),
        after_connect("payload beyond the limit", "PUB a 101\r\n", server::limits),
        after_connect("headers count", "HPUB a 12 101\r\n", server::limits),
        after_connect("one subscription too many", "SUB a 1\r\nSUB b 2\r\nSUB c 3\r\nSUB d 4\r\nUNSUB 1\r\nSUB e 5\r\nPING\r\n",
                      server::limits),
    };
    all.push_back({"headers for one without",
                   server::plain,
                   {{0, connect + "PING\r\n"},
                    {1, "CONNECT {\"verbose\":false}\r\nSUB a 1\r\nPING\r\n"},
                    {0, "HPUB a 12 15\r\nNATS/1.0\r\n\r\nabc\r\nPING\r\n"}}});
    all.push_back({"two connections",
                   server::plain,
                   {{0, connect + "SUB a 1\r\nPING\r\n"},
                    {1, connect + "SUB a 5\r\nPUB a 2\r\nhi\r\nPING\r\n"},
                    {0, "UNSUB 1\r\nPING\r\n"},
                    {1, "PUB a 2\r\nho\r\nPING\r\n"}}});
    all.push_back({"reply to another connection",
                   server::plain,
                   {{0, connect + "SUB svc 1\r\nPING\r\n"},
                    {1, connect + "SUB r 1\r\nPUB svc r 1\r\nq\r\nPING\r\n"},
                    {0, "PUB r 1\r\na\r\nPING\r\n"}}});
    return all;
}

client_script drawn_script(std::uint64_t seed) {
    random_stream rng = random_stream(seed).split("fidelity");
    client_script s;
    s.name = "seed " + std::to_string(seed);
    const auto flag = [&] { return one_in(rng, 2) ? "true" : "false"; };
    const auto connection_line = [&] {
        const bool headers = !one_in(rng, 4);
        return std::string("CONNECT {\"verbose\":") + (one_in(rng, 3) ? "true" : "false") + ",\"pedantic\":" + flag() +
               ",\"echo\":" + flag() + ",\"protocol\":1,\"headers\":" + (headers ? "true" : "false") +
               ",\"no_responders\":" + (headers && one_in(rng, 2) ? "true" : "false") + "}\r\n";
    };
    constexpr std::array subjects{"a", "b", "a.b", "a.b.c", "b.x", "x.y.z"};
    constexpr std::array patterns{"a", "b", "a.*", "a.>", ">", "*.b", "b.x", "a..b", "x.*.z", "*"};
    const auto subject = [&] { return std::string(subjects[static_cast<std::size_t>(rng.below(subjects.size()))]); };
    std::array<std::uint64_t, 2> sids{};
    std::array<bool, 2> headers{};
    for (std::size_t c = 0; c < 2; ++c) {
        const std::string line = connection_line();
        headers[c] = line.find("\"headers\":true") != std::string::npos;
        s.parts.push_back({c, line + "PING\r\n"});
    }
    for (std::uint64_t n = between(rng, 3, 14); n != 0; --n) {
        const auto c = static_cast<std::size_t>(rng.below(2));
        std::string bytes;
        for (std::uint64_t k = between(rng, 1, 5); k != 0; --k) {
            const std::string text(static_cast<std::size_t>(rng.below(30)), static_cast<char>('a' + rng.below(26)));
            const std::string reply = one_in(rng, 3) ? subject() + ' ' : "";
            const char* const verb = one_in(rng, 8) ? "pub " : "PUB ";
            switch (rng.below(8)) {
                case 0:
                case 1: {
                    const std::string queue = one_in(rng, 5) ? "q" + std::to_string(c) + std::to_string(sids[c]) + ' ' : "";
                    bytes += std::string("SUB ") + patterns[static_cast<std::size_t>(rng.below(patterns.size()))] + ' ' + queue +
                             std::to_string(++sids[c]) + "\r\n";
                    break;
                }
                case 2: bytes += "UNSUB " + std::to_string(1 + rng.below(sids[c] + 1)) + "\r\n"; break;
                case 3: bytes += "UNSUB " + std::to_string(1 + rng.below(sids[c] + 1)) + ' ' + std::to_string(rng.below(5)) + "\r\n"; break;
                case 4:
                    if (headers[c]) {
                        const std::string block = "NATS/1.0\r\nK: " + text + "\r\n\r\n";
                        bytes += "HPUB " + subject() + ' ' + reply + std::to_string(block.size()) + ' ' +
                                 std::to_string(block.size() + text.size()) + "\r\n" + block + text + "\r\n";
                        break;
                    }
                    [[fallthrough]];
                default: bytes += verb + subject() + ' ' + reply + std::to_string(text.size()) + "\r\n" + text + "\r\n"; break;
            }
        }
        s.parts.push_back({c, bytes + "PING\r\n"});
    }
    return s;
}

}  // namespace slipstream::sim
