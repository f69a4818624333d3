// What the tests of TLS with real servers begin with: certificates as files, a server that uses them, and options that trust it.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "tests/integration/core_fixture.hpp"
#include "tests/support/tls_certificates.hpp"

namespace slipstream::test {

inline const certificate_authority& authority() {
    static const certificate_authority ca;
    return ca;
}

inline certificate issued(const std::string& subject, std::vector<std::string> names, const std::string& usage = "serverAuth,clientAuth") {
    certificate_wish wish;
    wish.subject = subject;
    wish.names = std::move(names);
    wish.usage = usage;
    return authority().issue(wish);
}

/// Certificates as files, for as long as it lives.
class certificate_folder {
public:
    certificate_folder() {
        std::string pattern = std::filesystem::temp_directory_path() / "slipstream-tls-XXXXXX";
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
        put("ca.pem", authority().pem());
        put("server.pem", issued("server", {"DNS:localhost", "IP:127.0.0.1"}));
        put("client.pem", issued("client", {"email:client@test"}));
    }
    certificate_folder(const certificate_folder&) = delete;
    certificate_folder& operator=(const certificate_folder&) = delete;
    ~certificate_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    void put(const std::string& name, const std::string& text) const {
        std::ofstream file(path_ / name, std::ios::trunc | std::ios::binary);
        file << text;
        REQUIRE(file.flush());
    }
    void put(const std::string& name, const certificate& c) const {
        put(name, c.cert);
        put(name + ".key", c.key);
    }
    [[nodiscard]] const std::string& path() const noexcept { return path_.native(); }
    [[nodiscard]] std::string text(const std::string& name) const {
        std::ifstream file(path_ / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    [[nodiscard]] std::string at(const std::string& name) const { return path_ / name; }
    /// `tls {}` of a server, with more in it.
    [[nodiscard]] std::string config(const std::string& more = {}, const std::string& name = "server.pem") const {
        return "tls { cert_file: \"" + at(name) + "\", key_file: \"" + at(name) + ".key\", ca_file: \"" + at("ca.pem") + "\", " + more +
               " }\n";
    }

private:
    std::filesystem::path path_;
};

inline nats_server_options how(const std::string& config, bool sends_info = true) {
    nats_server_options out;
    out.jetstream = false;
    out.config = config;
    out.sends_info = sends_info;
    return out;
}

struct tls_fixture {
    certificate_folder files;
    core_fixture f;
    connect_options o;

    explicit tls_fixture(const std::string& more = {}, bool sends_info = true) : f(how(files.config(more), sends_info)) {
        o = f.options();
        o.tls.ca_file = files.at("ca.pem");
    }
    std::error_code connect(client& nc) {
        std::error_code out = errc::closed;
        auto user = [&]() -> asio::awaitable<void> {
            auto [ec] = co_await nc.async_connect(use_tuple);
            out = ec;
        };
        f.run(user);
        return out;
    }
    std::error_code connect_error(const connect_options& options) {
        client nc(f.context.get_executor(), options);
        const std::error_code ec = connect(nc);
        nc.close();
        return ec;
    }
    /// A message there and back.
    void talk(client& nc, std::size_t size = 5) {
        subscription in = nc.subscribe("in");
        const std::string payload(size, 'x');
        auto user = [&]() -> asio::awaitable<void> {
            CHECK_FALSE(nc.publish("in", payload));
            const message m = co_await in.async_next();
            CHECK(m.payload() == payload);
        };
        f.run(user);
    }
};

}  // namespace slipstream::test
