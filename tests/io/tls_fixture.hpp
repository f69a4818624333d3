// What the tests of TLS between a client and a scripted peer begin with.
#pragma once

#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/post.hpp>

#include "tests/io/fixture.hpp"
#include "tests/support/tls_peer.hpp"

namespace slipstream::test {

inline const certificate_authority& authority() {
    static const certificate_authority ca;
    return ca;
}

inline certificate certified(std::vector<std::string> names) {
    certificate_wish wish;
    wish.names = std::move(names);
    return authority().issue(wish);
}

inline constexpr const char* demanding = R"("tls_required":true)";

struct tls_io_fixture : io_fixture {
    tls_server server{{certified({"IP:127.0.0.1"})}};

    connect_options tls_connect_options() {
        connect_options o = options();
        o.servers = {"tls://user:secret@" + peer.address()};
        o.tls.ca_pem = authority().pem();
        return o;
    }
    /// A script of a user that connects, and must fail so.
    script fails(client& nc, std::error_code expected) {
        return [&nc, expected]() -> asio::awaitable<void> {
            auto [ec] = co_await nc.async_connect(use_tuple);
            CHECK(ec == expected);
            nc.close();
        };
    }
    script connects(client& nc) {
        return [&nc]() -> asio::awaitable<void> { co_await nc.async_connect(); };
    }
};

}  // namespace slipstream::test
