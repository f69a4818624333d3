// About the least that a program can do with the library: publishes one message and ends. Its stripped size is what linking the
// library in costs.
//
// Usage: publisher SERVER_URL SUBJECT PAYLOAD
#include <cstdio>
#include <system_error>

#include <asio/io_context.hpp>

#include <slipstream/client.hpp>

int main(int argc, char** argv) {
    if (argc != 4) return 2;
    asio::io_context io{1};
    slipstream::connect_options options;
    options.servers = {argv[1]};
    slipstream::client nc(io.get_executor(), options);
    std::error_code failed;
    nc.async_connect([&](std::error_code ec) {
        failed = ec ? ec : nc.publish(argv[2], argv[3]);
        nc.async_drain([](std::error_code) {});
    });
    io.run();
    if (failed) std::fprintf(stderr, "%s\n", failed.message().c_str());
    return failed ? 1 : 0;
}
