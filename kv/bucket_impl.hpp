// What a bucket's handle knows. Fixed when the handle is made: a configuration that is updated later is seen by new handles.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <system_error>

#include <slipstream/jetstream/context.hpp>
#include <slipstream/jetstream/detail/direct_gets.hpp>
#include <slipstream/kv/bucket.hpp>

namespace slipstream::kv {

struct bucket::impl {
    jetstream::context js;
    std::string name;
    std::string stream;             ///< `KV_<name>`
    std::string key_prefix;         ///< What subjects in the stream begin with: `$KV.<name>.`, the origin's for a mirror.
    std::string write_prefix;       ///< What subjects to publish to begin with.
    std::error_code unwritable;     ///< Set: that is no subject, and no key can be written.
    jetstream::api::direct_gets direct_gets;  ///< Of keys.
    jetstream::context origin_js;   ///< Where writes go, and reads that must see them: the same unless this is a mirror.
    std::string origin_stream;
    bucket_config config;
    jetstream::wall_time created{}; ///< The stream's identity (contract W2).
    std::chrono::milliseconds operation_timeout = default_timeout;
    bool allow_direct = false;
    bool allow_msg_ttl = false;
    bool empty_is_tombstone = false;

    /// Of one call; 0 when what it asks for is not allowed.
    [[nodiscard]] std::chrono::milliseconds timeout_for(std::chrono::milliseconds asked) const noexcept {
        if (asked.count() == 0) return operation_timeout;
        return asked.count() > 0 ? asked : std::chrono::milliseconds(0);
    }
};

/// Of a stream that codec::check_is_bucket accepts.
std::shared_ptr<const bucket::impl> make_bucket_impl(const jetstream::context& js, const jetstream::stream_info& stream,
                                                     const open_options& options);

}  // namespace slipstream::kv
