// A small program that connects and waits, for tests that look into its memory.
//
//     login_probe URL creds-file PATH | creds-text | password | nkey-seed | tls FOLDER
//
// What is not a path comes from standard input, up to its end, and is kept nowhere but in the options (or, for `password`, nowhere: a
// provider gives it away; so with `tls`, whose certificates are files). Prints every event, `up`, and ends when it is killed.
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <slipstream/client.hpp>

namespace {

using namespace slipstream;

/// Without a copy outside of the secret.
secret read_input() {
    std::array<char, 16384> bytes;
    std::size_t size = 0;
    for (ssize_t n = 1; n > 0 && size < bytes.size(); size += n > 0 ? static_cast<std::size_t>(n) : 0)
        n = ::read(0, bytes.data() + size, bytes.size() - size);
    secret out(std::string_view(bytes.data(), size));
    explicit_bzero(bytes.data(), bytes.size());
    return out;
}

void show(std::string_view line) {
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
    std::fflush(stdout);
}

authentication how(std::string_view kind, const char* path) {
    if (kind == "creds-file") return creds_file{path};
    if (kind == "creds-text") return creds_text{read_input()};
    if (kind == "nkey-seed") return nkey_seed{read_input()};
    return credential_provider{[](const login_request&, const login_reply& reply) { reply(user_password{"probe", read_input()}); }};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    asio::io_context context(1);
    connect_options o;
    o.servers = {argv[1]};
    o.name = "a name to be found";
    o.auth = how(argv[2], argc > 3 ? argv[3] : "");
    if (argv[2] == std::string_view("tls") && argc > 3) {
        const std::string folder = argv[3];
        o.tls.ca_file = folder + "/ca.pem";
        o.tls.cert_file = folder + "/client.pem";
        o.tls.key_file = folder + "/client.pem.key";
    }
    o.on_event = [](const event& e) { show(std::string(to_string(e.kind)) + " " + e.error.message() + " " + e.detail + " " + e.server); };
    client nc(context.get_executor(), o);
    o = connect_options();
    nc.async_connect([&](std::error_code ec) { show(ec ? ec.message() : std::string("up")); });
    context.run();
}
