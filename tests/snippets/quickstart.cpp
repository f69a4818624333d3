// The example that tools/quickstart runs: a bucket, a value, compare-and-set, and a watch.
// Usage: quickstart [server URL]

#include <exception>
#include <iostream>
#include <string>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <slipstream/client.hpp>
#include <slipstream/kv/bucket.hpp>

namespace kv = slipstream::kv;

asio::awaitable<void> run(slipstream::client nc) {
    co_await nc.async_connect();
    std::cout << "connected to nats-server " << nc.server_info().version << '\n';

    const kv::bucket_config config{.bucket = "settings", .history = 5};
    kv::bucket settings = co_await kv::async_get_or_create_bucket(slipstream::jetstream::context(nc), config);

    const kv::revision first = co_await settings.async_put("lamp.brightness", "40");
    const auto found = co_await settings.async_get("lamp.brightness");
    std::cout << "lamp.brightness is " << found->value() << " at revision " << found->revision().value() << '\n';

    co_await settings.async_update("lamp.brightness", "60", first);
    const auto [ec, ignored] = co_await settings.async_update("lamp.brightness", "80", first, {}, slipstream::use_tuple);
    std::cout << "second update from the same revision: " << ec.message() << '\n';

    co_await settings.async_put("lamp.colour", "warm");
    co_await settings.async_erase("lamp.brightness");

    kv::watch changes = settings.watch("lamp.");
    for (;;) {
        const kv::update u = co_await changes.async_next();
        if (u.kind() == kv::update_kind::initial_done) break;
        std::cout << "watch: " << u.key() << (u.kind() == kv::update_kind::put ? " = " + u.value() : " was deleted") << '\n';
    }
    std::cout << "to go on from here later: cursor " << changes.position().to_string() << '\n';
    nc.close();
}

int main(int argc, char** argv) {
    asio::io_context io;
    slipstream::connect_options options;
    if (argc > 1) options.servers = {argv[1]};
    int code = 0;
    asio::co_spawn(io, run(slipstream::client(io.get_executor(), options)), [&code](const std::exception_ptr& failure) {
        if (!failure) return;
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& e) {
            std::cerr << "quickstart: " << e.what() << '\n';
            code = 1;
        }
    });
    io.run();
    return code;
}
