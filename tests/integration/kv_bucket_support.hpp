// What the tests of buckets share: a server, a client on it, and waiting for one result at a time.
#pragma once

#include <chrono>
#include <future>
#include <optional>
#include <ostream>  // doctest prints error codes
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include <asio/async_result.hpp>
#include <asio/io_context.hpp>

#include <doctest/doctest.h>

#include <slipstream/client.hpp>
#include <slipstream/jetstream/context.hpp>
#include <slipstream/kv/bucket.hpp>

#include "tests/support/nats_server.hpp"

namespace slipstream::test {

/// A completion token: a future of everything the operation completes with (as_tuple(use_future) does not compile before Asio 1.23).
/// `auto [ec, value] = w.wait(b.async_get("k", {}, result));`
struct result_t {};
inline constexpr result_t result{};

}  // namespace slipstream::test

template <class... Args>
class asio::async_result<slipstream::test::result_t, void(Args...)> {
public:
    template <class Initiation, class... InitiationArgs>
    static auto initiate(Initiation&& initiation, slipstream::test::result_t, InitiationArgs&&... args) {
        std::promise<std::tuple<Args...>> promise;
        std::future<std::tuple<Args...>> future = promise.get_future();
        std::forward<Initiation>(initiation)(
            [promise = std::move(promise)](Args... values) mutable { promise.set_value(std::tuple<Args...>(std::move(values)...)); },
            std::forward<InitiationArgs>(args)...);
        return future;
    }
};

namespace slipstream::test {

/// Runs one io_context until a result is there. Declared before what uses it.
class kv_loop {
public:
    asio::io_context io{1};

    template <class Result>
    Result wait(std::future<Result> pending) {
        if (!run_until([&] { return pending.wait_for(std::chrono::seconds(0)) == std::future_status::ready; })) {
            throw std::runtime_error("no result within the time of the test");
        }
        return pending.get();
    }

    template <class Condition>
    bool run_until(Condition condition, std::chrono::seconds limit = std::chrono::seconds(40)) {
        const auto end = std::chrono::steady_clock::now() + limit;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > end) return false;
            io.restart();
            io.run_one_for(std::chrono::milliseconds(50));
        }
        return true;
    }
};

inline connect_options options_for(const nats_server& server) {
    connect_options options;
    options.servers = {server.url()};
    return options;
}

/// One connected client with a loop of its own: while another one runs, it neither reads nor writes.
class kv_session : public kv_loop {
public:
    explicit kv_session(const nats_server& server) : kv_session(options_for(server)) {}
    explicit kv_session(connect_options options) : nc(io.get_executor(), std::move(options)), js(nc) {
        auto [ec] = wait(nc.async_connect(result));
        if (ec) throw std::system_error(ec, "connecting");
    }
    ~kv_session() {
        nc.close();
        io.restart();
        io.poll();
    }

    /// Makes a bucket, or throws.
    kv::bucket make(const kv::bucket_config& config, kv::open_options options = {}) {
        auto [ec, made] = wait(kv::async_create_bucket(js, config, options, result));
        if (ec) throw std::system_error(ec, "making bucket " + config.bucket);
        return made;
    }
    kv::bucket make(std::string name, kv::open_options options = {}) {
        kv::bucket_config config;
        config.bucket = std::move(name);
        return make(config, options);
    }
    kv::bucket open(std::string_view name, kv::open_options options = {}) {
        auto [ec, opened] = wait(kv::async_open_bucket(js, name, options, result));
        if (ec) throw std::system_error(ec, "opening bucket " + std::string(name));
        return opened;
    }

    kv::revision put(kv::bucket& b, std::string_view key, std::string_view value) {
        auto [ec, stored] = wait(b.async_put(key, value, {}, result));
        if (ec) throw std::system_error(ec, "putting " + std::string(key));
        return stored;
    }
    std::optional<kv::entry> get(kv::bucket& b, std::string_view key, kv::get_options options = {}) {
        auto [ec, found] = wait(b.async_get(key, options, result));
        if (ec) throw std::system_error(ec, "getting " + std::string(key));
        return found;
    }
    /// The value, or "(none)".
    std::string value(kv::bucket& b, std::string_view key, kv::get_options options = {}) {
        const std::optional<kv::entry> found = get(b, key, options);
        return found ? found->value() : "(none)";
    }
    void erase(kv::bucket& b, std::string_view key) {
        if (const auto ec = std::get<0>(wait(b.async_erase(key, {}, result)))) throw std::system_error(ec, "erasing");
    }
    void purge(kv::bucket& b, std::string_view key) {
        if (const auto ec = std::get<0>(wait(b.async_purge(key, {}, result)))) throw std::system_error(ec, "purging");
    }

    client nc;
    jetstream::context js;
};

struct with_server {
    nats_server server;
};

/// A server of its own and one connected client.
class kv_world : public with_server, public kv_session {
public:
    explicit kv_world(nats_server_options options = {}) : with_server{nats_server(std::move(options))}, kv_session(server) {}

    /// Another connected client of the same server, on the same loop.
    client another_client() {
        client other(io.get_executor(), options_for(server));
        auto [ec] = wait(other.async_connect(result));
        if (ec) throw std::system_error(ec, "connecting");
        return other;
    }
    bool has_limit_markers() const { return server.version() >= server_version{2, 11, 0}; }
};

inline kv::bucket_config named(std::string bucket, unsigned history = 1) {
    kv::bucket_config config;
    config.bucket = std::move(bucket);
    config.history = history;
    return config;
}

inline jetstream::message_selector last_of(std::string_view subject) {
    jetstream::message_selector last;
    last.last_by_subject = subject;
    return last;
}

/// The error of an operation that yields a revision.
template <class Pending>
std::error_code error_of(kv_world& w, Pending pending) {
    auto [ec, revision] = w.wait(std::move(pending));
    CHECK(revision.is_known() == !ec);
    return ec;
}

/// How many values the bucket holds.
inline std::uint64_t stored(kv_world& w, kv::bucket& b) {
    auto [ec, status] = w.wait(b.async_status({}, result));
    REQUIRE_FALSE(ec);
    return status.values;
}

}  // namespace slipstream::test
