// The one way a message is stored under a key: published with its expectation, its result translated.
#pragma once

#include <memory>
#include <string_view>
#include <system_error>

#include <slipstream/detail/any_handler.hpp>

#include "kv/bucket_impl.hpp"

namespace slipstream::kv {

/// Completes `handler` later, exactly once unless it is destroyed first; errors as codec::of_write. The texts are copied before this
/// returns. Precondition: `key` is one, options.timeout > 0 (it is for everything). There is never a message id: a conditional write
/// that is repeated with one would conflict with itself (contract W13).
void store_message(const std::shared_ptr<const bucket::impl>& bucket, std::string_view key, std::string_view value,
                   const jetstream::publish_options& options, slipstream::detail::any_handler<void(std::error_code, revision)>&& handler);

}  // namespace slipstream::kv
