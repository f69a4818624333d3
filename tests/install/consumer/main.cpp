// A program as a user writes it: all three libraries, headers as installed, no server needed.
#include <iostream>
#include <string>
#include <system_error>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <slipstream/client.hpp>
#include <slipstream/jetstream/context.hpp>
#include <slipstream/kv/bucket.hpp>

namespace {

int failures = 0;

void expect(bool right, const char* what) {
    if (!right) {
        std::cerr << "FAILED: " << what << '\n';
        ++failures;
    }
}

asio::awaitable<void> use(slipstream::client nc) {
    const auto [connect_error] = co_await nc.async_connect(slipstream::use_tuple);
    expect(static_cast<bool>(connect_error), "connecting to a closed port is an error");

    slipstream::jetstream::context js(nc);
    slipstream::kv::bucket_config config;
    config.bucket = "not a bucket name";
    const auto [bucket_error, bucket] = co_await slipstream::kv::async_create_bucket(js, config, {}, slipstream::use_tuple);
    expect(bucket_error == slipstream::condition::invalid_argument, "a bad bucket name is refused");
    expect(!bucket, "no bucket without success");
    nc.close();
}

}  // namespace

int main() {
    expect(!slipstream::check_publish_subject("orders.new"), "a good subject is accepted");
    expect(slipstream::check_publish_subject("orders..new") == slipstream::errc::invalid_subject, "a bad subject is refused");
    std::error_code error = slipstream::errc::no_responders;
    expect(std::string(error.category().name()).size() > 0 && !error.message().empty(), "errors have words");

    asio::io_context context;
    slipstream::connect_options options;
    options.servers = {"nats://127.0.0.1:1"};
    options.fail_fast = true;
    asio::co_spawn(context, use(slipstream::client(context.get_executor(), options)), asio::detached);
    context.run();
    if (failures == 0) std::cout << "consumer works, C++ " << __cplusplus << '\n';
    return failures == 0 ? 0 : 1;
}
