// What a context shares with its copies.
#pragma once

#include <chrono>
#include <string>
#include <system_error>

#include <slipstream/client.hpp>
#include <slipstream/jetstream/context.hpp>

namespace slipstream::jetstream {

struct context::impl {
    client nc;
    std::string prefix;
    std::chrono::milliseconds timeout;
    std::error_code invalid;  // of the options; the result of every operation
};

}  // namespace slipstream::jetstream
