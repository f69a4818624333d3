// g++ 12 destroys an aggregate temporary inside co_await twice, so a configuration cannot be passed as a temporary: name it first.
#include <slipstream/jetstream/context.hpp>
#include <slipstream/kv/bucket.hpp>

#include <utility>

namespace js = slipstream::jetstream;
namespace kv = slipstream::kv;

asio::awaitable<void> named(js::context context) {
    const js::stream_config orders{.name = "ORDERS", .subjects = {"orders.>"}};
    co_await context.async_create_stream(orders);
    co_await context.async_update_stream(orders);
    js::consumer_config consumer;
    co_await context.async_create_consumer("ORDERS", consumer);
    kv::bucket_config settings;
    settings.bucket = "settings";
    co_await kv::async_create_bucket(context, settings);
    co_await kv::async_get_or_create_bucket(context, settings);
}

// BAD 1: deleted
#if BAD == 1
asio::awaitable<void> bad(js::context context) { co_await context.async_create_stream({.name = "ORDERS"}); }
#endif

// BAD 2: deleted
#if BAD == 2
asio::awaitable<void> bad(js::context context) { co_await context.async_update_stream(js::stream_config{.name = "ORDERS"}); }
#endif

// BAD 3: deleted
#if BAD == 3
asio::awaitable<void> bad(js::context context) { co_await context.async_create_consumer("ORDERS", js::consumer_config{}); }
#endif

// BAD 4: deleted
#if BAD == 4
asio::awaitable<void> bad(js::context context) { co_await kv::async_create_bucket(context, kv::bucket_config{}); }
#endif

// BAD 5: deleted
#if BAD == 5
asio::awaitable<void> bad(js::context context, kv::bucket_config c) { co_await kv::async_get_or_create_bucket(context, std::move(c)); }
#endif

// BAD 6: deleted
#if BAD == 6
void bad(js::context context) { context.async_create_stream(js::stream_config{.name = "ORDERS"}, {}, [](std::error_code, auto&&) {}); }
#endif
