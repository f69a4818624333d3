// Steps that making and opening buckets share.
#pragma once

#include <system_error>

#include <slipstream/kv/bucket.hpp>

namespace slipstream::kv::operations {

/// slipstream::errc::invalid_option, or nothing.
std::error_code check_options(const open_options& options) noexcept;

/// jetstream::errc::api_level when the connected server is known not to have what the configuration asks for.
std::error_code check_server(const jetstream::context& js, const bucket_config& config) noexcept;

/// Makes a handle on what a look-up found; errc::not_a_bucket.
std::error_code accept(const jetstream::context& js, const jetstream::stream_info& stream, const open_options& options, bucket& out);

}  // namespace slipstream::kv::operations
