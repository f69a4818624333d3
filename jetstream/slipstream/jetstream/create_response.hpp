// What a reply to STREAM.CREATE means, as a pure function of its bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace slipstream::jetstream {

/// Contract S24-S31, W23.
enum class create_outcome {
    created,         ///< No error in it. Also for bytes that are not JSON at all: sound only if the caller then looks the stream up.
    already_exists,  ///< 10058: exists with another configuration.
    stream_limit,    ///< The account's or server's stream limit; the stream may exist all the same.
    failed,
};

struct create_response {
    create_outcome outcome = create_outcome::failed;
    bool parsed = false;            ///< False: the bytes were not one complete JSON text.
    std::int64_t code = 0;
    std::int64_t err_code = 0;
    std::string description = {};
};

/// Never throws (but std::bad_alloc); bounded in time and depth for any input.
create_response classify_create_response(std::string_view reply);

}  // namespace slipstream::jetstream
