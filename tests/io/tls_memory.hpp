// TLS between a client's session and OpenSSL's server, in memory: no socket.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <openssl/err.h>

#include <slipstream/error.hpp>

#include "protocol/io/tls_context.hpp"
#include "tests/support/tls_server.hpp"

namespace slipstream::test {

/// Bytes on their way to the client.
class memory_source final : public io::tls_source {
public:
    std::string bytes;
    bool ended = false;
    std::error_code error;
    std::size_t at_most = SIZE_MAX;  ///< What one read gives.

    io::transfer_result read_encrypted(std::span<char> space) noexcept override {
        io::transfer_result out;
        out.n = std::min({space.size(), bytes.size() - begin_, at_most});
        std::copy_n(bytes.data() + begin_, out.n, space.data());
        begin_ += out.n;
        if (out.n == 0 && ended) return {io::transfer::ended, 0, error};
        if (begin_ == bytes.size()) begin_ = 0, bytes.clear();
        return out;
    }

private:
    std::size_t begin_ = 0;
};

inline const certificate_authority& authority() {
    static const certificate_authority ca;
    return ca;
}

inline certificate_wish for_names(std::vector<std::string> names) {
    certificate_wish wish;
    wish.names = std::move(names);
    return wish;
}

inline tls_server_options plain_server() {
    static const certificate own = authority().issue(for_names({"DNS:a.test", "IP:127.0.0.1"}));
    return {own};
}

inline tls_options trusting() {
    tls_options out;
    out.ca_pem = authority().pem();
    return out;
}

/// A client and a server, and the wire between them.
struct tls_link {
    tls_link(io::tls_context& context, const tls_server& server_side, const io::tls_peer& peer = {"a.test 1", "a.test", {}})
        : client(context.begin(peer, problem)), server(server_side) {}

    io::tls_problem problem;
    std::unique_ptr<io::tls_session> client;
    tls_server_session server;
    memory_source down;
    std::error_code ec;
    bool failed = false;

    void to_server() {
        const std::string bytes(client->unsent());
        client->on_sent(bytes.size());
        if (!bytes.empty()) server.feed(bytes);
    }
    /// Until both are done, or one has failed.
    bool shake_hands() {
        REQUIRE(client != nullptr);
        for (int i = 0; i < 100 && !failed; ++i) {
            if (!client->established()) {
                const io::transfer_result result = client->handshake(down);
                if (result.outcome == io::transfer::ended) {
                    failed = true;
                    ec = result.ec;
                }
            }
            to_server();
            down.bytes += server.take();
            if (client->established() && server.established()) return true;
            if (client->established() && server.failed()) return false;
        }
        return false;
    }
    /// What the client has read, until it waits or ends.
    std::string read() {
        std::string out;
        for (;;) {
            char chunk[1000];
            const io::transfer_result result = client->read(chunk, down);
            out.append(chunk, result.n);
            if (result.outcome == io::transfer::ended) {
                failed = true;
                ec = result.ec;
            }
            if (result.outcome != io::transfer::more) return out;
        }
    }
    void write(std::string_view bytes) {
        while (!bytes.empty()) {
            const io::transfer_result result = client->write(bytes);
            REQUIRE(result.outcome != io::transfer::ended);
            bytes.remove_prefix(result.n);
            to_server();
        }
    }
};

}  // namespace slipstream::test
