// The default completion token, and one spelling for what moved between Asio versions.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/version.hpp>

#if ASIO_VERSION >= 102300
#include <asio/as_tuple.hpp>
#include <asio/deferred.hpp>
#else
#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/deferred.hpp>
#endif

namespace slipstream {

/// `co_await nc.async_flush()`: throws std::system_error on failure.
using default_token = asio::use_awaitable_t<asio::any_io_executor>;

#if ASIO_VERSION >= 102300
using asio::as_tuple;
using asio::as_tuple_t;
using asio::deferred;
#else
using asio::experimental::as_tuple;
using asio::experimental::as_tuple_t;
inline constexpr auto deferred = asio::experimental::deferred;
#endif

/// `auto [ec, reply] = co_await nc.async_request("a", "b", {}, use_tuple)`: never throws.
inline constexpr as_tuple_t<default_token> use_tuple{default_token{}};

}  // namespace slipstream
