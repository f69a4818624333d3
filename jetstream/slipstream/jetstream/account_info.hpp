// What an account uses and may use of JetStream.
#pragma once

#include <cstdint>
#include <string>

namespace slipstream::jetstream {

/// -1 = unlimited.
struct account_limits {
    std::int64_t max_memory = -1;
    std::int64_t max_storage = -1;
    std::int64_t max_streams = -1;
    std::int64_t max_consumers = -1;
};

struct account_info {
    std::uint64_t memory = 0;   ///< Bytes.
    std::uint64_t storage = 0;  ///< Bytes.
    std::uint64_t streams = 0;
    std::uint64_t consumers = 0;
    account_limits limits = {};
    std::string domain = {};
    /// 0 before server 2.11, 1 = 2.11 (message TTL and delete markers), 2 = 2.12, 4 = 2.14, 5 = 2.15.
    int api_level = 0;
    std::uint64_t api_total = 0;    ///< Requests of this account so far.
    std::uint64_t api_errors = 0;
};

}  // namespace slipstream::jetstream
